"""A run as the command line makes it: its display, its event file, its questions, its summary."""

import asyncio
import gc
import os
import signal
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from botticelli.cli.arguments import ShownArguments
from botticelli.cli.bounding import bounded_for
from botticelli.cli.outlook import outlook
from botticelli.cli.printable import echo_text
from botticelli.cli.unknown import unknown_writes
from botticelli.runtime.flow.carousel import Tally
from botticelli.runtime.journal.file import Journal, open_journal
from botticelli.runtime.journal.records import RunRecord, Spent
from botticelli.runtime.journal.resumption import Resumption, Scripts, resume, start_from
from botticelli.runtime.problems import Problem, SetupError
from botticelli.runtime.shell.engine import Run
from botticelli.runtime.shell.equipment import Equipment
from botticelli.runtime.shell.records import Report, new_record
from botticelli.runtime.shell.setup import equip

if TYPE_CHECKING:
    from botticelli.cli.event_file import EventFile
    from botticelli.cli.logs import EventLog
    from botticelli.cli.plan import Earlier, Plan
    from botticelli.cli.progress import Display
    from botticelli.runtime.effects import AskModel, Effect, Result
    from botticelli.runtime.events import Event
    from botticelli.runtime.shell.clock import Clock
    from botticelli.runtime.shell.performing import Exchange
    from botticelli.runtime.telemetry.telemetry import Telemetry

SKIP = "skip"
REPEAT = "repeat"


class Job:
    """Runs one plan. `confirmed` names commands that need no further confirmation, `on_unknown`
    says what to do with writes of unknown outcome where nobody can be asked. `event_answers` has
    the pieces of answers written to `events`; `stream` allows to ask for pieces, which is done
    where someone looks at them. `count_tokens` has the provider count what minutes reserve."""

    def __init__(
        self,
        *,
        display: "Display",
        events: "EventFile | None",
        event_answers: bool,
        stream: bool,
        count_tokens: bool,
        quiet: bool,
        log: "EventLog | None",
        telemetry: "Telemetry | None",
        on_unknown: str | None,
        confirmed: tuple[str, ...],
    ) -> None:
        self._display = display
        self._events = events
        self._event_answers = event_answers
        self._stream = stream and (event_answers or display.follows_answers)
        self._count_tokens = count_tokens
        self._quiet = quiet
        self._log = log
        self._telemetry = telemetry
        self._on_unknown = on_unknown
        self._confirmed = confirmed
        self._arguments = ShownArguments(os.environ)
        self._finished: Any = None
        self._unknown: tuple[str, ...] = ()
        self._repeated: Counter[str] = Counter()
        self._started = 0.0
        self.terminated = False

    @property
    def speaks_to_people(self) -> bool:
        """Whether standard error is for people, and not a log."""
        return self._log is None

    def run(self, plan: "Plan", clock: "Clock") -> Report:
        """Run to the end and print the summary, also when a signal ends the run.

        Raises SetupError and StoreError.
        """
        from botticelli.cli.plan import check_confirmed

        check_confirmed(plan.program, self._confirmed)
        if self._events is not None:
            self._events.check()
        try:
            return clock.run(self._execute(plan, clock))
        finally:
            self._display.stop()
            if self._events is not None:
                self._events.close()
            self._summarize(plan)
            if self._telemetry is not None:
                self._telemetry.close()

    async def _execute(self, plan: "Plan", clock: "Clock") -> Report:
        self._obey_signals()
        options = replace(plan.options, count_tokens=self._count_tokens)
        equipment = await equip(plan.program, plan.configuration, options, os.environ, clock)
        plan = replace(plan, program=bounded_for(plan, equipment.driver))
        gc.freeze()  # what is loaded by now is needed to the end, and need not be looked through
        try:
            self._arguments = ShownArguments(os.environ, equipment.variables)
            journal = open_journal(Path(plan.configuration.project), create=True)
            assert journal is not None
            try:
                return await self._run(plan, journal, equipment)
            finally:
                journal.close()
        finally:
            await equipment.close()

    async def _run(self, plan: "Plan", journal: Journal, equipment: Equipment) -> Report:
        earlier = plan.earlier
        resumption: Resumption | None = None
        spent, skipped = Spent(), frozenset[str]()
        if earlier is not None and earlier.act is None:
            record = _reopened(plan, earlier.record, equipment)
            entries = journal.reopen(record.id)
        else:
            record = _new(plan, equipment)
            if earlier is not None:
                resumption = _start_from(plan, journal, equipment)
            self._begin_events()
            entries = journal.begin(record, plan.program)
        try:
            if earlier is not None and resumption is not None:
                entries.adopt(earlier.record.id, tuple(resumption.recording.places))
            elif earlier is not None:
                resumption = _resume(plan, journal, equipment)
                spent = journal.spent(record.id)
                skipped = self._decide(resumption.unknown)
                self._begin_events()
                entries.keep_program(plan.program)
                entries.update(record)
            self._display.start()
            if earlier is None and not self._quiet:
                foreseen = outlook(plan, equipment)
                if foreseen is not None:
                    self._display.say(foreseen)
            run = Run(
                plan.program,
                equipment,
                record=record,
                entries=entries,
                confirm=self._confirm,
                sink=self._take,
                instead=self._show if record.dry_run else None,
                resumption=resumption,
                spent=spent,
                skipped=skipped,
                only=plan.settings.only if record.origin is not None else None,
                exchange=self._exchange,
                stream=self._stream,
            )
            return await run.execute()
        finally:
            entries.close()
            if self._finished is not None and self._finished.status != "completed":
                self._unknown = unknown_writes(journal, record, equipment)

    def _begin_events(self) -> None:
        if self._events is not None:
            self._events.open()

    def _decide(self, unknown: "tuple[Effect, ...]") -> frozenset[str]:
        """Return which writes of unknown outcome are not repeated. Raises SetupError where that
        cannot be decided."""
        if self._on_unknown is not None:
            return frozenset(str(effect.address) for effect in unknown if self._on_unknown == SKIP)
        skipped = set()
        undecided = []
        for effect in unknown:
            choice = self._ask_about(effect)
            if choice == SKIP:
                skipped.add(str(effect.address))
            elif choice != REPEAT:
                undecided.append(effect)
        if undecided:
            listed = ", ".join(f"{effect.subject} ({effect.address})" for effect in undecided)
            raise SetupError(
                Problem(
                    f"of these writes nobody knows whether they took effect: {listed}; find out "
                    "and say with --on-unknown skip or --on-unknown repeat how to go on",
                    details=tuple(f"  {self._described(effect)}" for effect in undecided),
                )
            )
        return frozenset(skipped)

    def _ask_about(self, effect: "Effect") -> str | None:
        """Ask what to do with a write of unknown outcome; None when there is nobody to ask."""
        if self._log is not None or not (sys.stdin.isatty() and sys.stderr.isatty()):
            return None
        click.echo(f"Nobody knows whether this took effect: {self._described(effect)}", err=True)
        choice: str = click.prompt(
            "Leave it (skip), do it (again) or end here (stop)?",
            type=click.Choice([SKIP, REPEAT, "stop"]),
            err=True,
        )
        return choice

    def _described(self, effect: "Effect") -> str:
        from botticelli.runtime.effects import RunCommand
        from botticelli.runtime.shell.commands import showable

        if not isinstance(effect, RunCommand):
            return f"{effect.subject} ({effect.address})"
        return f"{effect.subject} {self._arguments.write(showable(effect))} ({effect.address})"

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
        from botticelli.runtime.events import AnswerPiece, NothingStored, RunFinished, RunStarted

        if isinstance(event, RunStarted):
            self._started = event.time
        elif isinstance(event, RunFinished):
            self._finished = event
        elif isinstance(event, NothingStored) and not event.replayed:
            self._repeated[event.message] += 1
        piece = isinstance(event, AnswerPiece)
        if self._events is not None and (self._event_answers or not piece):
            self._events.write(event)
        if self._log is not None and not piece:
            self._log.take(event)
        if self._telemetry is not None:
            self._telemetry.take(event)
        self._display.show(event)

    @property
    def _exchange(self) -> "Exchange | None":
        """What is shown what was asked and answered; None where nobody may see it."""
        shown: list[Exchange] = []
        if self._log is not None and self._log.prompts:
            shown.append(self._log.exchange)
        if self._telemetry is not None and self._telemetry.messages:
            shown.append(self._telemetry.exchange)
        if not shown:
            return None

        def show(effect: "AskModel", result: "Result") -> None:
            for each in shown:
                each(effect, result)

        return show

    async def _confirm(self, name: str, arguments: Mapping[str, Any]) -> bool:
        from botticelli.compiler.semantics.policies import names_command

        platform, _, command = name.partition(".")
        if any(names_command(each, platform, command) for each in self._confirmed):
            return True
        return self._display.ask(f"Perform {name} {self._arguments.write(arguments)}?")

    def _show(self, name: str, arguments: Mapping[str, Any]) -> None:
        """Show what a dry run does not send."""
        self._display.say(f"  would perform {name} {self._arguments.write(arguments)}")

    def _summarize(self, plan: "Plan") -> None:
        if self._finished is None or self._quiet:
            return
        from botticelli.cli.summary import summarize

        seconds = self._finished.time - self._started
        project = Path(plan.configuration.project)
        partial = plan.earlier is not None and plan.earlier.act is not None
        echo_text(
            summarize(
                self._finished,
                seconds,
                project,
                plan.source,
                partial=partial,
                unknown=self._unknown,
                repeated=self._repeated,
            )
        )


def _new(plan: "Plan", equipment: Equipment) -> RunRecord:
    record = new_record(
        plan.program,
        equipment,
        source=plan.source,
        source_hash=plan.source_hash,
        settings=plan.settings,
        dry_run=plan.dry_run,
        origin=None if plan.earlier is None else plan.earlier.record.id,
    )
    return record if plan.settings.only is None else replace(record, iterations=1)


def _reopened(plan: "Plan", record: RunRecord, equipment: Equipment) -> RunRecord:
    """Return the record of a run that goes on, as a new one would say it now."""
    now = _new(plan, equipment)
    return replace(now, id=record.id, started=record.started, origin=record.origin)


def _resume(plan: "Plan", journal: Journal, equipment: Equipment) -> Resumption:
    assert plan.earlier is not None
    now = equipment.clock.now()
    run = plan.earlier.record.id
    return resume(journal, run, _scripts(plan, plan.earlier, equipment), equipment.traits, now)


def _start_from(plan: "Plan", journal: Journal, equipment: Equipment) -> Resumption:
    earlier = plan.earlier
    assert earlier is not None
    assert earlier.act is not None
    scripts = _scripts(plan, earlier, equipment)
    return start_from(journal, earlier.record.id, earlier.act, scripts)


def _scripts(plan: "Plan", earlier: "Earlier", equipment: Equipment) -> Scripts:
    """Return the program now and, if it has changed, as it was, in today's environment."""
    trigger = earlier.record.settings.trigger
    before = equipment.as_for(earlier.program, earlier.variables, trigger, os.environ)
    return Scripts(
        now=lambda: equipment.interpret(plan.program, Tally()),
        before=((lambda: before.interpret(earlier.program, Tally())) if plan.has_changed else None),
        environment={**before.environment, **equipment.environment},
    )
