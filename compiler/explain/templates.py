"""The templates and expressions of a program as an explanation reads them: the names they use, and
the pieces they are made of with their places in the source.
"""

import re
from collections.abc import Callable, Iterator

from msgspec import Struct

from botticelli.compiler.budget.texts import Texts
from botticelli.compiler.explain import explanation as shown
from botticelli.compiler.ir import program as ir
from botticelli.compiler.ir.expressions import ExpressionNode, Name, Parameter
from botticelli.compiler.semantics.templates import has_tags
from botticelli.compiler.templates.values import Analysis

Locate = Callable[[ir.Template, int, int], shown.Span | None]
"""Says where a range of a template's source stands; None where that is not known."""

_OPENING = {"variable_begin": "value", "block_begin": "logic"}
_CLOSING = frozenset({"variable_end", "block_end"})
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)


class NameUse(Struct, frozen=True):
    """A name with the constant keys that follow it, as `act.field`; `via` says where it is used."""

    root: str
    path: tuple[str | int, ...]
    via: str

    @property
    def written(self) -> str:
        return self.root + "".join(
            f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path
        )


class Templates:
    """The templates of one narrative, as its budget has analysed them."""

    def __init__(self, narrative: ir.Narrative, texts: Texts, locate: Locate | None) -> None:
        self._narrative = narrative
        self._texts = texts
        self._locate = locate

    def uses(self, part: object, via: str) -> Iterator[NameUse]:
        """Yield the names that a template, a value or an expression uses, in the order written."""
        match part:
            case ir.Template(source=source):
                yield from self._in_template(source, via)
            case Parameter(source=source):
                yield from self._in_template("{{ " + source + " }}", via)
            case Name(root=root, path=path):
                yield NameUse(root, path, via)
            case ir.ListValue() | ir.RecordValue() | ExpressionNode():
                for field in part.__struct_fields__:
                    yield from self.uses(getattr(part, field), via)
            case tuple():
                for item in part:
                    yield from self.uses(item, via)
            case dict():
                for item in part.values():
                    yield from self.uses(item, via)

    def _in_template(self, source: str, via: str) -> Iterator[NameUse]:
        for use in self._analysis(source).uses:
            yield NameUse(use.name, use.path, via)

    def _analysis(self, source: str) -> Analysis:
        return self._texts.analysis(self._narrative, source) or Analysis()

    def pieces(self, template: ir.Template) -> Iterator[shown.Piece]:
        """Yield what a template is made of: text, what is printed into it, and logic."""
        source = template.source
        if self._locate is None:
            return
        if not has_tags(source):
            if source:
                yield self._piece(template, "text", 0, len(source))
            return
        end = 0
        for kind, start, stop in _tags(source):
            if start > end:
                yield self._piece(template, "text", end, start)
            yield self._piece(template, kind, start, stop)
            end = stop
        if end < len(source):
            yield self._piece(template, "text", end, len(source))

    def _piece(self, template: ir.Template, kind: str, start: int, end: int) -> shown.Piece:
        names: tuple[str, ...] = ()
        if kind != "text":
            uses = self._analysis(template.source).uses
            inside = (use for use in uses if start <= use.start < end)
            written = (NameUse(use.name, use.path, "prompt").written for use in inside)
            names = tuple(dict.fromkeys(written))
        text = template.source[start:end]
        assert self._locate is not None
        span = self._locate(template, start, end)
        return shown.Piece(kind=kind, text=text, span=span, names=names)


def _tags(source: str) -> Iterator[tuple[str, int, int]]:
    """Yield each tag of a template with its kind; comments are logic as well."""
    from botticelli.compiler.templates.parsing import parse

    parsed = parse(source)
    end, begun = 0, None
    for token in parsed.tokens:
        start, stop = parsed.origin(token.start, token.end)
        if begun is None and token.type in _OPENING:
            yield from _comments(source, end, start)
            begun = _OPENING[token.type], start
        elif begun is not None and token.type in _CLOSING:
            yield *begun, stop
            end, begun = stop, None
    yield from _comments(source, end, len(source))


def _comments(source: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    for match in _COMMENT.finditer(source, start, end):
        yield "logic", match.start(), match.end()
