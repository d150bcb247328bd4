"""Reading `schema.lock.toml`: the columns of the tables of a real database, as they were pulled."""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from botticelli.compiler.ir.types import Type, Unknown
from botticelli.compiler.workspace.discovery import LOCK_FILE


class LockedTable(Struct, frozen=True):
    """One table of the database; ``keyed`` tells whether it has a primary key."""

    columns: Mapping[str, Type]
    keyed: bool


def read_lock_file(project: Path) -> Mapping[str, LockedTable] | None:
    """Return the tables of a project's lock file, or None where there is none that can be read.

    The file holds, for each table, `primary_key = [columns]` and a table `columns` of types in
    the language's own notation.
    """
    import tomllib

    try:
        document = tomllib.loads((project / LOCK_FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    tables = document.get("tables")
    if not isinstance(tables, dict):
        return {}
    return {
        name: LockedTable(_columns(table.get("columns")), bool(table.get("primary_key")))
        for name, table in tables.items()
        if isinstance(table, dict)
    }


def _columns(written: object) -> dict[str, Type]:
    if not isinstance(written, dict):
        return {}
    return {name: _type(text) for name, text in written.items() if isinstance(text, str)}


def _type(text: str) -> Type:
    from botticelli.compiler.languages.types import parse_type, resolve

    parsed = parse_type(text)
    if parsed.tree is None or parsed.faults:
        return Unknown()
    kind, faults = resolve(parsed.tree, {})
    return Unknown() if faults else kind
