"""All narrative files of a project: each read once, when something first asks for it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from botticelli.compiler.diagnostics import Diagnostic
from botticelli.compiler.narrative.file import is_narrative, is_schema_file, read_narrative_file
from botticelli.compiler.narrative.model import Narrative, NarrativeFile, Schema, TextInput
from botticelli.compiler.nearest import Names
from botticelli.compiler.reporter import Reporter
from botticelli.compiler.semantics.configuration import Asked, Configuration
from botticelli.compiler.syntax.nodes import Document
from botticelli.compiler.workspace.discovery import project_of
from botticelli.compiler.workspace.documents import read_document
from botticelli.compiler.workspace.files import CONTENT, Files, Look, Memory, remembered
from botticelli.compiler.workspace.schemas import Schemas, resolve_workspace_schemas
from botticelli.compiler.workspace.tables import Tables

if TYPE_CHECKING:
    from botticelli.compiler.budget.result import Budget
    from botticelli.compiler.flow.provenance import Provenance
    from botticelli.compiler.flow.results import Results
    from botticelli.compiler.workspace.circles import Circles
    from botticelli.compiler.workspace.prompts import PromptFiles


_NARRATIVE_SECTION = re.compile(r"""^\[{0,2}[ "']*(?:narratives?|toc|acts?)\b""", re.MULTILINE)


class Unit(Struct, frozen=True):
    """One file of a workspace: as read, as understood, and what was wrong with it by itself.

    `file` is None when the file is neither a narrative nor a file of schemas. `prompts` are the
    prompts of its acts that stand in other files, if there are any, `looks` those taken at them.
    """

    path: Path
    document: Document
    file: NarrativeFile | None
    diagnostics: list[Diagnostic]
    is_narrative: bool
    prompts: "PromptFiles | None" = None
    looks: tuple[Look, ...] = ()

    @property
    def may_be_narrative(self) -> bool:
        """Whether the file is to be judged where nobody named it: a damaged one only if it can be
        seen to be ours."""
        if self.document.intact or self.file is not None:
            return self.file is not None
        return _NARRATIVE_SECTION.search(self.document.source.text) is not None


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
    its subfolders. Whatever is looked up outside the workspace is looked up through ``files``.
    ``budgets``, if somebody wants them, gets those that the check works out, by narrative.
    ``asked`` is what the command line of a run asks with, which its budgets are judged by.
    """

    def __init__(self, folder: Path, *, configured: bool, files: Files | None = None) -> None:
        self.folder = folder
        self.configured = configured
        self.files = files or Files()
        self._units: dict[Path, Unit] = {}
        self._narratives: dict[Path, dict[str, Narrative]] = {}
        self.soundness: Memory[bool] = Memory(self.files)
        self.budgets: dict[tuple[str, str], Budget] | None = None
        self.asked = Asked()

    def unit(self, path: Path) -> Unit:
        """Return the file at an absolute path. One that cannot be read has a diagnostic for it."""
        self.files.note([(CONTENT, str(path))])
        return self._unit(path)

    def _unit(self, path: Path) -> Unit:
        unit = self._units.get(path)
        if unit is None:
            unit = understand(path, read_document(path, self.files))
            unit = self._units[path] = self._with_prompts(unit)
        self.files.note(unit.looks)
        return unit

    def _with_prompts(self, unit: Unit) -> Unit:
        if unit.file is None or not _names_prompt_files(unit.file):
            return unit
        from botticelli.compiler.workspace.prompts import PromptFiles

        with self.files.recording() as looks:
            prompts = PromptFiles(unit.path.parent, self.files)
            file = prompts.into(unit.file)
        return replace(
            unit,
            file=file,
            diagnostics=[*unit.diagnostics, *prompts.faults],
            prompts=prompts,
            looks=tuple(looks),
        )

    @remembered
    def units(self) -> tuple[Unit, ...]:
        """Every narrative and schema file of the project, in the order of their paths."""
        return tuple(unit for unit in self._sources if unit.file is not None)

    @remembered
    def _sources(self) -> tuple[Unit, ...]:
        found = self.files.project(self.folder, recursive=self.configured)
        return tuple(self._unit(path) for path in found)

    def narratives_of(self, unit: Unit) -> dict[str, Narrative]:
        """The narratives of one file by name."""
        found = self._narratives.get(unit.path)
        if found is None:
            narratives = unit.file.narratives if unit.file else ()
            found = self._narratives[unit.path] = {each.name: each for each in narratives}
        return found

    def narratives(self) -> Iterator[NarrativeAt]:
        """Every narrative of the workspace."""
        for unit in self.units:
            if unit.file is not None:
                for narrative in unit.file.narratives:
                    yield NarrativeAt(unit, narrative)

    @remembered
    def by_name(self) -> dict[str, list[NarrativeAt]]:
        """The narratives of the workspace that bear each name."""
        found: dict[str, list[NarrativeAt]] = {}
        for at in self.narratives():
            found.setdefault(at.narrative.name, []).append(at)
        return found

    @remembered
    def damaged(self) -> tuple[Unit, ...]:
        """The files of the project that could not be read whole."""
        return tuple(
            unit for unit in self._sources if not unit.document.intact and unit.may_be_narrative
        )

    @remembered
    def narrative_names(self) -> Names:
        """The names of all narratives, to ask which one a misspelt name means."""
        return Names(self.by_name)

    @remembered
    def circles(self) -> "Circles":
        """Narratives of the workspace that run each other."""
        from botticelli.compiler.workspace.circles import Circles

        return Circles(self)

    @remembered
    def results(self) -> "Results":
        """What the narratives of the workspace give to those that run them."""
        from botticelli.compiler.flow.results import Results

        return Results(self)

    @remembered
    def provenance(self) -> "Provenance":
        """Where text of the workspace comes from. It keeps what it found for one file for others,
        so asking for it counts as having looked at all that it can rest on."""
        from botticelli.compiler.flow.provenance import Provenance

        _ = self.units, self.configuration, self.tables.lock
        return Provenance(self)

    @remembered
    def schemas(self) -> dict[str, Schema]:
        """The schemas of all files, shared by the whole workspace; the first of a name wins."""
        found: dict[str, Schema] = {}
        for unit in self.units:
            if unit.file is not None:
                for name, schema in unit.file.schemas.items():
                    found.setdefault(name, schema)
        return found

    @remembered
    def types(self) -> Schemas:
        """The schemas of the workspace as types."""
        return resolve_workspace_schemas(self.schemas)

    @remembered
    def configuration(self) -> Configuration:
        """The configuration that holds here; what is wrong in it is reported elsewhere."""
        from botticelli.compiler.workspace.configuration import read_configuration

        read = read_configuration(self.folder, Reporter(), self.files, lambda: self.types.records)
        return self.asked.over(read)

    @remembered
    def tables(self) -> Tables:
        """What is known of the tables that the workspace reads and writes."""
        return Tables(self)


def workspace_of(path: Path, known: dict[Path, Workspace], files: Files | None = None) -> Workspace:
    """Return the workspace that an absolute path belongs to; ``known`` holds those made so far."""
    files = files or Files()
    folder, configured = project_of(path, files.is_file)
    if folder not in known:
        known[folder] = Workspace(folder, configured=configured, files=files)
    return known[folder]


def _names_prompt_files(file: NarrativeFile) -> bool:
    return any(
        isinstance(item, TextInput) and item.file is not None
        for acts in (file.acts, *(narrative.acts for narrative in file.narratives))
        for act in acts.values()
        for item in act.inputs
    )


def understand(path: Path, document: Document) -> Unit:
    """Read the model out of a document."""
    reporter = Reporter()
    reporter.extend(document.faults)
    narrative = is_narrative(document)
    file = None
    if narrative or is_schema_file(document):
        file = read_narrative_file(document, reporter)
    return Unit(path, document, file, reporter.diagnostics, narrative)
