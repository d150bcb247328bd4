"""The way into the interpreter: a program in, a generator of effects out."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from botticelli.compiler.ir.program import Multipliers, Program
from botticelli.compiler.ir.types import Record
from botticelli.compiler.semantics.limits import overlay
from botticelli.runtime.address import Address
from botticelli.runtime.effects import CapScope, Exhaustion
from botticelli.runtime.events import CarouselBudgetExhausted, RunFailed
from botticelli.runtime.flow.carousel import Tally
from botticelli.runtime.flow.committing import commit_state, read_state
from botticelli.runtime.flow.holdings import Holdings
from botticelli.runtime.flow.narrative import run_narrative
from botticelli.runtime.flow.schedule import Scheduled, Walk, schedule
from botticelli.runtime.flow.scope import ActFailedError, ExhaustedError, Frame
from botticelli.runtime.flow.triggers import Body


class Outcome(Struct, frozen=True, kw_only=True):
    """How a run ended: `output` is that of the act that ran last; `error` why it failed.

    `ended_at` is where: the acts that failed or found the budget exhausted, several where they ran
    side by side.
    """

    output: Any = None
    error: str | None = None
    exhausted: Exhaustion | None = None
    ended_at: tuple[Address, ...] = ()


def interpret(
    program: Program,
    *,
    default_model: str,
    variables: Mapping[str, Any],
    environment: Mapping[str, str],
    tally: Tally,
    templates: Mapping[str, Record] | None = None,
    trigger: Body | None = None,
) -> Scheduled[Outcome]:
    """Run the program's entry.

    The generator yields batches of effects and events and is sent one completion at a time, in any
    order, or None when nothing is under way. Acts that name no model
    ask the default one; the variables are complete, `environment` holds what the narratives may
    read of it, `tally` is kept up to date on the way, and `templates` are the columns that answers
    are stored with, by the name of the template. `trigger` is what the run was started by.
    """
    narrative = program.narratives[program.entry]
    address = Address((narrative.name,))
    frame = Frame(
        program=program,
        key=program.entry,
        narrative=narrative,
        address=address,
        default_model=default_model,
        variables=variables,
        environment=environment,
        security=(narrative.security,),
        caps=(CapScope(address, narrative.limits),),
        budget=overlay(narrative.budget, Multipliers()),
        unit=address,
        holdings=Holdings(),
        templates=templates or {},
        trigger=trigger,
    )
    return schedule(_run(frame, tally))


def _run(frame: Frame, tally: Tally) -> Walk[Outcome]:
    carousel = frame.narrative.carousel
    output = error = exhausted = None
    ended_at: tuple[Address, ...] = ()
    try:
        state = yield from read_state(frame)
        output = yield from run_narrative(
            frame, tally, state, lambda inner: commit_state(inner.address, state)
        )
    except ActFailedError as failure:
        ended_at = _places(failure)
        error = failure.message if failure.act is None else f"act {failure.act}: {failure.message}"
        yield RunFailed(message=error)
        if carousel is None:
            tally.failures += 1
    except ExhaustedError as failure:
        exhausted = failure.exhaustion
        ended_at = _places(failure)
        yield CarouselBudgetExhausted(
            address=str(failure.address),
            limit=exhausted.limit,
            value=exhausted.value,
            completed=failure.completed,
            iterations=failure.iterations or 1,
            resets=exhausted.resets,
            message=exhausted.message,
        )
    if error is None and exhausted is None and tally.completed == 0:
        error = "every iteration failed"
        yield RunFailed(message=error)
    return Outcome(output=output, error=error, exhausted=exhausted, ended_at=ended_at)


def _places(error: Exception) -> tuple[Address, ...]:
    """Return where an error and those beside it happened."""
    if not isinstance(error, ActFailedError | ExhaustedError):
        return ()
    return (error.address, *(place for each in error.beside for place in _places(each)))
