"""Rows added, changed and counted: what commands ask of one table, with every value bound.

Values come from templates, so that what a column does not take as it is may be what a text says:
a number, a moment, the JSON of a record. Nothing of it becomes a part of a statement but names of
columns that exist, which are quoted.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from botticelli.compiler.ir import types as ir
from botticelli.compiler.semantics.commands.database import MOMENTS_NOW
from botticelli.runtime.databases.binding import bound, insert
from botticelli.runtime.databases.database import Database
from botticelli.runtime.databases.filters import FilterBuilder, QueryError, column_of
from botticelli.runtime.databases.own_tables import PREFIX
from botticelli.runtime.databases.queries import clause
from botticelli.runtime.databases.records import BoundFilter, BoundOrder
from botticelli.runtime.databases.reflection import ReflectedTable, TableColumn, table_names
from botticelli.runtime.databases.values import UnfitError, fitted

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection
    from sqlalchemy.sql.elements import ColumnElement

MOST_ROWS = 1_000
"""Rows that one command may insert."""


async def existing_table(
    database: Database, connection: "AsyncConnection", name: str
) -> ReflectedTable:
    """Return a table by its name. Raises QueryError with the nearest one."""
    table = await database.table(connection, name)
    if table is not None:
        return table
    close = get_close_matches(name, await connection.run_sync(table_names), 1)
    hint = f"; did you mean `{close[0]}`?" if close else ""
    raise QueryError(f"there is no table `{name}` in the database{hint}")


async def writable_table(
    database: Database, connection: "AsyncConnection", name: str
) -> ReflectedTable:
    """Return a table that narratives may write. Raises QueryError."""
    if name.rpartition(".")[2].casefold().startswith(PREFIX):
        raise QueryError(f"`{name}` is one of Botticelli's own tables, which no narrative writes")
    return await existing_table(database, connection, name)


class Which(Struct, frozen=True, kw_only=True):
    """The rows that a command is about: those of a filter, at most `limit` of them in an order."""

    where: BoundFilter | None = None
    order: BoundOrder | None = None
    limit: int | None = None


class TableChanges:
    """Changes one table within one transaction. `now` is the moment that `now()` is."""

    def __init__(
        self,
        database: Database,
        connection: "AsyncConnection",
        table: ReflectedTable,
        now: datetime,
    ) -> None:
        self._database = database
        self._connection = connection
        self._table = table
        self._now = now

    async def insert(self, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Insert rows and return their keys, in order; none where the key is not one column.

        Raises QueryError for a row that does not fit, before any is inserted.
        """
        if len(rows) > MOST_ROWS:
            said = f"{len(rows):,} rows are to be inserted, and {MOST_ROWS:,} at most can be"
            raise QueryError(said)
        taken = [self._taken(row) for row in rows]
        key = self._table.key[0] if len(self._table.key) == 1 else None
        ids: list[Any] = []
        for row in taken:
            made = await insert(self._connection, self._table, row, None if key in row else key)
            if key is not None:
                ids.append(row.get(key, made))
        return ids

    async def update(self, values: Mapping[str, Any], which: Which) -> int:
        """Set columns of rows and return how many there were. With a `limit` those are the first
        in the order, else in that of the primary key. Raises QueryError."""
        import sqlalchemy as sa

        if not values:
            raise QueryError("there is no column to set")
        dialect = self._connection.dialect.name
        bindings = {
            name: bound(dialect, self._table, name, value)
            for name, value in self._taken(values).items()
        }
        statement = sa.update(clause(self._table)).values(bindings)
        if which.limit is not None:
            statement = statement.where(self._among_first(which, which.limit))
        elif which.where is not None:
            statement = statement.where(self._condition(which.where))
        done = await self._connection.execute(statement)
        return done.rowcount

    async def count(self, where: BoundFilter | None) -> int:
        """Return how many rows a filter chooses. Raises QueryError."""
        import sqlalchemy as sa

        statement = sa.select(sa.func.count()).select_from(clause(self._table))
        if where is not None:
            statement = statement.where(self._condition(where))
        return int((await self._connection.execute(statement)).scalar_one())

    def _condition(self, where: BoundFilter) -> "ColumnElement[Any]":
        return self._builder(where.parameters).condition(where.where)

    def _builder(self, parameters: Mapping[str, Any]) -> FilterBuilder:
        return FilterBuilder(self._table, self._database.dialect, parameters, self._now)

    def _among_first(self, which: Which, limit: int) -> "ColumnElement[Any]":
        """Say of rows that they are among the first ones, which nobody else changes meanwhile."""
        import sqlalchemy as sa

        table = self._table
        if not table.key:
            raise QueryError(f"`limit` needs a primary key, and the table `{table.name}` has none")
        builder = self._builder({})
        terms = [builder.order(term) for term in which.order.terms] if which.order else []
        terms += [builder.ordered_column(name) for name in table.key]
        keys = [column_of(table, name) for name in table.key]
        chosen = sa.select(*keys).select_from(clause(table)).order_by(*terms).limit(limit)
        if which.where is not None:
            chosen = chosen.where(self._condition(which.where))
        whole = keys[0] if len(keys) == 1 else sa.tuple_(*keys)
        if self._database.is_sqlite:
            return whole.in_(chosen)
        # Named apart, it is asked once, whatever way the server goes about the rest.
        first = chosen.with_for_update().cte("chosen")
        return whole.in_(sa.select(*first.c))

    def _taken(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row as its columns take it. Raises QueryError."""
        taken: dict[str, Any] = {}
        for name, value in row.items():
            column_of(self._table, name)
            column = self._table.columns[name]
            try:
                taken[name] = _value(value, column, self._now)
            except UnfitError as error:
                raise QueryError(f"`{name}` {error}") from error
            if taken[name] is None and not column.nullable:
                raise QueryError(f"`{name}` of the table `{self._table.name}` may not be null")
        return taken


def _value(value: Any, column: TableColumn, now: datetime) -> Any:
    """Return a value as a column takes it: text may say what it holds. Raises UnfitError."""
    kind = column.type
    if isinstance(value, str) and not isinstance(kind, ir.Text | ir.Enum | ir.Unknown):
        stripped = value.strip()
        if not stripped and not isinstance(kind, ir.Json):
            return None  # what null prints as
        if isinstance(kind, ir.Timestamp | ir.Date) and stripped.lower() in MOMENTS_NOW:
            return fitted(now, kind)
        if isinstance(kind, ir.Json | ir.List | ir.Record):
            value = _read_json(value)
    if isinstance(kind, ir.List) and value is not None and not isinstance(value, list):
        raise UnfitError("is no list")
    return fitted(value, kind)


def _read_json(text: str) -> Any:
    """Return the record or the list that a text is the JSON of, else the text."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
