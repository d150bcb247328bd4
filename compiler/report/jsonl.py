"""JSON lines: each diagnostic, as in the JSON document, on a line of its own."""

from collections.abc import Iterable

import msgspec

from botticelli.compiler.diagnostics import Diagnostic
from botticelli.compiler.report.records import diagnostic_record, ordered


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """Return the lines; nothing at all where there is nothing to say."""
    records = map(diagnostic_record, ordered(diagnostics))
    return msgspec.json.Encoder().encode_lines(records).decode()
