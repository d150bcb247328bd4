"""Characters as a terminal shows them: their width, tabs, what is hidden made visible, long lines.

An underline stands under its character only if both agree on how many columns each character takes.
Widths follow Unicode's East Asian Width (UAX #11): wide and full-width characters take two columns,
combining marks none. What a terminal would obey or hide instead of show (control characters, the
bidirectional overrides of Trojan Source attacks, lone surrogates) appears as ``<U+202E>``.
"""

from msgspec import Struct

TAB_WIDTH = 4
LINE_WIDTH = 92
"""Columns for a source line beside the gutter; a longer one is shown in part."""

ELLIPSIS = "…"
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"


def visible(text: str) -> str:
    """Return ``text`` with tabs as blanks and everything that hides or commands made visible."""
    if text.isprintable():
        return text
    return "".join(shown for shown, _ in _cells(text))


def one_line(text: str) -> str:
    """Return ``text`` visible and on one line, its line breaks as blanks and none at the end."""
    return visible(text.replace("\n", " ")).rstrip(" ")


def display_width(text: str) -> int:
    """Return how many columns ``visible(text)`` takes."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(width for _, width in _cells(text))


def fits(line: str) -> bool:
    """Tell whether the whole line can be shown."""
    return len(line) <= LINE_WIDTH and display_width(line) <= LINE_WIDTH


class ShownLine(Struct, frozen=True):
    """A line, or a part of it, as it is printed.

    ``first`` is the index of the first code point that is shown; ``starts`` and ``ends`` are the
    columns (from 0) between which each shown code point stands, ``width`` the column after them.
    """

    text: str
    first: int
    starts: list[int]
    ends: list[int]
    width: int

    def columns(self, start: int, end: int) -> tuple[int, int]:
        """Return the columns ``[left, right)`` of code points ``[start, end)`` of the whole line.

        At least one column: an empty range is marked at its place, one that begins after the last
        character just behind it, and what lies outside the shown part at the ellipsis.
        """
        start, end = start - self.first, end - self.first
        left = 0
        if start >= 0:
            left = self.starts[start] if start < len(self.starts) else self.width
        if end <= start:
            return left, left + 1
        if end <= 0:
            return 0, 1
        right = self.ends[end - 1] if end <= len(self.ends) else self.width + 1
        return left, max(right, left + 1)


def shown_line(line: str, start: int = 0, end: int = 0) -> ShownLine:
    """Return how to print ``line``; if it is too long, the part around ``[start, end)``."""
    if fits(line):
        return _laid_out(line, 0, len(line))
    return _laid_out(line, *_window(line, start, end))


def _window(line: str, start: int, end: int) -> tuple[int, int]:
    """Return the range of code points that fits, with ``start`` in it and context on both sides.

    Only characters near ``start`` are looked at, so that the cost does not grow with the line.
    """
    start = min(start, len(line))
    floor = max(0, start - 2 * LINE_WIDTH)
    ceiling = min(len(line), start + 3 * LINE_WIDTH)
    widths = [width for _, width in _cells(line[floor:ceiling])]
    room = LINE_WIDTH - 2 * len(ELLIPSIS)
    context = max(room // 4, (room - (end - start)) // 2)
    left = _reach(widths, start - floor, -1, context)
    used = sum(widths[left : start - floor])
    right = _reach(widths, start - floor, 1, room - used)
    used += sum(widths[start - floor : right])
    left = _reach(widths, left, -1, room - used)
    return floor + left, floor + right


def _reach(widths: list[int], index: int, step: int, room: int) -> int:
    """Return how far one can go from the boundary ``index`` without using up more than ``room``."""
    while 0 <= (following := index if step > 0 else index - 1) < len(widths):
        room -= widths[following]
        if room < 0:
            break
        index += step
    return index


def _laid_out(line: str, first: int, last: int) -> ShownLine:
    parts = [ELLIPSIS] if first else []
    starts: list[int] = []
    ends: list[int] = []
    column = len(parts)
    for shown, width in _cells(line[first:last]):
        attached = width == 0 and bool(starts)
        starts.append(starts[-1] if attached else column)
        column += width
        ends.append(column)
        parts.append(shown)
    if last < len(line):
        parts.append(ELLIPSIS)
    return ShownLine("".join(parts), first, starts, ends, column)


def _cells(text: str) -> list[tuple[str, int]]:
    """Return for each code point what is printed for it and how many columns that takes."""
    cells = []
    previous = ""
    for character in text:
        cells.append(_cell(character, previous))
        previous = character
    return cells


def _cell(character: str, previous: str) -> tuple[str, int]:
    if " " <= character <= "~":
        return character, 1
    if character == "\t":
        return " " * TAB_WIDTH, TAB_WIDTH
    from unicodedata import category, east_asian_width

    kind = category(character)
    # Joiners belong to emoji and to many scripts; after ASCII they are there to deceive.
    joins = character in _JOINERS and not previous.isascii()
    if not joins and (kind in _HIDDEN_CATEGORIES or _is_noncharacter(ord(character))):
        escape = f"<U+{ord(character):04X}>"
        return escape, len(escape)
    if joins or kind in ("Mn", "Me") or _is_conjoining_vowel_or_final(ord(character)):
        return character, 0
    return character, 2 if east_asian_width(character) in ("W", "F") else 1


def _is_noncharacter(code: int) -> bool:
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF


def _is_conjoining_vowel_or_final(code: int) -> bool:
    """Hangul jamo that are drawn into the syllable before them."""
    return 0x1160 <= code <= 0x11FF or 0xD7B0 <= code <= 0xD7FB
