"""How a fault's place is described: what stands there, and the range that is underlined."""

import re
import unicodedata

from botticelli.compiler.source import Span
from botticelli.compiler.syntax.faults import quoted

ENDS = ("the end of the line", "the end of the file", "a comment")

_WORD = re.compile(r"[^\W\d_][\w-]*|[+-]?\d[\w.:-]*")


def found(text: str, place: int) -> str:
    """Say what stands at a place of the text."""
    if place >= len(text):
        return "the end of the file"
    if text.startswith(("\n", "\r\n"), place):
        return "the end of the line"
    if text[place] == "#":
        return "a comment"
    if text[place] in "\"'":
        return "a string"
    word = _WORD.match(text, place)
    return quoted(word[0]) if word else character(text[place])


def found_span(text: str, place: int) -> Span:
    """Return the range that ``found`` speaks of."""
    if place >= len(text) or text.startswith(("\n", "\r\n", "#"), place):
        return Span(place, place)
    word = _WORD.match(text, place)
    return Span(place, word.end() if word else place + 1)


def character(text: str) -> str:
    """Name one character so that an invisible one is seen."""
    if text == "\t":
        return "a tab"
    if text == "`":
        return "a backtick"
    if text.isprintable() and text != " ":
        return f"`{text}`"
    name = unicodedata.name(text, "")
    return f"the character U+{ord(text):04X}" + (f" ({name.lower()})" if name else "")


def hidden_in(text: str) -> str | None:
    """Return the first character of ``text`` that cannot be seen, if there is one."""
    return next((c for c in text if not c.isprintable() and c != "\t"), None)


def control_character(text: str) -> str:
    """Say what is wrong with a control character where text stands."""
    if text == "\r":
        return "a carriage return without a line feed"
    return f"the control character U+{ord(text):04X} cannot stand here as it is"


def is_first_on_line(text: str, place: int) -> bool:
    """Return whether nothing but blanks stands before a place on its line."""
    return not text[text.rfind("\n", 0, place) + 1 : place].strip(" \t")


def column(text: str, place: int) -> int:
    """Return the column of a place, from 1."""
    return place - text.rfind("\n", 0, place)
