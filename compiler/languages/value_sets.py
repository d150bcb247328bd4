"""Sets of constants of one kind: the values for which a comparison is true.

A set is a union of intervals of an ordered kind (numbers, moments, text), and null beside it.
Ends are pairs (value, side): side -1 stands just below the value, +1 just above it, so that an
interval is half-open between two ends and a point lies between its own two. The ends of the whole
line are None.
"""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

End = tuple[Any, int] | None
Range = tuple[End, End]


class ValueSet(Struct, frozen=True):
    """Disjoint ranges in rising order, and whether null belongs to the set."""

    ranges: tuple[Range, ...] = ()
    null: bool = False

    @property
    def is_empty(self) -> bool:
        return not self.ranges and not self.null

    def complement(self) -> "ValueSet":
        gaps: list[Range] = []
        start: End = None
        for low, high in self.ranges:
            if low is not None:
                gaps.append((start, low))
            if high is None:
                return ValueSet(tuple(gaps), not self.null)
            start = high
        return ValueSet((*gaps, (start, None)), not self.null)


EVERYTHING = ValueSet(((None, None),), null=True)
NOTHING = ValueSet()


def point(value: Any) -> ValueSet:
    return ValueSet((((value, -1), (value, 1)),))


def between(low: Any | None, high: Any | None) -> ValueSet:
    """Return the values from ``low`` to ``high``, both included; None is no bound."""
    if low is not None and high is not None and low > high:
        return NOTHING
    return ValueSet(((None if low is None else (low, -1), None if high is None else (high, 1)),))


def compared(operator: str, value: Any) -> ValueSet:
    """Return the values x for which ``x operator value``."""
    below, above = (value, -1), (value, 1)
    ranges: dict[str, tuple[Range, ...]] = {
        "=": ((below, above),),
        "!=": ((None, below), (above, None)),
        "<": ((None, below),),
        "<=": ((None, above),),
        ">": ((above, None),),
        ">=": ((below, None),),
    }
    return ValueSet(ranges[operator])


def union(sets: Iterable[ValueSet]) -> ValueSet:
    """Return what is in any of the sets. Raises TypeError when their values have no order."""
    sets = list(sets)
    ranges = sorted((item for each in sets for item in each.ranges), key=_low_key)
    merged: list[Range] = []
    for low, high in ranges:
        if merged and (merged[-1][1] is None or _low_key((low, None)) <= _key(merged[-1][1])):
            previous = merged[-1]
            merged[-1] = (previous[0], _later(previous[1], high))
        else:
            merged.append((low, high))
    return ValueSet(tuple(merged), any(each.null for each in sets))


def intersection(sets: Iterable[ValueSet]) -> ValueSet:
    """Return what is in all of the sets. Raises TypeError when their values have no order."""
    return union([each.complement() for each in sets]).complement()


def whole_numbers(numbers: ValueSet) -> ValueSet:
    """Return the set without the ranges that hold no whole number."""
    return ValueSet(tuple(each for each in numbers.ranges if _has_whole(*each)), numbers.null)


def _has_whole(low: End, high: End) -> bool:
    if low is None or high is None:
        return True
    first = int(low[0] // 1)
    if first < low[0] or low[1] > 0:
        first += 1
    return first < high[0] or (first == high[0] and high[1] > 0)


def _key(end: tuple[Any, int]) -> tuple[int, Any, int]:
    return (1, end[0], end[1])


def _low_key(item: tuple[End, End | None]) -> tuple[int, Any, int]:
    return (0, 0, 0) if item[0] is None else _key(item[0])


def _later(first: End, second: End) -> End:
    if first is None or second is None:
        return None
    return max(first, second)
