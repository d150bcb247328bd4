"""What every format says about a diagnostic: its order, its places, and the counts at the end.

The structs are the JSON document of `check`, field by field (docs/check-output.schema.json).
"""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from botticelli.compiler.diagnostics import Diagnostic, Fix, Location
from botticelli.compiler.source import Position
from botticelli.grammar.catalogue import Severity

REPLACEMENT_CHARACTER = "\ufffd"


class SpanRecord(Struct, frozen=True):
    """A half-open range."""

    start: Position
    end: Position


class LocationRecord(Struct, frozen=True):
    """A range of the file at ``path``."""

    path: str
    span: SpanRecord


class LabelRecord(Struct, frozen=True):
    """A further place and what is to be seen there."""

    message: str
    path: str
    span: SpanRecord


class EditRecord(Struct, frozen=True):
    """Replace a range by ``text``."""

    path: str
    span: SpanRecord
    text: str


class FixRecord(Struct, frozen=True):
    """A mend and whether it may be applied without looking at it."""

    applicability: Literal["safe", "unsafe"]
    edits: list[EditRecord]


class DiagnosticRecord(Struct, frozen=True):
    """One finding."""

    code: str
    name: str
    severity: Severity
    message: str
    path: str
    span: SpanRecord
    labels: list[LabelRecord]
    help: str | None
    fix: FixRecord | None


class Summary(Struct, frozen=True):
    """How many files were checked and how many findings of each severity there are."""

    files: int
    errors: int
    warnings: int
    infos: int


def ordered(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Return the diagnostics by file, place, code and message."""
    return sorted(diagnostics, key=lambda diagnostic: diagnostic.order)


def location_record(location: Location) -> LocationRecord:
    """Return a place as people and programs name it."""
    source, span = location.source, location.span
    start, end = source.position(span.start), source.position(max(span.start, span.end))
    return LocationRecord(unicode_text(source.path), SpanRecord(start, end))


def diagnostic_record(diagnostic: Diagnostic) -> DiagnosticRecord:
    """Return a diagnostic as the JSON formats write it."""
    place = location_record(diagnostic.location)
    labels = [(label.message, location_record(label.location)) for label in diagnostic.labels]
    return DiagnosticRecord(
        code=diagnostic.rule.code,
        name=diagnostic.rule.name,
        severity=diagnostic.rule.severity,
        message=unicode_text(diagnostic.message),
        path=place.path,
        span=place.span,
        labels=[LabelRecord(unicode_text(text), at.path, at.span) for text, at in labels],
        help=None if diagnostic.help is None else unicode_text(diagnostic.help),
        fix=None if diagnostic.fix is None else _fix_record(diagnostic.fix),
    )


def _fix_record(fix: Fix) -> FixRecord:
    edits = [(location_record(edit.location), edit.text) for edit in fix.edits]
    return FixRecord(
        "safe" if fix.safe else "unsafe",
        [EditRecord(place.path, place.span, unicode_text(text)) for place, text in edits],
    )


def summarize(diagnostics: Iterable[Diagnostic], files: int | None) -> Summary:
    """Count the findings; where ``files`` is unknown, the files that have findings."""
    counts = dict.fromkeys(Severity, 0)
    paths = set()
    for diagnostic in diagnostics:
        counts[diagnostic.rule.severity] += 1
        paths.add(diagnostic.location.source.path)
    return Summary(
        files=len(paths) if files is None else files,
        errors=counts[Severity.ERROR],
        warnings=counts[Severity.WARNING],
        infos=counts[Severity.INFO],
    )


def unicode_text(text: str) -> str:
    """Return ``text`` as UTF-8 can hold it: a lone surrogate, as of a file name that is not UTF-8,
    becomes the replacement character.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join(c if c < "\ud800" or c > "\udfff" else REPLACEMENT_CHARACTER for c in text)
    return text
