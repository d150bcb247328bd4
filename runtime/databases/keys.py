"""Keys of rows as text: one form for every kind of key, made by the database, and the way back.

A lease names its row so, and so does the journal. The text is a JSON list with a text for each
column of the key: on PostgreSQL the value as the server writes it, on SQLite, where a column may
hold values of several types, the value as it stands in a statement.
"""

import json
from typing import TYPE_CHECKING, Any

from botticelli.runtime.databases.filters import column_of
from botticelli.runtime.databases.reflection import ReflectedTable

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

    Sql = ColumnElement[Any]


def key_text(table: ReflectedTable, *, sqlite: bool) -> "Sql":
    """Return the text of a row's key as an expression over the columns of its table."""
    import sqlalchemy as sa

    columns = [column_of(table, name) for name in table.key]
    if sqlite:
        return sa.func.json_array(*(sa.func.quote(column) for column in columns))
    texts = (sa.cast(column, sa.Text()) for column in columns)
    return sa.cast(sa.func.json_build_array(*texts), sa.Text())


def has_key(table: ReflectedTable, *, sqlite: bool) -> "Sql":
    """Return the condition that a row's key is whole: SQLite takes nulls in most primary keys."""
    import sqlalchemy as sa

    if not sqlite:
        return sa.true()
    return sa.and_(*(column_of(table, name).is_not(None) for name in table.key))


def key_matches(table: ReflectedTable, *, sqlite: bool) -> "Sql":
    """Return the condition that a row has a key, which is bound by `key_parameters`."""
    import sqlalchemy as sa

    terms: list[Sql] = []
    for number, name in enumerate(table.key):
        column = column_of(table, name)
        if sqlite:
            terms.append(column == sa.bindparam(f"key_{number}"))
            continue
        text = sa.bindparam(f"key_{number}", type_=sa.Text())
        kind = table.columns[name].sql
        if isinstance(kind, sa.types.NullType):
            terms.append(sa.cast(column, sa.Text()) == text)
        else:
            terms.append(column == sa.cast(text, kind))
    return sa.and_(*terms)


def key_parameters(key: str, *, sqlite: bool) -> dict[str, Any]:
    """Return the values of a key that `key_text` made, by the names that `key_matches` binds."""
    parts: list[str] = json.loads(key)
    return {
        f"key_{number}": _sqlite_value(part) if sqlite else part
        for number, part in enumerate(parts)
    }


def _sqlite_value(literal: str) -> Any:
    """Read what SQLite's `quote` wrote."""
    if literal.startswith("'"):
        return literal[1:-1].replace("''", "'")
    if literal.startswith("X'"):
        return bytes.fromhex(literal[2:-1])
    try:
        return int(literal)
    except ValueError:
        return float(literal)
