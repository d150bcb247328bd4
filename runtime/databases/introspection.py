"""Reading what tables a database has: columns, types, keys, and what it fills by itself."""

import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from botticelli.compiler.ir import types as ir
from botticelli.compiler.semantics.tables import DatabaseTable
from botticelli.runtime.databases.address import (
    KINDS,
    DatabaseError,
    masked,
    parse_url,
    without_secrets,
)
from botticelli.runtime.databases.columns import column_type, sqlite_type
from botticelli.runtime.databases.enumerations import enumeration
from botticelli.runtime.databases.own_tables import is_own

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection, Engine, Inspector
    from sqlalchemy.engine.interfaces import (
        ReflectedCheckConstraint,
        ReflectedColumn,
        ReflectedPrimaryKeyConstraint,
    )
    from sqlalchemy.types import TypeEngine

_CONNECT_SECONDS = 10


class Inspection(Struct, frozen=True):
    """The tables and views of a database by name.

    `kind` is what people call the database. `schema` is its default one and `others` are those
    beside it, whose tables are called `schema.table`; SQLite has none.
    """

    kind: str
    tables: Mapping[str, DatabaseTable]
    schema: str | None = None
    others: tuple[str, ...] = ()

    def schema_of(self, name: str) -> str | None:
        """Return the schema that a table of this name stands in."""
        return next((each for each in self.others if name.startswith(f"{each}.")), self.schema)


def inspect_database(text: str, schemas: Collection[str] = ()) -> Inspection:
    """Read the tables and views of the database at a URL. Raises DatabaseError.

    ``schemas`` are those of PostgreSQL to be looked into, instead of the default one; what stands
    in another than the default is called `schema.table`, as a query has to call it.
    """
    from sqlalchemy import inspect
    from sqlalchemy.exc import SQLAlchemyError

    url = parse_url(text)
    backend = url.get_backend_name()
    if schemas and backend != "postgresql":
        raise DatabaseError(f"{KINDS[backend]} has no schemas to choose from")
    engine = _engine(url, masked(text))
    try:
        with engine.connect() as connection, warnings.catch_warnings():
            # Types that SQLAlchemy does not know are unknown here, too.
            warnings.simplefilter("ignore")
            inspector = inspect(connection)
            if backend == "sqlite":
                return Inspection(KINDS[backend], _others(_sqlite_tables(inspector, connection)))
            default = inspector.default_schema_name
            others = tuple(each for each in inspector.get_schema_names() if each != default)
            tables = _others(_postgresql_tables(inspector, schemas))
            return Inspection(KINDS[backend], tables, default, others)
    except SQLAlchemyError as error:
        reason = without_secrets(str(getattr(error, "orig", None) or error), url)
        message = f"the database {masked(text)} cannot be read: {reason}"
        raise DatabaseError(message) from None
    finally:
        engine.dispose()


def _others(tables: Iterable[tuple[str, DatabaseTable]]) -> dict[str, DatabaseTable]:
    """Leave out the tables that the runtime keeps beside those of its users."""
    return {name: table for name, table in tables if not is_own(name)}


def _engine(url: "URL", shown: str) -> "Engine":
    """Open a database for reading: a file that is not there is not made."""
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    try:
        if url.get_backend_name() == "sqlite":
            return create_engine(_read_only(url, shown), poolclass=NullPool)
        options = {} if "connect_timeout" in url.query else {"connect_timeout": _CONNECT_SECONDS}
        return create_engine(url, poolclass=NullPool, connect_args=options)
    except ImportError:
        raise DatabaseError(
            "PostgreSQL needs a package that is not installed: pip install 'botticelli[postgres]'"
        ) from None


def _read_only(url: "URL", shown: str) -> "URL":
    if not url.database or url.database == ":memory:":
        raise DatabaseError(f"{shown} is a database in memory, which has no tables yet")
    if url.database.startswith("file:"):
        return url
    file = Path(url.database)
    if not file.is_file():
        raise DatabaseError(f"there is no database {file}: name one as `sqlite:///FILE`")
    return url.set(database=f"{file.absolute().as_uri()}", query={"mode": "ro", "uri": "true"})


# SQLite


def _sqlite_tables(
    inspector: "Inspector", connection: "Connection"
) -> Iterator[tuple[str, DatabaseTable]]:
    from sqlalchemy import text
    from sqlalchemy.engine.reflection import ObjectKind

    declared: dict[str, dict[str, str]] = {}
    query = (
        "SELECT t.name, c.name, c.type FROM pragma_table_list AS t, pragma_table_xinfo(t.name) AS c"
        " WHERE t.schema = 'main' AND t.type <> 'shadow'"
    )
    for table, column, kind in connection.execute(text(query)):
        declared.setdefault(table, {})[column] = kind
    keys = inspector.get_multi_pk_constraint(kind=ObjectKind.ANY)
    views = set(inspector.get_view_names())
    for (_, name), columns in inspector.get_multi_columns(kind=ObjectKind.ANY).items():
        assert name is not None
        if name not in declared:
            continue
        words = declared[name]
        checks = () if name in views else inspector.get_check_constraints(name)
        key = _key(keys.get((None, name)))
        types = {
            column["name"]: sqlite_type(column["type"], words.get(column["name"], ""))
            for column in columns
        }
        yield name, _table(columns, key, _narrowed(types, checks), rowid=_rowid(key, words))


def _rowid(key: tuple[str, ...], words: Mapping[str, str]) -> tuple[str, ...]:
    """The key that SQLite numbers by itself, if it is of that kind."""
    return key if len(key) == 1 and words[key[0]].upper() == "INTEGER" else ()


# PostgreSQL


def _postgresql_tables(
    inspector: "Inspector", schemas: Collection[str]
) -> Iterator[tuple[str, DatabaseTable]]:
    present = inspector.get_schema_names()
    for missing in (schema for schema in schemas if schema not in present):
        names = ", ".join(f"`{name}`" for name in present)
        raise DatabaseError(f"the database has no schema `{missing}`; it has {names}")
    for schema in schemas or (inspector.default_schema_name,):
        prefix = "" if schema == inspector.default_schema_name else f"{schema}."
        for name, table in _postgresql_schema(inspector, schema):
            yield prefix + name, table


def _postgresql_schema(
    inspector: "Inspector", schema: str | None
) -> Iterator[tuple[str, DatabaseTable]]:
    from sqlalchemy.engine.reflection import ObjectKind

    keys = inspector.get_multi_pk_constraint(schema, kind=ObjectKind.ANY)
    checks = inspector.get_multi_check_constraints(schema, kind=ObjectKind.ANY)
    for (_, name), columns in inspector.get_multi_columns(schema, kind=ObjectKind.ANY).items():
        assert name is not None
        types = {column["name"]: _postgresql_type(column["type"]) for column in columns}
        narrowed = _narrowed(types, checks.get((schema, name), ()))
        yield name, _table(columns, _key(keys.get((schema, name))), narrowed)


def _postgresql_type(sql: "TypeEngine[Any]") -> ir.Type:
    from sqlalchemy.dialects.postgresql import DOMAIN

    kind = column_type(sql)
    check = sql.check if isinstance(sql, DOMAIN) else None
    listed = enumeration(str(check)) if check is not None else None
    if listed is not None and listed[0].upper() == "VALUE" and isinstance(kind, ir.Text):
        return ir.Enum(listed[1])
    return kind


# Both


def _key(constraint: "ReflectedPrimaryKeyConstraint | None") -> tuple[str, ...]:
    return tuple(constraint["constrained_columns"]) if constraint else ()


def _narrowed(
    types: Mapping[str, ir.Type], checks: "Iterable[ReflectedCheckConstraint]"
) -> dict[str, ir.Type]:
    """Give columns of text the values that a constraint lists for them.

    A constraint that was added without looking at the rows that were there says nothing of them.
    """
    narrowed = dict(types)
    for check in checks:
        options = check.get("dialect_options", {})
        if options.get("not_valid") or options.get("postgresql_not_valid"):
            continue
        listed = enumeration(check["sqltext"])
        if listed is not None and isinstance(narrowed.get(listed[0]), ir.Text):
            narrowed[listed[0]] = ir.Enum(listed[1])
    return narrowed


def _table(
    columns: "Iterable[ReflectedColumn]",
    key: tuple[str, ...],
    types: Mapping[str, ir.Type],
    rowid: tuple[str, ...] = (),
) -> DatabaseTable:
    """Put together what was read. No part of a primary key is ever null."""
    described: dict[str, ir.Type] = {}
    defaults: list[str] = []
    for column in columns:
        name, kind = column["name"], types[column["name"]]
        nullable = column["nullable"] and name not in key
        described[name] = ir.Optional(kind) if nullable else kind
        generated = column.get("default") or column.get("identity") or column.get("computed")
        if generated or name in rowid:
            defaults.append(name)
    return DatabaseTable(columns=described, primary_key=key, defaults=tuple(defaults))
