"""A source file as text: decoding, and the way from an offset to a line, a column and a byte.

Everywhere in the compiler a place is a half-open range of code points in ``Source.text``. Lines,
columns and bytes are worked out here, and only when a place is shown to someone.
"""

from bisect import bisect_right
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from botticelli.compiler.semantics.secrets import Concealer

BYTE_ORDER_MARK = "\ufeff"


class Span(Struct, frozen=True, order=True):
    """A half-open range ``[start, end)`` of code-point offsets into a source's text."""

    start: int
    end: int


class Position(Struct, frozen=True, order=True):
    """A place as people and editors count it.

    ``line`` and ``column`` start at 1 and count Unicode code points; ``offset`` counts the UTF-8
    bytes before it, a byte-order mark included.
    """

    line: int
    column: int
    offset: int


class Source:
    """The decoded text of one file and its lines.

    ``path`` is how the file is named to the user: relative to the working directory where that is
    possible, with forward slashes.
    """

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.has_byte_order_mark = text.startswith(BYTE_ORDER_MARK)
        self.text = text[1:] if self.has_byte_order_mark else text

    @cached_property
    def _hidden(self) -> dict[tuple[int, int], str]:
        """The keys that must not be shown, by where they stand."""
        from botticelli.compiler.semantics.secrets import hidden_ranges

        ranges = hidden_ranges(self.text)
        return {(start, end): self.text[start:end].strip() for start, end in ranges}

    def hide(self, span: Span, key: str) -> None:
        """Never show what stands here, a key that cannot be seen to be one in the text as it is."""
        if not self.concealer.conceals(key):
            self._hidden[(span.start, span.end)] = key
            for remembered in ("shown", "concealer"):
                self.__dict__.pop(remembered, None)

    @property
    def has_keys(self) -> bool:
        """Whether keys stand in the text, comments included."""
        return bool(self._hidden)

    @cached_property
    def concealer(self) -> "Concealer":
        """What takes the keys of this text out of words about it."""
        from botticelli.compiler.semantics.secrets import Concealer

        return Concealer(self._hidden.values())

    @cached_property
    def shown(self) -> str:
        """The text as it may be shown: of the same length and lines, with every key starred out."""
        from botticelli.compiler.semantics.secrets import masked

        return masked(self.text, self._hidden)

    @cached_property
    def line_starts(self) -> list[int]:
        """The offset at which each line starts. Lines end at ``\\n``, alone or after ``\\r``."""
        starts = [0]
        position = self.text.find("\n")
        while position != -1:
            starts.append(position + 1)
            position = self.text.find("\n", position + 1)
        return starts

    @cached_property
    def _bytes_before_line(self) -> list[int]:
        total = 3 if self.has_byte_order_mark else 0
        starts = self.line_starts
        sums = [total]
        for start, end in pairwise(starts):
            total += len(self.text[start:end].encode("utf-8", "surrogatepass"))
            sums.append(total)
        return sums

    def position(self, offset: int) -> Position:
        """Return the position of a code-point offset; offsets past the end mean the end."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self.line_starts, offset) - 1
        start = self.line_starts[line]
        before = self.text[start:offset].encode("utf-8", "surrogatepass")
        return Position(line + 1, offset - start + 1, self._bytes_before_line[line] + len(before))

    def line(self, number: int) -> str:
        """Return line ``number`` (1-based) without its line ending, as it may be shown."""
        starts = self.line_starts
        end = starts[number] if number < len(starts) else len(self.text)
        return self.shown[starts[number - 1] : end].rstrip("\r\n")
