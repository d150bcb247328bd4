"""One line for each diagnostic: ``path:line:column: BOT103 error: message``."""

from collections.abc import Iterable

from botticelli.compiler.diagnostics import Diagnostic
from botticelli.compiler.report.colors import BOLD, SEVERITY, Paint, painter
from botticelli.compiler.report.display import one_line
from botticelli.compiler.report.records import ordered


def render(diagnostics: Iterable[Diagnostic], *, color: bool) -> str:
    """Return the lines; nothing at all where there is nothing to say."""
    paint = painter(color=color)
    return "".join(_line(diagnostic, paint) for diagnostic in ordered(diagnostics))


def _line(diagnostic: Diagnostic, paint: Paint) -> str:
    source, rule = diagnostic.location.source, diagnostic.rule
    position = source.position(diagnostic.location.span.start)
    place = f"{paint(one_line(source.path), BOLD)}:{position.line}:{position.column}:"
    severity = paint(rule.severity, SEVERITY[rule.severity])
    return f"{place} {rule.code} {severity}: {one_line(diagnostic.message)}\n"
