"""The entries of one run while it runs: each effect before it is performed, and what came of it.

One commit takes the results so far and the effects that follow from them. A write is entered and
its result kept with a commit that is forced to the disk; for everything else it is enough that the
commit survives the process, as a request that was lost with the machine may be asked again.
"""

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct

from botticelli.compiler.ir.program import Program
from botticelli.runtime.effects import Effect, Result
from botticelli.runtime.journal.encoding import decode_result, encode_result
from botticelli.runtime.journal.held import as_seen
from botticelli.runtime.journal.lock import RunLock
from botticelli.runtime.journal.records import RunRecord, Spent
from botticelli.runtime.problems import StoreError


class Intent(Struct, frozen=True):
    """An effect that is about to be performed, and whether it writes."""

    effect: Effect
    started: float
    writes: bool


class Completed(Struct, frozen=True):
    """An effect that has ended; `spent` is what its requests used since they were last noted."""

    address: str
    result: Result
    ended: float
    spent: Spent = Spent()


class RunEntries:
    """Writes the entries of one run. Every method raises StoreError when the file cannot be
    written."""

    def __init__(self, connection: sqlite3.Connection, number: int, lock: RunLock) -> None:
        self._connection = connection
        self._number = number
        self._lock = lock
        self._forced = False
        row = connection.execute(
            "SELECT coalesce(max(place), -1) + 1 FROM effects WHERE run = ?", (number,)
        ).fetchone()
        self._place: int = row[0]

    def enter(
        self,
        completed: Sequence[Completed],
        intents: Sequence[Intent],
        *,
        forced: bool = False,
        progress: tuple[int, int] | None = None,
    ) -> None:
        """Keep results and what is about to be performed, in one commit; with `progress` also how
        many iterations have completed and failed by now.

        An effect that is begun again keeps the time of its first beginning, unless that has ended.
        """
        self._force(forced)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for each in completed:
                    self._complete(each)
                for intent in intents:
                    self._intend(intent)
                if progress is not None:
                    self._connection.execute(
                        "UPDATE runs SET completed = ?, failures = ? WHERE number = ?",
                        (*progress, self._number),
                    )
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise _unwritable(error) from error

    def sent(self, addresses: Sequence[str]) -> None:
        """Note for which effects a request is under way."""
        marks = ", ".join("?" * len(addresses))
        self._execute_plain(
            f"UPDATE effects SET in_flight = 1 WHERE run = ? AND address IN ({marks})",  # noqa: S608
            (self._number, *addresses),
        )

    def settle(self, address: str, spent: Spent) -> None:
        """Note what a request used whose effect goes on: it is tried again, or was lost."""
        self._execute(
            "UPDATE effects SET in_flight = 0, requests = requests + ?,"
            " input_tokens = input_tokens + ?, output_tokens = output_tokens + ?, cost = cost + ?"
            " WHERE run = ? AND address = ?",
            address,
            spent.requests,
            spent.input_tokens,
            spent.output_tokens,
            spent.cost,
        )

    def adopt(self, origin: str, addresses: Sequence[str]) -> None:
        """Take results of another run over as this one's; what they used stays with that run."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(
                "INSERT INTO effects (run, address, effect, act, iteration, subject, writes,"
                " started, ended, place, result, value) SELECT ?, address, effect, act, iteration,"
                " subject, writes, started, ended, ?, result, value FROM effects"
                " WHERE run = (SELECT number FROM runs WHERE id = ?) AND address = ?",
                [
                    (self._number, self._place + place, origin, address)
                    for place, address in enumerate(addresses)
                ],
            )
            self._let_rows_go()
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise _unwritable(error) from error
        self._place += len(addresses)

    def start_over(self, forgotten: Iterable[str], kept: Iterable[str]) -> None:
        """Let what was completed be done again, but for what is kept: that has its result, and
        gets a new place when it is asked for. What requests have used stays noted."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for address in forgotten:
                self._connection.execute(
                    "DELETE FROM effects WHERE run = ? AND address = ? AND requests = 0",
                    (self._number, address),
                )
                self._connection.execute(
                    "UPDATE effects SET ended = NULL, place = NULL, result = NULL, value = NULL"
                    " WHERE run = ? AND address = ?",
                    (self._number, address),
                )
            for address in kept:
                self._connection.execute(
                    "UPDATE effects SET place = NULL WHERE run = ? AND address = ?",
                    (self._number, address),
                )
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise _unwritable(error) from error

    def keep_program(self, program: Program) -> None:
        """Keep what the run runs from here on; runs of the same program share it."""
        encoded = msgspec.json.encode(program)
        digest = hashlib.sha256(encoded).hexdigest()
        self._execute_plain(
            "INSERT OR IGNORE INTO programs (hash, program) VALUES (?, ?)", (digest, encoded)
        )
        self._execute_plain("UPDATE runs SET program = ? WHERE number = ?", (digest, self._number))

    def update(self, run: RunRecord) -> None:
        """Write how a run stands over how it began."""
        self._force(True)
        self._execute_plain(
            "UPDATE runs SET source = ?, source_hash = ?, driver = ?, simulated = ?, settings = ?,"
            " ended = ?, status = ?, iterations = ?, completed = ?, failures = ?, message = ?"
            " WHERE number = ?",
            (
                run.source,
                run.source_hash,
                run.driver,
                run.simulated,
                msgspec.json.encode(run.settings),
                run.ended,
                run.status,
                run.iterations,
                run.completed,
                run.failures,
                run.message,
                self._number,
            ),
        )

    def close(self) -> None:
        """Let others have the run."""
        self._lock.release()

    def _let_rows_go(self) -> None:
        """Take over of rows what they say, and not that they are held."""
        rows = self._connection.execute(
            "SELECT address, result, value FROM effects WHERE run = ? AND effect = 'query-table'",
            (self._number,),
        )
        for address, kind, value in rows.fetchall():
            _, seen = encode_result(as_seen(decode_result(kind, value)))
            self._connection.execute(
                "UPDATE effects SET value = ? WHERE run = ? AND address = ?",
                (seen, self._number, address),
            )

    def _complete(self, each: Completed) -> None:
        kind, value = encode_result(each.result)
        spent = each.spent
        self._connection.execute(
            "UPDATE effects SET ended = ?, place = ?, result = ?, value = ?, in_flight = 0,"
            " requests = requests + ?, input_tokens = input_tokens + ?,"
            " output_tokens = output_tokens + ?, cost = cost + ? WHERE run = ? AND address = ?",
            (
                each.ended,
                self._place,
                kind,
                value,
                spent.requests,
                spent.input_tokens,
                spent.output_tokens,
                spent.cost,
                self._number,
                each.address,
            ),
        )
        self._place += 1

    def _intend(self, intent: Intent) -> None:
        effect = intent.effect
        self._connection.execute(
            "INSERT INTO effects (run, address, effect, act, iteration, subject, writes, started)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run, address) DO UPDATE SET started ="
            " CASE WHEN ended IS NULL THEN started ELSE excluded.started END,"
            " ended = NULL, place = NULL, result = NULL, value = NULL",
            (
                self._number,
                str(effect.address),
                effect.__struct_config__.tag,
                getattr(effect, "act", None),
                getattr(effect, "iteration", None),
                effect.subject,
                intent.writes,
                intent.started,
            ),
        )

    def _force(self, forced: bool) -> None:
        """Choose whether the next commits are forced to the disk."""
        if forced != self._forced:
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if forced else 'NORMAL'}")
            self._forced = forced

    def _execute(self, statement: str, address: str, *values: object) -> None:
        self._execute_plain(statement, (*values, self._number, address))

    def _execute_plain(self, statement: str, values: Sequence[object]) -> None:
        try:
            self._connection.execute(statement, values)
        except sqlite3.Error as error:
            raise _unwritable(error) from error


def _unwritable(error: sqlite3.Error) -> StoreError:
    return StoreError(f"the journal cannot be written: {error}")
