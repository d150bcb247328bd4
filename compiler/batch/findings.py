"""What is found in one file, before anyone has chosen what is reported of it."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from botticelli.compiler.batch.targets import Project, Target
from botticelli.compiler.diagnostics import Diagnostic, Location
from botticelli.compiler.findings.suppressed import Suppressed
from botticelli.compiler.reporter import Reporter
from botticelli.compiler.source import Source, Span
from botticelli.compiler.syntax.reader import SUFFIXES
from botticelli.compiler.workspace.discovery import CONFIGURATION, LOCK_FILE, display_path
from botticelli.compiler.workspace.files import Files, Look
from botticelli.grammar.catalogue import NO_NARRATIVE

if TYPE_CHECKING:
    from botticelli.compiler.workspace.workspace import Workspace


class FileFindings(Struct, frozen=True):
    """The findings of one file.

    A file that is not ``relevant`` is passed over unless it was named itself.
    """

    relevant: bool
    found: Suppressed


class Inspector:
    """Judges files. What several files of a project have in common is worked out once."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self._workspaces: dict[Project, Workspace] = {}

    def inspect(self, target: Target) -> tuple[FileFindings, list[Look]]:
        """Return what is found in a file, and the looks that it rests on."""
        with self.files.recording() as looks:
            if target.path.name == CONFIGURATION:
                findings = FileFindings(relevant=True, found=self._configuration(target))
            elif target.path.name == LOCK_FILE:
                findings = FileFindings(relevant=True, found=self._lock_file(target))
            elif not target.path.name.endswith(SUFFIXES):
                findings = FileFindings(relevant=False, found=Suppressed((no_source(target.path),)))
            else:
                findings = self._source(target)
        return findings, [*looks]

    def prepare(self, targets: Iterable[Target]) -> None:
        """Read the projects of some files, in which each will look for others."""
        for project in {target.project: None for target in targets}:
            with self.files.recording():
                self._workspace(project).units  # noqa: B018 - it is remembered

    def _source(self, target: Target) -> FileFindings:
        from botticelli.compiler.check import check_unit
        from botticelli.compiler.findings.suppression import suppress

        workspace = self._workspace(target.project)
        unit = workspace.unit(target.path)
        found = check_unit(unit, workspace, named=True)
        return FileFindings(unit.may_be_narrative, suppress(unit.document, found))

    def _workspace(self, project: Project) -> "Workspace":
        from botticelli.compiler.workspace.workspace import Workspace

        workspace = self._workspaces.get(project)
        if workspace is None:
            workspace = Workspace(project.folder, configured=project.configured, files=self.files)
            self._workspaces[project] = workspace
        return workspace

    def _configuration(self, target: Target) -> Suppressed:
        from botticelli.compiler.workspace.configuration import check_configuration_file

        def check(path: Path, reporter: Reporter, files: Files) -> None:
            workspace = self._workspace(target.project)
            check_configuration_file(path, reporter, files, lambda: workspace.types.records)

        return self._of_project(target, check)

    def _lock_file(self, target: Target) -> Suppressed:
        from botticelli.compiler.workspace.lock import read_lock

        return self._of_project(target, read_lock)

    def _of_project(
        self, target: Target, read: Callable[[Path, Reporter, Files], object]
    ) -> Suppressed:
        """Judge a file that says something of a whole project, by reading it."""
        from botticelli.compiler.findings.suppression import suppress
        from botticelli.compiler.rules.secrets import report_keys
        from botticelli.compiler.workspace.documents import read_document

        reporter = Reporter()
        read(target.path, reporter, self.files)
        document = read_document(target.path, self.files)
        report_keys(document.root, reporter)
        return suppress(document, reporter.diagnostics)


def no_source(path: Path) -> Diagnostic:
    """Return what is said of a file that was named and is neither TOML nor YAML by its name."""
    return Diagnostic(
        rule=NO_NARRATIVE,
        message="a narrative is a file whose name ends with `.toml`, `.yaml` or `.yml`",
        location=Location(Source(display_path(path), ""), Span(0, 0)),
    )
