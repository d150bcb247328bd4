"""Findings as they are kept: in the cache, and on their way between processes.

Places are kept as offsets into files that are named once; the text of a file is read again when a
place in it is shown. Paths are relative to the project where they are in it.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from botticelli.compiler.batch.findings import FileFindings
from botticelli.compiler.diagnostics import Diagnostic, Edit, Fix, Label, Location
from botticelli.compiler.findings.selection import CheckSettings
from botticelli.compiler.findings.suppressed import Suppressed, UnusedIgnore
from botticelli.compiler.source import BYTE_ORDER_MARK, Source, Span
from botticelli.compiler.syntax.encoding import decode
from botticelli.compiler.workspace.discovery import absolute, display_path
from botticelli.compiler.workspace.files import CONTENT, Answer, Files, Look
from botticelli.grammar.catalogue import RULES, Severity

_ITSELF = "."
"""How the project's own folder is written within it."""

StoredPlace = tuple[int, int, int]
"""Which of the entry's sources, start and end."""


class StoredFix(Struct, frozen=True, array_like=True):
    safe: bool
    edits: list[tuple[StoredPlace, str]]


class StoredDiagnostic(Struct, frozen=True, array_like=True):
    code: str
    severity: Severity
    message: str
    place: StoredPlace
    note: str
    labels: list[tuple[str, StoredPlace]]
    help: str | None
    fix: StoredFix | None


class StoredSource(Struct, frozen=True, array_like=True):
    """A file that places lie in; ``text`` only where it is not simply what the file holds."""

    path: str
    text: str | None


class Entry(Struct, frozen=True, array_like=True):
    """Something worked out: by which checker, and what each look saw that it rests on."""

    checker: str
    looks: list[tuple[str, str, Answer]]


class SettingsEntry(Entry, frozen=True, array_like=True):
    """What a project's configuration says about checking."""

    settings: CheckSettings


class FindingsEntry(Entry, frozen=True, array_like=True):
    """The findings of one file."""

    relevant: bool
    sources: list[StoredSource]
    diagnostics: list[StoredDiagnostic]
    unused: list[tuple[str, StoredDiagnostic]]


def stored_looks(
    looks: Iterable[Look], project: Path, files: Files
) -> list[tuple[str, str, Answer]]:
    """Write down what looks see."""
    return [
        (kind, _inside(path, project), files.answer((kind, path)))
        for kind, path in files.widened(looks)
    ]


def looks_of(entry: Entry, project: Path) -> list[tuple[Look, Answer]]:
    """Return what an entry rests on."""
    # Of a large workspace there are millions, so that paths are put together as text.
    folder = str(project)
    return [
        ((kind, folder if path == _ITSELF else os.path.join(folder, path)), answer)  # noqa: PTH118
        for kind, path, answer in entry.looks
    ]


def stored_findings(
    findings: FileFindings, looks: Iterable[Look], *, checker: str, project: Path, files: Files
) -> FindingsEntry:
    """Write findings down. ``checker`` names the version of the checker that found them."""
    writer = _Writer(project, files)
    diagnostics = [writer.diagnostic(each) for each in findings.found.diagnostics]
    unused = [(each.code, writer.diagnostic(each.diagnostic)) for each in findings.found.unused]
    shown = [(CONTENT, path) for path in writer.shown]
    return FindingsEntry(
        checker=checker,
        looks=stored_looks(dict.fromkeys([*looks, *shown]), project, files),
        relevant=findings.relevant,
        sources=writer.sources,
        diagnostics=diagnostics,
        unused=unused,
    )


def findings_of(entry: FindingsEntry, project: Path, files: Files) -> FileFindings:
    """Return the findings as they were. Raises LookupError for a rule that there is no longer."""
    reader = _Reader(entry.sources, project, files)
    return FileFindings(
        entry.relevant,
        Suppressed(
            tuple(reader.diagnostic(each) for each in entry.diagnostics),
            tuple(UnusedIgnore(code, reader.diagnostic(each)) for code, each in entry.unused),
        ),
    )


def _inside(path: str, project: Path) -> str:
    folder = str(project)
    if path == folder:
        return _ITSELF
    within = os.path.join(folder, "")  # noqa: PTH118 - as where they are put together again
    return path.removeprefix(within)


class _Writer:
    """Turns diagnostics into records and gathers the files that they show."""

    def __init__(self, project: Path, files: Files) -> None:
        self._project = project
        self._files = files
        self._indices: dict[int, int] = {}
        self.sources: list[StoredSource] = []
        self.shown: list[str] = []

    def diagnostic(self, diagnostic: Diagnostic) -> StoredDiagnostic:
        fix = diagnostic.fix
        return StoredDiagnostic(
            code=diagnostic.rule.code,
            severity=diagnostic.rule.severity,
            message=diagnostic.message,
            place=self._place(diagnostic.location),
            note=diagnostic.note,
            labels=[(label.message, self._place(label.location)) for label in diagnostic.labels],
            help=diagnostic.help,
            fix=None
            if fix is None
            else StoredFix(
                fix.safe, [(self._place(edit.location), edit.text) for edit in fix.edits]
            ),
        )

    def _place(self, location: Location) -> StoredPlace:
        index = self._indices.get(id(location.source))
        if index is None:
            index = self._indices[id(location.source)] = len(self.sources)
            self.sources.append(self._source(location.source))
        return (index, location.span.start, location.span.end)

    def _source(self, source: Source) -> StoredSource:
        path = absolute(source.path)
        name = _inside(str(path), self._project)
        self.shown.append(str(path))
        again = _read_source(path, self._files)
        if again.text == source.text and again.has_byte_order_mark == source.has_byte_order_mark:
            return StoredSource(name, None)
        mark = BYTE_ORDER_MARK if source.has_byte_order_mark else ""
        return StoredSource(name, mark + source.text)


class _Reader:
    """Turns records into diagnostics again."""

    def __init__(self, stored: list[StoredSource], project: Path, files: Files) -> None:
        self._sources = [_restore(each, project, files) for each in stored]

    def diagnostic(self, stored: StoredDiagnostic) -> Diagnostic:
        rule = RULES[stored.code]
        if rule.severity != stored.severity:
            rule = replace(rule, severity=stored.severity)
        fix = None
        if stored.fix is not None:
            edits = (Edit(self._location(place), text) for place, text in stored.fix.edits)
            fix = Fix(stored.fix.safe, tuple(edits))
        return Diagnostic(
            rule=rule,
            message=stored.message,
            location=self._location(stored.place),
            note=stored.note,
            labels=tuple(Label(text, self._location(place)) for text, place in stored.labels),
            help=stored.help,
            fix=fix,
        )

    def _location(self, place: StoredPlace) -> Location:
        index, start, end = place
        return Location(self._sources[index], Span(start, end))


def _restore(stored: StoredSource, project: Path, files: Files) -> Source:
    path = project / stored.path
    if stored.text is None:
        return _read_source(path, files)
    return Source(display_path(path), stored.text)


def _read_source(path: Path, files: Files) -> Source:
    """Return a file's text as it was shown; one that cannot be read is empty."""
    shown = display_path(path)
    try:
        return decode(shown, files.content(path))[0]
    except OSError:
        return Source(shown, "")
