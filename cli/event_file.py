"""The file that `--events` writes: judged before a run, begun when the run starts, so that nothing
that somebody wrote is lost to a slip of the command line or to a run that cannot start."""

import sys
from pathlib import Path
from typing import IO, Any

import msgspec

from botticelli.runtime.events import Event
from botticelli.runtime.folder import is_kept
from botticelli.runtime.problems import Problem, SetupError, StoreError

_SOURCES = (".toml", ".yaml", ".yml")
_LONGEST_LINE = 1_000_000
"""Bytes of a first line that are looked at; that of an event file is far shorter."""


class EventFile:
    """Takes events as JSON lines; `-` is standard output.

    After a write that failed nothing more is written: the run ends for it, and says so once.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def check(self) -> None:
        """Refuse to write over what is no event file. Raises SetupError."""
        wrong = None if self._is_standard else _wrong(self._path)
        if wrong is not None:
            raise SetupError(Problem(f"--events: {self._path} {wrong}", usage=True))

    def open(self) -> None:
        """Begin the file anew. Raises SetupError."""
        try:
            self._file = sys.stdout if self._is_standard else self._path.open("w", encoding="utf-8")
        except OSError as error:
            said = f"--events: {self._path} cannot be written: {error.strerror}"
            raise SetupError(Problem(said, usage=True)) from error

    def write(self, event: Event) -> None:
        """Append an event. Raises StoreError."""
        if self._file is None:
            return
        try:
            self._file.write(msgspec.json.encode(event).decode() + "\n")
            self._file.flush()
        except OSError as error:
            self.close()
            said = f"the event file {self._path} cannot be written: {error.strerror}"
            raise StoreError(said) from error

    def close(self) -> None:
        file, self._file = self._file, None
        if file is None or self._is_standard:
            return
        try:
            file.close()
        except OSError:  # of what a failed write has left, which was told
            return

    @property
    def _is_standard(self) -> bool:
        return str(self._path) == "-"


def _wrong(path: Path) -> str | None:
    """Say why events must not be written to a path."""
    if is_kept(path):
        return "is in the folder in which runs keep their books"
    if path.suffix in _SOURCES:
        return "has the name of a narrative or a configuration; events are JSON lines"
    if not path.is_file():
        return "is a folder" if path.is_dir() else None
    try:
        with path.open("rb") as file:
            first = file.readline(_LONGEST_LINE)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if first.strip() and not _is_event(first):
        return "is there already, and holds no events; remove it, or name another file"
    return None


def _is_event(line: bytes) -> bool:
    try:
        value: Any = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return False
    return isinstance(value, dict) and {"event", "time"} <= value.keys()
