"""What templates may compute: operators, formatting, methods and filters, each within limits.

Jinja's own functions do the work. Around them stand three rules of the language: text filters see
a value as it prints, nothing is marked as HTML, and what could build something huge is paid for
before it is built.
"""

import random
import re
from collections.abc import Callable, Iterable, Mapping, Sized
from functools import wraps
from typing import Any

from jinja2 import Undefined
from jinja2.environment import Environment
from jinja2.exceptions import FilterArgumentError
from jinja2.filters import FILTERS as JINJA_FILTERS
from jinja2.sandbox import SandboxedFormatter
from jinja2.utils import generate_lorem_ipsum
from markupsafe import Markup

from botticelli.compiler.semantics.allowance import (
    MAX_FORMAT_WIDTH,
    MAX_NUMBER_BITS,
    LimitError,
    spend_characters,
    spend_steps,
)
from botticelli.compiler.semantics.templates import TableRows, as_json, printed


def show(value: object) -> str:
    """Return the printed form of a value and account for it."""
    text = str(value) if isinstance(value, Undefined) else printed(value)
    spend_characters(len(text) + 1)
    return text


def kind_of(value: object) -> str:
    if isinstance(value, TableRows):
        return "the table"
    if isinstance(value, str):
        return "text"
    if isinstance(value, Mapping):
        return "the record"
    if isinstance(value, list | tuple):
        return "the list"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    return f"a {type(value).__name__.lower()}"


def add(left: Any, right: Any) -> Any:
    """``+``; a table beside text is its text, as with ``~``."""
    if isinstance(left, TableRows) and isinstance(right, str):
        left = left.text
    elif isinstance(right, TableRows) and isinstance(left, str):
        right = right.text
    if isinstance(left, str) != isinstance(right, str):
        other = right if isinstance(left, str) else left
        raise TypeError(f"`+` takes two texts, but one side is {kind_of(other)}; `~` joins as text")
    if isinstance(left, str | list | tuple) and isinstance(right, str | list | tuple):
        spend_characters(len(left) + len(right))
    return left + right


def multiply(left: Any, right: Any) -> Any:
    """``*``, of numbers or of a sequence and how often it is repeated."""
    if isinstance(left, int) and isinstance(right, int):
        _limit_bits(left.bit_length() + right.bit_length())
    elif isinstance(left, str | list | tuple) and isinstance(right, int):
        spend_characters(len(left) * max(right, 0))
    elif isinstance(right, str | list | tuple) and isinstance(left, int):
        spend_characters(len(right) * max(left, 0))
    return left * right


def power(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int):
        _limit_bits(left.bit_length() * abs(right))
    return left**right


def _limit_bits(bits: int) -> None:
    if bits > MAX_NUMBER_BITS:
        raise LimitError("the template computes a number that is too large")


_WIDE = re.compile(r"%[^%a-zA-Z]*(?:\*|\d{5,})|\d{5,}")


def remainder(left: Any, right: Any) -> Any:
    """``%``: the remainder of numbers, or printf-style formatting of text."""
    if not isinstance(left, str):
        return left % right
    if isinstance(right, Mapping):
        return format_printf(left, {key: _field(value) for key, value in right.items()})
    if isinstance(right, tuple):
        return format_printf(left, tuple(map(_field, right)))
    return format_printf(left, _field(right))


def format_printf(template: str, values: object) -> str:
    """Apply printf-style formatting, refusing widths that are too large."""
    if "%" in template and _WIDE.search(template):
        raise LimitError(f"a width in the format is over {MAX_FORMAT_WIDTH - 1:,}")
    result = template % values
    spend_characters(len(result))
    return result


def _field(value: object) -> object:
    numeric = isinstance(value, str | int | float) and not isinstance(value, bool)
    return value if numeric else printed(value)


class Formatter(SandboxedFormatter):
    """The ``format`` of one text, with the sandbox's view of fields and without huge widths."""

    def __init__(self, environment: Environment, template: str) -> None:
        super().__init__(environment)
        self._template = template

    def __call__(self, *values: object, **named: object) -> str:
        return self.vformat(self._template, values, named)

    def format_field(self, value: Any, format_spec: str) -> str:
        if not format_spec:
            return show(value)
        if _WIDE.search(format_spec):
            raise LimitError(f"a width in the format is over {MAX_FORMAT_WIDTH - 1:,}")
        text = format(value, format_spec)
        spend_characters(len(text))
        return text


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": add,
    "*": multiply,
    "**": power,
    "%": remainder,
}


# Methods of text that can build something longer than the text


def _fill(text: str, width: int, fill: str, method: Callable[..., str]) -> str:
    spend_characters(max(width, len(text)))
    return method(text, width, fill)


def _center(text: str, width: int, fill: str = " ") -> str:
    return _fill(text, width, fill, str.center)


def _ljust(text: str, width: int, fill: str = " ") -> str:
    return _fill(text, width, fill, str.ljust)


def _rjust(text: str, width: int, fill: str = " ") -> str:
    return _fill(text, width, fill, str.rjust)


def _zfill(text: str, width: int) -> str:
    spend_characters(max(width, len(text)))
    return text.zfill(width)


def _join(text: str, values: Iterable[object]) -> str:
    return join(values, text)


def _replace(text: str, old: str, new: str, count: int = -1) -> str:
    found = text.count(old) if count < 0 else min(count, text.count(old))
    spend_characters(len(text) + found * len(new))
    return text.replace(old, new, count)


BOUNDED_METHODS: dict[str, Callable[..., str]] = {
    "center": _center,
    "join": _join,
    "ljust": _ljust,
    "replace": _replace,
    "rjust": _rjust,
    "zfill": _zfill,
}


# Filters


TEXT_FILTERS = frozenset(
    "capitalize center e escape forceescape format indent lower replace safe striptags string"  # noqa: SIM905
    " title trim truncate upper urlize wordcount wordwrap".split()
)
"""Filters that work on text: whatever is given to them is first what it would print as."""

REFUSED_FILTERS = {"random": "a run must be repeatable, and chance is not"}
"""Filters of Jinja that are not there, and why."""

_MAX_SLOW_TEXT = 200_000
_SLOW_FILTERS = frozenset({"striptags", "urlize", "wordwrap"})
_MAX_INDENT = 16
_MAX_PRECISION = 100
_MAX_GROUPS = 100_000


def join(values: Iterable[object], separator: object = "") -> str:
    """Join printed values."""
    between = printed(separator)
    parts: list[str] = []
    for value in values:
        spend_characters(len(between))
        parts.append(show(value))
    return between.join(parts)


def tojson(value: object, indent: int | None = None) -> str:
    """Return plain JSON; Jinja's own filter escapes it for HTML."""
    if indent is not None and indent > _MAX_INDENT:
        raise LimitError(f"an indent over {_MAX_INDENT}")
    return as_json(value, indent)


def lorem_ipsum(n: int = 5, html: bool = False, min: int = 20, max: int = 100) -> str:  # noqa: A002
    """Return placeholder text, the same in every run. ``n`` is a number of paragraphs."""
    spend_characters(n * max * 12)
    state = random.getstate()
    random.seed(0)
    try:
        return str(generate_lorem_ipsum(n, html, min, max))
    finally:
        random.setstate(state)


def _expect_center(_: str, width: int = 80) -> None:
    spend_characters(width)


def _expect_indent(text: str, width: int | str = 4, *_: object, **__: object) -> None:
    size = width if isinstance(width, int) else len(width)
    spend_characters((text.count("\n") + 1) * size)


def _expect_replace(text: str, old: object, new: object, count: int | None = None) -> None:
    found = text.count(printed(old))
    spend_characters((found if count is None else min(found, count)) * len(printed(new)))


def _expect_wordwrap(
    text: str,
    width: int = 79,
    break_long_words: bool = True,
    wrapstring: str | None = None,
    break_on_hyphens: bool = True,
) -> None:
    del break_long_words, break_on_hyphens
    lines = len(text) // max(width, 1) + text.count("\n") + text.count(" ") + 1
    spend_characters(lines * len(wrapstring or "\n"))


def _expect_groups(_: object, count: int, *__: object, **___: object) -> None:
    if count > _MAX_GROUPS:
        raise LimitError(f"more than {_MAX_GROUPS:,} columns or groups")


def _expect_round(_: object, precision: int = 0, *__: object, **___: object) -> None:
    if abs(precision) > _MAX_PRECISION:
        raise LimitError(f"a precision over {_MAX_PRECISION}")


def _expect_sum(_: object, attribute: object = None, start: object = 0) -> None:
    del attribute
    if not isinstance(start, int | float):
        raise FilterArgumentError("`sum` adds numbers")


_EXPECTATIONS: dict[str, Callable[..., None]] = {
    "batch": _expect_groups,
    "center": _expect_center,
    "indent": _expect_indent,
    "replace": _expect_replace,
    "round": _expect_round,
    "slice": _expect_groups,
    "sum": _expect_sum,
    "wordwrap": _expect_wordwrap,
}


def _within_limits(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return Jinja's filter under the rules of this module.

    Some filters take the environment or context first; Jinja marks those on the function itself.
    """
    place = 1 if hasattr(function, "jinja_pass_arg") else 0
    expect = _EXPECTATIONS.get(name)

    @wraps(function)
    def limited(*arguments: Any, **options: Any) -> Any:
        leading, value, rest = arguments[:place], arguments[place], arguments[place + 1 :]
        if name in TEXT_FILTERS and not isinstance(value, Undefined):
            value = printed(value)
        size = 1 if isinstance(value, Undefined) or not isinstance(value, Sized) else len(value)
        if name in _SLOW_FILTERS and size > _MAX_SLOW_TEXT:
            raise LimitError(f"`{name}` takes no more than {_MAX_SLOW_TEXT:,} characters")
        spend_steps()
        spend_characters(size)
        if expect is not None:
            expect(value, *rest, **options)
        result = function(*leading, value, *rest, **options)
        return str(result) if isinstance(result, Markup) else result

    return limited


def _printf(value: str, *arguments: object, **options: object) -> str:
    if arguments and options:
        raise FilterArgumentError("`format` takes values by place or by name, not both")
    return str(remainder(value, options or arguments))


def _join_filter(
    environment: Environment, values: Iterable[object], d: object = "", attribute: str | None = None
) -> str:
    if attribute is not None:
        values = (_attribute(environment, value, attribute) for value in values)
    return join(values, d)


_join_filter.jinja_pass_arg = JINJA_FILTERS["attr"].jinja_pass_arg  # type: ignore[attr-defined]


def _attribute(environment: Environment, value: object, path: str | int) -> object:
    for part in str(path).split("."):
        value = environment.getitem(value, int(part) if part.isdigit() else part)
    return value


OWN_FILTERS: dict[str, Callable[..., Any]] = {
    "format": _printf,
    "join": _join_filter,
    "safe": str,
    "string": str,
    "tojson": tojson,
}

FILTERS: dict[str, Callable[..., Any]] = {
    name: _within_limits(name, function)
    for name, function in {**JINJA_FILTERS, **OWN_FILTERS}.items()
    if name not in REFUSED_FILTERS
}
