"""Where a database and its lock file say different things of the same tables."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from botticelli.compiler.semantics.tables import DatabaseTable
from botticelli.compiler.workspace.lock import notation


class Change(Struct, frozen=True):
    """What the lock file says and what the database says of one thing; null where it has none."""

    name: str
    locked: str | None
    found: str | None


class TableDifference(Struct, frozen=True):
    """A table that differs. `state` is `missing` (from the lock file), `gone` (from the database)
    or `changed`; `properties` are its primary key and the columns that have defaults."""

    table: str
    state: str
    columns: tuple[Change, ...]
    properties: tuple[Change, ...]


_NOTHING = DatabaseTable(columns={})


def differences(
    locked: Mapping[str, DatabaseTable], found: Mapping[str, DatabaseTable]
) -> list[TableDifference]:
    """Return the tables that differ, in the order of their names. The order of columns is none."""
    compared = (
        _difference(name, locked.get(name), found.get(name))
        for name in sorted(locked.keys() | found.keys())
    )
    return [difference for difference in compared if difference is not None]


def _difference(
    name: str, locked: DatabaseTable | None, found: DatabaseTable | None
) -> TableDifference | None:
    state = "missing" if locked is None else "gone" if found is None else "changed"
    before, after = locked or _NOTHING, found or _NOTHING
    columns = tuple(_changes(_columns(before), _columns(after)))
    properties = tuple(_changes(_properties(before), _properties(after)))
    if state == "changed" and not columns and not properties:
        return None
    return TableDifference(name, state, columns, properties)


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    for name in dict.fromkeys([*after, *before]):
        change = Change(name, before.get(name), after.get(name))
        if change.locked != change.found:
            yield change


def _columns(table: DatabaseTable) -> dict[str, str]:
    return {name: notation(kind) for name, kind in table.columns.items()}


def _properties(table: DatabaseTable) -> dict[str, str]:
    said = {"primary key": table.primary_key, "defaults": sorted(table.defaults)}
    return {name: ", ".join(columns) for name, columns in said.items() if columns}
