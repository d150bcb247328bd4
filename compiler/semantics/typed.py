"""Typed output: what a model is asked for, and whether its answer is that.

A type of the language becomes a JSON Schema for the provider. What comes back is judged here and
nowhere else, since providers keep to schemas more or less. JSON is taken bare, from a fenced block
or from between words; moments become datetimes, and an optional field that is absent is null.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import msgspec

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
    Unknown,
)
from botticelli.compiler.semantics.commands.values import Mismatch, mismatches

MAX_FAULTS = 5
"""How many faults of one answer are named."""

MAX_NAME = 60
"""The longest key of an answer that is shown in a message, in code points."""

_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[^\n`]*\n(.*?)^[ \t]*\1[ \t]*$", re.DOTALL | re.MULTILINE)
_SIMPLE: dict[type, dict[str, Any]] = {
    Bool: {"type": "boolean"},
    Float: {"type": "number"},
    Null: {"type": "null"},
    Date: {"type": "string", "format": "date"},
    Timestamp: {"type": "string", "format": "date-time"},
}
_PLAIN = (Text, Enum, Date, Timestamp)
"""Types whose values may also be written without the quotes of JSON."""


class MisfitError(Exception):
    """A value does not fit its type.

    `faults` say what is wrong with it and may hold parts of it; `summary` holds none, and is fit
    for logs.
    """

    def __init__(self, faults: tuple[str, ...], summary: str) -> None:
        super().__init__(summary)
        self.faults = faults
        self.summary = summary


def is_plain_text(kind: Type) -> bool:
    """Whether every text fits, so that nothing is to be asked for or checked."""
    return isinstance(kind, Unknown) or kind == Text()


def json_schema(kind: Type) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a type's values."""
    match kind:
        case Text(minimum=low, maximum=high):
            return _bounded({"type": "string"}, minLength=low, maxLength=high)
        case Int(minimum=low, maximum=high):
            return _bounded({"type": "integer"}, minimum=low, maximum=high)
        case Enum(values=values):
            return {"type": "string", "enum": list(values)}
        case List(item=item):
            return {"type": "array", "items": json_schema(item)}
        case Optional(of=of):
            return _nullable(json_schema(of))
        case Record(fields=fields):
            return {
                "type": "object",
                "properties": {field.name: _field_schema(field) for field in fields},
                "required": [field.name for field in fields if not field.optional],
                "additionalProperties": False,
            }
    return dict(_SIMPLE.get(type(kind), {}))


def _field_schema(field: Field) -> dict[str, Any]:
    schema = json_schema(field.type)
    return _nullable(schema) if field.optional and schema else schema


def _bounded(schema: dict[str, Any], **bounds: int | None) -> dict[str, Any]:
    return schema | {name: bound for name, bound in bounds.items() if bound is not None}


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    null = {"type": "null"}
    if null in schema.get("anyOf", ()) or schema in ({}, null):
        return schema
    return {"anyOf": [schema, null]}


def read_answer(kind: Type, text: str) -> Any:
    """Return the value that an answer stands for. Raises MisfitError."""
    bare = _bare(kind)
    try:
        value = _decoded(text, records=isinstance(bare, Record | List))
    except msgspec.DecodeError as error:
        if not isinstance(bare, _PLAIN):
            raise MisfitError((f"it is no JSON ({error})",), "it is no JSON") from None
        value = text.strip()
    if isinstance(bare, Text) and not (isinstance(value, str) or value is None):
        value = text.strip()
    return conform(kind, value)


def conform(kind: Type, value: Any) -> Any:
    """Return a value in the form that its type has within a run. Raises MisfitError."""
    faults = list(mismatches(kind, value))
    if faults:
        named = faults[:MAX_FAULTS]
        left = len(faults) - len(named)
        more = (f"{left:,} more faults",) if left else ()
        told = (*(f"{_must(fault)}, not {fault.found}" for fault in named), *more)
        summary = "; ".join((*map(_must, named), *more))
        raise MisfitError(told, summary)
    return _conformed(kind, value)


def _must(fault: Mismatch) -> str:
    path = "".join(map(_step, fault.path)).lstrip(".")
    return f"{f'`{path}`' if path else 'it'} must be {fault.expected}"


def _step(step: str | int) -> str:
    """A key may be anything that a model came up with; only what looks like a name is shown."""
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if step.isidentifier() and len(step) <= MAX_NAME else ".…"


def _conformed(kind: Type, value: Any) -> Any:
    """Return the run's form of a value that fits."""
    match kind:
        case _ if value is None:
            return None
        case Optional(of=of):
            return _conformed(of, value)
        case List(item=item):
            return [_conformed(item, each) for each in value]
        case Record(fields=fields):
            return {field.name: _conformed(field.type, value.get(field.name)) for field in fields}
        case Float():
            return float(value)
        case Date():
            return date.fromisoformat(value) if isinstance(value, str) else value
        case Timestamp():
            moment = datetime.fromisoformat(value) if isinstance(value, str) else value
            return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return value


def _bare(kind: Type) -> Type:
    return _bare(kind.of) if isinstance(kind, Optional) else kind


def _decoded(text: str, *, records: bool) -> Any:
    """Return the first JSON document in a text. Raises msgspec.DecodeError for the whole of it."""
    fault: msgspec.DecodeError | None = None
    for document in _documents(text, records=records):
        try:
            return msgspec.json.decode(document)
        except msgspec.DecodeError as error:
            fault = fault or error
        except (UnicodeEncodeError, RecursionError):
            fault = fault or msgspec.DecodeError("it holds what cannot be read")
    assert fault is not None
    raise fault


def _documents(text: str, *, records: bool) -> Iterator[str]:
    """Yield what may be the JSON of an answer, the likeliest first."""
    yield text.strip()
    for fence in _FENCE.finditer(text):
        yield fence.group(2)
    if records:
        starts = [at for at in (text.find("{"), text.find("[")) if at >= 0]
        end = max(text.rfind("}"), text.rfind("]")) + 1
        if starts and min(starts) < end:
            yield text[min(starts) : end]
