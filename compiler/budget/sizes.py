"""How many tokens texts and values are: at least, about, and at most.

Known text counts a sixteenth of its bytes at least (a run of one character as one character) and
at most one token a byte, after the normalisation of the model's family. Answers are bounded by
their own tokens, and a tenth more where they are put into a prompt again.
"""

import math
import re

from msgspec import Struct

from botticelli.compiler.ir.types import Type, Unknown
from botticelli.compiler.semantics.tokens import Family, byte_length

BYTES_PER_TOKEN_AT_LEAST = 16
BYTES_PER_TOKEN_EXPECTED = 4
BYTES_PER_TOKEN_AT_MOST = 128
"""The longest piece of any vocabulary that is public, in bytes."""

_RUN = re.compile(r"(.)\1+", re.DOTALL)


def floor_tokens(text: str) -> int:
    """The fewest tokens that a known text is assumed to take."""
    return byte_length(_RUN.sub(r"\1", text)) // BYTES_PER_TOKEN_AT_LEAST


class Size(Struct, frozen=True):
    """A text in a prompt: its tokens, and its bytes at least and at most (None: no bound)."""

    floor: int = 0
    expected: float = 0.0
    ceiling: int | None = 0
    least: int = 0
    most: int | None = 0

    def within(self, most: int | None, family: Family) -> "Size":
        """The size of the text when it is cut at so many bytes, after a whole line."""
        if most is None or (self.most is not None and self.most <= most):
            return self
        ceiling = most * family.growth
        return Size(
            0,
            min(self.expected, most / BYTES_PER_TOKEN_EXPECTED),
            ceiling if self.ceiling is None else min(self.ceiling, ceiling),
            0,
            most,
        )


def known(text: str, family: Family) -> Size:
    """The size of a text that is known."""
    size = byte_length(text)
    return Size(floor_tokens(text), family.estimate(text), family.ceiling(text), size, size)


def bounded(most: int | None, family: Family, expected: float | None = None) -> Size:
    """The size of a text of which only a bound on its bytes is known, if that."""
    about = expected
    if about is None:
        about = 250.0 if most is None else min(most / 2, 1000.0) / BYTES_PER_TOKEN_EXPECTED
    return Size(0, about, None if most is None else most * family.growth, 0, most)


class Value(Struct, frozen=True, kw_only=True):
    """A value that templates can use: what it takes when it is printed as it is, in tokens, and how
    many bytes it has as it prints and as JSON. `why` says why a bound is missing."""

    expected: float = 0.0
    ceiling: int | None = 0
    most: int | None = 0
    json: int | None = 0
    type: Type = Unknown()
    why: str = ""

    def __or__(self, other: "Value") -> "Value":
        def greater(first: int | None, second: int | None) -> int | None:
            return None if first is None or second is None else max(first, second)

        return Value(
            expected=(self.expected + other.expected) / 2,
            ceiling=greater(self.ceiling, other.ceiling),
            most=greater(self.most, other.most),
            json=greater(self.json, other.json),
            type=self.type if self.type == other.type else Unknown(),
            why=self.why or other.why,
        )

    def is_like(self, other: "Value") -> bool:
        """Whether two values have the same bounds, and all but the same expectation."""
        return (self.ceiling, self.most, self.json) == (
            other.ceiling,
            other.most,
            other.json,
        ) and math.isclose(self.expected, other.expected, rel_tol=1e-3, abs_tol=0.01)


NOTHING = Value()


def text_value(most: int | None, family: Family, why: str = "", type_: Type | None = None) -> Value:
    """A value that prints as text of at most so many bytes."""
    size = bounded(most, family)
    return Value(
        expected=size.expected,
        ceiling=size.ceiling,
        most=most,
        json=None if most is None else 6 * most + 2,
        type=type_ or Unknown(),
        why=why if most is None else "",
    )


def known_value(text: str, family: Family) -> Value:
    size = known(text, family)
    most = byte_length(text)
    return Value(expected=size.expected, ceiling=size.ceiling, most=most, json=6 * most + 2)


def again(tokens: int | None) -> int | None:
    """The tokens of an answer in a later prompt: its own bound and a tenth."""
    return None if tokens is None else -(-tokens * 11 // 10)
