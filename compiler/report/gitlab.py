"""GitLab's Code Quality report: a JSON list that a merge request compares with the one before."""

from collections.abc import Iterable
from typing import Any

import msgspec

from botticelli.compiler.diagnostics import Diagnostic
from botticelli.compiler.report.fingerprint import fingerprints
from botticelli.compiler.report.records import location_record, ordered, unicode_text
from botticelli.grammar.catalogue import Severity

_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """Return the report."""
    in_order = ordered(diagnostics)
    named = zip(in_order, fingerprints(in_order), strict=True)
    report = [_entry(diagnostic, fingerprint) for diagnostic, fingerprint in named]
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"


def _entry(diagnostic: Diagnostic, fingerprint: str) -> dict[str, Any]:
    place = location_record(diagnostic.location)
    return {
        "description": unicode_text(diagnostic.message),
        "check_name": f"{diagnostic.rule.code} {diagnostic.rule.name}",
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[diagnostic.rule.severity],
        "location": {
            "path": place.path,
            "lines": {"begin": place.span.start.line, "end": place.span.end.line},
        },
    }
