"""`# botticelli: ignore[CODE] reason`: findings that comments silence, comments that do not."""

import re
from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from botticelli.compiler.diagnostics import Diagnostic, Edit, Fix, Location
from botticelli.compiler.source import Source, Span
from botticelli.compiler.syntax.nodes import Document, Place
from botticelli.grammar import catalogue

_COMMENT = re.compile(
    r"#[ \t]*botticelli:[ \t]*ignore(?P<whole>-file)?[ \t]*(?:\[(?P<codes>[^\]\r\n]*)\])?"
)
_CODE = re.compile(r"[^\s,]+")


class Ignore(Struct, frozen=True):
    """One code of one comment. ``code`` is empty for a comment without codes: it silences all."""

    code: str
    span: Span
    comment: Span
    line: int
    whole_file: bool

    def silences(self, diagnostic: Diagnostic, lines: frozenset[int]) -> bool:
        rule = diagnostic.rule
        if self.code and self.code not in {rule.code, rule.name}:
            return False
        return self.whole_file or not lines.isdisjoint({self.line, self.line + 1})


class Suppressed(Struct, frozen=True):
    """What is left, and the ignores that silenced nothing."""

    diagnostics: list[Diagnostic]
    unused: list[Ignore]


def suppress(document: Document, diagnostics: Iterable[Diagnostic]) -> Suppressed:
    """Leave out what comments of the file silence."""
    found = list(diagnostics)
    if "botticelli:" not in document.source.text:
        return Suppressed(found, [])
    spans = _Strings(document)
    ignores = list(_ignores(document.source, spans.holds))
    used: set[Ignore] = set()
    left = []
    for diagnostic in found:
        lines = spans.lines_of(diagnostic.location)
        silencing = [ignore for ignore in ignores if ignore.silences(diagnostic, lines)]
        used.update(silencing)
        if not silencing:
            left.append(diagnostic)
    return Suppressed(left, [ignore for ignore in ignores if ignore not in used])


def unused_ignore(source: Source, ignore: Ignore) -> Diagnostic:
    """BOT801, with a fix that takes the code, or the whole comment, away."""
    text = source.text
    siblings = _CODE.findall(text[ignore.comment.start : ignore.comment.end].partition("[")[2])
    start, end = ignore.comment.start, ignore.comment.end
    if len(siblings) > 1:
        start, end = _with_comma(text, ignore.span)
    else:
        start, end = _whole_comment(text, start)
    named = f" for {ignore.code}" if ignore.code else ""
    return Diagnostic(
        rule=catalogue.UNUSED_IGNORE,
        message=f"this comment{named} ignores nothing",
        location=Location(source, ignore.span),
        note="nothing to ignore here",
        fix=Fix(safe=True, edits=(Edit(Location(source, Span(start, end)), ""),)),
    )


def _with_comma(text: str, span: Span) -> tuple[int, int]:
    before = re.compile(r",[ \t]*$").search(text, 0, span.start)
    if before:
        return before.start(), span.end
    after = re.compile(r"[ \t]*,[ \t]*").match(text, span.end)
    return span.start, after.end() if after else span.end


def _whole_comment(text: str, start: int) -> tuple[int, int]:
    """The comment to the end of its line; the line itself where nothing else stands on it."""
    end = text.find("\n", start)
    line_end = len(text) if end == -1 else end
    if text[line_end - 1 : line_end] == "\r":
        line_end -= 1
    line_start = text.rfind("\n", 0, start) + 1
    if not text[line_start:start].strip():
        return line_start, len(text) if end == -1 else end + 1
    while text[start - 1] in " \t":
        start -= 1
    return start, line_end


def _ignores(source: Source, in_string: Callable[[int], bool]) -> Iterator[Ignore]:
    for match in _COMMENT.finditer(source.text):
        if in_string(match.start()) or not _starts_comment(source.text, match.start()):
            continue
        comment = Span(match.start(), match.end())
        line = source.position(match.start()).line
        whole = match["whole"] is not None
        if match["codes"] is None:
            yield Ignore("", comment, comment, line, whole)
            continue
        for code in _CODE.finditer(source.text, match.start("codes"), match.end("codes")):
            yield Ignore(code[0], Span(*code.span()), comment, line, whole)


def _starts_comment(text: str, start: int) -> bool:
    """Whether a `#` outside strings begins its comment, and does not stand within another."""
    line = text[text.rfind("\n", 0, start) + 1 : start]
    return not re.search(r"(^|\s)#", line)


class _Strings:
    """The strings of a document: what is inside one is no comment."""

    def __init__(self, document: Document) -> None:
        self._source = document.source
        self._keyed: list[tuple[Span, Span]] = []
        self._contents: list[Span] = []
        if document.intact:
            self._collect(document.root.place)

    def _collect(self, root: Place) -> None:
        pending: list[tuple[Place, Span]] = [(root, root.span)]
        while pending:
            place, key = pending.pop()
            if place.string is not None and self._may_hold_comment(place.span):
                content = place.string()
                self._contents.append(Span(content.start, content.end))
            if place.string is not None:
                self._keyed.append((place.span, key))
            pending.extend((item, key) for item in place.items)
            for name, entry in place.entries.items():
                pending.append((entry, place.keys[name]))

    def _may_hold_comment(self, span: Span) -> bool:
        return self._source.text.find("botticelli:", span.start, span.end) != -1

    def holds(self, offset: int) -> bool:
        return any(span.start <= offset < span.end for span in self._contents)

    def lines_of(self, location: Location) -> frozenset[int]:
        """The line of a finding, and of the key and the start of the value that it stands in."""
        start = location.span.start
        lines = {self._source.position(start).line}
        for span, key in self._keyed:
            if span.start <= start < span.end:
                lines.add(self._source.position(span.start).line)
                lines.add(self._source.position(key.start).line)
        return frozenset(lines)
