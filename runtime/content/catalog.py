"""Stored content as people list, read, change and review it.

Tables that this knows are those that content generation has written, and any other table that has
a column `review_status`.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from botticelli.runtime.databases.binding import bound
from botticelli.runtime.databases.database import Database
from botticelli.runtime.databases.filters import QueryError, column_of
from botticelli.runtime.databases.own_tables import generations
from botticelli.runtime.databases.queries import clause
from botticelli.runtime.databases.reflection import ReflectedTable, reflect, table_names
from botticelli.runtime.databases.values import UnfitError, fitted, from_database

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection
    from sqlalchemy.sql.elements import ColumnElement

STATUS = "review_status"


class Generation(Struct, frozen=True, kw_only=True):
    """What one run stored: `kind` is `target`, `template` or `inferred`, times are Unix seconds."""

    run: str
    narrative: str
    table: str
    kind: str
    template: str | None
    started: float
    latest: float
    stored: int


class ContentTable(Struct, frozen=True, kw_only=True):
    """A table with content: how many rows it has of each status."""

    name: str
    latest: float
    statuses: Mapping[str, int]


class Page(Struct, frozen=True):
    """Rows of a table with their columns, which are in the table's order; `key` is its key."""

    table: ReflectedTable
    rows: list[dict[str, Any]]


async def read_generations(database: Database) -> list[Generation]:
    """Return what runs have stored, the latest first. Raises DatabaseError."""
    import sqlalchemy as sa

    if not database.exists:
        return []
    known = generations()
    async with database.reading() as connection:
        if await connection.run_sync(reflect, known.name) is None:
            return []
        rows = await connection.execute(
            sa.select(known).order_by(known.c.latest.desc(), known.c.run, known.c.narrative)
        )
        return [
            Generation(
                run=row.run,
                narrative=row.narrative,
                table=row.table_name,
                kind=row.kind,
                template=row.template,
                started=row.started,
                latest=row.latest,
                stored=row.stored,
            )
            for row in rows
        ]


async def read_tables(database: Database) -> list[ContentTable]:
    """Return the tables that hold stored content, the latest first. Raises DatabaseError."""
    import sqlalchemy as sa

    latest: dict[str, float] = {}
    for each in await read_generations(database):
        latest.setdefault(each.table, each.latest)
    found: list[ContentTable] = []
    if not latest:
        return found
    async with database.reading() as connection:
        for name, moment in latest.items():
            table = await connection.run_sync(reflect, name)
            if table is None:
                continue
            status = column_of(table, STATUS) if STATUS in table.columns else sa.null()
            rows = await connection.execute(
                sa.select(status, sa.func.count()).select_from(clause(table)).group_by(status)
                if STATUS in table.columns
                else sa.select(sa.null(), sa.func.count()).select_from(clause(table))
            )
            statuses = {str(kind or ""): count for kind, count in rows}
            found.append(ContentTable(name=name, latest=moment, statuses=statuses))
    return found


async def read_page(
    database: Database,
    name: str,
    *,
    status: str | None = None,
    ids: Sequence[str] = (),
    limit: int | None = None,
) -> Page:
    """Return rows of a table by its key. Raises QueryError, DatabaseError."""
    import sqlalchemy as sa

    if not database.exists:
        raise QueryError(f"there is no table `{name}`: there is no database yet")
    async with database.reading() as connection:
        table = await _table(connection, name)
        statement = sa.select(*(column_of(table, each) for each in table.columns))
        statement = statement.select_from(clause(table))
        if status is not None:
            statement = statement.where(column_of(table, STATUS) == sa.literal(status, sa.Text()))
        if ids:
            statement = statement.where(_keyed(table, ids))
        order = [column_of(table, each) for each in table.key]
        rows = await connection.execute(statement.order_by(*order).limit(limit))
        kinds = [column.type for column in table.columns.values()]
        return Page(
            table,
            [
                {
                    column: from_database(value, kind)
                    for column, value, kind in zip(table.columns, row, kinds, strict=True)
                }
                for row in rows
            ],
        )


async def change(
    database: Database, name: str, ids: Sequence[str], values: Mapping[str, Any]
) -> int:
    """Set columns of the rows with these keys and return how many there were.

    Raises QueryError for a value that its column does not take, DatabaseError.
    """
    import sqlalchemy as sa

    async with database.writing() as connection:
        table = await _table(connection, name)
        bindings: dict[str, ColumnElement[Any]] = {}
        for column, value in values.items():
            column_of(table, column)
            try:
                taken = fitted(value, table.columns[column].type)
            except UnfitError as error:
                raise QueryError(f"`{column}` {error}") from error
            bindings[column] = bound(connection.dialect.name, table, column, taken)
        statement = sa.update(clause(table)).where(_keyed(table, ids)).values(bindings)
        done = await connection.execute(statement)
        return done.rowcount


def key_of(table: ReflectedTable, row: Mapping[str, Any]) -> str:
    """Return what a row is called on the command line: its key."""
    return str(row[table.key[0]]) if len(table.key) == 1 else ""


async def _table(connection: "AsyncConnection", name: str) -> ReflectedTable:
    from difflib import get_close_matches

    table = await connection.run_sync(reflect, name)
    if table is not None:
        return table
    close = get_close_matches(name, await connection.run_sync(table_names), 1)
    hint = f"; did you mean `{close[0]}`?" if close else ""
    raise QueryError(f"there is no table `{name}`{hint}")


def _keyed(table: ReflectedTable, ids: Sequence[str]) -> "ColumnElement[bool]":
    if len(table.key) != 1:
        raise QueryError(f"the table `{table.name}` has no key of one column to name rows by")
    (key,) = table.key
    try:
        values = [fitted(each, table.columns[key].type) for each in ids]
    except UnfitError as error:
        raise QueryError(f"the key `{key}` {error}") from error
    return column_of(table, key).in_(values)


# Editing as text


def editable(table: ReflectedTable, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a row that a person may edit, as JSON values."""
    from botticelli.compiler.semantics.content import PROVENANCE

    return {
        name: _plain(value)
        for name, value in row.items()
        if name not in PROVENANCE and name not in table.key
    }


def edited(before: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Return what a person changed in the JSON of a row. Raises QueryError."""
    try:
        after = json.loads(text)
    except ValueError as error:
        raise QueryError(f"this is no JSON: {error}") from error
    if not isinstance(after, dict):
        raise QueryError("a row is a JSON object")
    unknown = [name for name in after if name not in before]
    if unknown:
        raise QueryError(f"the row has no column `{unknown[0]}`")
    return {name: value for name, value in after.items() if value != before[name]}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value
