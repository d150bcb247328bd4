"""`check`: from paths to diagnostics."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from botticelli.compiler.diagnostics import Diagnostic, Location
from botticelli.compiler.reporter import Reporter
from botticelli.compiler.rules.commands import check_commands
from botticelli.compiler.rules.composition import check_composition
from botticelli.compiler.rules.conditions import check_conditions
from botticelli.compiler.rules.content import check_content
from botticelli.compiler.rules.filters import check_filters
from botticelli.compiler.rules.media import check_media
from botticelli.compiler.rules.order import check_order
from botticelli.compiler.rules.policies import check_policies
from botticelli.compiler.rules.resources import check_resources
from botticelli.compiler.rules.secrets import check_secrets
from botticelli.compiler.rules.state import check_state
from botticelli.compiler.rules.subject import Subject
from botticelli.compiler.rules.tables import check_tables
from botticelli.compiler.rules.templates import check_templates
from botticelli.compiler.rules.types import check_types
from botticelli.compiler.source import Span
from botticelli.compiler.workspace.discovery import CONFIGURATION, sources
from botticelli.compiler.workspace.workspace import Unit, Workspace, workspace_of
from botticelli.grammar import catalogue

RULES = (
    check_order,
    check_resources,
    check_composition,
    check_conditions,
    check_filters,
    check_tables,
    check_types,
    check_templates,
    check_state,
    check_media,
    check_commands,
    check_secrets,
    check_policies,
    check_content,
)

# What is still certain in a file that cannot be read whole; all else may rest on what is merely
# out of sight there.
_CERTAIN_IN_DAMAGED_FILES = frozenset(
    {
        catalogue.SYNTAX_ERROR,
        catalogue.DUPLICATE_KEY,
        catalogue.UNKNOWN_KEY,
        catalogue.WRONG_TYPE,
        catalogue.CONFLICTING_KEYS,
        catalogue.BAD_VALUE,
        catalogue.TEMPLATE_SYNTAX,
        catalogue.EXPRESSION_SYNTAX,
        catalogue.HARD_CODED_SECRET,
    }
)


class CheckResult(Struct, frozen=True):
    """What was found, and in how many files it was looked for."""

    diagnostics: list[Diagnostic]
    files: int


def check_paths(paths: Sequence[Path]) -> CheckResult:
    """Check files and folders. A folder stands for the narrative files in it."""
    workspaces: dict[Path, Workspace] = {}
    reporter = Reporter()
    seen: set[Path] = set()
    files = 0
    for path, named in _expand(paths):
        if path in seen:
            continue
        seen.add(path)
        if path.name == CONFIGURATION:
            files += 1
            reporter.extend(_check_configuration(path))
            continue
        workspace = workspace_of(path, workspaces)
        unit = workspace.unit(path)
        if not named and not unit.may_be_narrative:
            continue
        files += 1
        reporter.extend(check_unit(unit, workspace, named=named))
    return CheckResult(reporter.diagnostics, files)


def _expand(paths: Iterable[Path]) -> Iterable[tuple[Path, bool]]:
    """Yield absolute paths of files, and whether each was named itself."""
    for path in paths:
        absolute = Path(os.path.abspath(path))  # noqa: PTH100 - `..` goes as well
        if not absolute.is_dir():
            yield absolute, True
            continue
        if (absolute / CONFIGURATION).is_file():
            yield absolute / CONFIGURATION, False
        for source in sources(absolute, recursive=True):
            yield source, False


def check_unit(unit: Unit, workspace: Workspace, *, named: bool) -> list[Diagnostic]:
    """Return everything that has its primary span in one file."""
    reporter = Reporter()
    reporter.extend(unit.diagnostics)
    document = unit.document
    if unit.file is not None:
        subject = Subject(unit, unit.file, workspace, reporter)
        for rule in RULES:
            rule(subject)
    elif named and document.intact:
        reporter.report(
            catalogue.NO_NARRATIVE,
            Location(document.source, Span(0, 0)),
            "the file holds no narrative",
            note="none of `narrative`, `narratives`, `toc`, `acts`, `act` stands in it",
        )
    found = reporter.diagnostics
    if not document.intact:
        found = [each for each in found if each.rule in _CERTAIN_IN_DAMAGED_FILES]
    return found


def _check_configuration(path: Path) -> list[Diagnostic]:
    from botticelli.compiler.workspace.configuration import read_configuration_file

    reporter = Reporter()
    read_configuration_file(path, reporter)
    return reporter.diagnostics
