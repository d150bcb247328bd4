"""From a file that is named on the command line to the program that runs, source or compiled."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from botticelli.cli.main import EXIT_FINDINGS
from botticelli.runtime.problems import Problem, SetupError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from botticelli.compiler.diagnostics import Diagnostic
    from botticelli.compiler.ir.program import Program
    from botticelli.compiler.semantics.configuration import Asked, Configuration


Report = Callable[["Sequence[Diagnostic]", int], None]
"""Says what the check found in so many files."""


def read_program(
    file: Path, narrative: str | None, asked: "Asked", report: Report, *, quiet: bool
) -> "tuple[Program, Configuration]":
    """Return the program of a source or of a compiled file; report what the check found under what
    is asked with.

    Ends the command when there is none. Raises SetupError for one of another version.
    """
    from botticelli.compiler.ir.encoding import is_program

    try:
        data = file.read_bytes()
    except OSError as error:
        raise click.UsageError(f"{file} cannot be read: {error.strerror}") from error
    if is_program(data):
        return _load_compiled(file, data, narrative, report)
    from botticelli.compiler.compile import NarrativeChoiceError, compile_file

    try:
        result = compile_file(file, narrative, asked=asked)
    except NarrativeChoiceError as error:
        raise click.UsageError(str(error)) from error
    if result.diagnostics and not (quiet and result.program is not None):
        report(result.diagnostics, result.files)
    if result.program is None:
        sys.exit(EXIT_FINDINGS)
    return result.program, result.configuration


def _load_compiled(
    file: Path, data: bytes, narrative: str | None, report: Report
) -> "tuple[Program, Configuration]":
    from botticelli.compiler.ir.encoding import IncompatibleProgramError, decode
    from botticelli.compiler.reporter import Reporter
    from botticelli.compiler.workspace.configuration import read_configuration
    from botticelli.compiler.workspace.discovery import project_of

    try:
        program = decode(data)
    except IncompatibleProgramError as error:
        raise SetupError(Problem(f"{file}: {error}")) from error
    entry = program.narratives[program.entry].name
    if narrative not in (None, entry):
        raise click.UsageError(f"{file} is the compiled narrative {entry!r}, not {narrative!r}")
    project, _ = project_of(file.absolute())
    reporter = Reporter()
    configuration = read_configuration(project, reporter)
    if reporter.diagnostics:
        report(reporter.diagnostics, 1)
        sys.exit(EXIT_FINDINGS)
    return program, configuration


def report_findings(diagnostics: "Sequence[Diagnostic]", files: int, *, no_color: bool) -> None:
    """Print the errors and warnings that the check found, as `check` does; notes are counted."""
    from botticelli.cli.colors import wants_color
    from botticelli.compiler.report import render
    from botticelli.grammar.catalogue import Severity

    shown = [each for each in diagnostics if each.rule.severity is not Severity.INFO]
    if shown:
        color = not no_color and wants_color(sys.stderr)
        text = render("text", shown, color=color, files=files)
        click.echo(text, nl=False, err=True, color=color)
    notes = len(diagnostics) - len(shown)
    if notes:
        said = "1 note; `botticelli check` shows it"
        click.echo(
            said if notes == 1 else f"{notes} notes; `botticelli check` shows them", err=True
        )
