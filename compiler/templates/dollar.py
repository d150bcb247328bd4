"""The older forms: `${act.field}`, `${state:KEY}`, `${env:NAME}`, `${NAME}` and `$NAME`.

Where they count (arguments, `[bots]`, media paths, table fields) a string with such forms is
rewritten into one Jinja template, so that everything later knows templates only. In prompts they
are text, and one that is found there is most likely a mistake.

A name alone stands for a variable of the environment, unless it is not in capitals and one of the
narrative's own: an act, an alias, `previous`, `iteration`, `trigger`.
`$NAME` takes capitals only: `$5`, `$amount` and `$$` are text, and so is what follows `$$`.
"""

import re
from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator

from msgspec import Struct

from botticelli.compiler.faults import Fault, Replacement
from botticelli.grammar.catalogue import TEMPLATE_SYNTAX, UNEXPANDED_DOLLAR

_FORM = re.compile(
    r"""(?<!\$)\$(?:
        \{\s*(?P<space>state|env):(?P<key>[A-Za-z0-9_][\w.\-/]*)\s*\}
      | \{\s*(?P<path>[A-Za-z_]\w*(?:\.\w+|\[\d+\])*)\s*\}
      | (?P<bare>[A-Z_][A-Z0-9_]*)(?!\w)
    )""",
    re.VERBOSE,
)
_BRACED = re.compile(r"(?<!\$)\$\{[^{}\n]*\}")
_CAPITALS = re.compile(r"[A-Z_][A-Z0-9_]*")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


class DollarForm(Struct, frozen=True):
    """One form at `text[start:end]`.

    `expression` is the same in Jinja; of it, `text[inner:inner + length]` is the last `length`
    characters but `tail`.
    """

    start: int
    end: int
    expression: str
    inner: int
    length: int
    tail: int = 0
    braced: bool = True

    @property
    def jinja(self) -> str:
        return f"{{{{ {self.expression} }}}}"


class Segment(Struct, frozen=True):
    """A run of the written text and the run of the original that it stands for."""

    written: int
    start: int
    end: int
    verbatim: bool


class Layout:
    """The way back from offsets in a text that was rewritten to offsets in the original."""

    def __init__(self, segments: Iterable[Segment]) -> None:
        self._segments = list(segments)
        self._starts = [segment.written for segment in self._segments]

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Return the range of the original that `written[start:end]` came from."""
        first = self._offset(start, at_end=False)
        return first, max(first, self._offset(end, at_end=True) if end > start else first)

    def _offset(self, offset: int, *, at_end: bool) -> int:
        index = bisect_right(self._starts, offset - 1 if at_end else offset) - 1
        if index < 0:
            return offset
        segment = self._segments[index]
        if not segment.verbatim:
            return segment.end if at_end else segment.start
        return min(segment.start + offset - segment.written, segment.end)


class Rewritten(Struct, frozen=True):
    """A text without dollar forms, and the way back to the one with them."""

    text: str
    layout: Layout


def find_forms(
    text: str, known: Container[str] = (), data: Iterable[tuple[int, int]] | None = None
) -> Iterator[DollarForm]:
    """Yield the forms in a text, or in those ranges of it that are not Jinja (`data`).

    `known` are the narrative's own names, which win over the environment unless in capitals.
    """
    if "$" not in text:
        return
    for start, end in [(0, len(text))] if data is None else data:
        for match in _FORM.finditer(text, start, end):
            yield _form(match, known)


def _form(match: re.Match[str], known: Container[str]) -> DollarForm:
    start, end = match.span()
    if match["space"]:
        key, inner = match["key"], match.start("key")
        if _IDENTIFIER.fullmatch(key):
            return DollarForm(start, end, f"{match['space']}.{key}", inner, len(key))
        expression = f"{match['space']}['{key}']"
        return DollarForm(start, end, expression, inner, len(key), tail=2)
    if match["bare"]:
        name, inner = match["bare"], match.start("bare")
        return DollarForm(start, end, f"env.{name}", inner, len(name), braced=False)
    path, inner = match["path"], match.start("path")
    alone = _IDENTIFIER.fullmatch(path) is not None
    if alone and (_CAPITALS.fullmatch(path) or path not in known):
        return DollarForm(start, end, f"env.{path}", inner, len(path))
    return DollarForm(start, end, path, inner, len(path))


def to_jinja(
    text: str, known: Container[str] = (), data: Iterable[tuple[int, int]] | None = None
) -> Rewritten:
    """Rewrite the forms of a text as Jinja. Everything else stays as it is, Jinja included."""
    parts: list[str] = []
    segments: list[Segment] = []
    position = written = 0

    def write(piece: str, start: int, end: int, *, verbatim: bool) -> None:
        nonlocal written
        if piece:
            parts.append(piece)
            segments.append(Segment(written, start, end, verbatim))
            written += len(piece)

    for form in find_forms(text, known, data):
        write(text[position : form.start], position, form.start, verbatim=True)
        split = len(form.expression) - form.tail - form.length
        after = len(form.expression) - form.tail
        inner_end = form.inner + form.length
        write(f"{{{{ {form.expression[:split]}", form.start, form.inner, verbatim=False)
        write(form.expression[split:after], form.inner, inner_end, verbatim=True)
        write(f"{form.expression[after:]} }}}}", inner_end, form.end, verbatim=False)
        position = form.end
    write(text[position:], position, len(text), verbatim=True)
    return Rewritten("".join(parts), Layout(segments))


def malformed(text: str, data: Iterable[tuple[int, int]] | None = None) -> Iterator[Fault]:
    """Yield a fault for each `${…}` that is none of the forms, where the forms count."""
    if "${" not in text:
        return
    for start, end in [(0, len(text))] if data is None else data:
        for match in _BRACED.finditer(text, start, end):
            if _FORM.fullmatch(text, match.start(), match.end()):
                continue
            yield Fault(
                rule=TEMPLATE_SYNTAX,
                start=match.start(),
                end=match.end(),
                message=f"`{match[0]}` is none of the forms that are expanded here",
                help="write `${act.field}`, `${state:KEY}`, `${env:NAME}`, or a Jinja expression"
                " in `{{ }}`",
            )


def unexpanded(
    text: str, known: Container[str] = (), data: Iterable[tuple[int, int]] | None = None
) -> Iterator[Fault]:
    """Yield BOT307 for each `${…}` of a prompt. A bare `$NAME` there is text."""
    for form in find_forms(text, known, data):
        if form.braced:
            yield Fault(
                rule=UNEXPANDED_DOLLAR,
                start=form.start,
                end=form.end,
                message=f"`{text[form.start : form.end]}` is not expanded in a prompt",
                note="the model reads this as it is written",
                help=f"write `{form.jinja}`",
                edits=(Replacement(form.start, form.end, form.jinja),),
            )
