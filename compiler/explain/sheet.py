"""A page of text for a terminal: lines with margins and hanging indents, within a width.

Everything that comes from a source is made visible first, so that no terminal obeys it; widths are
those that a terminal shows.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

from botticelli.compiler.report.colors import Paint
from botticelli.compiler.report.display import ELLIPSIS, display_width, one_line, visible

WIDTH = 80
_LEAST = 24
"""Columns that a text gets however deep it is indented."""


class _Margin(Struct):
    first: str
    rest: str


class Sheet:
    """Collects lines. `paint` gives a text a style."""

    def __init__(self, paint: Paint, width: int = WIDTH) -> None:
        self.paint = paint
        self._width = width
        self._margin = ""
        self._style = ""
        self._lines: list[str] = []

    def text(self) -> str:
        return "\n".join(self._lines) + "\n"

    def blank(self) -> None:
        """Leave a line empty, but for its margin; several in a row are one."""
        line = self._painted(self._margin.rstrip())
        if self._lines and self._lines[-1] != line:
            self._lines.append(line)

    @contextmanager
    def margin(self, text: str, style: str = "") -> Iterator[None]:
        """Put a text before every line."""
        before, styled = self._margin, self._style
        self._margin, self._style = before + text, style or styled
        yield
        self._margin, self._style = before, styled

    def line(self, *parts: tuple[str, str] | str) -> None:
        """Write parts on one line, each a text, perhaps with a style; cut where it does not fit."""
        room = self._width - display_width(self._margin)
        written = []
        for part in parts:
            text, style = part if isinstance(part, tuple) else (part, "")
            text = shortened(visible(text.replace("\n", " ")), room)
            room -= display_width(text)
            written.append(self.paint(text, style))
        self._lines.append((self._painted(self._margin) + "".join(written)).rstrip())

    def words(self, text: str, *, head: str = "", indent: int = 0, style: str = "") -> None:
        """Write a text in as many lines as it takes, its first behind a head, the others under it.

        ``indent`` is where the text begins, the head's own width if that is less.
        """
        begin = max(indent, display_width(head))
        room = max(_LEAST, self._width - display_width(self._margin) - begin)
        lead = self.paint(head, style) + " " * (begin - display_width(head))
        for line in wrapped(one_line(text), room) or [""]:
            self._lines.append((self._painted(self._margin) + lead + line).rstrip())
            lead = " " * begin

    def _painted(self, margin: str) -> str:
        return self.paint(margin, self._style) if margin.strip() else margin


def shortened(text: str, width: int) -> str:
    """Return a text cut so that it takes at most so many columns."""
    if display_width(text) <= width:
        return text
    kept, room = "", width - 1
    for character in text:
        room -= display_width(character)
        if room < 0:
            break
        kept += character
    return kept + ELLIPSIS


def wrapped(text: str, width: int) -> list[str]:
    """Return a text in lines of at most so many columns, broken at blanks where there are any."""
    lines: list[str] = []
    line, used = "", 0
    for word in text.split(" "):
        size = display_width(word)
        if line and used + 1 + size <= width:
            line, used = f"{line} {word}", used + 1 + size
            continue
        if line:
            lines.append(line)
        while size > width:
            part = _part(word, width)
            lines.append(part)
            word = word[len(part) :]  # noqa: PLW2901
            size = display_width(word)
        line, used = word, size
    return [*lines, line] if line else lines


def _part(word: str, width: int) -> str:
    used = 0
    for number, character in enumerate(word):
        used += display_width(character)
        if used > width:
            return word[: max(1, number)]
    return word
