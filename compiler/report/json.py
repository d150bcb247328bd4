"""One JSON document with all diagnostics and their summary (docs/check-output.schema.json)."""

from collections.abc import Iterable

import msgspec

from botticelli.compiler.diagnostics import Diagnostic
from botticelli.compiler.report.records import (
    DiagnosticRecord,
    Summary,
    diagnostic_record,
    ordered,
    summarize,
)

VERSION = 1


class Document(msgspec.Struct, frozen=True):
    """The whole output; ``version`` counts up when a reader would have to change."""

    version: int
    diagnostics: list[DiagnosticRecord]
    summary: Summary


def render(diagnostics: Iterable[Diagnostic], *, files: int | None = None) -> str:
    """Return the document, indented for people who read it too."""
    in_order = ordered(diagnostics)
    records = [diagnostic_record(diagnostic) for diagnostic in in_order]
    document = Document(VERSION, records, summarize(in_order, files))
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"
