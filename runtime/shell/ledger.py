"""The books of all requests: in memory, or in a file that outlives the run and is shared.

The file stands in the user's state directory, since limits belong to a key and not to a project.
Every reservation is one transaction that reads what other processes did and adds its own, so that
all of them together keep within the limits. A request of a process that died counts in full: its
moment may have been anywhere up to when its death was noticed.

Only day limits outlast a run, but minutes are shared in the same way: two runs that start together
share the minute as well.
"""

import contextlib
import os
import socket
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from msgspec import Struct

from botticelli.compiler.semantics.limits import (
    DAY,
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
    day_tokens INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS requests_by_pool ON requests (provider, account, pool, ended);
"""


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

    def close(self) -> None:
        pass

    def _of(self, pool: Pool, limits: Limits) -> Books:
        books = self._books.get(pool)
        if books is None:
            books = self._books[pool] = Books(limits.day)
        return books


class SqliteLedger:
    """Books in a file. Raises sqlite3.Error or OSError when it cannot be opened."""

    shared = True

    def __init__(self, path: Path, now: float) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._process = uuid4().hex
        self._host = socket.gethostname()
        self._books: dict[Pool, Books] = {}
        self._days: dict[Pool, str] = {}
        self._foreign: dict[Pool, dict[int, tuple[str, int, float]]] = {}
        self._version = -1
        self._connection = sqlite3.connect(path, timeout=30.0, isolation_level=None)
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(_SCHEMA)
            self._connection.execute(
                "DELETE FROM requests WHERE coalesce(ended, deadline) < ?", (now - KEPT,)
            )
        except BaseException:
            self._connection.close()
            raise

    def reserve(
        self, pool: Pool, now: float, limits: Limits, demand: Demand, deadline: float
    ) -> tuple[Decision, int]:
        with _transaction(self._connection):
            self._days[pool] = limits.day
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
        self._days[pool] = limits.day
        return self._of(pool, now).readings(now, limits)

    def close(self) -> None:
        self._connection.close()

    def _insert(self, pool: Pool, entry: Entry, deadline: float) -> int:
        cursor = self._connection.execute(
            "INSERT INTO requests (provider, account, pool, process, host, pid, sent, deadline,"
            " requests, input, output, day_tokens) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
        if pool in self._books:
            self._bury(pool, now)
        if pool not in self._books:
            self._books[pool] = self._read(pool, now)
        return self._books[pool]

    def _read(self, pool: Pool, now: float) -> Books:
        books = Books(self._days[pool])
        foreign = self._foreign[pool] = {}
        rows = self._connection.execute(
            "SELECT id, process, host, pid, sent, deadline, ended, input, output,"
            " day_tokens, requests FROM requests WHERE provider = ? AND account = ? AND pool = ?"
            " AND (ended IS NULL OR ended > ?) ORDER BY ended",
            (pool.provider, pool.account, pool.models, now - KEPT),
        ).fetchall()
        for number, process, host, pid, sent, deadline, ended, *taken in rows:
            entry = Entry(sent, *taken)
            if ended is None and process != self._process:
                ended = self._end_of(host, pid, deadline, now)  # noqa: PLW2901
                foreign[number] = (host, pid, deadline)
            if ended is None:
                books.enter(number, entry)
            else:
                books.restore(entry, ended)
        return books

    def _bury(self, pool: Pool, now: float) -> None:
        """Forget the books of a pool in which a request's process has died since."""
        for number, (host, pid, deadline) in list(self._foreign[pool].items()):
            ended = self._end_of(host, pid, deadline, now)
            if ended is not None:
                self._connection.execute(
                    "UPDATE requests SET ended = ? WHERE id = ? AND ended IS NULL", (ended, number)
                )
                self._books.pop(pool, None)

    def _end_of(self, host: str, pid: int, deadline: float, now: float) -> float | None:
        """The last moment at which another process's open request may count, None while it may
        still be under way."""
        if deadline <= now:
            return deadline + SLACK
        if host == self._host and not _lives(pid):
            return now + SLACK
        return None


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write undisturbed by other processes. Raises StoreError when the file cannot be written."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise StoreError(f"the ledger of requests cannot be written: {error}") from error


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
