"""`compile`: from a file to a program, or to the diagnostics that stand in its way."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from botticelli.compiler.batch.findings import no_source
from botticelli.compiler.check import can_be_lowered, check_unit
from botticelli.compiler.diagnostics import Diagnostic
from botticelli.compiler.findings.suppression import suppress
from botticelli.compiler.ir.program import Program
from botticelli.compiler.narrative.model import Narrative
from botticelli.compiler.nearest import listing, nearest
from botticelli.compiler.reporter import Reporter
from botticelli.compiler.semantics.configuration import Asked, Configuration
from botticelli.compiler.syntax.reader import SUFFIXES
from botticelli.compiler.workspace.check_settings import check_settings_of
from botticelli.compiler.workspace.composition import calls_of, resolve
from botticelli.compiler.workspace.configuration import read_configuration
from botticelli.compiler.workspace.workspace import NarrativeAt, Unit, Workspace, workspace_of
from botticelli.grammar.catalogue import UNKNOWN_NARRATIVE, Severity

if TYPE_CHECKING:
    from botticelli.compiler.budget.result import Budget


class CompileResult(Struct, frozen=True):
    """A program, unless errors stand in its way; and all that was found in the files it needs.

    `lowered` is what can be explained although it is not to be run: the program also where only
    errors of budgets, security or media stand in its way. `units` are the files it needs.
    `budget` is that of `lowered` with the configuration alone, if the check has looked at it.
    """

    program: Program | None
    diagnostics: list[Diagnostic]
    configuration: Configuration
    files: int
    lowered: Program | None = None
    units: tuple[Unit, ...] = ()
    budget: "Budget | None" = None


class NarrativeChoiceError(Exception):
    """The file holds several narratives, or not the one asked for; the message names them."""


# Budgets and security are held again when a program runs, so that a person may know better here.
# What other errors say of a narrative leaves no program to be made of it, silenced or not.
_LEFT_TO_A_PERSON = ("BOT5", "BOT6")

_ASKED = Asked()


def compile_file(
    path: Path, narrative: str | None = None, *, bounds: bool = True, asked: Asked = _ASKED
) -> CompileResult:
    """Check and compile one narrative of a file, with every narrative that it reaches.

    ``bounds``: the program has those that hold with the configuration alone. ``asked`` is what a
    command line says of the driver and its limits: what does not fit them stands in the way.
    What `check` does not report, since a comment or the configuration silences it, is left out,
    unless it stands in the way. Raises NarrativeChoiceError when ``narrative`` does not say which
    one is meant.
    """
    path = path.absolute()
    workspace = workspace_of(path, {})
    workspace.asked = asked
    reporter = Reporter()
    configuration = asked.over(
        read_configuration(workspace.folder, reporter, records=lambda: workspace.types.records)
    )
    if not path.name.endswith(SUFFIXES):
        return CompileResult(None, [no_source(path)], configuration, 1)
    budgets: dict[tuple[str, str], Budget] = {}
    workspace.budgets = budgets
    unit = workspace.unit(path)
    _judge(unit, workspace, reporter)
    entry = None
    units: list[Unit] = [unit]
    if unit.file is not None and unit.file.narratives:
        entry = NarrativeAt(unit, _choose(unit, narrative))
        for at in _reached(entry, workspace):
            if at.unit not in units:
                units.append(at.unit)
                _judge(at.unit, workspace, reporter)
            _require_calls(at, workspace, reporter)
    diagnostics = reporter.diagnostics
    lowered, budget = None, None
    if entry is not None and can_be_lowered(diagnostics):
        budget = budgets.get(entry.key)
    if budget is not None:
        lowered = budget.program
    elif entry is not None and can_be_lowered(diagnostics):
        from botticelli.compiler.lower.program import lower_program

        lowered = lower_program(entry, workspace, configuration, workspace.types.records)
    refused = any(each.rule.severity is Severity.ERROR for each in diagnostics)
    program = None if refused else lowered
    if program is not None and bounds:
        from botticelli.compiler.budget.models import Models
        from botticelli.compiler.lower.bounds import bounded

        program = bounded(program, Models(configuration), project=configuration.budget)
    return CompileResult(
        program, diagnostics, configuration, len(units), lowered, tuple(units), budget
    )


def _judge(unit: Unit, workspace: Workspace, reporter: Reporter) -> None:
    """Report what `check` reports of a file, and what it leaves out but stands in the way."""
    found = check_unit(unit, workspace, named=True)
    selection = check_settings_of(workspace.folder, workspace.files).selection
    inside = Path(os.path.relpath(unit.path, workspace.folder)).as_posix()
    reporter.extend(selection.apply(suppress(unit.document, found), inside))
    reporter.extend(
        each
        for each in found
        if each.rule.severity is Severity.ERROR and not each.rule.code.startswith(_LEFT_TO_A_PERSON)
    )


def _choose(unit: Unit, name: str | None) -> Narrative:
    assert unit.file is not None
    narratives = {narrative.name: narrative for narrative in unit.file.narratives}
    shown = unit.document.source.path
    if name is None:
        if len(narratives) == 1:
            return next(iter(narratives.values()))
        raise NarrativeChoiceError(
            f"{shown} holds {len(narratives)} narratives: choose one with --narrative "
            f"({listing(narratives)})"
        )
    if name not in narratives:
        guess = nearest(name, narratives)
        hint = f"; did you mean `{guess}`?" if guess else f"; it holds {listing(narratives)}"
        raise NarrativeChoiceError(f"{shown} holds no narrative `{name}`{hint}")
    return narratives[name]


def _require_calls(at: NarrativeAt, workspace: Workspace, reporter: Reporter) -> None:
    """A call that may lead into a file that cannot be read is no fault, but cannot be run."""
    if at.unit.file is None:
        return
    for call in calls_of(at.unit.file, at.narrative):
        resolution = resolve(call.name, at.unit, workspace)
        if resolution.found is None and resolution.unsure:
            broken = [
                unit.document.source.path for unit in workspace.units if not unit.document.intact
            ]
            reporter.report(
                UNKNOWN_NARRATIVE,
                call.location,
                f"no narrative `{call.name}` can be found while files of the workspace are broken",
                note="not found so far",
                help=f"mend {listing(broken)} first" if broken else None,
            )


def _reached(entry: NarrativeAt, workspace: Workspace) -> Iterator[NarrativeAt]:
    """Yield a narrative and every one that it runs, directly or not."""
    seen = {entry.key}
    queue = [entry]
    for at in queue:
        yield at
        if at.unit.file is None:
            continue
        for call in calls_of(at.unit.file, at.narrative):
            target = resolve(call.name, at.unit, workspace).found
            if target is not None and target.key not in seen:
                seen.add(target.key)
                queue.append(target)
