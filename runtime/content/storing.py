"""Writing an answer's objects as rows: into a table that is there, or into one that is made.

Everything that belongs to one answer is one transaction, with the record that it was done: after
a crash it is done again or found done, and never twice. Nothing of an answer becomes text of a
statement but names that are identifiers, quoted.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from botticelli.compiler.ir import types as ir
from botticelli.compiler.semantics.content import GENERATED, PENDING, PROVENANCE
from botticelli.runtime.content.columns import (
    MOST_ROWS,
    ContentColumn,
    inferred_columns,
    inferred_names,
    schema_columns,
    table_name,
)
from botticelli.runtime.databases.binding import insert, storage
from botticelli.runtime.databases.database import Database
from botticelli.runtime.databases.filters import QueryError
from botticelli.runtime.databases.leases import delete_taken, places_of
from botticelli.runtime.databases.own_tables import (
    done_before,
    generations,
    is_own,
    lock_making,
    prepare,
    record_done,
)
from botticelli.runtime.databases.records import Taken
from botticelli.runtime.databases.reflection import ReflectedTable, reflect
from botticelli.runtime.databases.values import UnfitError, cleaned, fitted, read_moment

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

TARGET = "target"
TEMPLATE = "template"
INFERRED = "inferred"

_NAMED_FAULTS = 3
_LONGEST_NAME = 40


class Origin(Struct, frozen=True, kw_only=True):
    """Where an answer is from. `place` is the answer's address in the run, `started` and `now` are
    Unix seconds."""

    run: str
    place: str
    started: float
    now: float
    narrative: str
    act: str
    model: str


class Destination(Struct, frozen=True, kw_only=True):
    """Where an answer goes: into `target`; else into a table of the run's own, with the columns of
    `schema` if that is known. `template` is what the schema is called."""

    target: str | None = None
    template: str | None = None
    schema: ir.Record | None = None

    @property
    def kind(self) -> str:
        if self.target is not None:
            return TARGET
        return INFERRED if self.template is None else TEMPLATE


class Stored(Struct, frozen=True, kw_only=True):
    """What was stored, and what of the answer was not."""

    table: str
    rows: int
    warnings: tuple[str, ...] = ()


async def store(
    database: Database,
    records: Sequence[Mapping[str, Any]],
    destination: Destination,
    origin: Origin,
    taken: Sequence[Taken] = (),
) -> Stored:
    """Store an answer's objects, or return what was stored of it before.

    The rows that were `taken` for it are deleted with that. Raises QueryError for what cannot be
    stored at all, LeaseLostError where another has taken such rows, DatabaseError.
    """
    await prepare(database)
    async with database.writing() as connection:
        before = await done_before(connection, origin.run, origin.place)
        if before is not None:
            return Stored(table=before["table"], rows=before["rows"])
        table = await _table(database, connection, records, destination, origin)
        by_name = destination.kind != INFERRED or destination.schema is not None
        rows, warnings = _fitting(table, records, destination.schema, by_name=by_name)
        for row in rows:
            await insert(connection, table, {**row, **_provenance(table, origin)})
        await _count(connection, origin, len(rows))
        await delete_taken(database, connection, taken, origin.run)
        result = {"table": table.name, "rows": len(rows), "acknowledged": places_of(taken)}
        await record_done(connection, origin.run, origin.place, origin.now, result)
        return Stored(table=table.name, rows=len(rows), warnings=tuple(warnings))


# The table


async def _table(
    database: Database,
    connection: "AsyncConnection",
    records: Sequence[Mapping[str, Any]],
    destination: Destination,
    origin: Origin,
) -> ReflectedTable:
    """Return the table that the run stores into, made if need be; the run names it once."""
    import sqlalchemy as sa

    known = generations()
    mine = sa.and_(known.c.run == origin.run, known.c.narrative == origin.narrative)
    name = (await connection.execute(sa.select(known.c.table_name).where(mine))).scalar()
    if name is None:
        name = destination.target or await _unused(connection, origin)
        await connection.execute(
            known.insert().values(
                run=origin.run,
                narrative=origin.narrative,
                table_name=name,
                kind=destination.kind,
                template=destination.template,
                started=origin.started,
                latest=origin.now,
                stored=0,
            )
        )
    if is_own(name):
        raise QueryError(f"`{name}` is one of Botticelli's own tables, which no narrative writes")
    table = await connection.run_sync(reflect, name)
    if table is None:
        await lock_making(connection)
        table = await connection.run_sync(reflect, name)
    if table is None:
        columns = (
            schema_columns(destination.schema)
            if destination.schema is not None
            else inferred_columns(records)
        )
        await _make(connection, name, columns)
        database.forget(name)
        table = await connection.run_sync(reflect, name)
    elif destination.kind == INFERRED and destination.schema is None:
        table = await _widen(connection, table, records)
        database.forget(name)
    assert table is not None
    return table


async def _unused(connection: "AsyncConnection", origin: Origin) -> str:
    """Return a name for the run's table that no other table has."""
    await lock_making(connection)
    name = wanted = table_name(origin.narrative, origin.started)
    number = 1
    while await connection.run_sync(reflect, name) is not None:
        number += 1
        name = f"{wanted}_{number}"
    return name


async def _make(connection: "AsyncConnection", name: str, columns: Sequence[ContentColumn]) -> None:
    import sqlalchemy as sa
    from sqlalchemy.schema import CreateTable
    from sqlalchemy.sql.elements import quoted_name

    made = sa.Table(quoted_name(name, quote=True), sa.MetaData(), *map(_column, columns))
    await connection.execute(CreateTable(made))


def _column(column: ContentColumn) -> Any:
    import sqlalchemy as sa
    from sqlalchemy.sql.elements import quoted_name

    name = quoted_name(column.name, quote=True)
    if column.name == "id":
        if isinstance(column.type, ir.Int):
            kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
            return sa.Column(name, kind, sa.Identity(), primary_key=True)
        return sa.Column(name, storage(column.type), primary_key=True)
    return sa.Column(name, storage(column.type), nullable=column.optional)


async def _widen(
    connection: "AsyncConnection", table: ReflectedTable, records: Sequence[Mapping[str, Any]]
) -> ReflectedTable:
    """Add columns for fields that earlier answers did not have."""
    import sqlalchemy as sa
    from sqlalchemy.sql.elements import quoted_name

    known = {name.casefold() for name in table.columns}
    added = [each for each in inferred_columns(records) if each.name.casefold() not in known]
    for column in added:
        made = sa.Column(quoted_name(column.name, quote=True), storage(column.type))
        kind = made.type.compile(connection.dialect)
        quote = connection.dialect.identifier_preparer.quote_identifier
        await connection.exec_driver_sql(
            f"ALTER TABLE {quote(table.name)} ADD COLUMN {quote(column.name)} {kind}"
        )
    if not added:
        return table
    found = await connection.run_sync(reflect, table.name)
    assert found is not None
    return found


# The rows


def _fitting(
    table: ReflectedTable,
    records: Sequence[Mapping[str, Any]],
    schema: ir.Record | None,
    *,
    by_name: bool,
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the rows that fit the table, and what is to be said of the rest."""
    keys = dict.fromkeys(key for record in records for key in record)
    names = {key: key for key in keys} if by_name else inferred_names(keys)
    columns = {name.casefold(): name for name in table.columns}
    places = {
        key: columns[name.casefold()]
        for key, name in names.items()
        if name.casefold() in columns and _is_fillable(name, table, schema)
    }
    types = {field.name: field for field in schema.fields} if schema is not None else {}
    rows: list[dict[str, Any]] = []
    faults: list[str] = []
    for record in records[:MOST_ROWS]:
        try:
            rows.append(_row(table, record, places, types))
        except UnfitError as error:
            faults.append(str(error))
    return rows, _warnings(table, records, [key for key in keys if key not in places], faults)


def _is_fillable(name: str, table: ReflectedTable, schema: ir.Record | None) -> bool:
    """Where a row is from and how it was reviewed is not a model's to say, nor is a number that
    the database gives."""
    if name.casefold() in PROVENANCE:
        return False
    declared = schema is not None and any(field.name == name for field in schema.fields)
    return declared or name.casefold() != "id" or not table.columns[name].filled


def _row(
    table: ReflectedTable,
    record: Mapping[str, Any],
    places: Mapping[str, str],
    types: Mapping[str, ir.Field],
) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for key, name in places.items():
        column, value = table.columns[name], record.get(key)
        if value is None:
            continue
        field = types.get(name)
        try:
            if field is not None:
                value = fitted(value, field.type)
            row[name] = fitted(cleaned(value), column.type)
        except UnfitError as error:
            if name in GENERATED and field is None:
                continue
            raise UnfitError(f"`{name}` {error}") from error
    for name, column in table.columns.items():
        required = name in types and not types[name].optional
        missing = row.get(name) is None and not column.filled and name not in PROVENANCE
        if missing and (required or not column.nullable):
            raise UnfitError(f"`{name}` is missing")
    return row


def _warnings(
    table: ReflectedTable,
    records: Sequence[Mapping[str, Any]],
    lost: Sequence[str],
    faults: Sequence[str],
) -> list[str]:
    warnings: list[str] = []
    if len(records) > MOST_ROWS:
        warnings.append(f"of {len(records):,} objects the first {MOST_ROWS:,} are stored")
    lost = [key for key in lost if key.casefold() not in GENERATED]
    if lost:
        shown = ", ".join(f"`{_shown(key)}`" for key in lost[:_NAMED_FAULTS])
        more = f" and {len(lost) - _NAMED_FAULTS} more" if len(lost) > _NAMED_FAULTS else ""
        warnings.append(f"the table `{table.name}` has no column for {shown}{more}")
    if faults:
        shown = "; ".join(faults[:_NAMED_FAULTS])
        count = f"{len(faults)} of {len(records)} objects"
        warnings.append(f"{count} do not fit the table `{table.name}` and are not stored: {shown}")
    return warnings


def _shown(key: str) -> str:
    """A key may be anything that a model came up with; only what looks like a name is shown."""
    return key if key.isidentifier() and len(key) <= _LONGEST_NAME else "…"


def _provenance(table: ReflectedTable, origin: Origin) -> dict[str, Any]:
    """Return the generated columns that the table has."""
    values = {
        "generated_at": read_moment(origin.now),
        "source_narrative": origin.narrative,
        "source_act": origin.act,
        "generation_model": origin.model,
        "review_status": PENDING,
    }
    return {name: value for name, value in values.items() if name in table.columns}


async def _count(connection: "AsyncConnection", origin: Origin, rows: int) -> None:
    known = generations()
    await connection.execute(
        known.update()
        .where(known.c.run == origin.run, known.c.narrative == origin.narrative)
        .values(latest=origin.now, stored=known.c.stored + rows)
    )


async def template_of(database: Database, name: str) -> ir.Record | None:
    """Return the columns of a table as a schema: what the database fills may be absent, and what
    content generation fills is not asked for. None when there is no such table."""
    if not database.exists:
        return None
    async with database.reading() as connection:
        table = await database.table(connection, name)
    if table is None:
        return None
    fields = tuple(
        ir.Field(column.name, column.type, optional=column.nullable or column.filled)
        for column in table.columns.values()
        if column.name not in PROVENANCE and not (column.name == "id" and column.filled)
    )
    return ir.Record(fields, name)
