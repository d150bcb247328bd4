"""Running walks side by side without tasks or threads.

A walk is a generator that yields one effect at a time and is sent its result; it may also yield an
event, which is passed on, or a `Fork`, whose walks run together. `schedule` turns a walk into the
one generator that the shell drives: it yields everything that can start now and takes completions
in any order.
"""

from collections import deque
from collections.abc import Generator
from typing import Any, TypeVar

from msgspec import Struct

from botticelli.runtime.effects import Completion, Effect, Result
from botticelli.runtime.events import Event, EventNode

T = TypeVar("T")

Walk = Generator["Effect | Event | Fork", Any, T]
Batch = tuple[Effect | Event, ...]
Scheduled = Generator[Batch, Completion | None, T]


class Fork(Struct, frozen=True):
    """Walks that run together. The forking walk gets their values in the order given, once all
    have ended; when some failed, the first failure in that order is raised in it."""

    walks: tuple["Walk[Any]", ...]


class WalkError(Exception):
    """What ends a walk; `beside` are the errors of walks that ran beside it and failed as well."""

    beside: tuple[Exception, ...] = ()


def perform(effect: Effect) -> Walk[Any]:
    """Yield one effect and return its result."""
    return (yield effect)


class _Task:
    """A walk under way, and the outcomes of the walks that it forked."""

    def __init__(self, walk: Walk[Any], parent: "_Task | None" = None, place: int = 0) -> None:
        self.walk = walk
        self.parent = parent
        self.place = place
        self.outcomes: list[Any] = []
        self.errors: list[Exception | None] = []
        self.remaining = 0

    def fork(self, fork: Fork) -> list["_Task"]:
        self.outcomes = [None] * len(fork.walks)
        self.errors = [None] * len(fork.walks)
        self.remaining = len(fork.walks)
        return [_Task(walk, self, place) for place, walk in enumerate(fork.walks)]


class _Scheduler:
    """The walks that can go on, and those that wait for the result of an effect."""

    def __init__(self, root: _Task) -> None:
        self.root = root
        self.ready: deque[tuple[_Task, Any, Exception | None]] = deque([(root, None, None)])
        self.waiting: dict[str, _Task] = {}
        self.ended = False
        self.value: Any = None

    def advance(self) -> Batch:
        """Run every walk as far as it goes and return what it yielded on the way."""
        batch: list[Effect | Event] = []
        while self.ready:
            task, value, error = self.ready.popleft()
            try:
                item = task.walk.throw(error) if error is not None else task.walk.send(value)
            except StopIteration as stop:
                self._end(task, stop.value, None)
            except Exception as failure:
                if task.parent is None:
                    raise
                self._end(task, None, failure)
            else:
                self._place(task, item, batch)
        return tuple(batch)

    def complete(self, address: str, result: Result) -> None:
        self.ready.append((self.waiting.pop(address), result, None))

    def _place(self, task: _Task, item: "Effect | Event | Fork", batch: list[Any]) -> None:
        if isinstance(item, Fork):
            children = task.fork(item)
            self.ready.extend((child, None, None) for child in children)
            if not children:
                self.ready.append((task, [], None))
        elif isinstance(item, EventNode):
            batch.append(item)
            self.ready.appendleft((task, None, None))
        else:
            self.waiting[str(item.address)] = task
            batch.append(item)

    def _end(self, task: _Task, value: Any, error: Exception | None) -> None:
        parent = task.parent
        if parent is None:
            self.ended, self.value = True, value
            return
        parent.outcomes[task.place] = value
        parent.errors[task.place] = error
        parent.remaining -= 1
        if parent.remaining == 0:
            self.ready.append((parent, parent.outcomes, _first(parent.errors)))


def _first(errors: list[Exception | None]) -> Exception | None:
    """Return the first error, with the others beside it."""
    found = [error for error in errors if error is not None]
    if len(found) > 1 and isinstance(found[0], WalkError):
        found[0].beside = (*found[0].beside, *found[1:])
    return found[0] if found else None


def schedule(walk: Walk[T]) -> Scheduled[T]:
    """Drive a walk: yield batches of effects and events, take one completion for each batch.

    None is sent instead of a completion when no effect is under way.
    """
    scheduler = _Scheduler(_Task(walk))
    while True:
        batch = scheduler.advance()
        if scheduler.ended and not batch:
            value: T = scheduler.value
            return value
        completion = yield batch
        if completion is not None:
            scheduler.complete(str(completion.address), completion.result)
