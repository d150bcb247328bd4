"""What the project remembers between runs: an SQLite file in its `.botticelli/`, by dotted keys."""

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from botticelli.runtime.folder import FOLDER, prepare_folder
from botticelli.runtime.platforms.protocol import Json
from botticelli.runtime.problems import StoreError

FILE = "state.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS state (
    key TEXT PRIMARY KEY,
    value BLOB NOT NULL,
    written REAL NOT NULL,
    run TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS commits (
    run TEXT PRIMARY KEY,
    address TEXT NOT NULL
) WITHOUT ROWID;
"""


class Remembered(Struct, frozen=True):
    """One key: its value, when it was written (Unix seconds), and by which run, if by one."""

    key: str
    value: Json
    written: float
    run: str | None


class StateStore:
    """The state of one project. Nothing is opened before it is needed, and nothing is made before
    something is written. Every method raises StoreError."""

    def __init__(self, project: Path) -> None:
        self._project = project
        self.path = project / FOLDER / FILE
        self._connection: sqlite3.Connection | None = None

    def values(self) -> dict[str, Json]:
        return {each.key: each.value for each in self.entries()}

    def entries(self) -> list[Remembered]:
        """Return everything, by key."""
        if self._connection is None and not self.path.exists():
            return []
        with self._open() as connection:
            rows = connection.execute("SELECT key, value, written, run FROM state ORDER BY key")
            return [
                Remembered(key, msgspec.json.decode(value), written, run)
                for key, value, written, run in rows
            ]

    def set(self, key: str, value: Json) -> None:
        with self._open() as connection:
            self._write(connection, {key: value}, time.time(), None)

    def unset(self, key: str) -> bool:
        """Forget a key; false when it was not there."""
        if self._connection is None and not self.path.exists():
            return False
        with self._open() as connection:
            return connection.execute("DELETE FROM state WHERE key = ?", (key,)).rowcount > 0

    def commit(self, run: str, address: str, values: Mapping[str, Json], now: float) -> None:
        """Set keys, all or none. A run commits one address after the other, so that the last one
        tells whether this commit was made before the run was interrupted."""
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                last = connection.execute("SELECT address FROM commits WHERE run = ?", (run,))
                if last.fetchone() != (address,):
                    self._write(connection, values, now, run)
                    connection.execute(
                        "INSERT OR REPLACE INTO commits (run, address) VALUES (?, ?)",
                        (run, address),
                    )
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _write(
        self,
        connection: sqlite3.Connection,
        values: Mapping[str, Json],
        now: float,
        run: str | None,
    ) -> None:
        connection.executemany(
            "INSERT OR REPLACE INTO state (key, value, written, run) VALUES (?, ?, ?, ?)",
            [(key, msgspec.json.encode(value), now, run) for key, value in values.items()],
        )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            if self._connection is None:
                self._connection = self._connect()
            yield self._connection
        except sqlite3.Error as error:
            raise StoreError(f"the state in {self.path} cannot be used: {error}") from error
        except OSError as error:
            message = f"the state in {self.path} cannot be used: {error.strerror}"
            raise StoreError(message) from error

    def _connect(self) -> sqlite3.Connection:
        prepare_folder(self._project)
        connection = sqlite3.connect(self.path, timeout=30.0, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.executescript(_SCHEMA)
        except BaseException:
            connection.close()
            raise
        return connection
