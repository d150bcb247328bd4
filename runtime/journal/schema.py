"""The tables of the journal, their version, and the way from an older one to this one."""

import sqlite3

import msgspec

from botticelli.runtime.problems import StoreError

VERSION = 1
"""Counted up with each change of the tables; the file says it in `PRAGMA user_version`. Files
from before the journal, which kept answers alone, say 0."""

_TABLES = """
CREATE TABLE programs (
    hash TEXT PRIMARY KEY,
    program BLOB NOT NULL
);
CREATE TABLE runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    program TEXT REFERENCES programs (hash),
    narrative TEXT NOT NULL,
    source TEXT NOT NULL,
    source_hash TEXT NOT NULL,
    driver TEXT NOT NULL,
    simulated INTEGER NOT NULL,
    dry_run INTEGER NOT NULL,
    origin TEXT,
    settings BLOB NOT NULL,
    started REAL NOT NULL,
    ended REAL,
    status TEXT NOT NULL,
    iterations INTEGER NOT NULL,
    completed INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    message TEXT
);
CREATE TABLE effects (
    run INTEGER NOT NULL REFERENCES runs (number),
    address TEXT NOT NULL,
    effect TEXT NOT NULL,
    act TEXT,
    iteration INTEGER,
    subject TEXT,
    writes INTEGER NOT NULL DEFAULT 0,
    started REAL NOT NULL,
    ended REAL,
    place INTEGER,
    result TEXT,
    value BLOB,
    in_flight INTEGER NOT NULL DEFAULT 0,
    requests INTEGER NOT NULL DEFAULT 0,
    input_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    cost REAL DEFAULT 0,
    PRIMARY KEY (run, address)
);
"""


def prepare(connection: sqlite3.Connection) -> None:
    """Make the tables, or bring those of an older version up to date.

    Raises StoreError for a file that a newer version has written, sqlite3.Error for any other.
    """
    if _version(connection) == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        _bring_up_to_date(connection)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    version = _version(connection)
    if version > VERSION:
        raise StoreError(
            f"it was written by a newer Botticelli (its version is {version}, this one knows "
            f"{VERSION}); use that one, or move the file away"
        )
    if version < VERSION:
        _upgrade(connection)
        connection.execute(f"PRAGMA user_version = {VERSION}")


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def _upgrade(connection: sqlite3.Connection) -> None:
    """Make the tables and take over what the older store of answers holds."""
    older = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'results'").fetchone()
    if older:
        connection.execute("ALTER TABLE runs RENAME TO older_runs")
    for statement in _TABLES.split(";"):
        connection.execute(statement)
    if older:
        _take_over(connection)


def _take_over(connection: sqlite3.Connection) -> None:
    connection.execute(
        "INSERT INTO runs (id, narrative, source, source_hash, driver, simulated, dry_run,"
        " settings, started, ended, status, iterations, completed, failures, message)"
        " SELECT id, narrative, source, '', driver, simulated, 0, '{}', started, ended, status,"
        " iterations, completed, failures, message FROM older_runs ORDER BY started"
    )
    rows = connection.execute(
        "SELECT runs.number, results.* FROM results JOIN runs ON runs.id = results.run"
        " ORDER BY results.rowid"
    )
    columns = [each[0] for each in rows.description]
    for place, row in enumerate(rows.fetchall()):
        _take_over_result(connection, place, dict(zip(columns, row, strict=True)))
    connection.execute("DROP TABLE results")
    connection.execute("DROP TABLE older_runs")


def _take_over_result(connection: sqlite3.Connection, place: int, row: dict[str, object]) -> None:
    tokens = (row["input_tokens"], row["output_tokens"])
    if row["kind"] == "answer":
        effect, result = "ask-model", "ModelAnswer"
        usage = None if None in tokens else {"input": tokens[0], "output": tokens[1]}
        value = {
            "text": row["text"],
            "finish": row["finish"],
            "model": row["source"],
            "usage": usage,
        }
        data = msgspec.json.encode(value)
    else:
        effect, result = "run-command", "CommandResult"
        text = str(row["text"])
        data = msgspec.json.encode({"result": "command", "value": msgspec.json.decode(text)})
    connection.execute(
        "INSERT INTO effects (run, address, effect, act, iteration, subject, started, ended,"
        " place, result, value, requests, input_tokens, output_tokens, cost)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
        (
            row["number"],
            row["address"],
            effect,
            row["act"],
            row["iteration"],
            row["source"],
            row["started"],
            row["ended"],
            place,
            result,
            data,
            int(effect == "ask-model"),
            tokens[0] or 0,
            tokens[1] or 0,
        ),
    )
