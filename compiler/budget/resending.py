"""Rows and media that are sent again and again: how many tokens of each, counted at the end.

Every request sends again what the conversation holds, so that a list of it for every request would
grow with the square of the acts. What a conversation holds is told by what it held before, and
requests by which conversation they send; only in the end are tokens counted by where they are from.
"""

import heapq
from collections.abc import Iterable, Mapping
from itertools import count

from msgspec import Struct

from botticelli.compiler.ir.program import Place

_MOST = 1e150
"""Conversations beyond this are this many."""


class Kept(Struct, frozen=True, eq=False):
    """Rows and media of a conversation: `tokens` from `place`, and those of other conversations,
    each as many times. `order` is higher than those of them."""

    of: tuple[tuple["Kept", float], ...] = ()
    place: Place | None = None
    tokens: float = 0.0
    order: int = 0

    def adding(self, place: Place, tokens: float) -> "Kept":
        return Kept(((self, 1.0),), place, tokens, self.order + 1)

    def __or__(self, other: "Kept") -> "Kept":
        """One or the other, each as likely."""
        return self if self is other else mixed(((self, 0.5), (other, 0.5)))

    def moved(self, before: "Kept", passes: int) -> "Kept":
        """What is held after more passes that each add what lies between `before` and this."""
        if self is before:
            return self
        times = float(min(passes, int(_MOST)))
        return mixed(((self, 1.0 + times), (before, -times)))


def mixed(of: Iterable[tuple[Kept, float]]) -> Kept:
    """What several conversations hold together, each so many times."""
    parts = tuple(of)
    return Kept(parts, order=1 + max(each.order for each, _ in parts))


NOTHING_KEPT = Kept()

Sent = Mapping[Kept, float]
"""How often conversations are sent."""


def sent_times(sent: Sent, times: float) -> dict[Kept, float]:
    factor = min(times, _MOST)
    return {kept: min(often * factor, _MOST) for kept, often in sent.items()}


def sent_together(several: Iterable[Sent]) -> dict[Kept, float]:
    together: dict[Kept, float] = {}
    for each in several:
        for kept, often in each.items():
            together[kept] = together.get(kept, 0.0) + often
    return together


def by_place(sent: Sent) -> dict[Place, float]:
    """The tokens that are sent by where they are from, what was held first first."""
    number = count()
    often = dict(sent)
    waiting = [(-kept.order, next(number), kept) for kept in often]
    heapq.heapify(waiting)
    found: dict[Place, float] = {}
    while waiting:
        *_, kept = heapq.heappop(waiting)
        times = often[kept]
        if kept.place is not None:
            found[kept.place] = found.get(kept.place, 0.0) + times * kept.tokens
        for part, factor in kept.of:
            if part not in often:
                heapq.heappush(waiting, (-part.order, next(number), part))
            more = often.get(part, 0.0) + times * factor
            often[part] = max(-_MOST, min(more, _MOST))
    return dict(reversed(found.items()))
