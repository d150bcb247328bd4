"""Repetitions: what their passes use together, without walking every one of them.

A repetition is walked until its passes differ in nothing but the history, which then grows by the
same amount each time: the passes that are left are summed as a series between the first and the
last of them.
"""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from botticelli.compiler.budget.conversation import (
    State,
    alike,
    growth,
    same_growth,
)
from botticelli.compiler.budget.intervals import Interval, added, greater
from botticelli.compiler.budget.sizes import NOTHING
from botticelli.compiler.budget.spent import Spent, total
from botticelli.compiler.ir.program import Carousel

Outcome = tuple[Spent, State]
Body = Callable[[State], Outcome]
"""One pass: from the state before it to what it uses and the state after it."""

GivenUp = Callable[[], bool]
"""Whether too much has been walked already."""

_MAX_PASSES = 200
"""Passes of a repetition that are walked one by one before its ceiling is given up."""


class Repeated(Struct, frozen=True):
    """What all passes use, what any one of them does, and the state after them."""

    spent: Spent
    iteration: Spent
    after: State


def repeat_roughly(carousel: Carousel, state: State, body: Body, *, until: bool) -> Repeated:
    """A repetition of which one pass alone is walked: it has a floor, and no ceiling."""
    one, after = (_failing(body) if carousel.continue_on_error else body)(state)
    least = one if until else one.times(carousel.iterations)
    spent = least.parts(one.times(carousel.iterations), one.unbounded())
    end = replace(after, history=after.history.unbounded(), pending=None)
    return Repeated(spent, one.unbounded(), end)


def repeat(
    carousel: Carousel, state: State, body: Body, *, until: bool, given_up: GivenUp
) -> Repeated:
    """A repetition's use and the state after it; with `until` it may end after any pass. Once it is
    given up, no more passes are walked, and it has no ceiling."""
    if carousel.continue_on_error:
        body = _failing(body)
    most = _passes(carousel.iterations, state, body, given_up)
    if not until or carousel.iterations == 1:
        return most
    least = _passes(1, state, body, given_up)
    about = _passes((carousel.iterations + 1) // 2, state, body, given_up)
    values = least.after.values | about.after.values | most.after.values
    after = State(
        least.after.history.parts(about.after.history, most.after.history),
        greater(least.after.pending, most.after.pending),
        about.after.repeated,
        values,
    )
    return Repeated(least.spent.parts(about.spent, most.spent), most.iteration, after)


def _passes(count: int, state: State, body: Body, given_up: GivenUp) -> Repeated:
    """What so many passes use, each starting where the one before ended."""
    several: list[Spent] = []
    step: tuple[Interval, float | None] | None = None
    last: Spent | None = None
    while len(several) < count:
        if len(several) >= _MAX_PASSES or (several and given_up()):
            # Nothing settles, or not soon enough: no bound is honest, and no pass takes less than
            # the first.
            walked = several[0].times(count).unbounded()
            end = replace(state, history=state.history.unbounded(), pending=None)
            return Repeated(walked, several[0].unbounded(), end)
        last, after = body(state)
        several.append(last)
        grown = growth(state.history, after.history), _more(state.pending, after.pending)
        left = count - len(several)
        settled = (
            step is not None
            and same_growth(step[0], grown[0])
            and step[1] == grown[1]
            and alike(state, after)
        )
        if settled and left > 2:
            following, _ = body(after)
            last, end = body(after.moved(state, left - 1))
            several.append(following.series(last, left))
            state = end
            break
        step, state = grown, after
    assert last is not None
    spent = total(several)
    return Repeated(spent, several[0].between(last, spent.over(count)), state)


def _failing(body: Body) -> Body:
    """A pass that may end in any of its acts: what ran last may then be any of them."""

    def one(state: State) -> Outcome:
        spent, after = body(state)
        values = state.values | after.values
        previous = values.get("previous", NOTHING)
        for value in values.values():
            previous |= value
        return spent, replace(
            after,
            pending=added(state.pending, growth(state.history, after.history).ceiling),
            values=values.changed({"previous": previous}),
        )

    return one


def _more(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before
