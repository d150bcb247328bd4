"""The pieces of a YAML string as it is written: escapes, folded lines, block indentation.

libyaml gives a scalar's value and the range that it is written in, but not which character came
from where. This module reads the range once more by the same rules. Should the two ever disagree,
the map says only that the string stands within its range.
"""

import re
from collections.abc import Iterator
from functools import partial

from botticelli.compiler.syntax.nodes import StringMap
from botticelli.compiler.syntax.strings import Piece, map_of, value_of

# libyaml follows YAML 1.1 in what breaks a line; the last two are kept as they are in a value.
_BREAK = "\r\n|[\n\r\x85\u2028\u2029]"
_BREAKS = re.compile(_BREAK)
_SPACES = re.compile(" *")
_NOT_BREAK = "[^\n\r\x85\u2028\u2029]"
_FOLD = rf"(?P<fold>[ \t]*+(?:{_BREAK})(?:[ \t]|{_BREAK})*)"
_RUN_END = "\n\r\x85\u2028\u2029 \t"
_BLANK_RUN = r"(?P<blank>[ \t]++)"

_PLAIN = re.compile(rf"(?P<run>[^{_RUN_END}]++)|{_FOLD}|{_BLANK_RUN}")
_SINGLE = re.compile(rf"(?P<run>[^'{_RUN_END}]++)|(?P<quote>'')|{_FOLD}|{_BLANK_RUN}")
_DOUBLE = re.compile(
    rf"(?P<run>[^\\{_RUN_END}]++)"
    rf"|(?P<joint>\\(?:{_BREAK})(?:[ \t]|{_BREAK})*)"
    r"|\\[xuU](?P<code>(?<=x)[0-9A-Fa-f]{2}|(?<=u)[0-9A-Fa-f]{4}|(?<=U)[0-9A-Fa-f]{8})"
    rf"|(?P<escape>\\.)|{_FOLD}|{_BLANK_RUN}"
)
_ESCAPES = {
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "t": "\t",
    "\t": "\t",
    "n": "\n",
    "v": "\v",
    "f": "\f",
    "r": "\r",
    "e": "\x1b",
    " ": " ",
    '"': '"',
    "/": "/",
    "\\": "\\",
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
}
_HEADER = re.compile(rf"[|>](?P<marks>[-+0-9]*)[ \t]*(?:\#{_NOT_BREAK}*)?(?:{_BREAK}|$)")
_NO_CONTENT = 1 << 30  # an indentation that no line has: a block scalar of empty lines alone


def mapper(text: str, start: int, end: int, style: str, value: str) -> "partial[StringMap]":
    """Return the function that builds the map when it is asked for.

    ``[start, end)`` is the scalar with its quotes or its header, ``style`` is libyaml's name of
    its style: the quote, ``|``, ``>``, or nothing for a plain scalar.
    """
    return partial(string_map, text, start, end, style, value)


def string_map(text: str, start: int, end: int, style: str, value: str) -> StringMap:
    """Return the map of the characters of a YAML string."""
    if style in ("|", ">"):
        return _block_map(text, start, end, style, value)
    first, last = (start + 1, end - 1) if style else (start, end)
    pieces = list(_flow_pieces(text, first, last, style))
    return _checked_map(pieces, first, last, value)


def _checked_map(pieces: list[Piece], start: int, end: int, value: str) -> StringMap:
    if value_of(pieces) != value:
        pieces = [Piece(value, start, end)] if len(value) != end - start else []
    if not pieces:
        return StringMap([start] * len(value), [end] * len(value), start, end)
    return map_of(pieces, start, end)


def _flow_pieces(text: str, start: int, end: int, style: str) -> Iterator[Piece]:
    pattern = {"": _PLAIN, "'": _SINGLE, '"': _DOUBLE}[style]
    while start < end:
        match = pattern.match(text, start, end)
        if match is None:
            return
        start = match.end()
        yield from _flow_piece(match)


def _flow_piece(match: re.Match[str]) -> Iterator[Piece]:
    start, end = match.span()
    kind = match.lastgroup
    if kind == "fold":
        yield from _fold(match[0], start)
    elif kind == "joint":
        yield from _later_breaks(list(_BREAKS.finditer(match[0])), start)
    elif kind == "quote":
        yield Piece("'", start, end)
    elif kind == "code":
        code = int(match["code"], 16)
        if code <= 0x10FFFF:
            yield Piece(chr(code), start, end)
    elif kind == "escape":
        yield Piece(_ESCAPES.get(match[0][1], ""), start, end)
    else:
        yield Piece(match[0], start, end)


def _fold(written: str, start: int) -> Iterator[Piece]:
    """Fold a line break and the empty lines after it: one break is a space, more are one less."""
    breaks = list(_BREAKS.finditer(written))
    if breaks[0][0] in ("\u2028", "\u2029"):
        yield Piece(breaks[0][0], start + breaks[0].start(), start + breaks[0].end())
    elif len(breaks) == 1:
        yield Piece(" ", start, start + len(written))
    yield from _later_breaks(breaks, start)


def _later_breaks(breaks: list[re.Match[str]], start: int) -> Iterator[Piece]:
    for found in breaks[1:]:
        yield _break_piece(found, start)


def _break_piece(found: re.Match[str], offset: int = 0) -> Piece:
    kept = found[0] if found[0] in ("\u2028", "\u2029") else "\n"
    return Piece(kept, offset + found.start(), offset + found.end())


def _block_map(text: str, start: int, end: int, style: str, value: str) -> StringMap:
    header = _HEADER.match(text, start, end)
    if header is None:
        return _checked_map([], start, end, value)
    first = header.end()
    for indentation in _indentations(text, first, end, header["marks"]):
        pieces = _Block(text, first, end, indentation, header["marks"], folded=style == ">").read()
        if value_of(pieces) == value:
            return map_of(pieces, first, max([first, *(piece.end for piece in pieces)]))
    return _checked_map([], first, end, value)


def _indentations(text: str, start: int, end: int, marks: str) -> list[int]:
    """Return how deep the content may stand: as its first lines do, or as the header says.

    The header counts from the indentation of what the scalar stands in, which is not known here;
    so what it may mean is tried from the deepest to the shallowest.
    """
    deepest = 0
    while start < end:
        blanks = _SPACES.match(text, start, end)
        assert blanks is not None
        deepest = max(deepest, len(blanks[0]))
        found = _BREAKS.match(text, blanks.end(), end)
        if found is None:
            break
        start = found.end()
    tried = range(deepest, 0, -1) if any(mark.isdigit() for mark in marks) else (deepest,)
    return [*tried, _NO_CONTENT]


class _Block:
    """Reads the lines of a literal or folded block scalar, as libyaml does."""

    def __init__(
        self, text: str, start: int, end: int, indentation: int, marks: str, *, folded: bool
    ) -> None:
        self._text = text
        self._place = start
        self._end = end
        self._indentation = indentation
        self._marks = marks
        self._folded = folded

    def read(self) -> list[Piece]:
        text, pieces = self._text, list[Piece]()
        leading: Piece | None = None
        after_blank = False
        breaks, column = self._empty_lines()
        while column == self._indentation and self._place < self._end:
            blank = text[self._place] in " \t"
            if leading is not None:
                pieces += self._joined(leading, breaks, kept=after_blank or blank)
            pieces += breaks
            after_blank = blank
            found = _BREAKS.search(text, self._place, self._end)
            stop = found.start() if found else self._end
            pieces.append(Piece(text[self._place : stop], self._place, stop))
            leading = _break_piece(found) if found else None
            self._place = found.end() if found else self._end
            breaks, column = self._empty_lines()
        if "-" not in self._marks and leading is not None:
            pieces.append(leading)
        if "+" in self._marks:
            pieces += breaks
        return pieces

    def _joined(self, leading: Piece, breaks: list[Piece], *, kept: bool) -> list[Piece]:
        if not self._folded or kept or leading.text != "\n":
            return [leading]
        return [] if breaks else [leading._replace(text=" ")]

    def _empty_lines(self) -> tuple[list[Piece], int]:
        """Read empty lines; return their breaks and the column in which the next line begins."""
        breaks: list[Piece] = []
        while True:
            column = 0
            while (
                column < self._indentation
                and self._place < self._end
                and self._text[self._place] == " "
            ):
                self._place += 1
                column += 1
            found = _BREAKS.match(self._text, self._place, self._end)
            if found is None:
                return breaks, column
            breaks.append(_break_piece(found))
            self._place = found.end()
