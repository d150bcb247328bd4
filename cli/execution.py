"""What `exec` does with its command line: makes a plan of it, runs that, and says how it ended."""

import asyncio
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from botticelli.cli.colors import wants_color
from botticelli.cli.event_file import EventFile
from botticelli.cli.job import Job
from botticelli.cli.live import LivePanel
from botticelli.cli.logs import EventLog
from botticelli.cli.main import EXIT_FINDINGS, EXIT_INTERRUPTED
from botticelli.cli.output import go_on_without_output
from botticelli.cli.plan import Plan, plan_resumed, plan_run
from botticelli.cli.printable import echo_text
from botticelli.cli.problems import Say, explain, say
from botticelli.cli.progress import Display, PlainLines, Silence
from botticelli.cli.reading import read_program, report_findings
from botticelli.compiler.ir.program import Multipliers, Program
from botticelli.compiler.semantics.configuration import Asked, Configuration
from botticelli.runtime.journal.records import Settings
from botticelli.runtime.problems import SetupError, StoreError
from botticelli.runtime.shell.clock import Clock, RealClock

if TYPE_CHECKING:
    from botticelli.runtime.telemetry.telemetry import Telemetry

EXIT_TERMINATED = 143


class CommandLine(Struct, frozen=True, kw_only=True):
    """What was given to `exec`, by the names of its options."""

    file: Path | None
    narrative: str | None
    driver: str | None
    database: str | None
    tier: str | None
    rpm_multiplier: float | None
    tpm_multiplier: float | None
    rpd_multiplier: float | None
    variables: dict[str, str]
    count_tokens: bool
    trigger: str | None
    max_requests: int | None
    max_tokens: int | None
    max_cost: float | None
    only: str | None
    start: str | None
    origin: str | None
    resume: str | None
    on_unknown: str | None
    confirmed: tuple[str, ...]
    dry_run: bool
    events: Path | None
    event_answers: bool
    no_stream: bool
    log_format: str | None
    log_prompts: bool
    quiet: bool
    no_color: bool

    @property
    def settings(self) -> Settings:
        """What the journal keeps of it."""
        return Settings(
            narrative=self.narrative,
            driver=self.driver,
            database=self.database,
            tier=self.tier,
            budget=Multipliers(self.rpm_multiplier, self.tpm_multiplier, self.rpd_multiplier),
            variables=self.variables,
            only=self.only,
            trigger=self.trigger,
            max_requests=self.max_requests,
            max_tokens=self.max_tokens,
            max_cost=self.max_cost,
        )


def execute(given: CommandLine) -> int:
    """Plan and run, and return the exit code."""
    if given.log_prompts and given.log_format is None:
        raise click.UsageError("--log-prompts goes with --log-format")
    if given.event_answers and given.events is None:
        raise click.UsageError("--event-answers goes with --events")
    if given.event_answers and given.no_stream:
        raise click.UsageError("--event-answers excludes --no-stream: pieces come of streams")
    log = None if given.log_format is None else EventLog(prompts=given.log_prompts)
    try:
        return _execute(given, log)
    finally:
        if log is not None:
            log.close()


def _execute(given: CommandLine, log: EventLog | None) -> int:
    go_on_without_output()
    plan = _planned(given, log)
    clock = RealClock()
    job = Job(
        display=_choose_display(given, clock),
        events=None if given.events is None else EventFile(given.events),
        event_answers=given.event_answers,
        stream=not given.no_stream,
        count_tokens=given.count_tokens,
        quiet=given.quiet,
        log=log,
        telemetry=_open_telemetry(),
        on_unknown=given.on_unknown,
        confirmed=given.confirmed,
    )
    brief = given.quiet and log is None
    return _perform(job, plan, clock, brief=brief, say=say if log is None else log.problem)


def _planned(given: CommandLine, log: EventLog | None) -> Callable[[], Plan]:
    """Return what makes the plan. Raises UsageError for options that exclude each other."""

    def read(path: Path, choice: str | None, asked: Asked) -> tuple[Program, Configuration]:
        report = partial(report_findings, no_color=given.no_color) if log is None else log.findings
        return read_program(path, choice, asked, report, quiet=given.quiet)

    if given.resume is not None:
        beginnings = (given.narrative, given.only, given.start, given.origin)
        if given.dry_run or any(each is not None for each in beginnings):
            raise click.UsageError(
                "--resume goes on as the run began: it excludes --narrative, --only, --from, --run "
                "and --dry-run"
            )
        return partial(plan_resumed, given.resume, given.file, given.settings, read)
    if given.on_unknown is not None:
        raise click.UsageError("--on-unknown goes with --resume")
    if given.file is None:
        raise click.UsageError("name a FILE to run, or a run to go on with (--resume RUN)")
    return partial(
        plan_run,
        given.file,
        given.settings,
        read,
        start=given.start,
        origin=given.origin,
        dry_run=given.dry_run,
    )


def _open_telemetry() -> "Telemetry | None":
    if not any(name.startswith("OTEL_") for name in os.environ):
        return None
    from botticelli.runtime.telemetry.opening import open_telemetry

    return open_telemetry(os.environ)


def _choose_display(given: CommandLine, clock: Clock) -> Display:
    if given.quiet:
        return Silence()
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        return LivePanel(clock.now, color=not given.no_color and wants_color(sys.stdout))
    return PlainLines()


def _perform(job: Job, planned: Callable[[], Plan], clock: Clock, *, brief: bool, say: Say) -> int:
    """Run and return the exit code; `brief` says why a run did not complete and nothing else."""
    try:
        report = job.run(planned(), clock)
    except SetupError as error:
        return explain(error, say, details=job.speaks_to_people)
    except StoreError as error:
        say(str(error))
        return EXIT_FINDINGS
    except (KeyboardInterrupt, asyncio.CancelledError):
        return EXIT_TERMINATED if job.terminated else EXIT_INTERRUPTED
    if report.status == "completed":
        return 0
    if brief:
        echo_text(f"{report.status}: {report.message}", err=True)
    return EXIT_FINDINGS
