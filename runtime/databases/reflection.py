"""What a query has to know of one table: its columns as they are now, their types, its key."""

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from botticelli.compiler.ir import types as ir
from botticelli.runtime.databases.columns import column_type, sqlite_type

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Inspector
    from sqlalchemy.types import TypeEngine


class TableColumn(Struct, frozen=True):
    """`type` bears no `?`; `sql` is the database's own type. `filled`: the database gives a value
    where a new row has none."""

    name: str
    type: ir.Type
    sql: "TypeEngine[Any]"
    nullable: bool
    filled: bool


class ReflectedTable(Struct, frozen=True):
    """A table or view as it stands in the database; `full_name` is the same for all who mean it,
    however they call it."""

    name: str
    schema: str | None
    full_name: str
    columns: Mapping[str, TableColumn]
    key: tuple[str, ...]


def reflect(connection: "Connection", name: str) -> ReflectedTable | None:
    """Read one table or view; None when there is none of that name. The database's own tables, in
    which it keeps what it knows of the others and of itself, count as none.

    A name with a dot that no table bears means a table of another schema.
    """
    from sqlalchemy import inspect
    from sqlalchemy.exc import NoSuchTableError

    inspector = inspect(connection)
    first, dot, rest = name.partition(".")
    places: list[tuple[str, str | None]] = [(name, None)]
    if dot and connection.dialect.name == "postgresql":
        places.append((rest, first))
    with warnings.catch_warnings():
        # Types that SQLAlchemy does not know are unknown here, too.
        warnings.simplefilter("ignore")
        for table, schema in places:
            try:
                found = _read(inspector, connection, table, schema)
            except NoSuchTableError:
                continue
            if _is_made(connection, found):
                return found
    return None


def table_names(connection: "Connection") -> list[str]:
    """Return the tables and views that are called by their bare name."""
    from sqlalchemy import inspect

    inspector = inspect(connection)
    return [*inspector.get_table_names(), *inspector.get_view_names()]


def _read(
    inspector: "Inspector", connection: "Connection", name: str, schema: str | None
) -> ReflectedTable:
    columns = inspector.get_columns(name, schema)
    key = tuple(inspector.get_pk_constraint(name, schema)["constrained_columns"] or ())
    sqlite = connection.dialect.name == "sqlite"
    words = _declared(connection, name) if sqlite else {}
    found: dict[str, TableColumn] = {}
    for column in columns:
        title, sql = column["name"], column["type"]
        word = words.get(title, "")
        rowid = key == (title,) and word.upper() == "INTEGER"
        filled = column.get("default") or column.get("identity") or column.get("computed")
        found[title] = TableColumn(
            name=title,
            type=sqlite_type(sql, word) if sqlite else column_type(sql),
            sql=sql,
            nullable=column["nullable"] and title not in key,
            filled=bool(filled) or (sqlite and rowid),
        )
    return ReflectedTable(name, schema, _full_name(connection, name, schema), found, key)


def _is_made(connection: "Connection", table: ReflectedTable) -> bool:
    """Tell whether somebody made a table, as opposed to one that the database has of itself."""
    from sqlalchemy import text

    if connection.dialect.name == "postgresql":
        return not table.full_name.startswith(("pg_", "information_schema."))
    if table.full_name.startswith("sqlite_"):
        return False
    known = text(  # SQLite's functions that give rows can be read as tables, and stand nowhere
        "SELECT 1 FROM (SELECT name FROM sqlite_master UNION ALL SELECT name FROM"
        " sqlite_temp_master) WHERE lower(name) = lower(:name)"
    )
    return connection.execute(known, {"name": table.name}).first() is not None


def _full_name(connection: "Connection", name: str, schema: str | None) -> str:
    if connection.dialect.name == "sqlite":
        return name.lower()
    from sqlalchemy import text

    quote = connection.dialect.identifier_preparer.quote_identifier
    written = quote(name) if schema is None else f"{quote(schema)}.{quote(name)}"
    query = text(
        "SELECT nspname || '.' || relname FROM pg_class JOIN pg_namespace"
        " ON pg_namespace.oid = relnamespace WHERE pg_class.oid = to_regclass(:written)"
    )
    return str(connection.execute(query, {"written": written}).scalar_one())


def _declared(connection: "Connection", name: str) -> dict[str, str]:
    from sqlalchemy import text

    query = text("SELECT name, type FROM pragma_table_xinfo(:table)")
    return {row.name: row.type for row in connection.execute(query, {"table": name})}
