"""Standard output that nobody reads any more, that cannot be written, or that is not there.

A reader that goes away (`| head`) ends a command that only reports, with exit code 1 and without a
word; a run goes on and its exit code is its own. Where output cannot be written, a full disk for
example, that is an error of the command, said once. What is said on standard error while that
cannot be written is lost: there is nobody left to tell.
"""

import errno
import io
import os
import sys
from contextlib import suppress
from typing import Any, TextIO


class OutputError(OSError):
    """Standard output cannot be written."""


class _Watched(io.FileIO):
    """A standard stream that fails once; what is written after that is let go.

    `patient`: it does not fail even once, and what went wrong is found in `failure`.
    """

    def __init__(self, descriptor: int, *, patient: bool) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.patient = patient
        self.failure: OSError | None = None

    def write(self, data: Any, /) -> int:
        if self.failure is not None:
            return memoryview(data).nbytes
        try:
            return super().write(data) or 0
        except OSError as error:
            self.failure = error
            if not self.patient:
                raise OutputError(error.errno, error.strerror) from error
            return memoryview(data).nbytes


class _Standard(io.TextIOWrapper):
    """A standard stream that needs no further watching."""


_watched: list[_Watched] = []
"""Standard output, once it is watched."""


def watch_output() -> None:
    """Have standard output fail in one way, OutputError, and standard error in none."""
    if any(isinstance(stream, _Standard) for stream in (sys.stdout, sys.stderr)):
        return
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        stream: TextIO | None = getattr(sys, name)
        if stream is None:  # closed by whoever started the command
            setattr(sys, name, _Standard(open(os.devnull, "wb"), encoding="utf-8"))  # noqa: PTH123, SIM115
        elif not (sys.platform == "win32" and stream.isatty()):
            raw = _Watched(descriptor, patient=name == "stderr")
            setattr(sys, name, _text(raw, stream))
            if name == "stdout":
                _watched.append(raw)


def _text(raw: _Watched, stream: TextIO) -> _Standard:
    return _Standard(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=raw.isatty() or raw.patient,
        write_through=raw.patient,
    )


def go_on_without_output() -> None:
    """Let what follows be done to its end, whether or not its output can be written."""
    for raw in _watched:
        raw.patient = True


def judge_output() -> bool:
    """Write what is left, say what could not be written, and tell whether all was that somebody
    wanted to read."""
    with suppress(OutputError):
        sys.stdout.flush()
    failures = [raw.failure for raw in _watched if raw.failure is not None]
    unwritten = [each for each in failures if each.errno != errno.EPIPE]
    if unwritten:
        sys.stderr.write(f"error: the output cannot be written: {unwritten[0].strerror}\n")
    if not failures:
        return True
    return not unwritten and all(raw.patient for raw in _watched)
