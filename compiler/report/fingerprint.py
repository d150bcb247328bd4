"""Names by which other services recognise a finding in the next run."""

from collections import Counter
from collections.abc import Iterable
from hashlib import sha256

from botticelli.compiler.diagnostics import Diagnostic

CONTEXT = 200
"""Code points that count on each side; a long line is not read whole for each finding in it."""


def fingerprints(diagnostics: Iterable[Diagnostic]) -> list[str]:
    """Return a fingerprint for each diagnostic, different from all others.

    It is made of the rule, the file, the marked text and what stands beside it on the line that it
    begins on, without indentation; so it stays when lines are added or removed elsewhere, and when
    a message is worded anew. Findings that are alike in all of this are numbered in their order.
    """
    seen: Counter[str] = Counter()
    names = []
    for diagnostic in diagnostics:
        key = _key(diagnostic)
        seen[key] += 1
        name = f"{key}\0{seen[key]}"
        names.append(sha256(name.encode("utf-8", "surrogatepass")).hexdigest())
    return names


def _key(diagnostic: Diagnostic) -> str:
    source, span = diagnostic.location.source, diagnostic.location.span
    position = source.position(span.start)
    line = source.line(position.line)
    before = line[: position.column - 1].lstrip()[-CONTEXT:]
    behind = line[position.column - 1 :][:CONTEXT].rstrip()
    marked = source.shown[span.start : min(span.end, span.start + CONTEXT)]
    parts = [diagnostic.rule.code, source.path, before, behind, marked]
    return "\0".join(parts)
