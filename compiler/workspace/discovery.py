"""Finding files: the project a file belongs to, and the sources of a folder."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from botticelli.compiler.syntax.reader import SUFFIXES

CONFIGURATION = "botticelli.toml"
LOCK_FILE = "schema.lock.toml"
_PASSED_OVER = frozenset({"__pycache__", "node_modules", "venv", "build", "dist"})


def project_of(path: Path) -> tuple[Path, bool]:
    """Return a file's project folder, and whether a configuration makes it one.

    Without a `botticelli.toml` at or above the file it is the file's own folder.
    """
    for folder in path.parents:
        if (folder / CONFIGURATION).is_file():
            return folder, True
    return path.parent, False


def sources(folder: Path, *, recursive: bool) -> list[Path]:
    """Return the TOML and YAML files of a folder in stable order.

    Hidden folders, those of tools, and what git ignores are passed over.
    """
    found = [
        path
        for path in (_walk(folder) if recursive else _entries(folder))
        if path.name not in {CONFIGURATION, LOCK_FILE}
    ]
    return _not_ignored(folder, sorted(found))


def _entries(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(SUFFIXES) and entry.is_file():
                yield Path(entry.path)


def _walk(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = [
            name for name in folders if not name.startswith(".") and name not in _PASSED_OVER
        ]
        yield from (Path(root, name) for name in files if name.endswith(SUFFIXES))


def _not_ignored(folder: Path, paths: list[Path]) -> list[Path]:
    """Leave out what git ignores; without git or a repository nothing is ignored."""
    if not paths or not any((above / ".git").exists() for above in (folder, *folder.parents)):
        return paths
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
