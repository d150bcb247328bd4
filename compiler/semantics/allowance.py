"""How far one rendering of a template may go: steps, characters, seconds.

A template is an author's, but what it is given is not: a loop over a table is as long as the table.
Every loop, call and piece of text is paid for from one allowance per rendering.
"""

from contextvars import ContextVar, Token
from time import monotonic

MAX_STEPS = 1_000_000
"""Passes of loops and calls that one rendering may make."""
MAX_CHARACTERS = 32_000_000
"""Code points that one rendering may print or build, intermediate values included."""
MAX_SECONDS = 5.0
"""A rendering that passes the other limits and still takes this long is stopped: a last resort."""
MAX_NUMBER_BITS = 4096
MAX_FORMAT_WIDTH = 10_000


class LimitError(Exception):
    """The template wants more than one rendering may have."""


class Allowance:
    """What is left to the rendering that is going on."""

    __slots__ = ("characters", "deadline", "steps")

    def __init__(self) -> None:
        self.steps = MAX_STEPS
        self.characters = MAX_CHARACTERS
        self.deadline = monotonic() + MAX_SECONDS

    def step(self, count: int = 1) -> None:
        self.steps -= count
        if self.steps < 0:
            raise LimitError(f"the template takes more than {MAX_STEPS:,} steps")
        if monotonic() > self.deadline:
            raise LimitError(f"the template takes longer than {MAX_SECONDS:g} seconds")

    def build(self, size: int) -> None:
        """Account for a value of ``size`` code points or elements, before it is built if it can."""
        self.characters -= size
        if self.characters < 0:
            raise LimitError(f"the template builds more than {MAX_CHARACTERS:,} characters")


_allowance: ContextVar[Allowance] = ContextVar("allowance")


def begin() -> Token[Allowance]:
    """Start a fresh allowance for a rendering in this context."""
    return _allowance.set(Allowance())


def end(token: Token[Allowance]) -> None:
    """Return to the allowance that was in force before."""
    _allowance.reset(token)


def spend_steps(count: int = 1) -> None:
    _allowance.get().step(count)


def spend_characters(size: int) -> None:
    _allowance.get().build(size)
