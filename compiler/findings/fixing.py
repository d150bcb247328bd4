"""Applying fixes: edits that keep every other byte, until nothing changes."""

from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import Struct

from botticelli.compiler.diagnostics import Diagnostic, Edit, Fix
from botticelli.compiler.source import BYTE_ORDER_MARK, Source
from botticelli.compiler.syntax.reader import read_text

_MAX_ROUNDS = 100


class Fixed(Struct, frozen=True):
    """A file before and after, and how many fixes made the difference."""

    path: Path
    before: str
    after: str
    fixes: int


def fix_text(
    path: str,
    text: str,
    diagnose: Callable[[Source], Iterable[Diagnostic]],
    *,
    unsafe: bool,
) -> tuple[str, int]:
    """Apply fixes to one text until nothing changes. Returns the text and how many were applied.

    ``diagnose`` is asked anew after each round. A fix after which the text parses worse than
    before is left out, so that no file is left broken.
    """
    total = 0
    for _ in range(_MAX_ROUNDS):
        source = Source(path, text)
        fixes = [
            each.fix
            for each in diagnose(source)
            if each.fix is not None
            and (each.fix.safe or unsafe)
            and all(edit.location.source.path == path for edit in each.fix.edits)
        ]
        chosen = _without_overlap(fixes)
        if not chosen:
            break
        faults = _fault_count(source)
        changed = _apply(source, chosen)
        if _fault_count(Source(path, changed)) > faults:
            changed, chosen = _one_by_one(source, chosen, faults)
        if changed == text:
            break
        text = changed
        total += len(chosen)
    return text, total


def _without_overlap(fixes: Iterable[Fix]) -> list[Fix]:
    """Take fixes in their order, leaving out those that touch what one before them changes."""
    taken: list[tuple[int, int]] = []
    chosen = []
    for fix in fixes:
        spans = [(edit.location.span.start, edit.location.span.end) for edit in fix.edits]
        if any(start <= b and a <= end for start, end in spans for a, b in taken):
            continue
        taken.extend(spans)
        chosen.append(fix)
    return chosen


def _apply(source: Source, fixes: Iterable[Fix]) -> str:
    edits: list[Edit] = [edit for fix in fixes for edit in fix.edits]
    text = source.text
    for edit in sorted(edits, key=lambda each: each.location.span, reverse=True):
        span = edit.location.span
        text = text[: span.start] + edit.text + text[span.end :]
    return BYTE_ORDER_MARK + text if source.has_byte_order_mark else text


def _one_by_one(source: Source, fixes: Iterable[Fix], faults: int) -> tuple[str, list[Fix]]:
    """Apply the first fix that does not make the text parse worse."""
    for fix in fixes:
        changed = _apply(source, [fix])
        if _fault_count(Source(source.path, changed)) <= faults:
            return changed, [fix]
    return _apply(source, []), []


def _fault_count(source: Source) -> int:
    return len(read_text(source).faults)
