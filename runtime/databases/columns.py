"""From the types of a database's columns to those of the language."""

from typing import TYPE_CHECKING, Any

from botticelli.compiler.ir import types as ir

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

# SQLite takes any word for a type. Those that are common, and that it does not know itself:
_SQLITE_WORDS: dict[str, ir.Type] = {
    "uuid": ir.Text(),
    "guid": ir.Text(),
    "string": ir.Text(),
    "enum": ir.Text(),
    "timestamptz": ir.Timestamp(),
    "timestamp with time zone": ir.Timestamp(),
    "timestamp without time zone": ir.Timestamp(),
}
_SQLITE_NUMBERS = ("numeric", "decimal", "number", "money")


def sqlite_type(sql: "TypeEngine[Any]", declared: str) -> ir.Type:
    """Return what a column of SQLite holds, by the type that it was declared with."""
    word = declared.partition("(")[0].strip().lower()
    if word in _SQLITE_WORDS:
        return _SQLITE_WORDS[word]
    from sqlalchemy.types import NUMERIC

    if type(sql) is NUMERIC and not word.startswith(_SQLITE_NUMBERS):
        # A word that says nothing: SQLite calls it numeric and stores anything.
        return ir.Unknown()
    return column_type(sql)


def column_type(sql: "TypeEngine[Any]") -> ir.Type:
    """Return the type of a column's values; unknown where the language has no word for it.

    Integers of every size are `int`: how wide they are stored says nothing of what they mean.
    """
    from sqlalchemy import types as sa
    from sqlalchemy.dialects import postgresql as pg

    if isinstance(sql, sa.ARRAY):
        return _array(column_type(sql.item_type))
    if isinstance(sql, pg.DOMAIN):
        return column_type(sql.data_type)
    if isinstance(sql, sa.Enum):
        return ir.Enum(tuple(sql.enums)) if sql.enums else ir.Text()
    if isinstance(sql, sa.String):
        return ir.Text(maximum=sql.length)
    texts = (sa.Uuid, sa.Time, pg.INET, pg.CIDR, pg.MACADDR, pg.MACADDR8, pg.MONEY, pg.BIT)
    kinds: tuple[tuple[type | tuple[type, ...], ir.Type], ...] = (
        (sa.Boolean, ir.Bool()),
        ((sa.Integer, pg.OID), ir.Int()),
        ((sa.Numeric, sa.Float), ir.Float()),
        (sa.DateTime, ir.Timestamp()),
        (sa.Date, ir.Date()),
        (sa.Interval, ir.Interval()),
        (pg.INTERVAL, ir.Interval()),
        ((sa.JSON, pg.HSTORE), ir.Json()),
        (texts, ir.Text()),
    )
    return next((kind for types, kind in kinds if isinstance(sql, types)), ir.Unknown())


def _array(item: ir.Type) -> ir.Type:
    """The language has lists of what it has words for."""
    return ir.Unknown() if isinstance(item, ir.Unknown | ir.Interval) else ir.List(item)
