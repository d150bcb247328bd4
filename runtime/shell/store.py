"""What runs have answered: an SQLite file in the project's `.botticelli/`, which git ignores."""

import sqlite3
from pathlib import Path

from msgspec import Struct

FOLDER = ".botticelli"
FILE = "runs.sqlite"

RUNNING = "running"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY,
    narrative TEXT NOT NULL,
    source TEXT NOT NULL,
    driver TEXT NOT NULL,
    simulated INTEGER NOT NULL,
    started REAL NOT NULL,
    ended REAL,
    status TEXT NOT NULL,
    iterations INTEGER NOT NULL,
    completed INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    message TEXT
);
CREATE TABLE IF NOT EXISTS results (
    run TEXT NOT NULL REFERENCES runs (id),
    address TEXT NOT NULL,
    kind TEXT NOT NULL,
    act TEXT NOT NULL,
    iteration INTEGER,
    source TEXT NOT NULL,
    text TEXT NOT NULL,
    finish TEXT,
    input_tokens INTEGER,
    output_tokens INTEGER,
    started REAL NOT NULL,
    ended REAL NOT NULL,
    PRIMARY KEY (run, address)
);
"""


class StoreError(Exception):
    """The store cannot be opened or written; the message is for people."""


class StoredRun(Struct, frozen=True, kw_only=True):
    """A run. `status` is `running` (or killed), `completed`, `exhausted`, `failed`,
    `interrupted`; times are Unix seconds."""

    id: str
    narrative: str
    source: str
    driver: str
    simulated: bool
    started: float
    ended: float | None = None
    status: str = RUNNING
    iterations: int
    completed: int = 0
    failures: int = 0
    message: str | None = None


class StoredResult(Struct, frozen=True, kw_only=True):
    """What an act got: `kind` is `answer` of the model `source`, or `command`, the result of the
    platform's command `source` as JSON."""

    run: str
    address: str
    kind: str
    act: str
    iteration: int | None
    source: str
    text: str
    finish: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    started: float
    ended: float


class Store:
    """An open store. Raises StoreError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._connection = sqlite3.connect(path, timeout=30.0, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise StoreError(f"the store {path} cannot be opened: {error}") from error

    def begin(self, run: StoredRun) -> None:
        self._insert("runs", run)

    def finish(self, run: StoredRun) -> None:
        """Write how a run ended over how it began."""
        self._insert("runs", run)

    def add(self, result: StoredResult) -> None:
        self._insert("results", result)

    def runs(self, limit: int | None = None) -> list[StoredRun]:
        """Return the runs, the latest first."""
        rows = self._connection.execute(
            f"SELECT {_columns(StoredRun)} FROM runs ORDER BY started DESC, rowid DESC LIMIT ?",  # noqa: S608
            (-1 if limit is None else limit,),
        )
        return [_run(row) for row in rows]

    def find(self, beginning: str) -> list[StoredRun]:
        """Return the runs whose id starts so."""
        return [run for run in self.runs() if run.id.startswith(beginning)]

    def results(self, run: str) -> list[StoredResult]:
        """Return what a run got, in the order in which it came."""
        rows = self._connection.execute(
            f"SELECT {_columns(StoredResult)} FROM results WHERE run = ? ORDER BY rowid",  # noqa: S608
            (run,),
        )
        return [_result(row) for row in rows]

    def close(self) -> None:
        self._connection.close()

    def _insert(self, table: str, record: StoredRun | StoredResult) -> None:
        fields = record.__struct_fields__
        marks = ", ".join("?" for _ in fields)
        try:
            self._connection.execute(
                f"INSERT OR REPLACE INTO {table} ({', '.join(fields)}) VALUES ({marks})",  # noqa: S608
                [getattr(record, field) for field in fields],
            )
        except sqlite3.Error as error:
            raise StoreError(f"the store {self.path} cannot be written: {error}") from error


def _columns(record: type[StoredRun] | type[StoredResult]) -> str:
    return ", ".join(record.__struct_fields__)


def _run(row: tuple[object, ...]) -> StoredRun:
    import msgspec

    values = dict(zip(StoredRun.__struct_fields__, row, strict=True))
    values["simulated"] = bool(values["simulated"])
    return msgspec.convert(values, StoredRun)


def _result(row: tuple[object, ...]) -> StoredResult:
    import msgspec

    return msgspec.convert(
        dict(zip(StoredResult.__struct_fields__, row, strict=True)), StoredResult
    )


def open_store(project: Path, *, create: bool) -> Store | None:
    """Open the project's store; None when there is none and none is to be made.

    Raises StoreError.
    """
    folder = project / FOLDER
    path = folder / FILE
    if not create and not path.exists():
        return None
    try:
        folder.mkdir(exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise StoreError(f"the folder {folder} cannot be made: {error.strerror}") from error
    return Store(path)
