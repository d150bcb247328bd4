"""`# botticelli: ignore[CODE] reason`: findings that comments silence, comments that do not.

A comment silences what stands on its own line and on the next. What is found within a value of
several lines also counts as found where the value starts and where its key stands.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from msgspec import Struct

from botticelli.compiler.diagnostics import Diagnostic, Edit, Fix, Location
from botticelli.compiler.findings.selection import nearest_rule
from botticelli.compiler.findings.suppressed import Suppressed, UnusedIgnore
from botticelli.compiler.source import Source, Span
from botticelli.compiler.syntax.nodes import Document, Place
from botticelli.grammar import catalogue

_MARK = "botticelli:"
_COMMENT = re.compile(
    r"#[ \t]*botticelli:[ \t]*ignore(?P<whole>-file)?(?![\w-])"
    r"[ \t]*(?:\[(?P<codes>[^\]\r\n]*)(?P<closed>\])?)?"
)
_CODE = re.compile(r"[^\s,]+")


class Ignore(Struct, frozen=True):
    """One code of one comment. ``code`` is empty for a comment without codes: it silences all.

    ``fault`` says why the comment cannot silence anything, if it is written wrongly.
    """

    code: str
    span: Span
    comment: Span
    line: int
    whole_file: bool
    fault: str = ""

    def silences(self, diagnostic: Diagnostic) -> bool:
        """Tell whether a finding is of the kind that is ignored."""
        rule = diagnostic.rule
        if rule == catalogue.UNUSED_IGNORE and (
            not self.code or diagnostic.location.span == self.span
        ):
            return False  # else some ignores would never be found unused
        return not self.fault and self.code in {"", rule.code, rule.name}


def suppress(document: Document, diagnostics: Iterable[Diagnostic]) -> Suppressed:
    """Leave out what comments of the file silence."""
    found = tuple(diagnostics)
    if _MARK not in document.source.text or not document.located:
        return Suppressed(found)
    values = _Values(document)
    ignores = _Ignores(_ignores(document.source, values))
    left = [each for each in found if not ignores.silence(each, values)]
    unused = [_unused(document.source, ignore) for ignore in ignores.unused()]
    # Comments may silence BOT801 too; those that silence none of it are then unused themselves.
    kept = [each for each in unused if not ignores.silence(each.diagnostic, values)]
    still_unused = {ignore.span for ignore in ignores.unused()}
    return Suppressed(
        tuple(left), tuple(each for each in kept if each.diagnostic.location.span in still_unused)
    )


class _Ignores:
    """The ignores of a file by line, and which of them have silenced something."""

    def __init__(self, ignores: Iterable[Ignore]) -> None:
        self._all = list(ignores)
        self._used: set[Ignore] = set()
        self._by_line: dict[int, list[Ignore]] = {}
        self._of_file = [ignore for ignore in self._all if ignore.whole_file]
        for ignore in self._all:
            if not ignore.whole_file:
                self._by_line.setdefault(ignore.line, []).append(ignore)
                self._by_line.setdefault(ignore.line + 1, []).append(ignore)

    def silence(self, diagnostic: Diagnostic, values: "_Values") -> bool:
        """Tell whether anything silences a finding, and remember what did."""
        near = (
            ignore
            for line in values.lines_of(diagnostic.location)
            for ignore in self._by_line.get(line, ())
        )
        silencing = [each for each in (*self._of_file, *near) if each.silences(diagnostic)]
        self._used.update(silencing)
        return bool(silencing)

    def unused(self) -> list[Ignore]:
        return [ignore for ignore in self._all if ignore not in self._used]


def _unused(source: Source, ignore: Ignore) -> UnusedIgnore:
    """BOT801, with a fix that takes the code, or the whole comment, away."""
    text = source.text
    siblings = _CODE.findall(text[ignore.comment.start : ignore.comment.end].partition("[")[2])
    several = len([each for each in siblings if each != "]"]) > 1
    start, end = (
        _with_comma(text, ignore.span) if several else _whole_comment(text, ignore.comment.start)
    )
    diagnostic = Diagnostic(
        rule=catalogue.UNUSED_IGNORE,
        message=ignore.fault
        or f"this comment{f' for {ignore.code}' if ignore.code else ''} ignores nothing",
        location=Location(source, ignore.span),
        note="" if ignore.fault else "nothing to ignore here",
        help=_help(ignore),
        fix=Fix(safe=True, edits=(Edit(Location(source, Span(start, end)), ""),)),
    )
    return UnusedIgnore(ignore.code, diagnostic)


def _help(ignore: Ignore) -> str | None:
    known = [*catalogue.RULES, *(rule.name for rule in catalogue.RULES.values())]
    if not ignore.code or ignore.code in known:
        return None
    guess = nearest_rule(ignore.code)
    return f"`{ignore.code}` is no rule" + (f"; did you mean `{guess}`?" if guess else "")


def _with_comma(text: str, span: Span) -> tuple[int, int]:
    after = re.compile(r"[ \t]*,[ \t]*").match(text, span.end)
    if after:
        return span.start, after.end()
    start = len(text[: span.start].rstrip(" \t"))
    return (start - 1 if text[start - 1 : start] == "," else span.start), span.end


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


def _ignores(source: Source, values: "_Values") -> Iterator[Ignore]:
    for match in _COMMENT.finditer(source.text):
        if not values.begins_comment(match.start()):
            continue
        comment = Span(match.start(), match.end())
        line = values.line(match.start())
        whole = match["whole"] is not None
        if match["codes"] is None:
            yield Ignore("", comment, comment, line, whole)
            continue
        codes = [*_CODE.finditer(source.text, match.start("codes"), match.end("codes"))]
        if match["closed"] is None or not codes:
            fault = "names no code" if match["closed"] else "is not closed: `]` is missing"
            yield Ignore("", comment, comment, line, whole, f"this comment {fault}")
            continue
        for code in codes:
            yield Ignore(code[0], Span(*code.span()), comment, line, whole)


class _Values:
    """The values of a document that are written as one piece: scalars and what is in brackets.

    What is inside a string or a key is no comment, and what is inside any of them is also found
    where it starts and at its key.
    """

    def __init__(self, document: Document) -> None:
        self._source = document.source
        self._texts: list[tuple[int, int]] = []
        self._pieces: list[tuple[int, int, int]] = []
        self._collect(document.root.place)
        self._texts.sort()
        self._pieces.sort(key=lambda piece: (piece[0], -piece[1]))
        self._starts = [piece[0] for piece in self._pieces]
        self._enclosing = self._nest()

    def _collect(self, root: Place) -> None:
        pending: list[tuple[Place, Span]] = [(root, root.span)]
        while pending:
            place, key = pending.pop()
            span = place.span
            if key.end <= span.start:  # else it is a header, or a block below its key
                self._pieces.append((span.start, span.end, key.start))
            if place.string is not None and self._may_hold_comment(span):
                content = place.string()
                start = self._start_of_text(min(span.start, content.start))
                self._texts.append((start, max(span.end, content.end)))
            pending.extend((item, key) for item in place.items)
            for name, entry in place.entries.items():
                span = place.keys[name]
                if self._may_hold_comment(span):
                    self._texts.append((span.start, span.end))
                pending.append((entry, span))

    def _start_of_text(self, start: int) -> int:
        """A block of YAML begins after the line of its `|` or `>`, which may end in a comment."""
        text = self._source.text
        return text.find("\n", start) + 1 if text[start : start + 1] in {"|", ">"} else start

    def _may_hold_comment(self, span: Span) -> bool:
        return self._source.text.find("#", span.start, span.end) != -1

    def _nest(self) -> list[int]:
        """For each piece, the index of the one around it, or -1."""
        around: list[int] = []
        opened: list[int] = []
        for index, (start, _, _) in enumerate(self._pieces):
            while opened and self._pieces[opened[-1]][1] <= start:
                opened.pop()
            around.append(opened[-1] if opened else -1)
            opened.append(index)
        return around

    def begins_comment(self, offset: int) -> bool:
        """Tell whether the `#` at an offset is the first outside strings on its line."""
        if self._in_text(offset):
            return False
        line_start = self._source.text.rfind("\n", 0, offset) + 1
        earlier = self._source.text.find("#", line_start, offset)
        while earlier != -1 and self._in_text(earlier):
            earlier = self._source.text.find("#", earlier + 1, offset)
        return earlier == -1

    def _in_text(self, offset: int) -> bool:
        index = bisect_right(self._texts, (offset, len(self._source.text))) - 1
        return index >= 0 and offset < self._texts[index][1]

    def line(self, offset: int) -> int:
        return bisect_right(self._source.line_starts, offset)

    def lines_of(self, location: Location) -> set[int]:
        """The line of a finding, and of the key and the start of each value that it stands in."""
        start = location.span.start
        lines = {self.line(start)}
        index = bisect_right(self._starts, start) - 1
        while index >= 0:
            first, end, key = self._pieces[index]
            if start < end:
                lines |= {self.line(first), self.line(key)}
            index = self._enclosing[index]
        return lines
