"""What the checker says: diagnostics with a place, further labelled places, help and a fix."""

from typing import Protocol

from msgspec import Struct

from botticelli.compiler.source import Source, Span
from botticelli.grammar.catalogue import Rule


class Location(Struct, frozen=True):
    """A range of one file."""

    source: Source
    span: Span


class Anchor(Protocol):
    """Anything that stands somewhere in a file. Asking where may take another look at the file."""

    @property
    def location(self) -> Location: ...


class Label(Struct, frozen=True):
    """A further place that helps to understand a diagnostic, with what is to be seen there."""

    message: str
    location: Location


class Edit(Struct, frozen=True):
    """Replace the text of a range; an empty range inserts."""

    location: Location
    text: str


class Fix(Struct, frozen=True):
    """A mend: safe when it cannot change what the author meant, unsafe otherwise."""

    safe: bool
    edits: tuple[Edit, ...]


class Diagnostic(Struct, frozen=True, kw_only=True):
    """One fault, said once, at the exact place.

    ``note`` is what stands beside the underline (the message when empty).
    """

    rule: Rule
    message: str
    location: Location
    note: str = ""
    labels: tuple[Label, ...] = ()
    help: str | None = None
    fix: Fix | None = None

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        span = self.location.span
        return (self.location.source.path, span.start, span.end, self.rule.code, self.message)
