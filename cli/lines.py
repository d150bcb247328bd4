"""The lines that the events of a run are worth."""

from datetime import datetime
from itertools import pairwise

from botticelli.runtime.events import (
    ActFailed,
    ActSkipped,
    Answered,
    AnswerRejected,
    CarouselBudgetExhausted,
    CommandPerformed,
    ContentStored,
    Event,
    IterationStarted,
    NothingStored,
    Retrying,
    RowsGivenBack,
    RunFailed,
    RunResumed,
    RunStarted,
    TableQueried,
    Waiting,
    Warned,
)

NOTEWORTHY_WAIT = 2.0
"""Seconds from which a wait is worth a line."""


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
            return _iteration(event)
        case Answered():
            mark = ", simulated" if event.simulated else ""
            return (
                f"  {event.act}: {event.model} answered {count(event.characters, 'character')} "
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
        case RowsGivenBack():
            return f"  {count(event.rows, 'row')} of {event.table} given back"
        case NothingStored():
            return f"  {event.message}"
        case TableQueried():
            return f"  {event.act}: {count(event.rows, 'row')} of {event.table}"
        case Waiting(until=until) if until is not None and until - event.time >= NOTEWORTHY_WAIT:
            return None if event.what == "retry" else f"  {waiting(event.what, until)}"
        case Retrying():
            what = f"  {_act(event.address)}: attempt {event.attempt} failed"
            return f"{what}: {event.reason}; again in {event.delay:.1f} s"
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


def _iteration(event: IterationStarted) -> str:
    """Say which iteration begins; one within another says of what, and stands below it."""
    *outer, unit = event.address.split("/")
    of, when = f"{event.iteration}/{event.iterations}", f"at {moment(event.time)}"
    if unit.startswith("pass-"):
        return f"  pass {of} of a `repeat`, {when}"
    name = outer[-1].removeprefix("call-")
    return f"iteration {of}, {when}" if len(outer) == 1 else f"  {name}: iteration {of}, {when}"


def _act(address: str) -> str:
    """The act of an address: what follows the last position in a narrative."""
    steps = address.partition("#")[0].split("/")
    acts = [act for position, act in pairwise(steps) if position.isdecimal()]
    return acts[-1] if acts else steps[-1]


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
    """The lines of a run: an act that fails for what was just said does not say it again, nor is it
    said of each answer that holds nothing to store; the summary counts those."""

    def __init__(self) -> None:
        self._said: str | None = None
        self._not_stored: set[str] = set()

    def line(self, event: Event) -> str | None:
        if isinstance(event, IterationStarted):
            self._said = None
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
