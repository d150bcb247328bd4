"""Results that are kept between runs, in `.botticelli/cache` of a project.

There is an entry for each file and each way to name it (messages show paths as they were named). It
holds as long as every look that it rests on sees the same, and the same checker looks. Entries are
written whole under another name and then renamed, so that runs at the same time never see half of
one; one that is damaged all the same is as good as none, and so is a folder that cannot be written.
"""

import os
import sys
from contextlib import suppress
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import msgspec

from botticelli.compiler.batch.findings import FileFindings
from botticelli.compiler.batch.stored import (
    Entry,
    FindingsEntry,
    SettingsEntry,
    findings_of,
    looks_of,
    stored_looks,
)
from botticelli.compiler.batch.targets import Project, Target
from botticelli.compiler.findings.selection import CheckSettings
from botticelli.compiler.version import VERSION
from botticelli.compiler.workspace.discovery import (
    CONFIGURATION,
    display_path,
    user_configuration,
)
from botticelli.compiler.workspace.files import Files, digest

FOLDER = Path(".botticelli", "cache")
_READS_WITH = ("jinja2", "lark", "yaml")
_MARK_SIZE = 32


E = TypeVar("E", bound=Entry)


class Cache:
    """The kept results of all projects that one run looks at.

    What was found in texts that are not in their files yet is not kept.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._keeps = not files.replaced

    def findings(self, target: Target) -> FileFindings | None:
        """Return what was found in a file, if nothing that it rests on has changed since."""
        project = target.project.folder
        entry = self._load(project, self._name_of(target), FindingsEntry)
        try:
            return None if entry is None else findings_of(entry, project, self._files)
        except LookupError:  # of a rule that is no more
            return None

    def keep_findings(self, target: Target, entry: FindingsEntry) -> None:
        self._store(target.project.folder, self._name_of(target), entry)

    def settings(self, project: Project) -> CheckSettings:
        """Return what the configuration of a project says about checking, read anew if need be."""
        if not any(
            self._files.is_file(path)
            for path in (user_configuration(), project.folder / CONFIGURATION)
        ):
            return CheckSettings()
        name = digest(f"settings\0{user_configuration()}".encode("utf-8", "surrogateescape"))
        entry = self._load(project.folder, name, SettingsEntry)
        if entry is not None:
            return entry.settings
        with self._files.recording() as looks:
            settings = read_settings(project, self._files)
        kept = stored_looks(looks, project.folder, self._files)
        self._store(project.folder, name, SettingsEntry(self.checker, kept, settings))
        return settings

    def _load(self, project: Path, name: str, kind: type[E]) -> E | None:
        """Return an entry that holds."""
        try:
            data = (project / FOLDER / name).read_bytes()
        except OSError:
            return None
        mark, data = data[:_MARK_SIZE], data[_MARK_SIZE:]
        if mark != digest(data).encode():
            return None
        try:
            entry = msgspec.msgpack.decode(data, type=kind)
        except msgspec.DecodeError:
            return None
        if entry.checker != self.checker:
            return None
        looks = looks_of(entry, project)
        if any(self._files.answer(look) != answer for look, answer in looks):
            return None
        self._files.note(look for look, _ in looks)
        return entry

    def _store(self, project: Path, name: str, entry: Entry) -> None:
        if not self._keeps:
            return
        folder = project / FOLDER
        try:
            data = msgspec.msgpack.encode(entry)
        except UnicodeEncodeError:  # the name of a file is no text
            return
        beside = folder / f"{name}.{os.getpid()}"
        with suppress(OSError):
            if not folder.is_dir():
                _make_folder(folder)
            beside.write_bytes(digest(data).encode() + data)
            beside.replace(folder / name)

    def _name_of(self, target: Target) -> str:
        named = (target.inside, display_path(target.path), str(user_configuration()))
        return digest("\0".join(named).encode("utf-8", "surrogateescape"))

    @cached_property
    def checker(self) -> str:
        """Names the code that checks: the version, and when each of its files was written."""
        package = Path(__file__).parents[1]
        parts = [VERSION, sys.version, *_stamps(package), *_stamps(package.parent / "grammar")]
        for name in _READS_WITH:
            spec = find_spec(name)
            if spec is not None and spec.origin is not None:
                parts.append(_stamp(Path(spec.origin).stat(), spec.origin))
        return digest("\n".join(parts).encode("utf-8", "surrogateescape"))


def _stamps(folder: Path) -> list[str]:
    found = []
    pending = [str(folder)]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.name == "__pycache__":
                    continue
                if entry.is_dir():
                    pending.append(entry.path)
                else:
                    found.append(_stamp(entry.stat(), entry.path))
    return sorted(found)


def _stamp(status: os.stat_result, path: str) -> str:
    return f"{path} {status.st_size} {status.st_mtime_ns}"


def _make_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("# Made by Botticelli; can be deleted at any time.\n*\n", "utf-8")


def read_settings(project: Project, files: Files) -> CheckSettings:
    """Read what the configuration of a project says about checking."""
    from botticelli.compiler.workspace.check_settings import check_settings_of

    return check_settings_of(project.folder, files)
