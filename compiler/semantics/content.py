"""What both sides know of stored content: the columns that every row gets, and what a model is told
of the columns that it is to fill."""

from collections.abc import Mapping

from botticelli.compiler.ir.types import (
    Bool,
    Date,
    Enum,
    Float,
    Int,
    Json,
    List,
    Optional,
    Record,
    Text,
    Timestamp,
    Type,
)

GENERATED: Mapping[str, Type] = {
    "id": Int(),
    "generated_at": Timestamp(),
    "source_narrative": Text(),
    "source_act": Text(),
    "generation_model": Text(),
    "review_status": Text(),
    "tags": Json(),
    "rating": Int(),
}
"""Columns of every table that content generation makes."""

PROVENANCE = frozenset(
    {"generated_at", "source_narrative", "source_act", "generation_model", "review_status"}
)
"""Generated columns that no answer fills, whatever it says: where a row is from, and its review."""

PENDING, APPROVED, REJECTED = STATUSES = ("pending", "approved", "rejected")


def describe_columns(record: Record) -> str:
    """Return what completes a prompt whose answer is stored: the columns, their types, and which
    may be absent."""
    lines = [
        f"- {field.name}: {_words(field.type)}"
        + (" (may be absent or null)" if field.optional else "")
        for field in record.fields
        if field.name not in PROVENANCE
    ]
    head = "Answer with JSON alone: an object with these fields, or an array of such objects."
    return "\n".join([head, *lines])


def _words(kind: Type) -> str:  # noqa: C901 - a table of cases
    match kind:
        case Optional(of=of):
            return _words(of)
        case Text(minimum=low, maximum=high):
            return "text" + _bounds(low, high, " characters")
        case Int(minimum=low, maximum=high):
            return "a whole number" + _bounds(low, high, "")
        case Enum(values=values):
            return "one of " + ", ".join(f'"{value}"' for value in values)
        case List(item=item):
            return f"an array, each element {_words(item)}"
        case Record(fields=fields):
            inner = "; ".join(f"{field.name}: {_words(field.type)}" for field in fields)
            return f"an object ({inner})"
        case Timestamp():
            return "a moment as in 2026-01-31T09:30:00Z"
        case Date():
            return "a date as in 2026-01-31"
        case Bool():
            return "true or false"
        case Float():
            return "a number"
    return "any JSON"


def _bounds(low: int | None, high: int | None, unit: str) -> str:
    if low is not None and high is not None:
        return f" of {low} to {high}{unit}" if unit else f" from {low} to {high}"
    if low is not None:
        return f" of at least {low}{unit}" if unit else f" from {low} on"
    if high is not None:
        return f" of at most {high}{unit}" if unit else f" up to {high}"
    return ""
