"""SARIF 2.1.0 (OASIS), the exchange format of code scanning services.

Columns count Unicode code points, which the run declares as its ``columnKind``.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from botticelli.compiler.diagnostics import Diagnostic, Edit, Fix, Location
from botticelli.compiler.report.fingerprint import fingerprints
from botticelli.compiler.report.mend import in_words
from botticelli.compiler.report.records import SpanRecord, location_record, ordered, unicode_text
from botticelli.compiler.version import VERSION
from botticelli.grammar.catalogue import RULES, Rule, Severity

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
FINGERPRINT = "botticelli/v1"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}

Object = dict[str, Any]


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """Return a log of one run."""
    in_order = ordered(diagnostics)
    rules = sorted({diagnostic.rule.code: diagnostic.rule for diagnostic in in_order}.items())
    indices = {code: index for index, (code, _) in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "botticelli",
                "semanticVersion": VERSION,
                "rules": [_rule(RULES.get(code, rule)) for code, rule in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(diagnostic, indices[diagnostic.rule.code], fingerprint)
            for diagnostic, fingerprint in zip(in_order, fingerprints(in_order), strict=True)
        ],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(log), indent=2).decode() + "\n"


def _rule(rule: Rule) -> Object:
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(diagnostic: Diagnostic, rule_index: int, fingerprint: str) -> Object:
    text = diagnostic.message
    if diagnostic.help is not None:
        text = f"{text}\n{diagnostic.help}"
    result: Object = {
        "ruleId": diagnostic.rule.code,
        "ruleIndex": rule_index,
        "level": _LEVELS[diagnostic.rule.severity],
        "message": _message(text),
        "locations": [_location(diagnostic.location, diagnostic.note)],
        "partialFingerprints": {FINGERPRINT: fingerprint},
    }
    if diagnostic.labels:
        result["relatedLocations"] = [
            {"id": number, **_location(label.location, label.message)}
            for number, label in enumerate(diagnostic.labels, 1)
        ]
    if diagnostic.fix is not None and diagnostic.fix.edits:
        result["fixes"] = [_fix(diagnostic.fix, diagnostic.location)]
    return result


def _message(text: str) -> Object:
    return {"text": unicode_text(text)}


def _location(location: Location, message: str) -> Object:
    place: Object = {
        "physicalLocation": {
            "artifactLocation": _artifact(location.source.path),
            "region": _region(location_record(location).span),
        }
    }
    return {**place, "message": _message(message)} if message else place


def _artifact(path: str) -> Object:
    """Name a file by a URI reference, relative where its path is."""
    try:
        name = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # not a byte of a POSIX name, but half of a Windows character
        name = unicode_text(path).encode()
    encoded = quote(name, safe="/:" if _has_drive(path) else "/")
    if _has_drive(path):
        return {"uri": f"file:///{encoded}"}
    return {"uri": f"file://{encoded}" if path.startswith("/") else encoded}


def _has_drive(path: str) -> bool:
    return path[1:3] == ":/" and path[0].isalpha()


def _region(span: SpanRecord) -> Object:
    return {
        "startLine": span.start.line,
        "startColumn": span.start.column,
        "endLine": span.end.line,
        "endColumn": span.end.column,
    }


def _fix(fix: Fix, origin: Location) -> Object:
    by_path: dict[str, list[Edit]] = {}
    for edit in fix.edits:
        by_path.setdefault(edit.location.source.path, []).append(edit)
    words = in_words(fix, origin)
    return {
        **({"description": _message(words)} if words else {}),
        "artifactChanges": [
            {"artifactLocation": _artifact(path), "replacements": _replacements(edits)}
            for path, edits in by_path.items()
        ],
        "properties": {"applicability": "safe" if fix.safe else "unsafe"},
    }


def _replacements(edits: Sequence[Edit]) -> list[Object]:
    return [
        {
            "deletedRegion": _region(location_record(edit.location).span),
            "insertedContent": _message(edit.text),
        }
        for edit in edits
    ]
