"""`botticelli exec`: check, compile and run a narrative.

Exit codes: 0 when the run did what was asked (iterations that failed under `continue_on_error`
included), 1 when the check found errors, when the run failed and when a budget ended it with work
undone, 2 for a wrong command line, 3 for a fault of Botticelli's own, 130 after Ctrl-C and 143
after SIGTERM, as shells expect of a command that a signal has ended.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from botticelli.cli.main import EXIT_FINDINGS, EXIT_USAGE

if TYPE_CHECKING:
    from botticelli.cli.progress import Display
    from botticelli.compiler.ir.program import Program
    from botticelli.compiler.semantics.configuration import Configuration
    from botticelli.runtime.events import Event
    from botticelli.runtime.problems import SetupError
    from botticelli.runtime.shell.clock import Clock
    from botticelli.runtime.shell.engine import Report
    from botticelli.runtime.shell.setup import Options

EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143

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
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--narrative", metavar="NAME", help="Which narrative, if the file holds several.")
@click.option(
    "--driver",
    metavar="NAME",
    help="What asks the model: gemini (default), anthropic, openai, simulate, record or replay, "
    "with options as in simulate:delay=0.5,fail=2 or replay:file=tests/tale.jsonl.",
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
@click.option(
    "--events",
    type=click.File("w", encoding="utf-8", lazy=False),
    help="Write every event to a file, as JSON lines.",
)
@click.option("--quiet", "-q", is_flag=True, help="Say nothing but what went wrong.")
@click.option("--no-color", is_flag=True, help="Write no colours.")
def command(
    *,
    file: Path,
    narrative: str | None,
    driver: str | None,
    tier: str | None,
    rpm_multiplier: float | None,
    tpm_multiplier: float | None,
    rpd_multiplier: float | None,
    variables: dict[str, str],
    events: IO[str] | None,
    quiet: bool,
    no_color: bool,
) -> None:
    """Check and compile FILE, and run a narrative of it. FILE may be a compiled one."""
    from botticelli.cli.colors import wants_color
    from botticelli.compiler.ir.program import Multipliers
    from botticelli.runtime.problems import SetupError
    from botticelli.runtime.shell.clock import RealClock
    from botticelli.runtime.shell.setup import Options
    from botticelli.runtime.shell.store import StoreError

    program, configuration = load(file, narrative, quiet=quiet, no_color=no_color)
    options = Options(
        driver=driver,
        tier=tier,
        budget=Multipliers(rpm_multiplier, tpm_multiplier, rpd_multiplier),
        variables=variables,
    )
    clock = RealClock()
    color = not no_color and wants_color(sys.stdout)
    display = choose_display(clock, quiet=quiet, color=color)
    job = Job(file, program, configuration, options, display=display, events=events, quiet=quiet)
    try:
        report = job.run(clock)
    except SetupError as error:
        sys.exit(explain(error))
    except StoreError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(EXIT_FINDINGS)
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(EXIT_TERMINATED if job.terminated else EXIT_INTERRUPTED)
    if report.status != "completed":
        if quiet:
            click.echo(f"{report.status}: {report.message}", err=True)
        sys.exit(EXIT_FINDINGS)


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
        return _load_compiled(file, data, narrative)
    from botticelli.cli.colors import wants_color
    from botticelli.compiler.compile import NarrativeChoiceError, compile_file
    from botticelli.compiler.report import render

    try:
        result = compile_file(file, narrative)
    except NarrativeChoiceError as error:
        raise click.UsageError(str(error)) from error
    if result.diagnostics and not (quiet and result.program is not None):
        color = not no_color and wants_color(sys.stderr)
        text = render("text", result.diagnostics, color=color, files=result.files)
        click.echo(text, nl=False, err=True, color=color)
    if result.program is None:
        sys.exit(EXIT_FINDINGS)
    return result.program, result.configuration


def _load_compiled(
    file: Path, data: bytes, narrative: str | None
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
    return program, read_configuration(project, Reporter())


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


class Job:
    """A run as the command line makes it: its display, its event file, its summary."""

    def __init__(
        self,
        file: Path,
        program: "Program",
        configuration: "Configuration",
        options: "Options",
        *,
        display: "Display",
        events: IO[str] | None,
        quiet: bool,
    ) -> None:
        self._file = file
        self._program = program
        self._configuration = configuration
        self._options = options
        self._display = display
        self._events = events
        self._quiet = quiet
        self._finished: Any = None
        self._started = 0.0
        self._store_path = ""
        self.terminated = False

    def run(self, clock: "Clock") -> "Report":
        """Run to the end and print the summary, also when a signal ends the run."""
        self._display.start()
        try:
            return clock.run(self._execute(clock))
        finally:
            self._display.stop()
            self._summarize()

    async def _execute(self, clock: "Clock") -> "Report":
        from botticelli.runtime.shell.engine import Run
        from botticelli.runtime.shell.setup import equip
        from botticelli.runtime.shell.store import open_store

        self._obey_signals()
        equipment = await equip(
            self._program, self._configuration, self._options, os.environ, clock
        )
        try:
            store = open_store(Path(self._configuration.project), create=True)
            assert store is not None
            try:
                self._store_path = _shown(store.path)
                run = Run(
                    self._program,
                    equipment,
                    source=str(self._file),
                    store=store,
                    confirm=self._confirm,
                    sink=self._take,
                )
                return await run.execute()
            finally:
                store.close()
        finally:
            await equipment.close()

    def _obey_signals(self) -> None:
        """End cleanly on SIGTERM as well; Ctrl-C does so by itself."""
        task = asyncio.current_task()

        def terminate() -> None:
            self.terminated = True
            if task is not None:
                task.cancel()

        if sys.platform != "win32":
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminate)

    def _take(self, event: "Event") -> None:
        from msgspec.json import encode

        from botticelli.runtime.events import RunFinished, RunStarted

        if isinstance(event, RunStarted):
            self._started = event.time
        elif isinstance(event, RunFinished):
            self._finished = event
        if self._events is not None:
            self._events.write(encode(event).decode() + "\n")
            self._events.flush()
        self._display.show(event)

    async def _confirm(self, name: str, arguments: Mapping[str, Any]) -> bool:
        from botticelli.compiler.semantics.templates import as_json

        return self._display.ask(f"Perform {name} {as_json(dict(arguments))}?")

    def _summarize(self) -> None:
        if self._finished is None or self._quiet:
            return
        from botticelli.cli.summary import summarize

        seconds = self._finished.time - self._started
        click.echo(summarize(self._finished, seconds, self._store_path))


def _shown(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
