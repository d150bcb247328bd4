"""From the paths of a command line to the files that are checked."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from botticelli.compiler.findings.patterns import matches_path
from botticelli.compiler.workspace.discovery import CONFIGURATION, LOCK_FILE, absolute, project_of
from botticelli.compiler.workspace.files import Files


class Project(Struct, frozen=True):
    """A project's folder, and whether a configuration makes it one."""

    folder: Path
    configured: bool


class Target(Struct, frozen=True):
    """A file to check, and whether it was named itself or stands in a folder that was named."""

    path: Path
    project: Project
    named: bool

    @property
    def inside(self) -> str:
        """The path relative to the project."""
        return Path(os.path.relpath(self.path, self.project.folder)).as_posix()

    def is_excluded(self, patterns: Iterable[str]) -> bool:
        """Tell whether a folder does not stand for this file."""
        return any(matches_path(self.inside, pattern) for pattern in patterns)


def targets_of(paths: Iterable[Path], files: Files) -> list[Target]:
    """Return the files that are meant, each once: those named, and what their folders hold."""
    found: dict[Path, Target] = {}
    for path, named in _expand(paths, files):
        before = found.get(path)
        if before is None or (named and not before.named):
            found[path] = Target(path, Project(*project_of(path, files.is_file)), named)
    return [*found.values()]


def _expand(paths: Iterable[Path], files: Files) -> Iterator[tuple[Path, bool]]:
    for path in paths:
        whole = absolute(path)
        if whole in files.replaced or not whole.is_dir():
            yield whole, True
            continue
        for name in (CONFIGURATION, LOCK_FILE):
            if files.is_file(whole / name):
                yield whole / name, False
        for source in files.sources(whole, recursive=True):
            yield source, False
