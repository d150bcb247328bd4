"""Intervals of what is used, and how they add up along a run.

A floor holds for every run that completes, a ceiling for every run; a ceiling of None has no bound.
Tokens and requests are whole numbers but for expectations.
"""

from collections.abc import Callable

from msgspec import Struct

_COUNTED = 2**53
"""Up to here the numbers of a float are exact."""
_BEYOND = 1e300
"""What is expected beyond this is expected to be this."""


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
        return Interval(self.floor * count, _about(self.expected * count), ceiling)

    def over(self, count: int) -> "Interval":
        """The mean of so many of which this is the sum."""
        ceiling = None if self.ceiling is None else -(-self.ceiling // count)
        return Interval(self.floor // count, self.expected / count, ceiling)

    def series(self, last: "Interval", count: int) -> "Interval":
        """The sum of `count` terms of which this is the first.

        Ceilings are greatest values of straight lines, so they lie below the chord; floors are
        least values and lie above it. Where the terms lie on a line, the sum is exact.
        """
        ceiling = added(self.ceiling, last.ceiling)
        return Interval(
            _half_down((self.floor + last.floor) * count),
            _about((self.expected + last.expected) * count) / 2,
            None if ceiling is None else _half_up(ceiling * count),
        )

    def within(self, most: float | None) -> "Interval":
        """The same where something holds it to so much; None holds it to nothing."""
        if most is None:
            return self
        ceiling = most if self.ceiling is None else min(self.ceiling, most)
        return Interval(min(self.floor, ceiling), min(self.expected, ceiling), ceiling)

    def unbounded(self) -> "Interval":
        return Interval(self.floor, self.expected, None)

    def parts(self, expected: "Interval", ceiling: "Interval") -> "Interval":
        """This floor, with the expectation and the ceiling of others."""
        return Interval(self.floor, expected.expected, ceiling.ceiling)


def _about(number: float) -> float:
    """An expectation, which need not be exact where it is beyond counting."""
    if isinstance(number, int) and number <= _COUNTED:
        return number
    return _BEYOND if number > _BEYOND else float(number)


def _half_down(number: float) -> float:
    """Half of a number; of a whole number a whole one, however large it is."""
    return number // 2 if isinstance(number, int) else number / 2


def _half_up(number: float) -> float:
    return -(-number // 2) if isinstance(number, int) else number / 2


def added(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first + second


def greater(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else max(first, second)


ZERO = Interval()


def exactly(number: float) -> Interval:
    return Interval(number, number, number)


class Use(Struct, frozen=True, kw_only=True):
    """What some requests use: how many they are, their tokens in, out and together, US dollars.

    `priced` is False when the price of a model among them is not known; `cost` then lacks it.
    """

    requests: Interval = ZERO
    input: Interval = ZERO
    output: Interval = ZERO
    tokens: Interval = ZERO
    cost: Interval = ZERO
    priced: bool = True

    def __add__(self, other: "Use") -> "Use":
        return self._with(other, Interval.__add__)

    def __or__(self, other: "Use") -> "Use":
        """One or the other, each as likely."""
        return self._with(other, Interval.__or__)

    def times(self, count: int) -> "Use":
        return self._each(lambda part: part.times(count))

    def over(self, count: int) -> "Use":
        """The mean of so many of which this is the sum."""
        return self._each(lambda part: part.over(count))

    def series(self, last: "Use", count: int) -> "Use":
        return self._with(last, lambda first, other: first.series(other, count))

    def unbounded(self) -> "Use":
        return self._each(Interval.unbounded)

    def parts(self, expected: "Use", ceiling: "Use") -> "Use":
        """This floor, with the expectation and the ceiling of others."""
        return Use(
            requests=self.requests.parts(expected.requests, ceiling.requests),
            input=self.input.parts(expected.input, ceiling.input),
            output=self.output.parts(expected.output, ceiling.output),
            tokens=self.tokens.parts(expected.tokens, ceiling.tokens),
            cost=self.cost.parts(expected.cost, ceiling.cost),
            priced=self.priced and expected.priced and ceiling.priced,
        )

    def _each(self, change: Callable[[Interval], Interval]) -> "Use":
        return Use(
            requests=change(self.requests),
            input=change(self.input),
            output=change(self.output),
            tokens=change(self.tokens),
            cost=change(self.cost),
            priced=self.priced,
        )

    def _with(self, other: "Use", join: Callable[[Interval, Interval], Interval]) -> "Use":
        return Use(
            requests=join(self.requests, other.requests),
            input=join(self.input, other.input),
            output=join(self.output, other.output),
            tokens=join(self.tokens, other.tokens),
            cost=join(self.cost, other.cost),
            priced=self.priced and other.priced,
        )


NONE = Use()
