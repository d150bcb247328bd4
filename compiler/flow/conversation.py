"""What of an order's acts stands in the conversation that each of them sees.

Followed as the runtime keeps it: a sequence adds up, parallel items see what was there before them
and join, the passes of a repetition share one conversation unless each starts afresh.
"""

from msgspec import Struct

from botticelli.compiler.flow.points import Flow
from botticelli.compiler.narrative.model import (
    ActStep,
    BranchStep,
    Order,
    ParallelStep,
    RepeatStep,
    SequenceStep,
    Step,
    UnreadStep,
)


class State(Struct, frozen=True):
    """A conversation at one point: those that it goes on from, by number, and the act that it
    may then have heard, by its place in the order."""

    earlier: list[int]
    heard: int | None = None


class Conversations:
    """Every state of a narrative's conversation; number 0 is the empty one.

    ``before[place]`` is the state that the act sees that stands at this place of ``flow.acts``.
    """

    def __init__(self, order: Order | None, flow: Flow) -> None:
        self._flow = flow
        self._places = {id(at.step): place for place, at in enumerate(flow.acts)}
        self.states: list[State] = [State([])]
        self.before: dict[int, int] = {}
        if order is not None:
            self._follow(order.body, 0)

    def _add(self, *earlier: int, heard: int | None = None) -> int:
        self.states.append(State(list(earlier), heard))
        return len(self.states) - 1

    def _follow(self, step: Step, state: int) -> int:
        match step:
            case ActStep(name):
                place = self._places.get(id(name))
                return state if place is None else self._hear(place, state)
            case UnreadStep():
                return state
            case SequenceStep(steps=steps):
                for inner in steps:
                    state = self._follow(inner, state)
                return state
            case ParallelStep(steps=steps):
                return self._add(state, *[self._follow(inner, state) for inner in steps])
            case BranchStep(then=then, otherwise=otherwise):
                ends = [self._follow(then, state)]
                ends.append(state if otherwise is None else self._follow(otherwise, state))
                return self._add(*ends)
            case RepeatStep(body=body, history=history):
                start = self._add(state)
                end = self._follow(body, start)
                if history is None or history.value != "fresh":
                    self.states[start].earlier.append(end)
                return end

    def _hear(self, place: int, state: int) -> int:
        repeats = self._flow.acts[place].act.carousel is not None
        seen = self._add(state) if repeats else state
        self.before[place] = seen
        after = self._add(state, heard=place)
        if repeats:
            self.states[seen].earlier.append(after)
        return after
