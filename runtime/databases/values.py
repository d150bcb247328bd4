"""Values between the language and databases: what a driver gives, and what a column is given.

Rows hold what JSON holds, and moments and dates. What JSON has no word for becomes text: bytes as
base64, lengths of time in ISO 8601, decimals that a float would change with all their digits.
"""

import base64
import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from botticelli.compiler.ir import types as ir
from botticelli.compiler.semantics.intervals import as_moment
from botticelli.compiler.semantics.templates import as_json

MOST_WHOLE = 2**63


class UnfitError(Exception):
    """A value is not of the type that its place asks for.

    The message goes on after what the value is of. It says what was found and what is expected, and
    never holds the value, which may be a secret or what a model answered.
    """


# From a database


def from_database(value: Any, kind: ir.Type) -> Any:
    """Return what a driver gave as a value of the language; `kind` is the column's type."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str | int | float) and isinstance(kind, _STORED_AS_PLAIN):
        return _from_plain(value, kind)
    return _plain(value)


_STORED_AS_PLAIN = (ir.Bool, ir.Timestamp, ir.Date, ir.Json, ir.List, ir.Record, ir.Float)


def _from_plain(value: str | float, kind: ir.Type) -> Any:
    """SQLite keeps these as numbers and text. What does not read is left as it stands."""
    match kind:
        case ir.Bool():
            return bool(value) if value in (0, 1) else value
        case ir.Timestamp():
            found = read_moment(value)
            return value if found is None else found
        case ir.Date():
            moment = read_moment(value)
            return value if moment is None else moment.date()
        case ir.Float():
            return _plain(float(value) if isinstance(value, int) else value)
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return value


def _plain(value: Any) -> Any:  # noqa: C901 - a table of cases
    match value:
        case None | str() | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case datetime():
            return as_moment(value).astimezone(UTC)
        case date():
            return value
        case time():
            return value.isoformat()
        case Decimal():
            return _decimal(value)
        case timedelta():
            return duration_text(value)
        case bytes() | bytearray() | memoryview():
            return base64.b64encode(bytes(value)).decode()
        case list() | tuple():
            return [_plain(item) for item in value]
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
    return str(value)


def _decimal(value: Decimal) -> int | float | str:
    if not value.is_finite():
        return str(value)
    if value == value.to_integral_value() and value.as_tuple().exponent == 0:
        return int(value)
    number = float(value)
    return number if Decimal(repr(number)) == value else format(value, "f")


def duration_text(value: timedelta) -> str:
    """Write a length of time as ISO 8601 does, in days and seconds."""
    sign = "-" if value < timedelta() else ""
    value = abs(value)
    seconds = f"{value.seconds + value.microseconds / 1_000_000:.6f}".rstrip("0").rstrip(".")
    days = f"{value.days}D" if value.days else ""
    return f"{sign}P{days}T{seconds}S" if seconds != "0" or not days else f"{sign}P{days}"


def read_moment(value: Any) -> datetime | None:
    """Return the moment that a text of ISO 8601 or a number of Unix seconds is, in UTC."""
    try:
        if isinstance(value, datetime | date):
            return as_moment(value).astimezone(UTC)
        if isinstance(value, str):
            return as_moment(datetime.fromisoformat(value.strip())).astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def moment_text(moment: datetime) -> str:
    """Write a moment as SQLite's tables keep it: UTC, of one length, so that text sorts as time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f").rjust(26, "0")


# To a database


def fitted(value: Any, kind: ir.Type) -> Any:
    """Return a value of the run as one of a type: what text says is read. Raises UnfitError.

    Null fits every type; whether it may stand somewhere is not asked here.
    """
    if value is None:
        return None
    if isinstance(kind, ir.Optional):
        return fitted(value, kind.of)
    found = _FITTING.get(type(kind))
    return value if found is None else found(value, kind)


def _text(value: Any, kind: ir.Text) -> str:
    if isinstance(value, bool | list | dict):
        raise UnfitError(f"is {_found(value)}, which is no text")
    text = value if isinstance(value, str) else as_json(value).strip('"')
    if kind.minimum is not None and len(text) < kind.minimum:
        raise UnfitError(f"has {len(text):,} characters, and needs {kind.minimum:,} at least")
    if kind.maximum is not None and len(text) > kind.maximum:
        raise UnfitError(f"has {len(text):,} characters, and may have {kind.maximum:,} at most")
    return clean(text)


def _int(value: Any, kind: ir.Int) -> int:
    number = _number(value)
    if isinstance(number, float):
        if not number.is_integer():
            raise UnfitError(f"is {_found(value)}, which is no whole number")
        number = int(number)
    if not -MOST_WHOLE <= number < MOST_WHOLE:
        raise UnfitError("is a whole number that no column holds")
    if kind.minimum is not None and number < kind.minimum:
        raise UnfitError(f"is too small: it must be {kind.minimum} at least")
    if kind.maximum is not None and number > kind.maximum:
        raise UnfitError(f"is too large: it may be {kind.maximum} at most")
    return number


def _float(value: Any, kind: ir.Type) -> float:
    del kind
    try:
        number = float(_number(value))
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise UnfitError("is a number that no column holds")
    return number


def _number(value: Any) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        if isinstance(value, float) and not math.isfinite(value):
            raise UnfitError("is a number that no column holds")
        return value
    if isinstance(value, str):
        for read in (int, float):
            try:
                number: int | float = read(value.strip())
            except ValueError:
                continue
            return _number(number)
    raise UnfitError(f"is {_found(value)}, which is no number")


def _bool(value: Any, kind: ir.Type) -> bool:
    del kind
    if isinstance(value, bool):
        return value
    said = {"true": True, "false": False}.get(value.strip().lower()) if _is_text(value) else None
    if said is None:
        raise UnfitError(f"is {_found(value)}, which is neither true nor false")
    return said


def _enum(value: Any, kind: ir.Enum) -> str:
    if value not in kind.values:
        raise UnfitError(f"is {_found(value)}, and not one of {', '.join(kind.values)}")
    return str(value)


def _timestamp(value: Any, kind: ir.Type) -> datetime:
    del kind
    found = read_moment(value) if isinstance(value, str | date) else None
    if found is None:
        raise UnfitError(f"is {_found(value)}, which is no moment of the form of ISO 8601")
    return found


def _date(value: Any, kind: ir.Type) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    return _timestamp(value, kind).date()


def _json(value: Any, kind: ir.Type) -> Any:
    del kind
    return cleaned(value)


_FITTING: dict[type[ir.TypeNode], Callable[[Any, Any], Any]] = {
    ir.Text: _text,
    ir.Int: _int,
    ir.Float: _float,
    ir.Bool: _bool,
    ir.Enum: _enum,
    ir.Timestamp: _timestamp,
    ir.Date: _date,
    ir.Json: _json,
    ir.List: _json,
    ir.Record: _json,
}


def clean(text: str) -> str:
    """Replace what no database takes in a text: NUL, and halves of characters."""
    text = text.replace("\x00", "\ufffd")
    return text.encode("utf-8", "replace").decode() if _has_halves(text) else text


def _has_halves(text: str) -> bool:
    return any("\ud800" <= each <= "\udfff" for each in text)


def cleaned(value: Any) -> Any:
    """Return a value of JSON with every text in it clean."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list | tuple):
        return [cleaned(item) for item in value]
    if isinstance(value, dict):
        return {clean(str(key)): cleaned(item) for key, item in value.items()}
    return value


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _found(value: Any) -> str:
    match value:
        case bool():
            return "true or false"
        case str():
            return "text"
        case int() | float():
            return "a number"
        case date():
            return "a moment"
        case list() | tuple():
            return "a list"
    return "a record"
