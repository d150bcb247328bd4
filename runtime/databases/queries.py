"""Reading rows: a query of the program asked of the table as it is, within the ceilings."""

from collections.abc import Sequence
from datetime import date, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from botticelli.compiler.ir.types import Date, Timestamp, TypeNode
from botticelli.compiler.semantics.rows import RowText
from botticelli.runtime.databases.database import Database
from botticelli.runtime.databases.filters import FilterBuilder, QueryError, column_of
from botticelli.runtime.databases.records import DATE, MOMENT, Rows, TableQuery
from botticelli.runtime.databases.reflection import ReflectedTable, table_names
from botticelli.runtime.databases.values import from_database

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.sql.elements import ColumnElement
    from sqlalchemy.sql.expression import TableClause


class Selection(Struct, frozen=True):
    """A query built for a table: the columns to give, and the statement without its limit."""

    table: ReflectedTable
    names: tuple[str, ...]
    statement: "Select[Any]"


async def read_rows(database: Database, query: TableQuery, now: datetime) -> Rows:
    """Ask a query that changes nothing. Raises QueryError, DatabaseError."""
    if not database.exists:
        return missing_rows(query, ())
    async with database.reading() as connection:
        table = await database.table(connection, query.table)
        if table is None:
            return missing_rows(query, await connection.run_sync(table_names))
        selection = select_rows(database, table, query, now)
        limit, warnings = row_limit(database, query)
        result = await connection.stream(selection.statement.limit(limit).offset(query.offset))
        taken = Taking(database, selection, query)
        async for row in result:
            if not taken.add(row):
                break
        await result.close()
        return taken.rows(warnings)


def select_rows(
    database: Database, table: ReflectedTable, query: TableQuery, now: datetime
) -> Selection:
    """Build the statement of a query. Raises QueryError."""
    import sqlalchemy as sa

    if query.columns == ():
        raise QueryError("the query names no column")
    names = query.columns if query.columns is not None else tuple(table.columns)
    builder = FilterBuilder(table, database.dialect, query.parameters, now)
    chosen = [column_of(table, name) for name in names]
    statement = sa.select(*chosen).select_from(clause(table))
    if query.where is not None:
        statement = statement.where(builder.condition(query.where))
    if query.sample is not None:
        return Selection(table, names, statement.order_by(sa.func.random()))
    terms = [builder.order(term) for term in query.order]
    # Rows that an order leaves alike, or that have none, come in the order of their key.
    ordered = {term.column for term in query.order}
    terms += [builder.ordered_column(name) for name in table.key if name not in ordered]
    return Selection(table, names, statement.order_by(*terms))


def clause(table: ReflectedTable) -> "TableClause":
    """Return a table as a query names it: quoted, whatever it is called."""
    import sqlalchemy as sa
    from sqlalchemy.sql.elements import quoted_name

    schema = quoted_name(table.schema, quote=True) if table.schema is not None else None
    columns: Sequence[ColumnElement[Any]] = [column_of(table, name) for name in table.columns]
    return sa.table(quoted_name(table.name, quote=True), *columns, schema=schema)  # type: ignore[arg-type]


def row_limit(database: Database, query: TableQuery) -> tuple[int, tuple[str, ...]]:
    """Return how many rows are asked for, and what is to be said where that is fewer than said."""
    most = database.ceilings.rows
    wanted = query.sample if query.sample is not None else query.limit
    if wanted is None or wanted <= most:
        return most if wanted is None else wanted, ()
    said = f"the query of `{query.table}` asks for {wanted:,} rows and gets {most:,} at most"
    return most, (said,)


class Taking:
    """Rows as they come from the database, taken until the text would be too long."""

    def __init__(self, database: Database, selection: Selection, query: TableQuery) -> None:
        ceiling = database.ceilings.bytes
        self._query = query
        self._names = selection.names
        self._types = [selection.table.columns[name].type for name in selection.names]
        self._bound = ceiling if query.max_bytes is None else min(ceiling, query.max_bytes)
        self._text = RowText(selection.names, query.format, self._bound)
        self._rows: list[tuple[Any, ...]] = []
        self._cut = False

    def add(self, values: Sequence[Any]) -> bool:
        """Take a row in, unless it does not fit any more."""
        row = {
            name: from_database(value, kind)
            for name, value, kind in zip(self._names, values, self._types, strict=False)
        }
        if not self._text.add(row):
            self._cut = True
            return False
        self._rows.append(tuple(map(_portable, row.values())))
        return True

    def rows(self, warnings: tuple[str, ...] = ()) -> Rows:
        if self._cut:
            said = (
                f"the rows of `{self._query.table}` were cut after {len(self._rows):,}: "
                f"more do not fit {self._bound:,} bytes"
            )
            warnings = (*warnings, said)
        kinds = dict(zip(self._names, self._types, strict=True))
        return Rows(
            columns=self._names,
            values=tuple(self._rows),
            moments={
                name: _MOMENTS[type(kind)] for name, kind in kinds.items() if type(kind) in _MOMENTS
            },
            text=self._text.text,
            warnings=warnings,
        )


_MOMENTS: dict[type[TypeNode], str] = {Timestamp: MOMENT, Date: DATE}


def _portable(value: Any) -> Any:
    """Return a value as JSON holds it."""
    return value.isoformat() if isinstance(value, date) else value


def missing_rows(query: TableQuery, known: Sequence[str]) -> Rows:
    """A table that is not there: no rows, unless it is required."""
    if not query.required:
        columns = query.columns or ()
        return Rows(columns=columns, text=RowText(columns, query.format).text)
    close = get_close_matches(query.table, known, 1)
    hint = f"; did you mean `{close[0]}`?" if close else ""
    raise QueryError(f"there is no table `{query.table}` in the database{hint}")
