"""Finding files: the project a file belongs to, the sources of a folder, how files are called."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from botticelli.compiler.syntax.reader import SUFFIXES

CONFIGURATION = "botticelli.toml"
LOCK_FILE = "schema.lock.toml"
_PASSED_OVER = frozenset({"__pycache__", "node_modules", "venv", "build", "dist"})


def project_of(path: Path, is_file: Callable[[Path], bool] = Path.is_file) -> tuple[Path, bool]:
    """Return a file's project folder, and whether a configuration makes it one.

    Without a `botticelli.toml` at or above the file it is the file's own folder.
    """
    for folder in path.parents:
        if is_file(folder / CONFIGURATION):
            return folder, True
    return path.parent, False


def user_configuration() -> Path:
    """Where a user's own configuration stands, for all projects."""
    base = os.environ.get("XDG_CONFIG_HOME") or os.environ.get("APPDATA")
    folder = Path(base) if base else Path.home() / ".config"
    return folder / "botticelli" / CONFIGURATION


def absolute(path: str | Path) -> Path:
    """Return a path from the root, without `..`; links are not followed."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def display_path(path: Path) -> str:
    """Name a file as its user would: relative to the working directory where that is shorter."""
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return Path(os.path.relpath(path)).as_posix() if path.is_absolute() else path.as_posix()


def candidates(folder: Path, *, recursive: bool) -> list[Path]:
    """Return the TOML and YAML files of a folder in stable order, with those that git ignores.

    Hidden folders and those of tools are passed over. A folder that cannot be read is empty.
    """
    return sorted(
        path
        for path in (_walk(folder) if recursive else _entries(folder))
        if path.name not in {CONFIGURATION, LOCK_FILE}
    )


def _entries(folder: Path) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(SUFFIXES) and entry.is_file():
                    yield Path(entry.path)
    except OSError:
        return


def _walk(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = [
            name for name in folders if not name.startswith(".") and name not in _PASSED_OVER
        ]
        yield from (
            path
            for name in files
            if name.endswith(SUFFIXES) and (path := Path(root, name)).is_file()
        )


def not_ignored(folder: Path, paths: list[Path]) -> list[Path]:
    """Leave out what git ignores; without git or a repository nothing is ignored."""
    if not paths or not any((above / ".git").exists() for above in (folder, *folder.parents)):
        return paths
    import subprocess

    names = [str(path) for path in paths]
    try:
        answer = subprocess.run(  # noqa: S603 - a fixed command, paths on its input
            ["git", "-C", str(folder), "check-ignore", "--stdin", "-z"],  # noqa: S607
            input="\0".join(names).encode("utf-8", "surrogateescape"),
            capture_output=True,
            check=False,
        )
    except OSError:
        return paths
    ignored = set(answer.stdout.decode("utf-8", "surrogateescape").split("\0"))
    return [path for path, name in zip(paths, names, strict=True) if name not in ignored]
