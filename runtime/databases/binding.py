"""Values on their way into a table: bound as its columns take them, and rows inserted."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botticelli.compiler.ir import types as ir
from botticelli.runtime.databases.filters import column_of
from botticelli.runtime.databases.queries import clause
from botticelli.runtime.databases.reflection import ReflectedTable

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection
    from sqlalchemy.sql.elements import ColumnElement
    from sqlalchemy.types import TypeEngine


async def insert(
    connection: "AsyncConnection",
    table: ReflectedTable,
    row: Mapping[str, Any],
    returning: str | None = None,
) -> Any:
    """Insert a row of fitted values. Returns the value of the column `returning`, if one is asked
    for."""
    import sqlalchemy as sa

    values = {
        name: bound(connection.dialect.name, table, name, value) for name, value in row.items()
    }
    statement = sa.insert(clause(table))
    statement = statement.values(values) if values else statement
    if returning is None:
        await connection.execute(statement)
        return None
    result = await connection.execute(statement.returning(column_of(table, returning)))
    return result.scalar_one()


def bound(dialect: str, table: ReflectedTable, name: str, value: Any) -> "ColumnElement[Any]":
    """Bind a value as a column of a table takes it."""
    import sqlalchemy as sa

    column = table.columns[name]
    if value is None:
        return sa.null()
    if isinstance(value, datetime) and (dialect == "sqlite" or not _has_zone(column.sql)):
        value = value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(column.type, ir.List) and isinstance(column.sql, sa.ARRAY):
        return sa.literal(value, column.sql)
    if isinstance(column.type, ir.Json | ir.List | ir.Record):
        value = json.dumps(value, ensure_ascii=False, default=str)
        literal = sa.literal(value, sa.Text())
        return literal if dialect == "sqlite" else sa.cast(literal, column.sql)
    if isinstance(column.type, ir.Unknown) and not isinstance(value, str | int | float | None):
        value = json.dumps(value, ensure_ascii=False, default=str)
    if dialect == "sqlite":
        return sa.literal(value)
    literal = sa.literal(value, storage(column.type) if isinstance(value, str) else None)
    return sa.cast(literal, column.sql)


def _has_zone(sql: Any) -> bool:
    return bool(getattr(sql, "timezone", False))


def storage(kind: ir.Type) -> "TypeEngine[Any]":
    """Return the type of a column that holds values of a type."""
    import sqlalchemy as sa
    from sqlalchemy.dialects.postgresql import JSONB

    simple: dict[type[ir.TypeNode], TypeEngine[Any]] = {
        ir.Text: sa.Text(),
        ir.Enum: sa.Text(),
        ir.Int: sa.BigInteger(),
        ir.Float: sa.Double(),
        ir.Bool: sa.Boolean(),
        ir.Timestamp: sa.DateTime(timezone=True),
        ir.Date: sa.Date(),
    }
    return simple.get(type(kind), sa.JSON().with_variant(JSONB(), "postgresql"))
