"""What a person sees of a run while it runs: plain lines in a pipe, a live panel on a terminal.

Both read the event stream and nothing else.
"""

import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

import click

from botticelli.runtime.events import (
    ActFailed,
    ActSkipped,
    ActStarted,
    Answered,
    AnswerRejected,
    CarouselBudgetExhausted,
    CommandPerformed,
    ContentStored,
    Event,
    IterationFinished,
    IterationStarted,
    LimitUse,
    NothingStored,
    RequestReserved,
    RequestSent,
    RequestSettled,
    Retrying,
    RunFailed,
    RunResumed,
    RunStarted,
    TableQueried,
    Waiting,
    Warned,
)

NOTEWORTHY_WAIT = 2.0
"""Seconds from which a wait is worth a line."""


class Display(Protocol):
    """Shows events between `start` and `stop`."""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def show(self, event: Event) -> None: ...

    def say(self, line: str) -> None:
        """Show a line that no event holds."""
        ...

    def ask(self, question: str) -> bool:
        """Ask the person in front of the terminal; false when there is none."""
        ...


def describe(event: Event) -> str | None:  # noqa: C901, PLR0912 - a table of cases
    """Return the line that an event is worth, if it is worth one."""
    match event:
        case RunStarted():
            simulated = " (a simulation: no model is asked)" if event.simulated else ""
            return f"{event.narrative}: run {event.run}, driver {event.driver}{simulated}"
        case RunResumed():
            of = "" if event.origin is None else f" of the run {event.origin}"
            done = "1 effect" if event.effects == 1 else f"{event.effects:,} effects"
            return f"resumed after {done}{of} completed before"
        case IterationStarted():
            return f"iteration {event.iteration}/{event.iterations}, at {moment(event.time)}"
        case Answered():
            mark = ", simulated" if event.simulated else ""
            return (
                f"  {event.act}: {event.model} answered {event.characters:,} characters "
                f"({event.input_tokens:,} tokens in, {event.output_tokens:,} out{mark})"
            )
        case AnswerRejected(again=again):
            then = "; asked again" if again else ""
            return f"  {event.act}: the answer does not fit: {event.message}{then}"
        case CommandPerformed():
            done = f"{event.platform}.{event.command} {event.outcome}"
            return f"  {event.act}: {event.message or done}"
        case ContentStored():
            return f"  {event.act}: stored {count(event.rows, 'row')} in {event.table}"
        case NothingStored():
            return f"  {event.message}"
        case TableQueried():
            return f"  {event.act}: {count(event.rows, 'row')} of {event.table}"
        case Waiting(until=until) if until is not None and until - event.time >= NOTEWORTHY_WAIT:
            return None if event.what == "retry" else f"  {waiting(event.what, until)}"
        case Retrying():
            return f"  attempt {event.attempt} failed: {event.reason}; again in {event.delay:.1f} s"
        case ActSkipped():
            return f"  {event.act}: skipped"
        case ActFailed():
            return f"  {event.act} failed: {event.message}"
        case Warned():
            return f"  warning: {event.message}"
        case CarouselBudgetExhausted():
            return (
                f"CarouselBudgetExhausted after {event.completed} of {event.iterations} "
                f"iterations: {event.message}"
            )
        case RunFailed():
            return f"failed: {event.message}"
        case _:
            return None


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


_AWAITED = {
    "every": "the next iteration",
    "retry": "another attempt",
    "rpm": "room in the minute's requests",
    "tpm": "room in the minute's tokens",
    "itpm": "room in the minute's input tokens",
    "otpm": "room in the minute's output tokens",
    "rpd": "another day of requests",
    "tpd": "another day of tokens",
    "max_concurrent": "a request to end",
}


def waiting(what: str, until: float | None) -> str:
    """Say what is waited for, and until when if that is known."""
    until_when = "" if until is None else f", until {moment(until)}"
    return f"waiting for {_AWAITED.get(what, what)}{until_when}"


def moment(time: float) -> str:
    """Write a moment in local time, with its day where it is not today."""
    local = datetime.fromtimestamp(time).astimezone()
    today = datetime.now().astimezone().date()
    return local.strftime("%H:%M:%S" if local.date() == today else "%Y-%m-%d %H:%M:%S")


def duration(seconds: float) -> str:
    """Write a length of time in its two largest units."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


class Lines:
    """The lines of a run: an act that fails for what was just said does not say it again."""

    def __init__(self) -> None:
        self._said: str | None = None
        self._not_stored: set[str] = set()

    def line(self, event: Event) -> str | None:
        if isinstance(event, NothingStored):
            if event.message in self._not_stored:
                return None
            self._not_stored.add(event.message)
        if event.replayed:
            return None
        if isinstance(event, ActFailed | RunFailed) and self._said is not None:
            known = event.message.endswith(self._said)
            if known:
                return f"  {event.act} failed" if isinstance(event, ActFailed) else None
        if isinstance(event, CommandPerformed | ActFailed):
            self._said = event.message
        return describe(event)


class PlainLines:
    """One line for each event that is worth one, to standard output."""

    def __init__(self) -> None:
        self._lines = Lines()

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def show(self, event: Event) -> None:
        line = self._lines.line(event)
        if line is not None:
            click.echo(line)

    def say(self, line: str) -> None:
        click.echo(line)

    def ask(self, question: str) -> bool:
        return ask_on_terminal(question)


class Silence(PlainLines):
    """Nothing is shown."""

    def show(self, event: Event) -> None:
        pass

    def say(self, line: str) -> None:
        pass


def ask_on_terminal(question: str) -> bool:
    """Ask when there is a terminal to ask on."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    return click.confirm(question, default=False, err=True)


class State:
    """Where a run stands, as far as the panel shows it."""

    def __init__(self) -> None:
        self.title = ""
        self.iteration = 0
        self.iterations = 1
        self.finished = 0
        self.every: float | None = None
        self.started = 0.0
        self.act = ""
        self.doing = ""
        self.requests = 0
        self.input_tokens = 0
        self.output_tokens = 0
        self.cost: float | None = 0.0
        self.limits: tuple[LimitUse, ...] = ()

    def take(self, event: Event) -> None:  # noqa: C901, PLR0912 - a table of cases
        """Take in an event."""
        match event:
            case RunStarted():
                self.title = event.narrative + (" (simulation)" if event.simulated else "")
                self.iterations, self.every = event.iterations, event.every
                self.started = event.time
            case RunResumed():
                self.requests = event.requests
                self.input_tokens, self.output_tokens = event.input_tokens, event.output_tokens
                self.cost = event.cost
            case IterationStarted() if event.address.count("/") == 1:
                self.iteration = event.iteration
            case IterationFinished() if event.address.count("/") == 1:
                self.finished = event.iteration
            case ActStarted():
                self.act, self.doing = event.act, "working"
            case RequestReserved():
                self.limits = event.limits
            case RequestSent():
                self.doing = f"asking {event.model}"
            case RequestSettled():
                self._settle(event)
            case Answered():
                if self.cost is not None:
                    self.cost = None if event.cost is None else self.cost + event.cost
            case Waiting():
                self.doing = waiting(event.what, event.until)
            case Retrying():
                self.doing = f"again in {event.delay:.1f} s"
            case CommandPerformed():
                self.doing = f"{event.platform}.{event.command} {event.outcome}"
            case TableQueried():
                self.doing = f"{count(event.rows, 'row')} of {event.table}"
            case _:
                pass

    def _settle(self, event: RequestSettled) -> None:
        self.requests += event.requests
        self.input_tokens += event.input_tokens
        self.output_tokens += event.output_tokens
        self.limits = event.limits

    def time_left(self, now: float) -> float | None:
        """Seconds until the run is likely to end, once that can be told."""
        if self.every is not None:
            last_start = self.started + self.every * (self.iterations - 1)
            return max(0.0, last_start - now)
        if not self.finished:
            return None
        return (now - self.started) / self.finished * (self.iterations - self.finished)

    def used(self) -> str:
        cost = "" if self.cost is None else f", ${self.cost:.4f}"
        return (
            f"{self.requests:,} requests, {self.input_tokens:,} tokens in, "
            f"{self.output_tokens:,} out{cost}"
        )

    def left(self) -> str:
        """What the limits leave, those of the day first."""
        order = ("rpd", "tpd", "rpm", "tpm", "itpm", "otpm")
        by_name = {each.limit: each for each in self.limits}
        return ", ".join(
            f"{name} {by_name[name].value - by_name[name].used:,} of {by_name[name].value:,}"
            for name in order
            if name in by_name
        )


class LivePanel:
    """A few lines at the foot of the terminal that follow the run, and above them its lines."""

    def __init__(self, now: Callable[[], float], *, color: bool) -> None:
        from rich.console import Console
        from rich.live import Live

        self._now = now
        self._lines = Lines()
        self._state = State()
        self._console = Console(no_color=not color, highlight=False)
        self._live = Live(
            get_renderable=self._panel,
            console=self._console,
            refresh_per_second=4,
            transient=True,
        )

    def start(self) -> None:
        self._live.start()

    def stop(self) -> None:
        self._live.stop()

    def show(self, event: Event) -> None:
        from rich.text import Text

        self._state.take(event)
        line = self._lines.line(event)
        if line is not None and not isinstance(event, Waiting):
            self._console.print(Text(line, style=_style(event)))

    def say(self, line: str) -> None:
        from rich.text import Text

        self._console.print(Text(line))

    def ask(self, question: str) -> bool:
        self._live.stop()
        try:
            return ask_on_terminal(question)
        finally:
            self._live.start()

    def _panel(self) -> Any:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        state = self._state
        head = Table.grid(padding=(0, 1))
        bar = ProgressBar(total=state.iterations, completed=state.finished, width=24)
        count = f"iteration {state.iteration}/{state.iterations}" if state.iterations > 1 else ""
        head.add_row(Text(state.title, style="bold"), bar, Text(count))
        left = state.time_left(self._now())
        rest = [f"left: {state.left()}"] if state.limits else []
        if left is not None:
            rest.append(f"about {duration(left)} to go")
        lines = [Text(f"{state.act}: {state.doing}" if state.act else state.doing, style="cyan")]
        lines.append(Text(state.used(), style="dim"))
        lines.append(Text("; ".join(rest), style="dim"))
        return Group(head, *lines)


def _style(event: Event) -> str:
    match event:
        case ActFailed() | RunFailed() | CarouselBudgetExhausted():
            return "red"
        case Warned() | Retrying() | AnswerRejected():
            return "yellow"
        case RunStarted() | IterationStarted():
            return "bold"
        case _:
            return ""
