"""The panel that follows a run at the foot of a terminal."""

from collections.abc import Callable
from typing import Any

from botticelli.cli.answers import ComingAnswers
from botticelli.cli.lines import Lines, count, duration, waiting
from botticelli.cli.printable import printable
from botticelli.cli.progress import ask_on_terminal
from botticelli.runtime.events import (
    ActFailed,
    ActStarted,
    Answered,
    AnswerRejected,
    CarouselBudgetExhausted,
    CommandPerformed,
    Event,
    IterationFinished,
    IterationStarted,
    LimitUse,
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
            f"{count(self.requests, 'request')}, {self.input_tokens:,} tokens in, "
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
    """A few lines at the foot of the terminal that follow the run and the answers that are coming,
    and above them the run's lines."""

    follows_answers = True

    def __init__(self, now: Callable[[], float], *, color: bool) -> None:
        from rich.console import Console
        from rich.live import Live

        self._now = now
        self._lines = Lines()
        self._state = State()
        self._answers = ComingAnswers()
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
        self._answers.take(event)
        line = self._lines.line(event)
        if line is not None and not isinstance(event, Waiting):
            self._console.print(Text(printable(line), style=_style(event)))

    def say(self, line: str) -> None:
        from rich.text import Text

        self._console.print(Text(printable(line)))

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
        lines.extend(self._answers.lines(self._console))
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
