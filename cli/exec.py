"""`botticelli exec`: check, compile and run a narrative.

Exit codes: 0 when the run did what was asked (iterations that failed under `continue_on_error`
included), 1 when the check found errors, when the run failed and when a budget ended it with work
undone, 2 for a wrong command line, 3 for a fault of Botticelli's own, 130 after Ctrl-C and 143
after SIGTERM, as shells expect of a command that a signal has ended.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from botticelli.cli.main import EXIT_FINDINGS, EXIT_USAGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from botticelli.cli.job import Job
    from botticelli.cli.plan import Plan
    from botticelli.cli.progress import Display
    from botticelli.compiler.diagnostics import Diagnostic
    from botticelli.compiler.ir.program import Program
    from botticelli.compiler.semantics.configuration import Configuration
    from botticelli.runtime.problems import SetupError
    from botticelli.runtime.shell.clock import Clock

EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143

SKIP = "skip"
REPEAT = "repeat"

_SHARE = click.FloatRange(min=0, max=1, min_open=True)


def _parse_variables(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    variables: dict[str, str] = {}
    for text in values:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{text!r} is not of the form NAME=VALUE", ctx, param)
        variables[name] = value
    return variables


@click.command("exec")
@click.argument(
    "file",
    required=False,
    type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
)
@click.option("--narrative", metavar="NAME", help="Which narrative, if the file holds several.")
@click.option(
    "--driver",
    metavar="NAME",
    help="What asks the model: gemini (default), anthropic, openai, simulate, record or replay, "
    "with options as in simulate:delay=0.5,fail=2 or replay:file=tests/tale.jsonl.",
)
@click.option(
    "--database",
    metavar="URL",
    help="The database with the tables; else DATABASE_URL, `[database] url`, or the project's own.",
)
@click.option("--tier", metavar="NAME", help="The provider's tier, whose limits are kept.")
@click.option("--rpm-multiplier", type=_SHARE, help="Share of the requests per minute to use.")
@click.option("--tpm-multiplier", type=_SHARE, help="Share of the tokens per minute to use.")
@click.option("--rpd-multiplier", type=_SHARE, help="Share of the day's limits to use.")
@click.option(
    "--var",
    "variables",
    metavar="NAME=VALUE",
    multiple=True,
    callback=_parse_variables,
    help="Set a variable; may be given several times.",
)
@click.option("--max-requests", type=click.IntRange(min=1), help="Requests this run may send.")
@click.option(
    "--max-cost",
    type=click.FloatRange(min=0, min_open=True),
    help="US dollars that this run may cost.",
)
@click.option("--only", metavar="ACT", help="Run this act alone; with --run, on its results.")
@click.option("--from", "start", metavar="ACT", help="Begin with this act, on results of --run.")
@click.option("--run", "origin", metavar="RUN", help="The run whose results are used.")
@click.option(
    "--resume",
    metavar="RUN",
    help="Go on with an earlier run: its id, the beginning of it, or `last`.",
)
@click.option(
    "--on-unknown",
    type=click.Choice([SKIP, REPEAT]),
    help="What to do with a write of which nobody knows whether it took effect.",
)
@click.option(
    "--yes",
    "confirmed",
    metavar="COMMAND",
    multiple=True,
    help="Confirm a command beforehand; may be given several times.",
)
@click.option(
    "--dry-run", is_flag=True, help="Ask the models, but show what writes instead of doing it."
)
@click.option(
    "--events",
    type=click.File("w", encoding="utf-8", lazy=False),
    help="Write every event to a file, as JSON lines.",
)
@click.option(
    "--log-format",
    type=click.Choice(["json"]),
    help="Log what happens to standard error, one JSON object a line.",
)
@click.option("--log-prompts", is_flag=True, help="Log prompts and answers as well.")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing but what went wrong.")
@click.option("--no-color", is_flag=True, help="Write no colours.")
def command(
    *,
    file: Path | None,
    narrative: str | None,
    driver: str | None,
    database: str | None,
    tier: str | None,
    rpm_multiplier: float | None,
    tpm_multiplier: float | None,
    rpd_multiplier: float | None,
    variables: dict[str, str],
    max_requests: int | None,
    max_cost: float | None,
    only: str | None,
    start: str | None,
    origin: str | None,
    resume: str | None,
    on_unknown: str | None,
    confirmed: tuple[str, ...],
    dry_run: bool,
    events: IO[str] | None,
    log_format: str | None,
    log_prompts: bool,
    quiet: bool,
    no_color: bool,
) -> None:
    """Check and compile FILE, and run a narrative of it. FILE may be a compiled one."""
    from botticelli.cli.colors import wants_color
    from botticelli.cli.job import Job
    from botticelli.cli.logs import EventLog
    from botticelli.cli.plan import plan_resumed, plan_run
    from botticelli.compiler.ir.program import Multipliers
    from botticelli.runtime.journal.records import Settings
    from botticelli.runtime.shell.clock import RealClock

    if log_prompts and log_format is None:
        raise click.UsageError("--log-prompts goes with --log-format")
    settings = Settings(
        narrative=narrative,
        driver=driver,
        database=database,
        tier=tier,
        budget=Multipliers(rpm_multiplier, tpm_multiplier, rpd_multiplier),
        variables=variables,
        only=only,
        max_requests=max_requests,
        max_cost=max_cost,
    )

    def read(path: Path, choice: str | None) -> "tuple[Program, Configuration]":
        return load(path, choice, quiet=quiet, no_color=no_color)

    if resume is not None:
        _exclude_beginnings(narrative, only, start, origin, dry_run or None)
        planned = partial(plan_resumed, resume, file, settings, read)
    else:
        if on_unknown is not None:
            raise click.UsageError("--on-unknown goes with --resume")
        if file is None:
            raise click.UsageError("name a FILE to run, or a run to go on with (--resume RUN)")
        planned = partial(
            plan_run, file, settings, read, start=start, origin=origin, dry_run=dry_run
        )
    clock = RealClock()
    color = not no_color and wants_color(sys.stdout)
    job = Job(
        display=choose_display(clock, quiet=quiet, color=color),
        events=events,
        quiet=quiet,
        log=None if log_format is None else EventLog(prompts=log_prompts),
        on_unknown=on_unknown,
        confirmed=confirmed,
    )
    sys.exit(_perform(job, planned, clock, quiet=quiet))


def _exclude_beginnings(*given: object) -> None:
    if any(each is not None for each in given):
        raise click.UsageError(
            "--resume goes on as the run began: it excludes --narrative, --only, --from, --run "
            "and --dry-run"
        )


def _perform(job: "Job", planned: "Callable[[], Plan]", clock: "Clock", *, quiet: bool) -> int:
    """Plan and run, and return the exit code."""
    from botticelli.runtime.problems import SetupError, StoreError

    try:
        report = job.run(planned(), clock)
    except SetupError as error:
        return explain(error)
    except StoreError as error:
        click.echo(f"error: {error}", err=True)
        return EXIT_FINDINGS
    except (KeyboardInterrupt, asyncio.CancelledError):
        return EXIT_TERMINATED if job.terminated else EXIT_INTERRUPTED
    if report.status == "completed":
        return 0
    if quiet:
        click.echo(f"{report.status}: {report.message}", err=True)
    return EXIT_FINDINGS


def load(
    file: Path, narrative: str | None, *, quiet: bool, no_color: bool
) -> "tuple[Program, Configuration]":
    """Return the program of a source or of a compiled file; print what the check found.

    Ends the command when there is none.
    """
    from botticelli.compiler.ir.encoding import is_program

    try:
        data = file.read_bytes()
    except OSError as error:
        raise click.UsageError(f"{file} cannot be read: {error.strerror}") from error
    if is_program(data):
        return _load_compiled(file, data, narrative, no_color=no_color)
    from botticelli.compiler.compile import NarrativeChoiceError, compile_file

    try:
        result = compile_file(file, narrative)
    except NarrativeChoiceError as error:
        raise click.UsageError(str(error)) from error
    if result.diagnostics and not (quiet and result.program is not None):
        _show(result.diagnostics, files=result.files, no_color=no_color)
    if result.program is None:
        sys.exit(EXIT_FINDINGS)
    return result.program, result.configuration


def _load_compiled(
    file: Path, data: bytes, narrative: str | None, *, no_color: bool
) -> "tuple[Program, Configuration]":
    from botticelli.compiler.ir.encoding import IncompatibleProgramError, decode
    from botticelli.compiler.reporter import Reporter
    from botticelli.compiler.workspace.configuration import read_configuration
    from botticelli.compiler.workspace.discovery import project_of

    try:
        program = decode(data)
    except IncompatibleProgramError as error:
        click.echo(f"error: {file}: {error}", err=True)
        sys.exit(EXIT_FINDINGS)
    entry = program.narratives[program.entry].name
    if narrative not in (None, entry):
        raise click.UsageError(f"{file} is the compiled narrative {entry!r}, not {narrative!r}")
    project, _ = project_of(file.absolute())
    reporter = Reporter()
    configuration = read_configuration(project, reporter)
    if reporter.diagnostics:
        _show(reporter.diagnostics, files=1, no_color=no_color)
        sys.exit(EXIT_FINDINGS)
    return program, configuration


def _show(diagnostics: "Sequence[Diagnostic]", *, files: int, no_color: bool) -> None:
    from botticelli.cli.colors import wants_color
    from botticelli.compiler.report import render

    color = not no_color and wants_color(sys.stderr)
    text = render("text", diagnostics, color=color, files=files)
    click.echo(text, nl=False, err=True, color=color)


def choose_display(clock: "Clock", *, quiet: bool, color: bool) -> "Display":
    from botticelli.cli.progress import LivePanel, PlainLines, Silence

    if quiet:
        return Silence()
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        return LivePanel(clock.now, color=color)
    return PlainLines()


def explain(error: "SetupError") -> int:
    """Print what stands in the way of a run and return the exit code."""
    from botticelli.compiler.nearest import listing, nearest

    for problem in error.problems:
        hint = ""
        if problem.name is not None:
            guess = nearest(problem.name, problem.known)
            if guess is not None:
                hint = f"; did you mean `{guess}`?"
            elif problem.known:
                hint = f"; there are {listing(problem.known)}"
        click.echo(f"error: {problem.message}{hint}", err=True)
    usage = all(problem.usage for problem in error.problems)
    return EXIT_USAGE if usage else EXIT_FINDINGS
