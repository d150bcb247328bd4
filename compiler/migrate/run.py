"""Migrating one file: rewrites applied kind by kind, as far as its meaning stays what it was."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from botticelli.compiler.check import check_unit
from botticelli.compiler.diagnostics import Diagnostic, Edit, Location
from botticelli.compiler.findings.fixing import Changed, edited
from botticelli.compiler.migrate.meaning import hindrances, meaning
from botticelli.compiler.migrate.rewrites import Rewrite, rewrites_of
from botticelli.compiler.source import Source
from botticelli.compiler.syntax.reader import read_text
from botticelli.compiler.workspace.workspace import Unit, Workspace, understand
from botticelli.grammar import catalogue

_MOST_ROUNDS = 10


class Note(Struct, frozen=True):
    """Something of an older form that stays, and why."""

    location: Location
    message: str


class Migration(Struct, frozen=True):
    """What became of one file.

    `changed` is None when there was nothing to do or nothing could be done. `rewritten` are the
    kinds of older forms that are gone, `refused` are kinds whose rewriting would have changed what
    the file means. `hindrances` are errors that leave open what it means, so that nothing was done.
    """

    changed: Changed | None = None
    rewritten: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    hindrances: tuple[Diagnostic, ...] = ()


def migrate(unit: Unit, workspace: Workspace) -> Migration:
    """Rewrite one narrative file of a workspace into present forms."""
    if unit.file is None or not unit.document.intact:
        return Migration(hindrances=tuple(hindrances(check_unit(unit, workspace, named=True))))
    notes = tuple(_notes(unit))
    if not any(rewrites_of(unit.file)):
        return Migration(notes=notes)
    standing = hindrances(check_unit(unit, workspace, named=True))
    if standing:
        return Migration(notes=notes, hindrances=tuple(standing))
    work = _Work(unit, workspace)
    work.finish()
    before = _whole(unit.document.source)
    after = _whole(work.unit.document.source)
    source = unit.document.source
    changed = Changed(unit.path, source.path, before, after) if before != after else None
    return Migration(changed, tuple(work.rewritten), tuple(work.refused), notes)


class _Work:
    """A file on its way to present forms."""

    def __init__(self, unit: Unit, workspace: Workspace) -> None:
        self.unit = unit
        self.rewritten: dict[str, None] = {}
        self.refused: list[str] = []
        self._workspace = workspace
        self._meaning = meaning(unit, workspace)
        self._faults = _codes(unit)

    def finish(self) -> None:
        """Apply rewrites until there are none: one may make room for another."""
        for _ in range(_MOST_ROUNDS):
            assert self.unit.file is not None
            kinds = [each for each in rewrites_of(self.unit.file) if each.title not in self.refused]
            if not kinds:
                return
            if not self._apply(kinds):
                self._apply_singly(kinds)

    def _apply_singly(self, kinds: Iterable[Rewrite]) -> None:
        for kind in kinds:
            if self._apply([kind]):
                return  # the places of the others have moved
            self.refused.append(kind.title)

    def _apply(self, kinds: Sequence[Rewrite]) -> bool:
        """Apply kinds together, if the file then still means the same."""
        edits = _without_overlap(edit for kind in kinds for edit in kind.edits)
        after = understand(self.unit.path, read_text(Source(self._shown, edited(edits).after)))
        if not self._means_the_same(after):
            return False
        self.unit = after
        self.rewritten.update(dict.fromkeys(kind.title for kind in kinds))
        return True

    @property
    def _shown(self) -> str:
        return self.unit.document.source.path

    def _means_the_same(self, after: Unit) -> bool:
        if after.file is None or not after.document.intact or _codes(after) - self._faults:
            return False
        return bool(self._meaning == meaning(after, self._workspace))


def _codes(unit: Unit) -> Counter[str]:
    return Counter(each.rule.code for each in unit.diagnostics)


def _without_overlap(edits: Iterable[Edit]) -> list[Edit]:
    """Leave out what touches an edit before it; another round comes to it."""
    kept: list[Edit] = []
    for edit in sorted(edits, key=lambda each: each.location.span):
        if not kept or kept[-1].location.span.end <= edit.location.span.start:
            kept.append(edit)
    return kept


def _whole(source: Source) -> str:
    from botticelli.compiler.source import BYTE_ORDER_MARK

    return (BYTE_ORDER_MARK if source.has_byte_order_mark else "") + source.text


def _notes(unit: Unit) -> Iterable[Note]:
    root: Any = unit.document.root
    if "config" in root.entries:
        code = catalogue.UNKNOWN_KEY.code
        yield Note(root.key_location("config"), f"`[config]` has no effect and stays ({code})")
