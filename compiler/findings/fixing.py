"""Applying fixes: edits that keep every other byte, until nothing changes.

After each round everything is diagnosed anew, with the changed texts in place of the files. A fix
after which a file parses worse than before is left out, so that no file is left broken.
"""

from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from botticelli.compiler.diagnostics import Diagnostic, Edit, Fix
from botticelli.compiler.source import BYTE_ORDER_MARK, Source, Span
from botticelli.compiler.syntax.reader import read_text
from botticelli.compiler.workspace.discovery import absolute

_MOST_ROUNDS = 100

Texts = Mapping[Path, str]
"""Texts that differ from their files, by absolute path."""


class Changed(Struct, frozen=True):
    """A file before and after. ``shown`` is how it is called."""

    path: Path
    shown: str
    before: str
    after: str


class Fixed(Struct, frozen=True):
    """What became of the files, and how many fixes made the difference."""

    files: tuple[Changed, ...]
    fixes: int


def fix(
    diagnose: Callable[[Texts], Iterable[Diagnostic]], mendable: Iterable[Path], *, unsafe: bool
) -> Fixed:
    """Apply the safe fixes of what ``diagnose`` finds, and the others too with ``unsafe``.

    A fix that would edit a file that is not ``mendable`` is left out.
    """
    allowed = frozenset(mendable)
    texts: dict[Path, str] = {}
    files: dict[Path, Changed] = {}
    applied = 0
    seen: set[frozenset[tuple[Path, str]]] = set()
    for _ in range(_MOST_ROUNDS):
        fixes = [each.fix for each in diagnose(texts) if each.fix is not None]
        fixes = [each for each in fixes if each.safe or unsafe]
        fixes = [each for each in fixes if allowed.issuperset(_paths(each))]
        changed, count = _apply_all(_without_overlap(fixes))
        state = frozenset({**texts, **{each.path: each.after for each in changed}}.items())
        if not changed or state in seen:
            break
        seen.add(state)
        applied += count
        for each in changed:
            texts[each.path] = each.after
            first = files.get(each.path, each)
            files[each.path] = Changed(each.path, each.shown, first.before, each.after)
    different = (each for each in files.values() if each.before != each.after)
    return Fixed(tuple(sorted(different, key=lambda each: each.shown)), applied)


def _paths(fix: Fix) -> set[Path]:
    return {absolute(edit.location.source.path) for edit in fix.edits}


def _without_overlap(fixes: Iterable[Fix]) -> list[Fix]:
    """Take fixes in their order, leaving out those that touch what one before them changes."""
    taken: dict[str, list[Span]] = {}
    chosen = []
    for fix in fixes:
        spans = [(each.location.source.path, each.location.span) for each in fix.edits]
        if any(_touches(span, taken.get(path, ())) for path, span in spans):
            continue
        for path, span in spans:
            insort(taken.setdefault(path, []), span)
        chosen.append(fix)
    return chosen


def _touches(span: Span, others: Sequence[Span]) -> bool:
    """Tell whether a range meets one of others, which are in order and do not meet each other."""
    place = bisect_right(others, span)
    near = others[max(0, place - 1) : place + 1]
    return any(span.start <= other.end and other.start <= span.end for other in near)


def _apply_all(fixes: Sequence[Fix]) -> tuple[list[Changed], int]:
    """Apply fixes that do not touch each other, except those that damage a file."""
    accepted = _harmless(fixes, [])
    different = [each for each in _apply(accepted) if each.before != each.after]
    return different, len(accepted) if different else 0


def _harmless(fixes: Sequence[Fix], accepted: list[Fix]) -> list[Fix]:
    """Return the accepted fixes and those of ``fixes`` that damage no file beside them."""
    together = [*accepted, *fixes]
    if not any(map(_damages, _apply(together))):
        return together
    if len(fixes) < 2:
        return accepted
    half = len(fixes) // 2
    return _harmless(fixes[half:], _harmless(fixes[:half], accepted))


def _apply(fixes: Iterable[Fix]) -> list[Changed]:
    edits: dict[str, list[Edit]] = {}
    for fix in fixes:
        for edit in fix.edits:
            edits.setdefault(edit.location.source.path, []).append(edit)
    return [edited(each) for each in edits.values()]


def edited(edits: Sequence[Edit]) -> Changed:
    """Apply edits of one file that do not overlap."""
    source = edits[0].location.source
    pieces = []
    last = 0
    for edit in sorted(edits, key=lambda each: each.location.span):
        span = edit.location.span
        pieces += [source.text[last : span.start], _with_line_ends_of(source, edit)]
        last = span.end
    mark = BYTE_ORDER_MARK if source.has_byte_order_mark else ""
    return Changed(
        absolute(source.path),
        source.path,
        mark + source.text,
        mark + "".join([*pieces, source.text[last:]]),
    )


def _with_line_ends_of(source: Source, edit: Edit) -> str:
    """The new text, with line ends as the line has that it goes into (the last: the one before)."""
    if "\n" not in edit.text:
        return edit.text
    end = source.text.find("\n", edit.location.span.start)
    if end == -1:
        end = source.text.rfind("\n")
    plain = edit.text.replace("\r\n", "\n")
    return plain.replace("\n", "\r\n") if source.text[end - 1 : end] == "\r" else plain


def _damages(changed: Changed) -> bool:
    return _damage(changed.shown, changed.after) > _damage(changed.shown, changed.before)


def _damage(shown: str, text: str) -> tuple[bool, int]:
    document = read_text(Source(shown, text))
    return (not document.intact, len(document.faults))
