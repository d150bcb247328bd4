"""Leading the interpreter through what a run has completed, without performing anything."""

from collections.abc import Callable, Collection, Sequence
from heapq import heappop, heappush
from typing import Any

from msgspec import Struct

from botticelli.runtime.effects import Completion, Effect, Result
from botticelli.runtime.events import Event, EventNode
from botticelli.runtime.flow.interpret import Outcome
from botticelli.runtime.flow.schedule import Scheduled


class Recording:
    """What a run has completed, in the order of completion; results are read when they are asked
    for."""

    def __init__(self, order: Sequence[str], read: Callable[[str], Result]) -> None:
        self.places = {address: place for place, address in enumerate(order)}
        self.read = read

    def __contains__(self, address: str) -> bool:
        return address in self.places

    def __len__(self) -> int:
        return len(self.places)

    def without(self, addresses: Collection[str]) -> "Recording":
        kept = [address for address in self.places if address not in addresses]
        return Recording(kept, self.read)


class Replayed(Struct, frozen=True, kw_only=True):
    """How far a recording leads: the effects that are to be performed next, or how the run ended.

    `reached` are the recorded effects that were asked for, in the order of their completion.
    """

    pending: tuple[Effect, ...] = ()
    outcome: Outcome | None = None
    reached: tuple[str, ...]


def replay(
    flow: Scheduled[Outcome],
    recording: Recording,
    *,
    on_effect: Callable[[Effect], None],
    on_event: Callable[[Event, bool], None] | None = None,
) -> Replayed:
    """Answer a fresh flow's effects from a recording as long as it has any of them.

    Every effect that the flow yields is shown to `on_effect`, every event to `on_event`, with
    whether something recorded still followed it.
    """
    waiting: list[tuple[int, str, Any]] = []
    pending: list[Effect] = []
    reached: list[str] = []
    batch = next(flow)
    while True:
        for item in batch:
            if isinstance(item, EventNode):
                if on_event is not None:
                    on_event(item, len(reached) < len(recording))
                continue
            on_effect(item)
            address = str(item.address)
            if address in recording:
                heappush(waiting, (recording.places[address], address, item.address))
            else:
                pending.append(item)
        if pending and not waiting:
            return Replayed(pending=tuple(pending), reached=tuple(reached))
        completion = None
        if waiting:
            _, address, place = heappop(waiting)
            reached.append(address)
            completion = Completion(place, recording.read(address))
        try:
            batch = flow.send(completion)
        except StopIteration as stop:
            return Replayed(outcome=stop.value, reached=tuple(reached))
