"""Types and values in words, for messages."""

from collections.abc import Mapping
from typing import Any, Final

from botticelli.compiler.ir.types import (
    Bool,
    Date,
    Enum,
    Float,
    Int,
    Interval,
    List,
    Null,
    Optional,
    Record,
    Text,
    Timestamp,
    Type,
)
from botticelli.compiler.semantics.commands.kinds import Choice, Filter, Id, Order

_SIMPLE: Final[Mapping[type, str]] = {
    Bool: "true or false",
    Date: "a date, as 2030-01-31",
    Filter: "a filter, as status = 'pending'",
    Float: "a number",
    Id: "an id: text of digits",
    Interval: "a duration",
    Null: "null",
    Order: "an order, as rating desc",
    Timestamp: "a timestamp, as 2030-01-31T12:00:00Z",
}


def described(type_: Type) -> str:
    """Say in words what values a type takes."""
    match type_:
        case _ if type(type_) in _SIMPLE:
            return _SIMPLE[type(type_)]
        case Choice():
            return "one of " + ", ".join(f'"{name}" ({number})' for name, number in type_.values)
        case Text():
            return "text" + _bounds(type_.minimum, type_.maximum, " characters")
        case Int():
            return "a whole number" + _bounds(type_.minimum, type_.maximum, "")
        case Enum():
            return "one of " + ", ".join(f'"{value}"' for value in type_.values)
        case List():
            return f"a list, each item {described(type_.item)}"
        case Record():
            return "a record with the fields " + ", ".join(f"`{f.name}`" for f in type_.fields)
        case Optional():
            return f"{described(type_.of)}, or null"
        case _:
            return "any value"


def _bounds(minimum: int | None, maximum: int | None, unit: str) -> str:
    if minimum is not None and maximum is not None:
        return f" of {minimum:,} to {maximum:,}{unit}" if unit else f" from {minimum} to {maximum}"
    if maximum is not None:
        return f" of at most {maximum:,}{unit}"
    return "" if minimum is None else f" of at least {minimum:,}{unit}"


def written(value: Any) -> str:
    """Say what a value is, short enough for a message; long text only by its length."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 40 else f"text of {len(value):,} characters"
    if isinstance(value, int | float):
        return f"{value}"[:40]
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    return "a record" if isinstance(value, Mapping) else "something else"
