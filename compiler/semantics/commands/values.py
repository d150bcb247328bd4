"""Whether a value fits the type of an argument, and the value in the form that the API takes.

The checker asks with the values that a file holds, the runtime with what templates made of them.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from math import isfinite
from typing import Any, Final

import msgspec
from msgspec import Struct

from botticelli.compiler.ir.types import (
    Bool,
    Date,
    Enum,
    Float,
    Int,
    Interval,
    Json,
    List,
    Null,
    Optional,
    Record,
    Text,
    Timestamp,
    Type,
    Unknown,
)
from botticelli.compiler.semantics.commands.kinds import Bits, Choice, Emoji, Id
from botticelli.compiler.semantics.commands.wording import described, written

MAX_DEPTH = 32
"""How deep lists and records of one argument may nest."""


class Dynamic:
    """A value that is known only when the narrative runs; it fits every type."""


DYNAMIC: Final = Dynamic()


class Mismatch(Struct, frozen=True):
    """A value that does not fit: where it stands within the argument, what fits, what is there.

    `path` holds the keys of records and indexes of lists from the argument inwards. `of_type` says
    that the value has the asked type, and lies outside its range or is none of its values.
    """

    path: tuple[str | int, ...]
    expected: str
    found: str
    of_type: bool = False


def mismatches(type_: Type, value: Any) -> Iterator[Mismatch]:
    """Compare a value of a file with a type. ``DYNAMIC`` stands for what is not known yet."""
    faults: list[Mismatch] = []
    _Fit(faults, rendered=False).fit(type_, value, ())
    yield from faults


def converted(type_: Type, value: Any) -> tuple[Any, list[Mismatch]]:
    """Return a final value as the API takes it, and what does not fit.

    Since templates always make text, text that reads as the asked number, truth value or JSON is
    taken for it.
    """
    faults: list[Mismatch] = []
    return _Fit(faults, rendered=True).fit(type_, value, ()), faults


Path = tuple[str | int, ...]


class _Fit:
    """One comparison; collects what does not fit and returns values in the API's form."""

    def __init__(self, faults: list[Mismatch], *, rendered: bool) -> None:
        self._faults = faults
        self._rendered = rendered

    def fit(self, type_: Type, value: Any, path: Path) -> Any:
        if isinstance(value, Dynamic) or isinstance(type_, Unknown):
            return value
        if len(path) > MAX_DEPTH:
            return self._refuse(f"at most {MAX_DEPTH} levels", value, path)
        match type_:
            case Optional():
                return None if value is None else self.fit(type_.of, value, path)
            case Json():
                return self._json(value)
            case Null():
                return self._accept(value is None, type_, value, path)
            case Bool():
                return self._bool(type_, value, path)
            case Choice() | Int() | Float():
                return self._number(type_, value, path)
            case List():
                return self._list(type_, value, path)
            case Record():
                return self._record(type_, value, path)
            case _:
                return self._text(type_, value, path)

    def _refuse(self, expected: str, value: Any, path: Path, *, of_type: bool = False) -> Any:
        self._faults.append(Mismatch(path, expected, written(value), of_type))
        return value

    def _accept(
        self, fits: bool, type_: Type, value: Any, path: Path, *, of_type: bool = False
    ) -> Any:
        return value if fits else self._refuse(described(type_), value, path, of_type=of_type)

    def _json(self, value: Any) -> Any:
        if self._rendered and isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
            return _decoded(value)
        return value

    def _bool(self, type_: Bool, value: Any, path: Path) -> Any:
        if self._rendered and isinstance(value, str):
            value = {"true": True, "false": False}.get(value.strip().casefold(), value)
        return self._accept(isinstance(value, bool), type_, value, path)

    def _number(self, type_: Choice | Int | Float, value: Any, path: Path) -> Any:
        number = value
        if isinstance(type_, Choice) and isinstance(value, str):
            number = type_.number(value.strip())
            number = value if number is None else number
        if isinstance(number, str) and (self._rendered or isinstance(type_, Bits)):
            number = _number_in(number)
        if isinstance(number, bool) or not isinstance(number, int | float):
            return self._refuse(described(type_), value, path)
        if isinstance(type_, Float):
            return self._accept(isfinite(number), type_, number, path)
        if isinstance(type_, Choice):
            fits = number in {each for _, each in type_.values}
        else:
            fits = _within(number, type_.minimum, type_.maximum)
        whole = isinstance(number, int)
        return self._accept(whole and fits, type_, number, path, of_type=whole)

    def _list(self, type_: List, value: Any, path: Path) -> Any:
        value = self._json(value)
        if not isinstance(value, list | tuple):
            return self._refuse(described(type_), value, path)
        return [self.fit(type_.item, item, (*path, at)) for at, item in enumerate(value)]

    def _record(self, type_: Record, value: Any, path: Path) -> Any:
        value = self._json(value)
        if not isinstance(value, Mapping):
            return self._refuse(described(type_), value, path)
        fields = {field.name: field for field in type_.fields}
        for name, field in fields.items():
            if name not in value and not field.optional:
                self._refuse(f"a record with the field `{name}`", value, path)
        result: dict[str, Any] = {}
        for name, item in value.items():
            if name not in fields:
                self._faults.append(Mismatch((*path, name), _one_of_fields(fields), f"`{name}`"))
            elif item is None and fields[name].optional:
                result[name] = None
            else:
                result[name] = self.fit(fields[name].type, item, (*path, name))
        return result

    def _text(
        self, type_: Text | Enum | Timestamp | Date | Interval, value: Any, path: Path
    ) -> Any:
        if isinstance(type_, Id) and isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(type_, Timestamp | Date) and hasattr(value, "isoformat"):
            value = value.isoformat()
        if self._rendered and isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            return self._refuse(described(type_), value, path)
        if self._rendered and isinstance(type_, Id | Timestamp):
            value = value.strip()
        if isinstance(type_, Emoji):
            value = value.strip().removeprefix("<").removesuffix(">").removeprefix("a:").lstrip(":")
        return self._accept(_fits_text(type_, value), type_, value, path, of_type=True)


def _fits_text(type_: Text | Enum | Timestamp | Date | Interval, value: str) -> bool:
    if isinstance(type_, Id):
        return value.isascii() and value.isdigit() and int(value[:21]) < 1 << 64
    if isinstance(type_, Enum):
        return value in type_.values
    if isinstance(type_, Text):
        return _within(len(value), type_.minimum, type_.maximum)
    if isinstance(type_, Timestamp | Date):
        try:
            (date if isinstance(type_, Date) else datetime).fromisoformat(value)
        except ValueError:
            return False
    return True


def _within(number: float, minimum: int | None, maximum: int | None) -> bool:
    return (minimum is None or number >= minimum) and (maximum is None or number <= maximum)


def _number_in(text: str) -> Any:
    """Return the number that a text of at most 40 characters spells, else the text."""
    stripped = text.strip()
    if len(stripped) > 40 or not stripped.isascii() or "_" in stripped:
        return text
    for reader in (int, float):
        try:
            return reader(stripped)
        except ValueError:
            continue
    return text


def _decoded(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text


def _one_of_fields(fields: Mapping[str, Any]) -> str:
    return "one of " + ", ".join(f"`{name}`" for name in fields)
