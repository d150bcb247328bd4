"""A fix shown as what it would do: small ones in words, others as the lines before and after."""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from botticelli.compiler.diagnostics import Edit, Fix, Location
from botticelli.compiler.report.colors import ADDED, REMOVED, Paint
from botticelli.compiler.report.display import shown_line, visible
from botticelli.compiler.report.excerpt import ELISION, Row
from botticelli.compiler.source import Source

LONGEST_PHRASE = 40
"""Code points of a text that is still quoted within a sentence."""

MOST_LINES = 8
"""Lines shown before and after; of a larger change, only the beginning is shown."""


def in_words(fix: Fix, origin: Location) -> str | None:
    """Return a fix as a phrase, or nothing when it takes more than one small edit.

    The place is named unless it is on the line of ``origin``, where the diagnostic stands.
    """
    if len(fix.edits) != 1:
        return None
    edit = fix.edits[0]
    old = _replaced(edit)
    if any("\n" in text or len(text) > LONGEST_PHRASE for text in (old, edit.text)):
        return None
    return _phrase(visible(old), visible(edit.text)) + _elsewhere(edit, origin)


def as_lines(fix: Fix, paint: Paint) -> list[Row]:
    """Return the lines that change, as they are and as they would be."""
    by_path: dict[str, list[Edit]] = {}
    for edit in fix.edits:
        by_path.setdefault(edit.location.source.path, []).append(edit)
    rows: list[Row] = []
    for edits in by_path.values():
        for change in _changes(edits[0].location.source, edits):
            if rows:
                rows.append(Row(None, "", ELISION))
            rows += _change_rows(change, paint)
    return rows


def _replaced(edit: Edit) -> str:
    span = edit.location.span
    return edit.location.source.shown[span.start : span.end]


def _phrase(old: str, new: str) -> str:
    if not old:
        return f"insert `{new}`"
    return f"replace `{old}` with `{new}`" if new else f"remove `{old}`"


def _elsewhere(edit: Edit, origin: Location) -> str:
    source = edit.location.source
    line = source.position(edit.location.span.start).line
    if source.path != origin.source.path:
        return f" at {visible(source.path)}:{line}"
    return "" if line == source.position(origin.span.start).line else f" on line {line}"


class _Change(Struct, frozen=True):
    """Whole lines, from line ``first`` on, and what takes their place."""

    first: int
    before: list[str]
    after: list[str]


def _changes(source: Source, edits: Iterable[Edit]) -> Iterator[_Change]:
    """Yield the changed lines, edits that touch the same line taken together."""
    group: list[Edit] = []
    for edit in sorted(edits, key=lambda edit: edit.location.span):
        span = edit.location.span
        if group and span.start < group[-1].location.span.end:
            continue  # an overlapping edit cannot be applied along with the one before it
        if group and _line(source, span.start) > _line(source, group[-1].location.span.end):
            yield _change(source, group)
            group = []
        group.append(edit)
    if group:
        yield _change(source, group)


def _change(source: Source, edits: Sequence[Edit]) -> _Change:
    first = _line(source, edits[0].location.span.start)
    last = _line(source, edits[-1].location.span.end)
    start = source.line_starts[first - 1]
    end = source.line_starts[last] if last < len(source.line_starts) else len(source.text)
    parts: list[str] = []
    done = start
    for edit in edits:
        parts += (source.shown[done : edit.location.span.start], edit.text)
        done = edit.location.span.end
    parts.append(source.shown[done:end])
    before, after = source.shown[start:end].split("\n"), "".join(parts).split("\n")
    same = 0
    while before and after and before[-1] == after[-1]:
        before.pop()
        after.pop()
    while same < min(len(before), len(after)) and before[same] == after[same]:
        same += 1
    return _Change(first + same, before[same:], after[same:])


def _line(source: Source, offset: int) -> int:
    return source.position(offset).line


def _change_rows(change: _Change, paint: Paint) -> Iterator[Row]:
    for sign, lines, style in (("-", change.before, REMOVED), ("+", change.after, ADDED)):
        for index, line in enumerate(lines[:MOST_LINES]):
            number = change.first + index if sign == "-" or not change.before else None
            shown = shown_line(line.removesuffix("\r")).text
            yield Row(number, paint(f"{sign} {shown}".rstrip(" "), style))
        if len(lines) > MOST_LINES:
            yield Row(None, paint(f"{sign} … {len(lines) - MOST_LINES} more lines", style))
