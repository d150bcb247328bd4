"""How often each rule was broken: a table with the most frequent first."""

from collections import Counter
from collections.abc import Iterable

from botticelli.compiler.diagnostics import Diagnostic
from botticelli.compiler.report.colors import BOLD, SEVERITY, painter


def render(diagnostics: Iterable[Diagnostic], *, color: bool) -> str:
    """Return the table, one rule a line; nothing at all where there is nothing to count."""
    paint = painter(color=color)
    counts = Counter(diagnostic.rule for diagnostic in diagnostics)
    rows = sorted(counts.items(), key=lambda row: (-row[1], row[0].code))
    width = max((len(str(count)) for _, count in rows), default=0)
    longest_name = max((len(rule.name) for rule, _ in rows), default=0)
    return "".join(
        f"{paint(f'{count:>{width}}', BOLD)}  {rule.code}  {rule.name:<{longest_name}}"
        f"  {paint(rule.severity, SEVERITY[rule.severity])}\n"
        for rule, count in rows
    )
