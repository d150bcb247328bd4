"""The shortest way through a graph that is explored from where somebody asks."""

import heapq
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from msgspec import Struct

from botticelli.compiler.diagnostics import Anchor

Key = tuple[str, str]
"""The key of a narrative."""

Place = tuple[Any, ...]
"""A node of the graph: what kind it is, the narrative, and which one."""


class Sight(Struct, frozen=True):
    """A place on a way, with what is to be seen there."""

    message: str
    anchor: Anchor


class Step(Struct, frozen=True):
    """Text flows from ``origin``, or from a source where that is None, past ``sights``.

    ``caller`` is set for what a narrative gives to one that it calls.
    """

    origin: Place | None
    sights: tuple[Sight, ...] = ()
    caller: Key | None = None

    @property
    def cost(self) -> tuple[int, int]:
        return (len(self.sights), 1)


class Way(Struct, frozen=True):
    """The shortest way from a source to a place, and its first sight, which is the source."""

    sights: tuple[Sight, ...]


class Ways:
    """Shortest ways from sources to nodes: first the fewest sights, then the fewest steps.

    When a node is asked for, all from which it can be reached are settled with it, so that the
    work over all questions is that of going over the graph once.
    """

    def __init__(
        self, steps_of: Callable[[Place], tuple[Step, ...]], without: frozenset[Key]
    ) -> None:
        self._steps_of = steps_of
        self._without = without
        self._settled: dict[Place, tuple[tuple[int, int], Step] | None] = {}

    def shortest(self, steps: tuple[Step, ...]) -> Way | None:
        for step in steps:
            if step.origin is not None and step.origin not in self._settled:
                self._settle(step.origin)
        costs = [(cost, step) for step in steps if (cost := self._cost(step)) is not None]
        if not costs:
            return None
        _, last = min(costs, key=lambda pair: pair[0])
        return Way(tuple(reversed([*self._backwards(last)])))

    def _backwards(self, step: Step) -> Iterator[Sight]:
        yield from reversed(step.sights)
        while step.origin is not None:
            settled = self._settled[step.origin]
            assert settled is not None
            step = settled[1]
            yield from reversed(step.sights)

    def _cost(self, step: Step) -> tuple[int, int] | None:
        """The cost of a step with the way to its origin; None when no source is behind it."""
        if step.origin is None:
            return step.cost
        settled = self._settled[step.origin]
        return None if settled is None else _sum(settled[0], step.cost)

    def _settle(self, asked: Place) -> None:
        onwards = self._explore(asked)
        order = count()
        queue: list[tuple[tuple[int, int], int, Place, Step]] = []
        for place in list(onwards):
            for step in self._steps(place):
                if step.origin is None or step.origin in self._settled:
                    cost = self._cost(step)
                    if cost is not None:
                        heapq.heappush(queue, (cost, next(order), place, step))
        while queue:
            cost, _, place, step = heapq.heappop(queue)
            if place in self._settled:
                continue
            self._settled[place] = (cost, step)
            for further, onward in onwards[place]:
                if further not in self._settled:
                    heapq.heappush(queue, (_sum(cost, onward.cost), next(order), further, onward))
        for place in onwards:
            self._settled.setdefault(place, None)

    def _explore(self, asked: Place) -> dict[Place, list[tuple[Place, Step]]]:
        """Return all nodes that are not settled and lead to one, each with where it leads."""
        onwards: dict[Place, list[tuple[Place, Step]]] = {asked: []}
        waiting = [asked]
        while waiting:
            place = waiting.pop()
            for step in self._steps(place):
                origin = step.origin
                if origin is None or origin in self._settled:
                    continue
                if origin not in onwards:
                    onwards[origin] = []
                    waiting.append(origin)
                onwards[origin].append((place, step))
        return onwards

    def _steps(self, place: Place) -> Iterator[Step]:
        for step in self._steps_of(place):
            if step.caller is None or step.caller not in self._without:
                yield step


def _sum(first: tuple[int, int], second: tuple[int, int]) -> tuple[int, int]:
    return (first[0] + second[0], first[1] + second[1])
