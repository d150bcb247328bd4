"""Which columns stored content gets: those of a schema, or what the fields of its rows suggest.

Names and values come from models. A name becomes a plain identifier before it is one of a column,
and neither their number nor their length is a model's to choose.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from botticelli.compiler.ir.types import (
    Bool,
    Float,
    Int,
    Json,
    Optional,
    Record,
    Text,
    Type,
)
from botticelli.compiler.semantics.content import GENERATED

MOST_COLUMNS = 100
MOST_ROWS = 1_000
"""Columns of a table that content made, and rows of one answer."""

_LONGEST_NAME = 63
"""Bytes of the longest name that PostgreSQL keeps."""

_NO_PART_OF_A_NAME = re.compile(r"\W+")


class ContentColumn(Struct, frozen=True):
    """A column of a table that is made: `type` without `?`, and whether it may be null."""

    name: str
    type: Type
    optional: bool = True


def identifier(text: str, longest: int = _LONGEST_NAME) -> str:
    """Return a name for a column or a table: letters, digits and `_`, not too long."""
    plain = _NO_PART_OF_A_NAME.sub("_", unicodedata.normalize("NFKC", text)).strip("_")
    if not plain or plain[0].isdigit():
        plain = f"_{plain}"
    return plain.encode()[:longest].decode("utf-8", "ignore")


def table_name(narrative: str, started: float) -> str:
    """Return NAME_YYYYMMDD_HHMMSS, in UTC; `started` is when the run began, in Unix seconds."""
    moment = datetime.fromtimestamp(started, UTC).strftime("%Y%m%d_%H%M%S")
    return f"{identifier(narrative, _LONGEST_NAME - len(moment) - 4)}_{moment}"


def schema_columns(record: Record) -> list[ContentColumn]:
    """Return the columns of a schema, and the generated ones that it does not declare itself."""
    own = [
        ContentColumn(field.name, _bare(field.type), field.optional or _may_be_null(field.type))
        for field in record.fields
    ]
    return _with_generated(own)


def inferred_columns(rows: Iterable[Mapping[str, Any]]) -> list[ContentColumn]:
    """Return columns that hold the fields of rows, in the order in which the fields come."""
    kinds: dict[str, list[Any]] = {}
    for row in rows:
        for key, value in row.items():
            kinds.setdefault(key, []).append(value)
    names = inferred_names(kinds)
    own = [
        ContentColumn(names[key], _inferred(values))
        for key, values in kinds.items()
        if key in names
    ]
    return _with_generated(own)


def inferred_names(keys: Iterable[str]) -> dict[str, str]:
    """Return a column's name for each field, all different; fields over the limit have none.

    A field that bears the name of a generated column, other than `tags` and `rating`, is called
    `model_NAME`.
    """
    taken = {name for name in GENERATED if name not in ("tags", "rating")}
    names: dict[str, str] = {}
    for key in keys:
        if len(names) + len(GENERATED) >= MOST_COLUMNS:
            break
        plain = identifier(key)
        if plain.casefold() in taken and plain.casefold() in GENERATED:
            plain = identifier(f"model_{plain}")
        name, number = plain, 1
        while name.casefold() in taken:
            number += 1
            suffix = f"_{number}"
            name = identifier(plain, _LONGEST_NAME - len(suffix)) + suffix
        taken.add(name.casefold())
        names[key] = name
    return names


def _with_generated(own: Sequence[ContentColumn]) -> list[ContentColumn]:
    declared = {column.name.casefold() for column in own}
    generated = [
        ContentColumn(name, kind, optional=name in ("tags", "rating"))
        for name, kind in GENERATED.items()
        if name not in declared
    ]
    return [*generated, *own]


def _inferred(values: Sequence[Any]) -> Type:
    """Return the narrowest type that holds all values; null fits all."""
    found = {type(value) for value in values if value is not None}
    if found == {bool}:
        return Bool()
    if found == {int} and all(-(2**63) <= value < 2**63 for value in values if value is not None):
        return Int()
    if found and found <= {int, float}:
        return Float()
    return Text() if found <= {str} else Json()


def _bare(kind: Type) -> Type:
    return _bare(kind.of) if isinstance(kind, Optional) else kind


def _may_be_null(kind: Type) -> bool:
    return isinstance(kind, Optional)
