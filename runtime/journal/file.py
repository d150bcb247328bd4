"""The journal of a project: an SQLite file in its `.botticelli/`, which git ignores, with all runs.

Write-ahead logging, so that what is committed survives the process; what a write rests on is also
forced to the disk (see `entries`).
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from botticelli.compiler.ir.encoding import IncompatibleProgramError, decode
from botticelli.compiler.ir.program import Program
from botticelli.compiler.semantics.templates import as_json
from botticelli.runtime.drivers.protocol import ModelAnswer
from botticelli.runtime.effects import CommandResult, QueryTable, TableResult
from botticelli.runtime.folder import FOLDER, prepare_folder
from botticelli.runtime.journal.encoding import decode_result
from botticelli.runtime.journal.entries import RunEntries
from botticelli.runtime.journal.lock import RunLock, is_running
from botticelli.runtime.journal.records import (
    INTERRUPTED,
    RUNNING,
    Answer,
    EffectRecord,
    RunRecord,
    Settings,
    Spent,
)
from botticelli.runtime.journal.schema import prepare
from botticelli.runtime.problems import StoreError

FILE = "runs.sqlite"

PATIENCE = 0.2
"""Seconds for which a run's lock is tried, as whoever only looks takes it for a moment."""

_RUN = RunRecord.__struct_fields__
_EFFECT = (
    "address, effect, act, iteration, subject, writes, started, ended, result, in_flight, requests,"
    " input_tokens, output_tokens, cost"
)


class Journal:
    """An open journal. Every method raises StoreError when the file cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._connection = sqlite3.connect(path, timeout=30.0, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            prepare(self._connection)
        except (sqlite3.Error, StoreError) as error:
            if hasattr(self, "_connection"):
                self._connection.close()
            raise StoreError(f"the journal {path} cannot be opened: {error}") from error

    # Runs

    def begin(self, run: RunRecord, program: Program) -> RunEntries:
        """Enter a new run and return its entries, to be written by this process alone."""
        lock = self._lock(run.id)
        names = ", ".join(_RUN)
        marks = ", ".join("?" * len(_RUN))
        with self._guarded():
            self._connection.execute(
                f"INSERT INTO runs ({names}) VALUES ({marks})",  # noqa: S608
                _row(run),
            )
        entries = RunEntries(self._connection, self._number(run.id), lock)
        entries.keep_program(program)
        return entries

    def reopen(self, run: str) -> RunEntries:
        """Return the entries of an earlier run, to be written by this process alone."""
        return RunEntries(self._connection, self._number(run), self._lock(run))

    def runs(self, limit: int | None = None) -> list[RunRecord]:
        """Return the runs, the latest first; those whose process has died are `interrupted`."""
        return self._runs(
            "ORDER BY started DESC, number DESC LIMIT ?", -1 if limit is None else limit
        )

    def find(self, beginning: str) -> list[RunRecord]:
        """Return the runs whose id starts so, the exact one alone if there is one; `last` means the
        latest."""
        if beginning == "last":
            return self.runs(1)
        exact = self._runs("WHERE id = ?", beginning)
        return exact or [each for each in self.runs() if each.id.startswith(beginning)]

    def program(self, run: str) -> Program | None:
        """Return what a run runs, None where an older version has not kept it."""
        rows = self._rows(
            "SELECT programs.program FROM runs JOIN programs ON programs.hash = runs.program"
            " WHERE runs.id = ?",
            run,
        )
        if not rows:
            return None
        try:
            return decode(rows[0][0])
        except IncompatibleProgramError as error:
            raise StoreError(f"the run {run} cannot be read: {error}") from error

    def delete(self, runs: Sequence[str]) -> None:
        """Delete runs with everything that is kept of them."""
        with self._guarded():
            for run in runs:
                number = self._number(run)
                self._connection.execute("DELETE FROM effects WHERE run = ?", (number,))
                self._connection.execute("DELETE FROM runs WHERE number = ?", (number,))
            self._connection.execute(
                "DELETE FROM programs WHERE hash NOT IN"
                " (SELECT program FROM runs WHERE program IS NOT NULL)"
            )

    # What a run did

    def effects(self, run: str) -> list[EffectRecord]:
        """Return the effects of a run in the order in which they were begun."""
        rows = self._rows(
            f"SELECT {_EFFECT} FROM effects WHERE run = ? ORDER BY started, rowid",  # noqa: S608
            self._number(run),
        )
        return [_effect(row) for row in rows]

    def has_read_tables(self, run: str) -> bool:
        """Tell whether a run has begun a query of a table."""
        query = "SELECT 1 FROM effects WHERE run = ? AND effect = ? LIMIT 1"
        tag = QueryTable.__struct_config__.tag
        return bool(self._rows(query, self._number(run), tag))

    def order(self, run: str) -> list[str]:
        """Return the addresses of the completed effects in the order of their completions."""
        rows = self._rows(
            "SELECT address FROM effects WHERE run = ? AND place IS NOT NULL ORDER BY place",
            self._number(run),
        )
        return [row[0] for row in rows]

    def result(self, run: str, address: str) -> Any:
        """Return the result of a completed effect."""
        (row,) = self._rows(
            "SELECT result, value FROM effects WHERE run = (SELECT number FROM runs WHERE id = ?)"
            " AND address = ?",
            run,
            address,
        )
        return decode_result(row[0], row[1])

    def answers(self, run: str) -> Iterator[Answer]:
        """Yield what a run got from models and platforms, in the order in which it came."""
        rows = self._rows(
            "SELECT address, act, iteration, subject, started, ended, result, value FROM effects"
            " WHERE run = ? AND act IS NOT NULL AND place IS NOT NULL ORDER BY place",
            self._number(run),
        )
        for address, act, iteration, subject, started, ended, kind, value in rows:
            shared = {
                "run": run,
                "address": address,
                "act": act,
                "iteration": iteration,
                "started": started,
                "ended": ended,
            }
            match decode_result(kind, value):
                case ModelAnswer(text=text, finish=finish, model=model, usage=usage):
                    yield Answer(
                        **shared,
                        kind="answer",
                        source=model,
                        text=text,
                        finish=finish,
                        input_tokens=None if usage is None else usage.input,
                        output_tokens=None if usage is None else usage.output,
                    )
                case CommandResult(value=result):
                    text = as_json(result)
                    yield Answer(**shared, kind="command", source=subject, text=text)
                case TableResult(value=found):
                    yield Answer(**shared, kind="rows", source=subject, text=found.text)
                case _:
                    pass

    def spent(self, run: str) -> Spent:
        """Return what all requests of a run have used, as far as it is known."""
        (row,) = self._rows(
            "SELECT coalesce(sum(requests), 0), coalesce(sum(input_tokens), 0),"
            " coalesce(sum(output_tokens), 0), CASE WHEN count(*) = count(cost) THEN"
            " coalesce(sum(cost), 0) END FROM effects WHERE run = ?",
            self._number(run),
        )
        return Spent(*row)

    def close(self) -> None:
        self._connection.close()

    def compact(self) -> None:
        """Give the room of what was deleted back to the system, if nobody else is writing."""
        try:
            self._connection.execute("VACUUM")
        except sqlite3.OperationalError:
            return

    def _lock(self, run: str) -> RunLock:
        lock = RunLock(self.path.parent, run)
        try:
            taken = lock.acquire(patience=PATIENCE)
        except OSError as error:
            raise StoreError(f"the run {run} cannot be locked: {error.strerror}") from error
        if not taken:
            raise StoreError(f"the run {run} is being run by another process")
        return lock

    def _runs(self, clauses: str, *values: object) -> list[RunRecord]:
        rows = self._rows(f"SELECT {', '.join(_RUN)} FROM runs {clauses}", *values)  # noqa: S608
        return [self._as_it_is(_run(row)) for row in rows]

    def _as_it_is(self, run: RunRecord) -> RunRecord:
        if run.status != RUNNING or is_running(self.path.parent, run.id):
            return run
        return msgspec.structs.replace(run, status=INTERRUPTED)

    def _number(self, run: str) -> int:
        (row,) = self._rows("SELECT number FROM runs WHERE id = ?", run)
        number: int = row[0]
        return number

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"the journal {self.path} cannot be read: {error}") from error

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Write in one transaction."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreError(f"the journal {self.path} cannot be written: {error}") from error


def open_journal(project: Path, *, create: bool) -> Journal | None:
    """Open the project's journal; None when there is none and none is to be made.

    Raises StoreError.
    """
    folder = project / FOLDER
    path = folder / FILE
    if not create and not path.exists():
        return None
    try:
        prepare_folder(project)
    except OSError as error:
        raise StoreError(f"the folder {folder} cannot be made: {error.strerror}") from error
    return Journal(path)


def _row(run: RunRecord) -> list[object]:
    values = [getattr(run, name) for name in _RUN]
    values[_RUN.index("settings")] = msgspec.json.encode(run.settings)
    return values


def _run(row: tuple[object, ...]) -> RunRecord:
    values = dict(zip(_RUN, row, strict=True))
    settings = values.pop("settings")
    assert isinstance(settings, bytes | str)
    for name in ("simulated", "dry_run"):
        values[name] = bool(values[name])
    return RunRecord(**values, settings=msgspec.json.decode(settings, type=Settings))  # type: ignore[arg-type]


def _effect(row: tuple[Any, ...]) -> EffectRecord:
    address, effect, act, iteration, subject, writes, started, ended, result, in_flight, *spent = (
        row
    )
    return EffectRecord(
        address=address,
        effect=effect,
        act=act,
        iteration=iteration,
        subject=subject,
        writes=bool(writes),
        started=started,
        ended=ended,
        result=result,
        in_flight=bool(in_flight),
        spent=Spent(*spent),
    )
