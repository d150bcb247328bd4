"""What stands between the quotes of a TOML string: its pieces, escapes and line breaks read."""

import re
from collections.abc import Iterator
from functools import partial

from botticelli.compiler.syntax.found import control_character
from botticelli.compiler.syntax.nodes import StringMap
from botticelli.compiler.syntax.strings import Piece, map_of

_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}

_RUN = r"[^\\\x00-\x08\x0a-\x1f\x7f]++"
_BASIC = re.compile(
    rf"""
      (?P<run>{_RUN})
    | \\(?P<short>[btnfr"\\])
    | \\u(?P<four>[0-9A-Fa-f]{{4}})
    | \\U(?P<eight>[0-9A-Fa-f]{{8}})
    | (?P<joint>\\[ \t]*+\r?\n(?:[ \t]|\r?\n)*)
    | (?P<newline>\r?\n)
    | (?P<bad>\\[uU][0-9A-Fa-f]{{0,8}}|\\.|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_LITERAL = re.compile(
    r"(?P<run>[^\x00-\x08\x0a-\x1f\x7f]++)|(?P<newline>\r?\n)|(?P<bad>.)", re.DOTALL
)
_FIRST_NEWLINE = re.compile(r"\r?\n")


def content(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the bounds of what stands between the delimiters of the string ``[start, end)``.

    The line break that may follow the opening delimiter of a multi-line string is no content.
    """
    if end - start < 6 or text[start : start + 3] not in ('"""', "'''"):
        return start + 1, end - 1
    newline = _FIRST_NEWLINE.match(text, start + 3, end - 3)
    return newline.end() if newline else start + 3, end - 3


def pieces(text: str, start: int, end: int) -> Iterator[Piece]:
    """Read the TOML string that stands at ``[start, end)``, delimiters included."""
    first, last = content(text, start, end)
    pattern = _BASIC if text[start] == '"' else _LITERAL
    while first < last:
        match = pattern.match(text, first, last)
        assert match is not None  # the last alternative takes any character
        piece = _piece(match)
        if piece is not None:
            yield piece
        first = match.end()


def string_map(text: str, start: int, end: int) -> StringMap:
    """Return the map of the characters of the TOML string at ``[start, end)``."""
    return map_of(pieces(text, start, end), *content(text, start, end))


def mapper(text: str, start: int, end: int) -> "partial[StringMap]":
    """Return the function that builds the map when it is asked for."""
    return partial(string_map, text, start, end)


def _piece(match: re.Match[str]) -> Piece | None:
    start, end = match.span()
    kind = match.lastgroup
    assert kind is not None
    written = match[kind]
    if kind == "run":
        return Piece(written, start, end)
    if kind == "newline":
        return Piece("\n", start, end)
    if kind == "joint":
        return None
    if kind == "short":
        return Piece(_ESCAPES[written], start, end)
    if kind == "bad":
        return Piece("", start, end, _fault(written))
    code = int(written, 16)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        return Piece("", start, end, f"`{match[0]}` is no Unicode character")
    return Piece(chr(code), start, end)


def _fault(written: str) -> str:
    if written[0] != "\\":
        return control_character(written)
    if written[1:2] in ("u", "U"):
        digits = 4 if written[1] == "u" else 8
        return f"`{written[:2]}` takes {digits} hexadecimal digits, not {len(written) - 2}"
    if written[1:2].isprintable() and written[1:2] not in ("", " "):
        return f"`{written}` is not an escape of TOML"
    return "a `\\` that escapes nothing"
