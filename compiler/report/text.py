"""The format for people: each diagnostic with its source lines, then one line that sums up.

error[BOT103] unknown-key: `modle` is not a key of an act
  ╭─ narratives/welcome.toml:7:1
  │
7 │ modle = "gemini-2.5-flash"
  │ ^^^^^ not a key of an act
  │
  = help: did you mean `model`?
  = fix [safe]: replace `modle` with `model`
"""

from collections.abc import Iterable, Iterator, Sequence

from botticelli.compiler.diagnostics import Diagnostic, Location
from botticelli.compiler.report.colors import (
    BOLD,
    FRAME,
    HELP,
    SECONDARY,
    SEVERITY,
    SUCCESS,
    Paint,
    painter,
)
from botticelli.compiler.report.display import one_line, visible
from botticelli.compiler.report.excerpt import Mark, Row, excerpt
from botticelli.compiler.report.mend import as_lines, in_words
from botticelli.compiler.report.records import ordered, summarize
from botticelli.grammar.catalogue import Severity


def render(diagnostics: Iterable[Diagnostic], *, color: bool, files: int | None = None) -> str:
    """Return the diagnostics and the summary; ``files`` is how many files were checked."""
    paint = painter(color=color)
    in_order = ordered(diagnostics)
    blocks = [_block(diagnostic, paint) for diagnostic in in_order]
    return "\n".join([*blocks, _summary(in_order, files, paint)])


def _block(diagnostic: Diagnostic, paint: Paint) -> str:
    excerpts = _excerpts(diagnostic, paint)
    change = _change_rows(diagnostic, paint)
    rows = [row for _, part in excerpts for row in part] + change
    gutter = _Gutter(max((row.number or 0 for row in rows), default=0), paint)
    lines = [_header(diagnostic, paint)]
    for index, (location, part) in enumerate(excerpts):
        corner = "├" if index else "╭"
        lines.append(gutter.place(corner, location))
        if part:
            lines += [gutter.row(row) for row in (Row(None, ""), *part, Row(None, ""))]
    closing = list(_remarks(diagnostic, change, gutter))
    if not closing and excerpts[-1][1]:
        lines.pop()
    return "\n".join(lines + closing) + "\n"


class _Gutter:
    """What stands left of everything: line numbers and the bar that holds a diagnostic together."""

    def __init__(self, largest_number: int, paint: Paint) -> None:
        self.width = len(str(largest_number)) + 1
        self._paint = paint

    def row(self, row: Row) -> str:
        number = "" if row.number is None else str(row.number)
        head = self._paint(f"{number:>{self.width}} {row.bar}", FRAME)
        return f"{head} {row.text}".rstrip(" ")

    def place(self, corner: str, location: Location) -> str:
        position = location.source.position(location.span.start)
        head = self._paint(f"{'':{self.width}} {corner}─", FRAME)
        return f"{head} {one_line(location.source.path)}:{position.line}:{position.column}"

    def remark(self, title: str, text: str, style: str) -> str:
        """Return a remark below the lines; its further lines stand under its first."""
        first, *others = text.split("\n")
        equals = self._paint(f"{'':{self.width}} =", FRAME)
        head = f"{equals} {self._paint(title, style)}"
        indent = " " * (self.width + len(title) + 4)
        lines = [f"{head} {visible(first)}"] + [indent + visible(other) for other in others]
        return "\n".join(line.rstrip(" ") for line in lines)


def _header(diagnostic: Diagnostic, paint: Paint) -> str:
    rule = diagnostic.rule
    head = paint(f"{rule.severity}[{rule.code}]", SEVERITY[rule.severity])
    first, *others = (visible(line) for line in diagnostic.message.split("\n"))
    message = "\n".join([first, *(f"  {line}" for line in others)])
    return f"{head} {rule.name}: {paint(message, BOLD)}"


def _excerpts(diagnostic: Diagnostic, paint: Paint) -> list[tuple[Location, list[Row]]]:
    """Return one excerpt of each file that has something to show, the primary one first."""
    style = SEVERITY[diagnostic.rule.severity]
    origin = diagnostic.location
    primary = Mark(origin.span, one_line(diagnostic.note), style, primary=True)
    parts = {origin.source.path: (origin, [primary])}
    for label in diagnostic.labels:
        place = label.location
        _, marks = parts.setdefault(place.source.path, (place, []))
        marks.append(Mark(place.span, one_line(label.message), SECONDARY, primary=False))
    return [
        (at, excerpt(at.source, marks, paint) if _has_something(at, marks) else [])
        for at, marks in parts.values()
    ]


def _has_something(at: Location, marks: Sequence[Mark]) -> bool:
    """Whether there is a line to show: an empty file, or one that is not read, has none."""
    return bool(at.source.text) or any(mark.label for mark in marks)


def _change_rows(diagnostic: Diagnostic, paint: Paint) -> list[Row]:
    fix = diagnostic.fix
    if fix is None or in_words(fix, diagnostic.location) is not None:
        return []
    return as_lines(fix, paint)


def _remarks(diagnostic: Diagnostic, change: Sequence[Row], gutter: _Gutter) -> Iterator[str]:
    if diagnostic.help is not None:
        yield gutter.remark("help:", diagnostic.help, HELP)
    if diagnostic.fix is None:
        return
    kind = "safe" if diagnostic.fix.safe else "unsafe"
    words = in_words(diagnostic.fix, diagnostic.location)
    yield gutter.remark(f"fix [{kind}]:", words or "", HELP)
    yield from (gutter.row(row) for row in change)


def _summary(diagnostics: Sequence[Diagnostic], files: int | None, paint: Paint) -> str:
    if not diagnostics:
        where = "" if files is None else f" in {_count(files, 'file')}"
        return paint("No problems", SUCCESS) + where + "\n"
    totals = summarize(diagnostics, files)
    counts = [
        paint(_count(number, noun), SEVERITY[severity])
        for number, noun, severity in (
            (totals.errors, "error", Severity.ERROR),
            (totals.warnings, "warning", Severity.WARNING),
            (totals.infos, "info", Severity.INFO),
        )
        if number
    ]
    *most, last = counts
    listed = f"{', '.join(most)} and {last}" if most else last
    affected = summarize(diagnostics, None).files
    of = "" if affected >= totals.files else f"{affected} of "
    return f"{listed} in {of}{_count(max(totals.files, affected), 'file')}\n"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
