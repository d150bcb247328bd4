"""How long values of a type can be, and rows of a table in their formats."""

import json
from collections.abc import Iterable

from botticelli.compiler.ir.program import TableInput
from botticelli.compiler.ir.types import (
    Bool,
    Date,
    Enum,
    Field,
    Float,
    Int,
    List,
    Null,
    Optional,
    Record,
    Text,
    Timestamp,
    Type,
)

_NUMBER = 25
_MOMENT = 40
_OUTER_SPACE = 24
"""What Markdown makes of white space around a cell, in bytes."""

TYPICAL_TEXT = 200
"""Bytes that text without a bound is expected to have."""


def printed_bytes(kind: Type) -> int | None:
    """The most bytes of a value as it prints; None where the type has no bound."""
    match kind:
        case Text(maximum=maximum):
            return None if maximum is None else 4 * maximum
        case Int(minimum=int() as low, maximum=int() as high):
            return max(len(str(low)), len(str(high)))
        case Int() | Float() | Bool():
            return _NUMBER
        case Date() | Timestamp():
            return _MOMENT
        case Enum(values=values):
            return max((len(value.encode()) for value in values), default=0)
        case Null():
            return 0
        case Optional(of=of):
            return printed_bytes(of)
        case Record():
            return json_bytes(kind)
    return None


def json_bytes(kind: Type) -> int | None:
    """The most bytes of a value as JSON, in which a sign takes up to six."""
    match kind:
        case Text(maximum=maximum):
            return None if maximum is None else 6 * maximum + 2
        case Enum(values=values):
            return max((len(json.dumps(each).encode()) for each in values), default=2)
        case Date() | Timestamp():
            return _MOMENT + 2
        case Null():
            return 4
        case Optional(of=of):
            inner = json_bytes(of)
            return None if inner is None else max(inner, 4)
        case Record(fields=fields):
            return _total(2, (_field_bytes(field) for field in fields))
    return printed_bytes(kind)


def _field_bytes(field: Field) -> int | None:
    inner = json_bytes(Optional(field.type) if field.optional else field.type)
    return None if inner is None else len(json.dumps(field.name)) + 4 + inner


def null_bytes(kind: Type) -> int:
    """What the fields that an answer may leave out add once it is printed: each a null."""
    match kind:
        case Optional(of=of):
            return null_bytes(of)
        case List(item=item):
            return null_bytes(item)
        case Record(fields=fields):
            own = sum(len(json.dumps(field.name)) + 8 for field in fields if field.optional)
            return own + sum(null_bytes(field.type) for field in fields)
    return 0


def rows_of(table: TableInput) -> int:
    return table.limit if table.sample is None else table.sample


def columns_of(table: TableInput) -> list[Field] | None:
    """The columns that are read, with their types; None where they are not known."""
    if table.row is None:
        return None
    fields = {field.name: field for field in table.row.fields}
    if table.columns is None:
        return list(fields.values())
    if any(name not in fields for name in table.columns):
        return None
    return [fields[name] for name in table.columns]


def unbounded_column(table: TableInput) -> str | None:
    """Say what of the rows has no bound, if anything has none."""
    columns = columns_of(table)
    name = table.table.source
    if columns is None:
        return f"nothing is known of the columns of `{name}`; give it a schema or `max_bytes`"
    for column in columns:
        if json_bytes(column.type) is None:
            return f"the column `{column.name}` of `{name}` has no bound; `text(..n)` gives it one"
    return None


def table_bytes(table: TableInput, form: str) -> int | None:
    """The most bytes of the rows in a format: `json`, `markdown`, `csv`; `rows` is JSON of them
    as a template prints it."""
    columns = columns_of(table)
    if columns is None:
        return None
    rows = rows_of(table)
    if form in {"markdown", "csv"}:
        extra = _OUTER_SPACE + 3 if form == "markdown" else 3
        header = sum(2 * len(column.name.encode()) + 2 * extra + 3 for column in columns) + 8
        row = _total(4, (_cell_bytes(column.type, extra) for column in columns))
    else:
        header = 2
        row = _total(5, (_field_bytes(column) for column in columns))
    return None if row is None else header + rows * row


def _cell_bytes(kind: Type, extra: int) -> int | None:
    # In a cell every sign may be escaped by another, and a line end is written in four bytes.
    size = printed_bytes(kind)
    return None if size is None else 2 * size + extra


def expected_row_bytes(table: TableInput) -> float:
    """What a row is expected to take: texts have half of their bounds."""
    columns = columns_of(table)
    if columns is None:
        return TYPICAL_TEXT
    return sum(_expected(column.type) + len(column.name) + 6 for column in columns)


def _expected(kind: Type) -> float:
    match kind:
        case Text(minimum=low, maximum=int() as high):
            return ((low or 0) + high) / 2
        case Optional(of=of):
            return _expected(of)
        case Text() | List():
            return TYPICAL_TEXT
    size = json_bytes(kind)
    return TYPICAL_TEXT if size is None else size / 2


def _total(start: int, sizes: Iterable[int | None]) -> int | None:
    total = start
    for size in sizes:
        if size is None:
            return None
        total += size
    return total
