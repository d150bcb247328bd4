"""Rows taken from a table as from a queue: leased to one run, then deleted or given back.

A lease is a row of `botticelli_leases`: whose row it is, of which run and place, and until when. It
is taken in a short transaction, renewed while the run lives, and told by the database's clock. Rows
are deleted in the transaction that records what they were taken for, if all of them are still
leased to the run; so none is completed twice, whoever was killed or asleep in between.

Transactions lock rows before leases and leases in the order of their keys, or skip what others have
locked: so no two of them wait for each other.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from botticelli.runtime.databases.database import Database
from botticelli.runtime.databases.filters import QueryError
from botticelli.runtime.databases.keys import has_key, key_matches, key_parameters, key_text
from botticelli.runtime.databases.own_tables import (
    done_before,
    is_own,
    leases,
    prepare,
    record_once,
)
from botticelli.runtime.databases.queries import (
    Selection,
    Taking,
    clause,
    missing_rows,
    row_limit,
    select_rows,
)
from botticelli.runtime.databases.records import Rows, TableQuery, Taken
from botticelli.runtime.databases.reflection import ReflectedTable, reflect, table_names

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection
    from sqlalchemy.sql.elements import ColumnElement

TRIES = 20
"""How often rows are chosen anew when others took some of them at the same moment."""


AT_ONCE = 20
"""As many rows are fetched without a cursor, which takes several exchanges with the database."""


class Holder(Struct, frozen=True):
    """Who holds leases: a run, and for how many seconds unless it renews them. `unsure`: it may
    hold some that it does not know of, as it died or lost its connection when it took them."""

    run: str
    seconds: float
    unsure: bool = False


class Retaken(Struct, frozen=True):
    """What became of rows that a run held when it ended, by the places that had taken them: which
    are `lost` to others, and which the run had deleted itself; it holds the rest again."""

    lost: frozenset[str] = frozenset()
    settled: frozenset[str] = frozenset()


class LeaseLostError(Exception):
    """Rows that a run had taken went to another reader; the message is for people."""


class _ContendedError(Exception):
    """Others took some of the chosen rows at the same moment."""


# Taking


async def take_rows(
    database: Database, query: TableQuery, holder: Holder, place: str, now: datetime
) -> tuple[Rows, Taken | None]:
    """Take rows for a place in a run and return them with their keys; None when there are none.

    Raises QueryError, also where rows cannot be told
    apart, and DatabaseError.
    """
    if is_own(query.table):
        raise QueryError(f"`{query.table}` is one of Botticelli's own tables, which is no queue")
    if not database.exists:
        return missing_rows(query, ()), None
    table = database.known(query.table)
    if table is None:
        async with database.reading() as connection:
            table = await database.table(connection, query.table)
            if table is None:
                return missing_rows(query, await connection.run_sync(table_names)), None
    if not table.key:
        raise QueryError(without_key(query.table))
    await prepare(database)
    selection = select_rows(database, table, query, now)
    for _ in range(TRIES):
        try:
            async with database.writing() as connection:
                return await _take(
                    database, connection, selection, query, holder=holder, place=place
                )
        except _ContendedError:
            continue
    raise QueryError(f"the rows of `{query.table}` were taken by others {TRIES} times in a row")


def without_key(table: str) -> str:
    """Say that rows of a table cannot be taken."""
    return (
        f"the table `{table}` has no primary key, by which a consuming read tells its rows apart: "
        "nothing is taken"
    )


async def _take(
    database: Database,
    connection: "AsyncConnection",
    selection: Selection,
    query: TableQuery,
    *,
    holder: Holder,
    place: str,
) -> tuple[Rows, Taken | None]:
    if holder.unsure:
        await _delete_leases(connection, holder.run, [place])
    table = selection.table
    key = key_text(table, sqlite=database.is_sqlite)
    limit, warnings = row_limit(database, query)
    free = selection.statement.add_columns(key).where(
        has_key(table, sqlite=database.is_sqlite),
        key.not_in(_leased_keys(database, table)),
    )
    # SQLite has no such clause; its transactions write one after another.
    free = free.limit(limit).offset(query.offset).with_for_update(skip_locked=True)
    taking = Taking(database, selection, query)
    keys: list[str] = []
    if limit <= AT_ONCE:
        for row in await connection.execute(free):
            if not taking.add(row[:-1]):
                break
            keys.append(row[-1])
    else:
        result = await connection.stream(free)
        async for row in result:
            if not taking.add(row[:-1]):
                break
            keys.append(row[-1])
        await result.close()
    if not keys:
        return taking.rows(warnings), None
    taken = Taken(place=place, table=query.table, keys=tuple(keys))
    if not await _lease(database, connection, table, taken, holder=holder, again=False):
        raise _ContendedError
    return taking.rows(warnings), taken


def _leased_keys(database: Database, table: ReflectedTable) -> Any:
    """Return the query for the keys of rows that others must not take now."""
    import sqlalchemy as sa

    held = leases()
    clock: ColumnElement[Any] = sa.literal_column(_clock(database))
    return sa.select(held.c.row_key).where(
        held.c.table_name == table.full_name, held.c.expires > clock
    )


async def _lease(
    database: Database,
    connection: "AsyncConnection",
    table: ReflectedTable,
    taken: Taken,
    *,
    holder: Holder,
    again: bool,
) -> bool:
    """Lease rows that are free, or that the run has if it takes them `again`; tell whether all of
    them were."""
    from sqlalchemy import text

    clock = _clock(database)
    listed = (
        "json_each(:keys) AS listed WHERE true"
        if database.is_sqlite
        else "json_array_elements_text(CAST(:keys AS json)) AS listed (value)"
    )
    own = " OR botticelli_leases.run = excluded.run" if again else ""
    statement = (
        "INSERT INTO botticelli_leases (table_name, row_key, run, place, expires)"  # noqa: S608
        f" SELECT CAST(:name AS text), listed.value, CAST(:run AS text), CAST(:place AS text),"
        f" {clock} + :seconds FROM {listed}"
        " ON CONFLICT (table_name, row_key) DO UPDATE SET run = excluded.run,"
        " place = excluded.place, expires = excluded.expires"
        f" WHERE botticelli_leases.expires <= {clock}{own} RETURNING row_key"
    )
    values = {
        "name": table.full_name,
        "run": holder.run,
        "place": taken.place,
        "seconds": holder.seconds,
        "keys": json.dumps(sorted(taken.keys)),
    }
    leased = (await connection.execute(text(statement), values)).scalars().all()
    return len(leased) == len(taken.keys)


def _clock(database: Database) -> str:
    """Return the database's own clock as SQL, in Unix seconds."""
    if database.is_sqlite:
        return "((julianday('now') - 2440587.5) * 86400.0)"
    return "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"


# Holding


async def renew(database: Database, holder: Holder) -> None:
    """Renew all that a run still holds, also what has expired and nobody took. Raises
    DatabaseError."""
    from sqlalchemy import text

    own = "SELECT table_name, row_key FROM botticelli_leases WHERE run = :run"
    # What is locked is just being deleted, or taken by another.
    skipping = "" if database.is_sqlite else " FOR UPDATE SKIP LOCKED"
    statement = (
        f"UPDATE botticelli_leases SET expires = {_clock(database)} + :seconds"  # noqa: S608
        f" WHERE (table_name, row_key) IN ({own}{skipping})"
    )
    async with database.writing() as connection:
        await connection.execute(text(statement), {"run": holder.run, "seconds": holder.seconds})


async def take_again(
    database: Database, held: Sequence[Taken], pending: Iterable[str], holder: Holder
) -> Retaken:
    """Lease what a run held when it ended, and tell what has gone to another meanwhile. What else
    is leased to it, it does not know of: that is given back.

    `pending` are the places of effects of which the run does not know whether they took place; what
    they deleted is not missed. Raises DatabaseError.
    """
    await prepare(database)
    async with database.writing() as connection:
        settled = set[str]()
        for place in pending:
            done = await done_before(connection, holder.run, place)
            if isinstance(done, dict):
                settled.update(done.get("acknowledged", ()))
        places = await _places(connection, holder.run)
        await _delete_leases(connection, holder.run, places - {each.place for each in held})
    lost = [
        each.place
        for each in held
        if each.place not in settled and not await _take_again(database, each, holder)
    ]
    return Retaken(frozenset(lost), frozenset(settled))


async def _take_again(database: Database, taken: Taken, holder: Holder) -> bool:
    import sqlalchemy as sa

    async with database.writing() as connection:
        table = await database.table(connection, taken.table)
        if table is None or not table.key:
            return False
        whole = await _lease(database, connection, table, taken, holder=holder, again=True)
        found = sa.select(sa.literal(1)).select_from(clause(table))
        there = found.where(key_matches(table, sqlite=database.is_sqlite))
        for key in taken.keys if whole else ():
            bound = key_parameters(key, sqlite=database.is_sqlite)
            if (await connection.execute(there, bound)).scalar() is None:
                whole = False
                break
        if not whole:
            await _delete_leases(connection, holder.run, [taken.place])
        return whole


async def _places(connection: "AsyncConnection", run: str) -> set[str]:
    import sqlalchemy as sa

    held = leases()
    query = sa.select(held.c.place).where(held.c.run == run).distinct()
    return set((await connection.execute(query)).scalars())


# Letting go


async def acknowledge(
    database: Database, taken: Sequence[Taken], holder: Holder, place: str, now: float
) -> None:
    """Delete rows that have been dealt with, and record under a place of the run that they were.

    Done before, it is not done again. Raises LeaseLostError, DatabaseError.
    """
    async with database.writing() as connection:
        done = {"acknowledged": places_of(taken)}
        if await record_once(connection, holder.run, place, now, done):
            await delete_taken(database, connection, taken, holder.run)


def places_of(taken: Iterable[Taken]) -> list[str]:
    return [each.place for each in taken]


async def delete_taken(
    database: Database, connection: "AsyncConnection", taken: Sequence[Taken], run: str
) -> None:
    """Delete rows and their leases within a transaction, which must be undone if that fails.

    Raises LeaseLostError when another has taken any of them.
    """
    import sqlalchemy as sa

    held = leases()
    for each in sorted(taken, key=lambda one: (one.table, one.place)):
        table = await database.table(connection, each.table)
        if table is not None:
            matches = key_matches(table, sqlite=database.is_sqlite)
            rows = [key_parameters(key, sqlite=database.is_sqlite) for key in sorted(each.keys)]
            await connection.execute(sa.delete(clause(table)).where(matches), rows)
    for each in taken:
        gone = await connection.execute(
            sa.delete(held).where(held.c.run == run, held.c.place == each.place)
        )
        if gone.rowcount != len(each.keys):
            raise LeaseLostError(
                f"rows that it took from `{each.table}` went to another reader, as their lease was "
                "not renewed in time"
            )


async def give_back(database: Database, run: str, places: Collection[str] | None = None) -> None:
    """Let others have what a run holds, or what it holds for some places. Raises DatabaseError."""
    if not database.exists:
        return
    async with database.writing() as connection:
        if database.prepared or await connection.run_sync(reflect, leases().name) is not None:
            await _delete_leases(connection, run, places)


async def _delete_leases(
    connection: "AsyncConnection", run: str, places: Collection[str] | None
) -> None:
    import sqlalchemy as sa

    held = leases()
    mine = sa.delete(held).where(held.c.run == run)
    if places is None:
        await connection.execute(mine)
    elif places:
        await connection.execute(mine.where(held.c.place.in_(list(places))))
