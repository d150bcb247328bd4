"""The tables that the runtime keeps in a database beside those of its users.

`botticelli_effects` holds what was done, each in the transaction that did it, so that nothing is
done twice; `botticelli_generations` which tables hold stored content; `botticelli_leases` which
rows a run has taken from a queue. Times are Unix seconds.
"""

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from botticelli.runtime.databases.database import Database

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Table
    from sqlalchemy.engine import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

PREFIX = "botticelli_"
"""Tables whose names begin so are the runtime's own: no narrative writes them."""

_MAKING = 7_162_518_443_901_226
"""The number of the lock under which PostgreSQL makes tables, one process at a time."""


@cache
def _metadata() -> "MetaData":
    from sqlalchemy import BigInteger, Column, Double, MetaData, Table, Text

    metadata = MetaData()
    Table(
        f"{PREFIX}effects",
        metadata,
        Column("run", Text, primary_key=True),
        Column("place", Text, primary_key=True),
        Column("done", Double, nullable=False),
        Column("result", Text, nullable=False),
    )
    Table(
        f"{PREFIX}generations",
        metadata,
        Column("run", Text, primary_key=True),
        Column("narrative", Text, primary_key=True),
        Column("table_name", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("template", Text),
        Column("started", Double, nullable=False),
        Column("latest", Double, nullable=False),
        Column("stored", BigInteger, nullable=False),
    )
    Table(
        f"{PREFIX}leases",
        metadata,
        Column("table_name", Text, primary_key=True),
        Column("row_key", Text, primary_key=True),
        Column("run", Text, nullable=False, index=True),
        Column("place", Text, nullable=False),
        Column("expires", Double, nullable=False),
    )
    return metadata


def is_own(name: str) -> bool:
    """Tell whether a table is one of the runtime's own, in whatever schema."""
    return name.rpartition(".")[2].casefold().startswith(PREFIX)


def effects() -> "Table":
    return _metadata().tables[f"{PREFIX}effects"]


def generations() -> "Table":
    return _metadata().tables[f"{PREFIX}generations"]


def leases() -> "Table":
    return _metadata().tables[f"{PREFIX}leases"]


async def prepare(database: Database) -> None:
    """Make these tables where they are missing, once for each open database.

    Raises DatabaseError.
    """
    if database.prepared:
        return
    async with database.writing() as connection:
        await lock_making(connection)
        await connection.run_sync(_make)
    database.prepared = True


def _make(connection: "Connection") -> None:
    _metadata().create_all(connection)


async def lock_making(connection: "AsyncConnection") -> None:
    """Let nobody else make a table until the transaction ends; SQLite's has the whole file."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy import text

        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MAKING})


async def done_before(connection: "AsyncConnection", run: str, place: str) -> Any:
    """Return the result of what a run did at a place, or None if it has not been done.

    Until the transaction ends nobody else does it: an attempt that was given up may still be under
    way.
    """
    from sqlalchemy import select, text

    if connection.dialect.name == "postgresql":
        await connection.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"),
            {"key": f"{PREFIX}{run} {place}"},
        )
    table = effects()
    query = select(table.c.result).where(table.c.run == run, table.c.place == place)
    found = (await connection.execute(query)).scalar_one_or_none()
    return None if found is None else json.loads(found)


async def record_once(
    connection: "AsyncConnection", run: str, place: str, now: float, result: Any
) -> bool:
    """Note within a transaction what it is about to do; tell whether it has not been done."""
    from sqlalchemy import text

    statement = text(
        "INSERT INTO botticelli_effects (run, place, done, result)"
        " VALUES (:run, :place, :done, :result) ON CONFLICT DO NOTHING"
    )
    values = {"run": run, "place": place, "done": now, "result": json.dumps(result)}
    return (await connection.execute(statement, values)).rowcount > 0


async def record_done(
    connection: "AsyncConnection", run: str, place: str, now: float, result: Any
) -> None:
    """Note within a transaction what it does, with its result as JSON."""
    values = {"run": run, "place": place, "done": now, "result": json.dumps(result)}
    await connection.execute(effects().insert().values(values))
