"""The state of a run as its budget sees it: what is sent again with the next request, and what the
names of templates stand for.

What the results of action-only acts leave for the next message is counted with the history: every
request sends both.
"""

import math

from msgspec import Struct
from msgspec.structs import replace

from botticelli.compiler.budget.intervals import ZERO, Interval, added, greater
from botticelli.compiler.budget.resending import NOTHING_KEPT, Kept, mixed
from botticelli.compiler.budget.sizes import Value
from botticelli.compiler.budget.values import Values
from botticelli.compiler.ir.program import Place


class State(Struct, frozen=True):
    """What is known before an act.

    `history`: the tokens of all that is sent again. `pending`: at most so many of them wait for the
    next message. `repeated`: expected tokens of rows and media in the history. `values`: outputs by
    act, tables by name, and `previous`.
    """

    history: Interval = ZERO
    pending: float | None = 0
    repeated: Kept = NOTHING_KEPT
    values: Values = Values()

    def __or__(self, other: "State") -> "State":
        """One of two ways here."""
        return State(
            self.history | other.history,
            greater(self.pending, other.pending),
            self.repeated | other.repeated,
            self.values | other.values,
        )

    def kept(self, history: Interval, place: Place | None, *, pending: bool) -> "State":
        """Put something into the history; from a place, if it is rows or media."""
        waiting: float | None = 0
        if pending:
            ceiling = history.ceiling
            waiting = None if self.pending is None or ceiling is None else self.pending + ceiling
        repeated = self.repeated
        if place is not None and history.expected:
            repeated = repeated.adding(place, history.expected)
        return replace(self, history=self.history + history, pending=waiting, repeated=repeated)

    def with_history_of(self, earlier: "State") -> "State":
        """This state with the history of an earlier one."""
        return replace(
            self, history=earlier.history, pending=earlier.pending, repeated=earlier.repeated
        )

    def moved(self, before: "State", count: int) -> "State":
        """The state after `count` more passes that each add what lies between `before` and this."""
        step = growth(before.history, self.history)
        repeated = self.repeated.moved(before.repeated, count)
        pending = self.pending
        if pending is not None and before.pending is not None:
            pending += count * (pending - before.pending)
        history = self.history + step.times(count)
        return replace(self, history=history, pending=pending, repeated=repeated)


def joined(before: State, branches: list[tuple[State, bool]]) -> State:
    """The state after a parallel group: the states in which its branches end, in written order,
    each with whether it may have asked a model."""
    history, pending = before.history, before.pending
    values: dict[str, Value] = {}
    previous = before.values.get("previous")
    for after, _ in branches:
        history += growth(before.history, after.history)
        pending = added(pending, after.pending)
        for name in after.values.apart(before.values):
            value, earlier = after.values[name], before.values.get(name)
            if name != "previous" and value is earlier:
                continue
            if name != "previous":
                values[name] = value if earlier is None else value | values.get(name, earlier)
            previous = value if previous is None else previous | value
    asking = sum(asks for _, asks in branches)
    if asking > 1:
        # Each of them has what waited at the head of its own message.
        twice = None if before.pending is None else before.pending * (asking - 1)
        history += Interval(0, 0, twice)
    if previous is not None:
        values["previous"] = previous
    ends = [after.repeated for after, _ in branches if after.repeated is not before.repeated]
    repeated = before.repeated
    if ends:
        repeated = mixed(((repeated, 1.0 - len(ends)), *((end, 1.0) for end in ends)))
    return State(history, pending, repeated, before.values.changed(values))


def growth(before: Interval, after: Interval) -> Interval:
    """What was added to a history."""
    ceiling = (
        None if before.ceiling is None or after.ceiling is None else after.ceiling - before.ceiling
    )
    return Interval(after.floor - before.floor, after.expected - before.expected, ceiling)


def alike(first: State, second: State) -> bool:
    """Whether the names mean the same, as far as bounds go."""
    return all(
        name in first.values
        and name in second.values
        and first.values[name].is_like(second.values[name])
        for name in first.values.apart(second.values)
    )


def same_growth(first: Interval, second: Interval) -> bool:
    return (first.floor, first.ceiling) == (second.floor, second.ceiling) and math.isclose(
        first.expected, second.expected, rel_tol=1e-3, abs_tol=0.01
    )
