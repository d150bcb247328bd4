"""Source lines with their labelled spans underlined: the picture in the middle of a diagnostic.

A span within a line is underlined, and its label stands behind it or hangs below it, so that
several on one line do not meet. A span over several lines is held by a bracket in a margin of its
own. Lines between that have nothing to show are left out.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from botticelli.compiler.report.colors import PLAIN, Paint
from botticelli.compiler.report.display import LINE_WIDTH, ShownLine, fits, shown_line
from botticelli.compiler.source import Source, Span

SLOT_WIDTH = 2
BAR = "│"
ELISION = "·"


class Mark(Struct, frozen=True):
    """A span to underline and what to say about it: one visible line, or nothing when empty."""

    span: Span
    label: str
    style: str
    primary: bool

    @property
    def stroke(self) -> str:
        return "^" if self.primary else "-"


class Row(Struct, frozen=True):
    """One line of output: a line number or none, the gutter's bar, and what stands behind it."""

    number: int | None
    text: str
    bar: str = BAR


class _Placed(Struct, frozen=True):
    """A mark with its lines (from 1) and the range of code points in them (from 0).

    ``slot`` is the place in the margin of a mark that goes over several lines.
    """

    mark: Mark
    line: int
    start: int
    last_line: int
    end: int
    slot: int | None = None

    def range_on(self, line: int) -> tuple[int, int]:
        """Return what to underline on a line where the mark begins or ends."""
        if self.line == self.last_line:
            return self.start, self.end
        if line == self.line:
            return self.start, self.start + 1
        return self.end - 1, self.end


def excerpt(source: Source, marks: Sequence[Mark], paint: Paint) -> list[Row]:
    """Return the rows that show ``marks`` in ``source``."""
    return list(_Excerpt(source, marks, paint).rows())


class _Excerpt:
    """Rows are written from top to bottom; ``_open`` holds which brackets run through the row."""

    def __init__(self, source: Source, marks: Sequence[Mark], paint: Paint) -> None:
        self._source = source
        self._paint = paint
        self._placed = _with_slots([_place(source, mark) for mark in marks])
        slots = [placed.slot for placed in self._placed if placed.slot is not None]
        self._margin = SLOT_WIDTH * (max(slots, default=-1) + 1)
        self._open: dict[int, str] = {}

    def rows(self) -> Iterator[Row]:
        before = None
        for line in self._shown_lines():
            if before is not None and line > before + 1:
                yield Row(None, self._text(self._canvas()), ELISION)
            yield from self._line(line)
            before = line

    def _shown_lines(self) -> list[int]:
        """Return the lines with marks, and any single line between two of them."""
        marked = sorted({line for p in self._placed for line in (p.line, p.last_line)})
        between = [line + 1 for line, following in pairwise(marked) if following == line + 2]
        return sorted(marked + between)

    def _line(self, number: int) -> Iterator[Row]:
        line = self._source.line(number)
        touching = [p for p in self._placed if number in (p.line, p.last_line)]
        for cluster in _clusters(line, number, touching):
            shown = _shown_around(line, number, cluster)
            yield self._source_row(number, line, shown, cluster)
            yield from self._underlines(shown, [p for p in cluster if p.slot is None])
            for placed in (p for p in cluster if p.last_line == number):
                if placed.slot in self._open:
                    yield self._closing(shown, placed, placed.slot)
            for placed in (p for p in cluster if p.line == number):
                if placed.slot is not None and placed.slot not in self._open:
                    yield self._opening(shown, placed, placed.slot)

    def _source_row(
        self, number: int, line: str, shown: ShownLine, cluster: Sequence[_Placed]
    ) -> Row:
        canvas = self._canvas()
        for placed in cluster:
            begins_line = placed.line == number and not line[: placed.start].strip()
            if begins_line and placed.slot is not None:
                # Nothing stands before the span on its line: the bracket may begin right here.
                canvas.put(placed.slot * SLOT_WIDTH, "╭", placed.mark.style)
                self._open[placed.slot] = placed.mark.style
        canvas.put(self._margin, shown.text, PLAIN)
        return Row(number, self._text(canvas))

    def _opening(self, shown: ShownLine, placed: _Placed, slot: int) -> Row:
        canvas = self._canvas()
        column = shown.columns(placed.start, placed.start + 1)[0]
        self._stroke(canvas, "╭", slot, column, placed.mark)
        self._open[slot] = placed.mark.style
        return Row(None, self._text(canvas))

    def _closing(self, shown: ShownLine, placed: _Placed, slot: int) -> Row:
        canvas = self._canvas()
        column = shown.columns(placed.end - 1, placed.end)[1] - 1
        self._stroke(canvas, "╰", slot, column, placed.mark)
        if placed.mark.label:
            canvas.put(self._margin + column + 2, placed.mark.label, placed.mark.style)
        del self._open[slot]
        return Row(None, self._text(canvas))

    def _stroke(self, canvas: "_Canvas", corner: str, slot: int, column: int, mark: Mark) -> None:
        """Draw from a corner in the margin to where the span begins or ends."""
        left, right = slot * SLOT_WIDTH, self._margin + column
        canvas.put(left, corner, mark.style)
        for at in range(left + 1, right):
            canvas.put(at, "─", mark.style)
        canvas.put(right, mark.stroke, mark.style)

    def _underlines(self, shown: ShownLine, singles: Sequence[_Placed]) -> Iterator[Row]:
        """Yield the underlines of a line, then one row for each label that hangs below."""
        if not singles:
            return
        ranges = [(*shown.columns(p.start, p.end), p.mark) for p in singles]
        strokes = self._canvas()
        for left, right, mark in sorted(ranges, key=lambda r: r[2].primary):
            for column in range(left, right):
                strokes.put(self._margin + column, mark.stroke, mark.style)
        rightmost = max(right for _, right, _ in ranges)
        labelled = [(left, right, mark) for left, right, mark in ranges if mark.label]
        beside = max(
            (r for r in labelled if r[1] == rightmost),
            key=lambda r: (r[2].primary, r[0]),
            default=None,
        )
        if beside is not None:
            strokes.put(self._margin + rightmost + 1, beside[2].label, beside[2].style)
        yield Row(None, self._text(strokes))
        hanging = [(left, mark) for left, right, mark in labelled if (left, right, mark) != beside]
        yield from self._hanging(sorted(hanging, key=lambda h: (-h[0], h[1].primary)))

    def _hanging(self, labels: Sequence[tuple[int, Mark]]) -> Iterator[Row]:
        """Yield labels from right to left, so that none is crossed by the line of another."""
        for index, (column, mark) in enumerate(labels):
            canvas = self._canvas()
            corner = "╰"
            for other, below in labels[index + 1 :]:
                if other == column:
                    corner = "├"
                canvas.put(self._margin + other, "│", below.style)
            canvas.put(self._margin + column, corner, mark.style)
            canvas.put(self._margin + column + 1, "╴" + mark.label, mark.style)
            yield Row(None, self._text(canvas))

    def _canvas(self) -> "_Canvas":
        canvas = _Canvas()
        for slot, style in self._open.items():
            canvas.put(slot * SLOT_WIDTH, "│", style)
        return canvas

    def _text(self, canvas: "_Canvas") -> str:
        return canvas.painted(self._paint)


class _Canvas:
    """A row under construction: what stands at each column and its style.

    A text of several characters may be put only behind everything else.
    """

    def __init__(self) -> None:
        self._cells: list[tuple[str, str]] = []

    def put(self, column: int, text: str, style: str) -> None:
        while len(self._cells) <= column:
            self._cells.append((" ", PLAIN))
        self._cells[column] = (text, style)

    def painted(self, paint: Paint) -> str:
        parts: list[str] = []
        run, run_style = "", PLAIN
        for text, style in self._cells:
            if style != run_style:
                parts.append(paint(run, run_style))
                run, run_style = "", style
            run += text
        parts.append(paint(run, run_style))
        return "".join(parts).rstrip(" ")


def _place(source: Source, mark: Mark) -> _Placed:
    size = len(source.text)
    start = max(0, min(mark.span.start, size))
    end = max(start, min(mark.span.end, size))
    first = source.position(start)
    if end == start:
        return _Placed(mark, first.line, first.column - 1, first.line, first.column - 1)
    last = source.position(end - 1)
    return _Placed(mark, first.line, first.column - 1, last.line, last.column)


def _with_slots(placed: Sequence[_Placed]) -> list[_Placed]:
    """Give each mark of several lines a place in the margin, shared by those that do not meet.

    Longer ones stand further left.
    """
    last_lines: list[int] = []
    result = []
    for p in sorted(placed, key=lambda p: (p.line, -p.last_line)):
        if p.line == p.last_line:
            result.append(p)
            continue
        free = (slot for slot, last in enumerate(last_lines) if last < p.line)
        slot = next(free, len(last_lines))
        last_lines[slot:] = [p.last_line, *last_lines[slot + 1 :]]
        result.append(replace(p, slot=slot))
    return result


def _clusters(line: str, number: int, placed: Sequence[_Placed]) -> list[list[_Placed]]:
    """Return the marks of a line in groups that one part of the line can show, left to right.

    Most lines fit whole, or hold nothing at all, and give one group.
    """
    if not placed or fits(line):
        return [list(placed)]
    reach = LINE_WIDTH * 3 // (4 if line.isascii() else 8)
    clusters: list[list[_Placed]] = []
    beginning = 0
    for p in sorted(placed, key=lambda p: p.range_on(number)):
        start, end = p.range_on(number)
        if not clusters or end - beginning > reach:
            clusters.append([])
            beginning = start
        clusters[-1].append(p)
    return clusters


def _shown_around(line: str, number: int, cluster: Sequence[_Placed]) -> ShownLine:
    ranges = [p.range_on(number) for p in cluster]
    start = min((start for start, _ in ranges), default=0)
    return shown_line(line, start, max((end for _, end in ranges), default=0))
