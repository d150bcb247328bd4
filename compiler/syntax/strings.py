"""From the pieces of a written string to its value and to the place of each of its characters.

A reader of strings, TOML's or YAML's, gives the pieces in order: a run of text that stands in the
source as it is in the value, or what an escape or a folded line break became, with the range that
it was written in. Value and map are two ways to look at the same pieces and so cannot disagree.
"""

from collections.abc import Iterable
from typing import NamedTuple

from botticelli.compiler.syntax.nodes import StringMap


class Piece(NamedTuple):
    """Some text of a value and the source range ``[start, end)`` that produced it.

    Where the range is as long as the text, they agree character by character; otherwise the whole
    range produced each character. ``fault`` says what is wrong with a range that produced nothing.
    """

    text: str
    start: int
    end: int
    fault: str = ""


def value_of(pieces: Iterable[Piece]) -> str:
    """Return the value that the pieces make."""
    return "".join([piece.text for piece in pieces])


def map_of(pieces: Iterable[Piece], start: int, end: int) -> StringMap:
    """Return where each character of the value stands; ``[start, end)`` is the written content."""
    starts: list[int] = []
    ends: list[int] = []
    for text, first, last, _ in pieces:
        if len(text) == last - first:
            starts.extend(range(first, last))
            ends.extend(range(first + 1, last + 1))
        else:
            starts.extend([first] * len(text))
            ends.extend([last] * len(text))
    return StringMap(starts, ends, start, end)
