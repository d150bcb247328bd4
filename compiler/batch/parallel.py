"""Judging many files on all cores.

Work goes to other processes, and findings come back as they are kept in the cache. A process costs
as much as some files do, so that few files are judged in this one.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from botticelli.compiler.batch.findings import FileFindings, Inspector
from botticelli.compiler.batch.stored import (
    FindingsEntry,
    findings_of,
    looks_of,
    stored_findings,
)
from botticelli.compiler.batch.targets import Target
from botticelli.compiler.workspace.files import Files

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkContext, SpawnContext

# A forked process starts with all that this one has loaded; elsewhere it loads everything anew.
_FORKS = sys.platform == "linux"
_FILES_A_PROCESS = 16 if _FORKS else 100


class Judged(Struct, frozen=True):
    """The findings of a file, and as they are kept, if that was wanted."""

    findings: FileFindings
    entry: FindingsEntry | None


def judge(targets: Sequence[Target], files: Files, *, checker: str | None) -> list[Judged]:
    """Judge files and return what is found in each. With ``checker``, the name of this version of
    the checker, entries for the cache are made as well."""
    inspector = Inspector(files)
    processes = min(_cores(), len(targets) // _FILES_A_PROCESS)
    if processes < 2:
        return [_judge_one(target, inspector, files, checker) for target in targets]
    # What all need is loaded and read before there are several processes.
    inspector.prepare(targets)
    first = _judge_one(targets[0], inspector, files, checker)
    shares = [targets[1 + start :: processes] for start in range(processes)]
    others = [_Process(share, inspector, files, checker or "") for share in shares[1:]]
    judged = [[_judge_one(target, inspector, files, checker) for target in shares[0]]]
    for process, share in zip(others, shares[1:], strict=True):
        entries = process.entries()
        if entries is None:  # it has come to grief, which is best told from here
            judged.append([_judge_one(target, inspector, files, checker) for target in share])
        else:
            judged.append([_restored(*pair, files) for pair in zip(share, entries, strict=True)])
    interleaved = [
        judged[place % processes][place // processes] for place in range(len(targets) - 1)
    ]
    return [first, *interleaved]


def _cores() -> int:
    """The cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def _judge_one(target: Target, inspector: Inspector, files: Files, checker: str | None) -> Judged:
    findings, looks = inspector.inspect(target)
    if checker is None:
        return Judged(findings, None)
    project = target.project.folder
    entry = stored_findings(findings, looks, checker=checker, project=project, files=files)
    return Judged(findings, entry)


def _restored(target: Target, entry: FindingsEntry, files: Files) -> Judged:
    project = target.project.folder
    files.note(look for look, _ in looks_of(entry, project))
    return Judged(findings_of(entry, project, files), entry)


class _Process:
    """Another process, at work on its share."""

    def __init__(
        self, share: Sequence[Target], inspector: Inspector, files: Files, checker: str
    ) -> None:
        from multiprocessing import get_context

        context: ForkContext | SpawnContext
        context = get_context("fork") if _FORKS else get_context("spawn")
        self._connection, there = context.Pipe(duplex=False)
        state = inspector if _FORKS else None
        self._process = context.Process(
            target=_work, args=(share, state, files.replaced, checker, there), daemon=True
        )
        self._process.start()
        there.close()

    def entries(self) -> list[FindingsEntry] | None:
        """Wait for the entries of the share; None when the process has failed."""
        from msgspec import msgpack

        try:
            data = self._connection.recv_bytes()
        except (EOFError, OSError):
            data = None
        self._connection.close()
        self._process.join()
        return None if data is None else msgpack.decode(data, type=list[FindingsEntry])


def _work(
    share: Sequence[Target],
    inspector: Inspector | None,
    replaced: dict[Path, bytes],
    checker: str,
    answer: "Connection",
) -> None:
    """What another process does. It says nothing of its own: a fault is met again by the parent."""
    from msgspec import msgpack

    with suppress(BaseException):
        if inspector is None:
            inspector = Inspector(Files(replaced))
        files = inspector.files
        entries = [_judge_one(target, inspector, files, checker).entry for target in share]
        answer.send_bytes(msgpack.encode(entries))
    answer.close()
