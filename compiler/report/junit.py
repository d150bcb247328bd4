"""JUnit XML, which most build servers show: a suite for each file, a case for each diagnostic.

Errors and warnings are failed cases; notes pass, with their text as output. Without any finding
there is one case that passes, for an empty report is taken for a broken one.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from botticelli.compiler.diagnostics import Diagnostic
from botticelli.compiler.report.display import visible
from botticelli.compiler.report.records import ordered
from botticelli.grammar.catalogue import Severity

SUITE_NAME = "botticelli"


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """Return the document; what XML cannot hold appears as a visible escape like ``<U+0000>``."""
    in_order = ordered(diagnostics)
    root = Element("testsuites", _counts(SUITE_NAME, in_order))
    for path, group in groupby(in_order, key=lambda diagnostic: diagnostic.location.source.path):
        findings = list(group)
        suite = SubElement(root, "testsuite", _counts(path, findings))
        for diagnostic in findings:
            _add_case(suite, diagnostic)
    if not in_order:
        suite = SubElement(root, "testsuite", _counts(SUITE_NAME, []))
        SubElement(suite, "testcase", {"name": "check", "classname": SUITE_NAME})
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _counts(name: str, diagnostics: Sequence[Diagnostic]) -> dict[str, str]:
    failures = sum(diagnostic.rule.severity is not Severity.INFO for diagnostic in diagnostics)
    return {
        "name": visible(name),
        "tests": str(max(1, len(diagnostics))),
        "failures": str(failures),
        "errors": "0",
    }


def _add_case(suite: Element, diagnostic: Diagnostic) -> None:
    source, rule = diagnostic.location.source, diagnostic.rule
    position = source.position(diagnostic.location.span.start)
    path = visible(source.path)
    case = SubElement(
        suite,
        "testcase",
        {
            "name": f"{rule.code} {rule.name} ({position.line}:{position.column})",
            "classname": path,
            "file": path,
            "line": str(position.line),
        },
    )
    message = "\n".join(visible(line) for line in diagnostic.message.split("\n"))
    if rule.severity is Severity.INFO:
        SubElement(case, "system-out").text = message
        return
    failure = SubElement(case, "failure", {"message": message, "type": rule.severity.value})
    details = [f"{path}:{position.line}:{position.column}: {message}"]
    if diagnostic.help is not None:
        details += (visible(line) for line in f"help: {diagnostic.help}".split("\n"))
    failure.text = "\n".join(details)
