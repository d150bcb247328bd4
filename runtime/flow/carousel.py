"""Repetition: iterations with their pacing, their failures, and what ends them."""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from botticelli.compiler.ir.program import Carousel
from botticelli.compiler.semantics.limits import overlay
from botticelli.runtime.effects import ReadClock, Wait
from botticelli.runtime.events import IterationFinished, IterationStarted
from botticelli.runtime.flow.consuming import give_back
from botticelli.runtime.flow.schedule import Walk
from botticelli.runtime.flow.scope import ActFailedError, ExhaustedError, Frame

Body = Callable[[Frame], Walk[None]]
"""One iteration, in a frame of its own."""

LATE = 1.0
"""Seconds up to which waking late is the clock's imprecision, which would add up otherwise."""

Until = Callable[[Frame], bool]
"""Whether no further iteration is wanted."""


class Tally(Struct):
    """How far a carousel has come."""

    completed: int = 0
    failures: int = 0


def run_carousel(
    frame: Frame,
    carousel: Carousel,
    body: Body,
    tally: Tally,
    *,
    unit: str = "iteration",
    until: Until | None = None,
) -> Walk[None]:
    """Run the iterations; `tally` is kept up to date, also when an error ends them.

    `unit` names an iteration in addresses; `until` is looked at after each. An error of an act ends
    them, unless the carousel continues on errors; an exhausted budget always does.
    """
    started: float | None = None
    for number in range(1, carousel.iterations + 1):
        inner = replace(
            frame,
            address=frame.address.into(f"{unit}-{number}"),
            iteration=number,
            budget=overlay(carousel.budget, frame.budget),
            wait_for_day=frame.wait_for_day or carousel.on_exhausted == "wait",
        )
        if carousel.every is not None:
            started = yield from _await_start(inner, carousel.every, started)
        yield IterationStarted(
            address=str(inner.address), iteration=number, iterations=carousel.iterations
        )
        failure = yield from _run_iteration(inner, number, carousel, body, tally)
        if failure is not None:
            _judge(failure, carousel, tally)
            yield from give_back(inner)
        if until is not None and until(inner):
            return


def _run_iteration(
    frame: Frame, number: int, carousel: Carousel, body: Body, tally: Tally
) -> Walk[ActFailedError | None]:
    """Run one iteration and return what it failed with, if it did."""
    failure: ActFailedError | None = None
    try:
        yield from body(frame)
        tally.completed += 1
    except ActFailedError as error:
        tally.failures += 1
        failure = error
    except ExhaustedError as error:
        error.count(tally.completed, carousel.iterations)
        raise
    yield IterationFinished(
        address=str(frame.address),
        iteration=number,
        iterations=carousel.iterations,
        succeeded=failure is None,
    )
    return failure


def _judge(failure: ActFailedError, carousel: Carousel, tally: Tally) -> None:
    """Raise what ends the carousel after a failed iteration, if anything does."""
    if not carousel.continue_on_error:
        raise failure
    if carousel.max_failures is not None and tally.failures >= carousel.max_failures:
        last = ActFailedError(
            failure.address,
            failure.act,
            f"{failure.message}; that was failure {tally.failures} of at most "
            f"{carousel.max_failures}",
        )
        last.beside = failure.beside
        raise last from failure


def _await_start(frame: Frame, every: float, previous: float | None) -> Walk[float]:
    """Wait until an iteration is due and return its start; one that is late starts at once.

    Whoever woke later than `LATE`, because the process or the machine was away, paces from then.
    """
    now: float = (yield ReadClock(address=frame.address.into("clock"))).time
    if previous is None or now >= previous + every:
        return now
    due = previous + every
    woken: float = (yield Wait(address=frame.address.into("due"), until=due)).time
    return due if woken < due + LATE else woken
