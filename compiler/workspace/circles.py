"""Circles of narratives that run each other, each found once for the whole workspace.

A circle is told by the call that closes it, and which one that is must not depend on the file under
check. So the calls are followed depth first from the narrative of a group of mutually dependent
ones that comes first in the order of files and places; a call back to a narrative that is being
followed closes a circle. Without those calls there is none.
"""

from collections.abc import Iterator

from msgspec import Struct

from botticelli.compiler.workspace.composition import Call, calls_of, resolve
from botticelli.compiler.workspace.files import Look
from botticelli.compiler.workspace.workspace import NarrativeAt, Workspace

Key = tuple[str, str]


class Step(Struct, frozen=True):
    """A narrative, and the call in it that leads on."""

    caller: NarrativeAt
    call: Call


Circle = tuple[Step, ...]
"""The calls of one circle in order; the last one closes it."""


class Circles:
    """The circles of a workspace, worked out as far as they are asked for."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._calls: dict[Key, list[tuple[Call, NarrativeAt]]] = {}
        self._closed_in: dict[str, list[Circle]] = {}
        self._finished: set[Key] = set()
        self._looks: dict[Look, None] = {}

    def closed_in(self, start: NarrativeAt) -> list[Circle]:
        """Return the circles that are closed in the file of a narrative, as far as they are part of
        what the narrative reaches or were found before."""
        with self._workspace.files.recording() as looks:
            for group in self._groups(start):
                self._follow(group)
        # What was found before rests on what was looked at before.
        if not looks.keys() <= self._looks.keys():
            self._looks = self._workspace.files.widened([*self._looks, *looks])
        self._workspace.files.note(self._looks)
        return self._closed_in.get(start.key[0], [])

    def _calls_of(self, at: NarrativeAt) -> list[tuple[Call, NarrativeAt]]:
        found = self._calls.get(at.key)
        if found is None:
            found = self._calls[at.key] = []
            if at.unit.file is not None:
                for call in calls_of(at.unit.file, at.narrative):
                    target = resolve(call.name, at.unit, self._workspace).found
                    if target is not None:
                        found.append((call, target))
        return found

    def _groups(self, start: NarrativeAt) -> Iterator[list[NarrativeAt]]:
        """Yield the groups of narratives that reach each other, among those that ``start`` reaches
        (Tarjan, 1972, without recursion)."""
        if start.key in self._finished:
            return
        index: dict[Key, int] = {start.key: 0}
        lowest: dict[Key, int] = {start.key: 0}
        waiting = [start]
        path = [(start, iter(self._calls_of(start)))]
        while path:
            at, calls = path[-1]
            for _, target in calls:
                if target.key in self._finished:
                    continue
                if target.key in index:
                    lowest[at.key] = min(lowest[at.key], index[target.key])
                    continue
                index[target.key] = lowest[target.key] = len(index)
                waiting.append(target)
                path.append((target, iter(self._calls_of(target))))
                break
            else:
                path.pop()
                if path:
                    above = path[-1][0].key
                    lowest[above] = min(lowest[above], lowest[at.key])
                if lowest[at.key] == index[at.key]:
                    place = len(waiting) - 1
                    while waiting[place].key != at.key:
                        place -= 1
                    group = waiting[place:]
                    del waiting[place:]
                    self._finished.update(member.key for member in group)
                    yield group

    def _follow(self, group: list[NarrativeAt]) -> None:
        """Note the circles among narratives that reach each other."""
        members = {at.key for at in group}
        # Asking for a place is not free, and most narratives are alone.
        start = min(group, key=_rank) if len(group) > 1 else group[0]
        steps: list[Step] = []
        depth = {start.key: 0}
        done: set[Key] = set()
        path = [(start, iter(self._calls_of(start)))]
        while path:
            at, calls = path[-1]
            for call, target in calls:
                if target.key not in members or target.key in done:
                    continue
                step = Step(at, call)
                if target.key in depth:
                    circle = (*steps[depth[target.key] :], step)
                    self._closed_in.setdefault(at.key[0], []).append(circle)
                    continue
                depth[target.key] = len(path)
                steps.append(step)
                path.append((target, iter(self._calls_of(target))))
                break
            else:
                path.pop()
                del depth[at.key]
                done.add(at.key)
                if steps:
                    steps.pop()


def _rank(at: NarrativeAt) -> tuple[str, int]:
    return (str(at.unit.path), at.narrative.anchor.location.span.start)
