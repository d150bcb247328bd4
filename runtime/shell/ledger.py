"""The books of all requests: in memory, or in a file that outlives the run and is shared.

The file stands in the user's state directory, since limits belong to a key and not to a project.
Every reservation is one transaction that reads what other processes did and adds its own, so that
all of them together keep within the limits. A request of a process that died counts in full until
its deadline: nobody knows what the provider has made of it, nor when.

Clocks are set now and then. Processes of one boot of a machine agree on the time since then, and
read each other's moments by it. What stands there from another boot is taken as it was written, but
nothing can have happened later than now.

Only day limits outlast a run, but minutes are shared in the same way: two runs that start together
share the minute as well.
"""

import contextlib
import os
import socket
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from msgspec import Struct

from botticelli.compiler.semantics.limits import (
    DAY,
    MINUTE,
    SLACK,
    Admitted,
    Books,
    Decision,
    Demand,
    Entry,
    Limits,
    Reading,
    Usage,
)
from botticelli.runtime.problems import StoreError
from botticelli.runtime.shell.clock import Timebase

KEPT = 2 * DAY
"""How long the file keeps a request: no window reaches further back."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    provider TEXT NOT NULL,
    account TEXT NOT NULL,
    pool TEXT NOT NULL,
    process TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    sent REAL NOT NULL,
    deadline REAL NOT NULL,
    ended REAL,
    requests INTEGER NOT NULL,
    input INTEGER NOT NULL,
    output INTEGER NOT NULL,
    day_tokens INTEGER NOT NULL,
    boot TEXT NOT NULL DEFAULT '',
    origin REAL NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS requests_by_pool ON requests (provider, account, pool, ended);
"""


_ADDED = {"boot": "TEXT NOT NULL DEFAULT ''", "origin": "REAL NOT NULL DEFAULT 0"}
"""Columns that files of earlier versions lack."""


class Pool(Struct, frozen=True):
    """What shares limits: a provider, an account with it (never its key), a group of models."""

    provider: str
    account: str
    models: str


class Ledger(Protocol):
    """The books of all pools. `shared`: others may write them too, so that room may come unseen."""

    shared: bool

    def reserve(
        self, pool: Pool, now: float, limits: Limits, demand: Demand, deadline: float
    ) -> tuple[Decision, int]:
        """Reserve room for a request if there is any, and return its number.

        `deadline` is the moment by which it is over, even if nobody says so.
        """
        ...

    def settle(self, pool: Pool, number: int, now: float, usage: Usage | None) -> None:
        """Put what a request used in place of what it reserved; None leaves it in full."""
        ...

    def readings(self, pool: Pool, now: float, limits: Limits) -> tuple[Reading, ...]: ...

    def books(self, pool: Pool, now: float, limits: Limits) -> Books:
        """Return a copy of a pool's books as they stand now, to try things out with."""
        ...

    def close(self) -> None: ...


class MemoryLedger:
    """Books that end with the process: for simulations, which use nobody's quota."""

    shared = False

    def __init__(self) -> None:
        self._books: dict[Pool, Books] = {}
        self._number = 0

    def reserve(
        self, pool: Pool, now: float, limits: Limits, demand: Demand, deadline: float
    ) -> tuple[Decision, int]:
        del deadline
        books = self._of(pool, limits)
        decision = books.assess(now, limits, demand)
        if isinstance(decision, Admitted):
            self._number += 1
            books.enter(self._number, decision.entry)
        return decision, self._number

    def settle(self, pool: Pool, number: int, now: float, usage: Usage | None) -> None:
        self._books[pool].settle(number, now, usage)

    def readings(self, pool: Pool, now: float, limits: Limits) -> tuple[Reading, ...]:
        return self._of(pool, limits).readings(now, limits)

    def books(self, pool: Pool, now: float, limits: Limits) -> Books:
        del now
        return deepcopy(self._of(pool, limits))

    def close(self) -> None:
        pass

    def _of(self, pool: Pool, limits: Limits) -> Books:
        books = self._books.get(pool)
        if books is None:
            books = self._books[pool] = Books(limits.day)
        return books


class _Foreign(Struct, frozen=True):
    """A request of another process that may still be under way."""

    host: str
    pid: int
    deadline: float


class SqliteLedger:
    """Books in a file. Raises sqlite3.Error or OSError when it cannot be opened."""

    shared = True

    def __init__(self, path: Path, now: float, timebase: Timebase | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._process = uuid4().hex
        self._host = socket.gethostname()
        self._timebase = timebase or Timebase("", 0.0)
        self._books: dict[Pool, Books] = {}
        self._limits: dict[Pool, Limits] = {}
        self._foreign: dict[Pool, list[_Foreign]] = {}
        self._version = -1
        self._connection = sqlite3.connect(path, timeout=30.0, isolation_level=None)
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(_SCHEMA)
            self._add_columns()
            # As far back as the latest request, too: a clock that is wrong now may be put right.
            self._connection.execute(
                "DELETE FROM requests WHERE coalesce(ended, deadline)"
                " < min(?, (SELECT max(sent) FROM requests)) - ?",
                (now, KEPT),
            )
        except BaseException:
            self._connection.close()
            raise

    def reserve(
        self, pool: Pool, now: float, limits: Limits, demand: Demand, deadline: float
    ) -> tuple[Decision, int]:
        with _transaction(self._connection):
            self._limits[pool] = limits
            books = self._of(pool, now)
            decision = books.assess(now, limits, demand)
            if not isinstance(decision, Admitted):
                return decision, 0
            number = self._insert(pool, decision.entry, deadline)
            books.enter(number, decision.entry)
            return decision, number

    def settle(self, pool: Pool, number: int, now: float, usage: Usage | None) -> None:
        with _transaction(self._connection):
            entry, ended = self._of(pool, now).settle(number, now, usage)
            self._connection.execute(
                "UPDATE requests SET ended = ?, requests = ?, input = ?, output = ?,"
                " day_tokens = ? WHERE id = ?",
                (ended, entry.requests, entry.input, entry.output, entry.day_tokens, number),
            )

    def readings(self, pool: Pool, now: float, limits: Limits) -> tuple[Reading, ...]:
        self._limits[pool] = limits
        with _faults():
            return self._of(pool, now).readings(now, limits)

    def books(self, pool: Pool, now: float, limits: Limits) -> Books:
        self._limits[pool] = limits
        with _faults():
            return self._read(pool, now)

    def close(self) -> None:
        self._connection.close()

    def _add_columns(self) -> None:
        there = {row[1] for row in self._connection.execute("PRAGMA table_info (requests)")}
        for name, kind in _ADDED.items():
            if name not in there:
                self._connection.execute(f"ALTER TABLE requests ADD COLUMN {name} {kind}")

    def _insert(self, pool: Pool, entry: Entry, deadline: float) -> int:
        cursor = self._connection.execute(
            "INSERT INTO requests (provider, account, pool, process, host, pid, sent, deadline,"
            " requests, input, output, day_tokens, boot, origin)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                pool.provider,
                pool.account,
                pool.models,
                self._process,
                self._host,
                os.getpid(),
                entry.sent,
                deadline,
                entry.requests,
                entry.input,
                entry.output,
                entry.day_tokens,
                self._timebase.boot,
                self._timebase.origin,
            ),
        )
        return cursor.lastrowid or 0

    def _of(self, pool: Pool, now: float) -> Books:
        """Return a pool's books as they stand, read again when another process has written."""
        version = self._connection.execute("PRAGMA data_version").fetchone()[0]
        if version != self._version:
            self._books.clear()
            self._foreign.clear()
            self._version = version
        if any(self._is_over(each, now) for each in self._foreign.get(pool, ())):
            del self._books[pool]
        if pool not in self._books:
            self._books[pool] = self._read(pool, now)
        return self._books[pool]

    def _read(self, pool: Pool, now: float) -> Books:
        limits = self._limits[pool]
        books = Books(limits.day)
        foreign = self._foreign[pool] = []
        # Of what no day counts, the last minutes are enough.
        reach = 2 * MINUTE if limits.rpd is None and limits.tpd is None else KEPT
        rows = self._connection.execute(
            "SELECT id, process, host, pid, boot, origin, sent, deadline, ended, input, output,"
            " day_tokens, requests FROM requests WHERE provider = ? AND account = ? AND pool = ?"
            " AND (ended IS NULL OR ended + CASE WHEN boot = ? THEN ? - origin ELSE 0 END > ?)"
            " ORDER BY ended",
            (
                pool.provider,
                pool.account,
                pool.models,
                self._timebase.boot or None,
                self._timebase.origin,
                now - reach,
            ),
        ).fetchall()
        for number, process, host, pid, boot, origin, sent, deadline, ended, *taken in rows:
            shift = self._shift(boot, origin)
            entry = Entry(min(sent + shift, now), *taken)
            if ended is not None:
                books.restore(entry, self._moment(number, ended + shift, now))
                continue
            other = _Foreign(host, pid, deadline + shift)
            if process != self._process and self._is_over(other, now):
                books.restore(entry, other.deadline + SLACK)
                continue
            if process != self._process:
                foreign.append(other)
            books.enter(number, entry)
        return books

    def _shift(self, boot: str, origin: float) -> float:
        """What is to be added to moments of another process of this boot."""
        mine = self._timebase
        return mine.origin - origin if boot and boot == mine.boot else 0.0

    def _moment(self, number: int, ended: float, now: float) -> float:
        """The last moment at which a request may have counted: not after now.

        What is noted for a far future comes of a clock that was wrong; it counts as if it had ended
        now, and that is kept, so that it comes to an end.
        """
        latest = now + SLACK
        if ended > now + KEPT:
            self._connection.execute(
                "UPDATE requests SET sent = ?, ended = ?, boot = ?, origin = ? WHERE id = ?",
                (now, latest, self._timebase.boot, self._timebase.origin, number),
            )
        return min(ended, latest)

    def _is_over(self, other: _Foreign, now: float) -> bool:
        """Whether another process no longer waits for a request; it counts to its deadline."""
        return other.deadline <= now or (other.host == self._host and not _lives(other.pid))


@contextlib.contextmanager
def _faults() -> Iterator[None]:
    """Say in words for people what is wrong with the file. Raises StoreError."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(f"the ledger of requests cannot be used: {error}") from error


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write undisturbed by other processes. Raises StoreError when the file cannot be written."""
    with _faults():
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def _lives(pid: int) -> bool:
    """Tell whether a process of this machine is there; where one cannot ask, it is."""
    if sys.platform == "win32":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def ledger_path(environment: Mapping[str, str]) -> Path:
    """Return where the user's ledger stands: the state directory of the platform."""
    if sys.platform == "win32":
        base = environment.get("LOCALAPPDATA")
        return Path(base or Path.home() / "AppData" / "Local") / "botticelli" / "ledger.sqlite"
    state = environment.get("XDG_STATE_HOME")
    return Path(state or Path.home() / ".local" / "state") / "botticelli" / "ledger.sqlite"
