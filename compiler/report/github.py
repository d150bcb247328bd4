"""Workflow commands of GitHub Actions, which become annotations on a pull request.

The form and its escapes are those of the runner's toolkit: ``::error file=…,line=…::message``.
"""

from collections.abc import Iterable

from botticelli.compiler.diagnostics import Diagnostic
from botticelli.compiler.report.display import visible
from botticelli.compiler.report.records import location_record, ordered
from botticelli.grammar.catalogue import Severity

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """Return one command for each diagnostic."""
    return "".join(_command(diagnostic) for diagnostic in ordered(diagnostics))


def _command(diagnostic: Diagnostic) -> str:
    place = location_record(diagnostic.location)
    start, end = place.span.start, place.span.end
    properties = {"file": place.path, "line": start.line, "endLine": end.line}
    if start.line == end.line:
        # Columns are only allowed for an annotation of a single line.
        properties |= {"col": start.column, "endColumn": end.column}
    properties["title"] = f"{diagnostic.rule.code} {diagnostic.rule.name}"
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    text = diagnostic.message
    if diagnostic.help is not None:
        text = f"{text}\nhelp: {diagnostic.help}"
    return f"::{_COMMANDS[diagnostic.rule.severity]} {listed}::{_data(text)}\n"


def _data(text: str) -> str:
    lines = (visible(line) for line in text.split("\n"))
    return "\n".join(lines).replace("%", "%25").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
