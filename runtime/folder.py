"""The folder of a project in which runs leave what they keep."""

from pathlib import Path

FOLDER = ".botticelli"


def prepare_folder(project: Path) -> Path:
    """Return the folder, made if it is not there; git ignores what is in it. Raises OSError."""
    folder = project / FOLDER
    folder.mkdir(exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    return folder


def is_kept(path: Path) -> bool:
    """Tell whether a path, links followed, is one of a folder in which runs leave what they
    keep."""
    return FOLDER in path.resolve().parts
