"""The functions of filters and conditions, on values. Those of the clock need no arguments."""

from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from math import isfinite
from typing import Any

_MOST_DIGITS = 30


def call(name: str, arguments: Sequence[Any]) -> Any:
    """Return a function's value: null for a null argument, except for `coalesce`.

    Raises TypeError for an argument of a kind that the function does not take.
    """
    if name == "coalesce":
        return next((value for value in arguments if value is not None), None)
    if any(value is None for value in arguments):
        return None
    return _FUNCTIONS[name](*arguments)


def _length(value: Any) -> int:
    if not isinstance(value, str | list | tuple):
        raise TypeError
    return len(value)


def _abs(value: Any) -> int | float:
    _require_number(value)
    result: int | float = abs(value)
    return result


def _round(value: Any, digits: Any = 0) -> int | float:
    """Round half away from zero, as SQL does."""
    _require_number(value)
    if isinstance(digits, bool) or not isinstance(digits, int):
        raise TypeError
    whole = isinstance(value, int)
    number: int | float = value
    if (whole and digits >= 0) or digits > _MOST_DIGITS or not isfinite(number):
        return number
    if digits < -_MOST_DIGITS:
        return 0 if whole else 0.0
    rounded = _round_half_up(Decimal(repr(number)), digits)
    return int(rounded) if whole else float(rounded)


def _round_half_up(value: Decimal, digits: int) -> Decimal:
    shifted = value.scaleb(digits)
    return shifted.to_integral_value(ROUND_HALF_UP).scaleb(-digits)


def _require_number(value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "lower": str.lower,
    "upper": str.upper,
    "trim": str.strip,
    "length": _length,
    "abs": _abs,
    "round": _round,
}
