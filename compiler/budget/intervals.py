"""Intervals of what is used, and how they add up along a run.

A floor holds for every run that completes, a ceiling for every run; a ceiling of None has no bound.
Tokens and requests are whole numbers but for expectations.
"""

import math
from collections.abc import Callable

from msgspec import Struct


class Interval(Struct, frozen=True):
    """At least `floor`, about `expected`, at most `ceiling` (None: no bound)."""

    floor: float = 0
    expected: float = 0
    ceiling: float | None = 0

    def __add__(self, other: "Interval") -> "Interval":
        return Interval(
            self.floor + other.floor,
            self.expected + other.expected,
            added(self.ceiling, other.ceiling),
        )

    def __or__(self, other: "Interval") -> "Interval":
        """One or the other, each as likely."""
        return Interval(
            min(self.floor, other.floor),
            (self.expected + other.expected) / 2,
            greater(self.ceiling, other.ceiling),
        )

    def times(self, count: int) -> "Interval":
        ceiling = None if self.ceiling is None else self.ceiling * count
        return Interval(self.floor * count, self.expected * count, ceiling)

    def series(self, last: "Interval", count: int) -> "Interval":
        """The sum of `count` terms of which this is the first.

        Ceilings are greatest values of straight lines, so they lie below the chord; floors are
        least values and lie above it. Where the terms lie on a line, the sum is exact.
        """
        ceiling = added(self.ceiling, last.ceiling)
        return Interval(
            _half((self.floor + last.floor) * count, math.floor),
            (self.expected + last.expected) * count / 2,
            None if ceiling is None else _half(ceiling * count, math.ceil),
        )

    def unbounded(self) -> "Interval":
        return Interval(self.floor, self.expected, None)

    def parts(self, expected: "Interval", ceiling: "Interval") -> "Interval":
        """This floor, with the expectation and the ceiling of others."""
        return Interval(self.floor, expected.expected, ceiling.ceiling)


def _half(number: float, whole: Callable[[float], int]) -> float:
    """Half of a number; of a whole number, a whole one."""
    return whole(number / 2) if isinstance(number, int) else number / 2


def added(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first + second


def greater(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else max(first, second)


ZERO = Interval()


def exactly(number: float) -> Interval:
    return Interval(number, number, number)


class Use(Struct, frozen=True, kw_only=True):
    """What some requests use: how many they are, their tokens, and US dollars.

    `priced` is False when the price of a model among them is not known; `cost` then lacks it.
    """

    requests: Interval = ZERO
    input: Interval = ZERO
    output: Interval = ZERO
    cost: Interval = ZERO
    priced: bool = True

    @property
    def tokens(self) -> Interval:
        return self.input + self.output

    def __add__(self, other: "Use") -> "Use":
        return Use(
            requests=self.requests + other.requests,
            input=self.input + other.input,
            output=self.output + other.output,
            cost=self.cost + other.cost,
            priced=self.priced and other.priced,
        )

    def __or__(self, other: "Use") -> "Use":
        return Use(
            requests=self.requests | other.requests,
            input=self.input | other.input,
            output=self.output | other.output,
            cost=self.cost | other.cost,
            priced=self.priced and other.priced,
        )

    def times(self, count: int) -> "Use":
        return Use(
            requests=self.requests.times(count),
            input=self.input.times(count),
            output=self.output.times(count),
            cost=self.cost.times(count),
            priced=self.priced,
        )

    def series(self, last: "Use", count: int) -> "Use":
        return Use(
            requests=self.requests.series(last.requests, count),
            input=self.input.series(last.input, count),
            output=self.output.series(last.output, count),
            cost=self.cost.series(last.cost, count),
            priced=self.priced and last.priced,
        )

    def unbounded(self) -> "Use":
        return Use(
            requests=self.requests.unbounded(),
            input=self.input.unbounded(),
            output=self.output.unbounded(),
            cost=self.cost.unbounded(),
            priced=self.priced,
        )

    def parts(self, expected: "Use", ceiling: "Use") -> "Use":
        return Use(
            requests=self.requests.parts(expected.requests, ceiling.requests),
            input=self.input.parts(expected.input, ceiling.input),
            output=self.output.parts(expected.output, ceiling.output),
            cost=self.cost.parts(expected.cost, ceiling.cost),
            priced=self.priced and expected.priced and ceiling.priced,
        )


NONE = Use()
