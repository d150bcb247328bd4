"""All narrative files of a project: each read once, when something first asks for it."""

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from msgspec import Struct

from botticelli.compiler.diagnostics import Diagnostic, Location
from botticelli.compiler.narrative.file import is_narrative, is_schema_file, read_narrative_file
from botticelli.compiler.narrative.model import Narrative, NarrativeFile, Schema
from botticelli.compiler.reporter import Reporter
from botticelli.compiler.source import Source, Span
from botticelli.compiler.syntax.nodes import Document
from botticelli.compiler.syntax.reader import read
from botticelli.compiler.workspace.discovery import project_of, sources
from botticelli.compiler.workspace.schemas import Schemas, resolve_workspace_schemas
from botticelli.grammar import catalogue


class Unit(Struct, frozen=True):
    """One file of a workspace: as read, as understood, and what was wrong with it by itself.

    `file` is None when the file is neither a narrative nor a file of schemas.
    """

    path: Path
    document: Document
    file: NarrativeFile | None
    diagnostics: list[Diagnostic]
    is_narrative: bool


class NarrativeAt(Struct, frozen=True):
    """A narrative and the file that it stands in."""

    unit: Unit
    narrative: Narrative

    @property
    def key(self) -> tuple[str, str]:
        return (str(self.unit.path), self.narrative.name)


class Workspace:
    """The files of one project, by path.

    ``folder`` is absolute. Without a configuration the workspace is that folder alone, without
    its subfolders.
    """

    def __init__(self, folder: Path, *, configured: bool) -> None:
        self.folder = folder
        self.configured = configured
        self._units: dict[Path, Unit] = {}

    def unit(self, path: Path) -> Unit:
        """Return the file at an absolute path. One that cannot be read has a diagnostic for it."""
        unit = self._units.get(path)
        if unit is None:
            unit = self._units[path] = _load(path)
        return unit

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """Every narrative and schema file of the project, in the order of their paths."""
        found = (self.unit(path) for path in sources(self.folder, recursive=self.configured))
        return tuple(unit for unit in found if unit.file is not None)

    def narratives(self) -> Iterator[NarrativeAt]:
        """Every narrative of the workspace."""
        for unit in self.units:
            if unit.file is not None:
                for narrative in unit.file.narratives:
                    yield NarrativeAt(unit, narrative)

    @cached_property
    def by_name(self) -> dict[str, list[NarrativeAt]]:
        """The narratives of the workspace that bear each name."""
        found: dict[str, list[NarrativeAt]] = {}
        for at in self.narratives():
            found.setdefault(at.narrative.name, []).append(at)
        return found

    @cached_property
    def intact(self) -> bool:
        """Whether every file of the workspace could be read whole."""
        return all(unit.document.intact for unit in self.units)

    @cached_property
    def schemas(self) -> dict[str, Schema]:
        """The schemas of all files, shared by the whole workspace; the first of a name wins."""
        found: dict[str, Schema] = {}
        for unit in self.units:
            if unit.file is not None:
                for name, schema in unit.file.schemas.items():
                    found.setdefault(name, schema)
        return found

    @cached_property
    def types(self) -> Schemas:
        """The schemas of the workspace as types."""
        return resolve_workspace_schemas(self.schemas)


def workspace_of(path: Path, known: dict[Path, Workspace]) -> Workspace:
    """Return the workspace that an absolute path belongs to; ``known`` holds those made so far."""
    folder, configured = project_of(path)
    if folder not in known:
        known[folder] = Workspace(folder, configured=configured)
    return known[folder]


def display_path(path: Path) -> str:
    """Name a file as its user would: relative to the working directory where that is shorter."""
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return Path(os.path.relpath(path)).as_posix() if path.is_absolute() else path.as_posix()


def _load(path: Path) -> Unit:
    shown = display_path(path)
    try:
        document = read(shown, path.read_bytes())
    except OSError as error:
        document = _unreadable(shown, error)
    return understand(path, document)


def understand(path: Path, document: Document) -> Unit:
    """Read the model out of a document."""
    reporter = Reporter()
    reporter.extend(document.faults)
    narrative = is_narrative(document)
    file = None
    if narrative or is_schema_file(document):
        file = read_narrative_file(document, reporter)
    return Unit(path, document, file, reporter.diagnostics, narrative)


def _unreadable(shown: str, error: OSError) -> Document:
    document = Document(Source(shown, ""))
    document.intact = False
    document.faults.append(
        Diagnostic(
            rule=catalogue.SYNTAX_ERROR,
            message=f"the file cannot be read: {error.strerror or error}",
            location=Location(document.source, Span(0, 0)),
        )
    )
    return document
