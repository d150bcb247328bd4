"""Waiting for room: every request of the process passes here before it is sent.

Requests of one pool wait in the order in which they came, so that a large one is not overtaken for
ever by small ones. A day's limit is waited for outside that order, and only where it is asked for.
"""

import asyncio
import math
from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct

from botticelli.compiler.semantics.limits import (
    Admitted,
    Books,
    Busy,
    Demand,
    Exhausted,
    Impossible,
    Later,
    Limits,
    Usage,
)
from botticelli.runtime.effects import Exhaustion
from botticelli.runtime.events import Event, LimitUse, Waiting
from botticelli.runtime.shell.clock import Clock, sleep_until, wait_for
from botticelli.runtime.shell.ledger import Ledger, Pool

POLL = 1.0
"""Seconds after which shared books are looked at again for what other processes have settled."""

Emit = Callable[[Event], None]


class Reservation(Struct, frozen=True):
    """Room that was taken for one request."""

    pool: Pool
    limits: Limits
    number: int


class Wanted(Struct, frozen=True, kw_only=True):
    """A request that wants room: it lasts at most `lasting` seconds, and waits for a day that is
    used up if `wait_for_day`."""

    pool: Pool
    limits: Limits
    demand: Demand
    lasting: float
    wait_for_day: bool
    address: str


class _Queue:
    """Who waits for one pool: the lock hands room out in order, `changed` says that some came."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.changed = asyncio.Event()
        self.held_until = 0.0


class Limiter:
    """Admits requests, for all that runs in one process."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._queues: dict[Pool, _Queue] = {}

    async def reserve(self, wanted: Wanted, emit: Emit) -> Reservation | Exhaustion:
        """Wait until a request is admitted.

        An Exhaustion is returned for a day's limit that is used up and not waited for, and for a
        request that not even an empty day would admit.
        """
        queue = self._queues.setdefault(wanted.pool, _Queue())
        while True:
            async with queue.lock:
                found = await self._admit(queue, wanted, emit)
            if isinstance(found, Reservation):
                return found
            if isinstance(found, Impossible) or not wanted.wait_for_day:
                return _exhaustion(found)
            emit(Waiting(address=wanted.address, what=found.limit, until=found.resets))
            await sleep_until(self._clock, found.resets)

    def settle(self, reservation: Reservation, usage: Usage | None) -> None:
        """Put what was used in place of what was reserved; None leaves the reservation in full."""
        now = self._clock.now()
        self._ledger.settle(reservation.pool, reservation.number, now, usage)
        queue = self._queues[reservation.pool]
        queue.changed.set()
        queue.changed = asyncio.Event()

    def hold(self, pool: Pool, until: float) -> None:
        """Send nothing to a pool before a moment: its provider has asked to wait."""
        queue = self._queues.setdefault(pool, _Queue())
        queue.held_until = max(queue.held_until, until)

    def use(self, pool: Pool, limits: Limits) -> tuple[LimitUse, ...]:
        readings = self._ledger.readings(pool, self._clock.now(), limits)
        return tuple(
            LimitUse(each.limit, min(each.used, each.value), each.value) for each in readings
        )

    def books(self, pool: Pool, limits: Limits) -> Books:
        """Return a copy of the books as they stand, to try things out with."""
        return self._ledger.books(pool, self._clock.now(), limits)

    def close(self) -> None:
        self._ledger.close()

    async def _admit(
        self, queue: _Queue, wanted: Wanted, emit: Emit
    ) -> Reservation | Exhausted | Impossible:
        announced: Waiting | None = None
        while True:
            await sleep_until(self._clock, queue.held_until)
            now = self._clock.now()
            decision, number = self._ledger.reserve(
                wanted.pool, now, wanted.limits, wanted.demand, now + wanted.lasting
            )
            match decision:
                case Admitted():
                    return Reservation(wanted.pool, wanted.limits, number)
                case Exhausted() | Impossible():
                    return decision
                case Later(limit=limit, at=at):
                    waiting = Waiting(address=wanted.address, what=limit, until=at)
                    until: float | None = at
                case Busy(limit=limit):
                    waiting = Waiting(address=wanted.address, what=limit, until=None)
                    until = None
            if waiting != announced:
                emit(waiting)
                announced = waiting
            if until is None and self._ledger.shared:
                until = now + POLL
            await wait_for(self._clock, queue.changed, until)


_LIMIT_NAMES = {"rpd": "requests per day", "tpd": "tokens per day"}


def _exhaustion(decision: Exhausted | Impossible) -> Exhaustion:
    name = f"{decision.limit} = {decision.value:,} ({_LIMIT_NAMES[decision.limit]})"
    if isinstance(decision, Exhausted):
        resets = datetime.fromtimestamp(math.ceil(decision.resets), UTC)
        return Exhaustion(
            limit=decision.limit,
            value=decision.value,
            resets=decision.resets,
            message=f"the limit {name} is used up: {decision.used:,} are used, and there is room "
            f"again at {resets:%Y-%m-%d %H:%M:%S} UTC",
        )
    needed = (
        "a request without `max_tokens` has no bound"
        if decision.needed is None
        else f"one request may take {decision.needed:,}"
    )
    message = f"the limit {name} never admits this request: {needed}"
    return Exhaustion(limit=decision.limit, value=decision.value, resets=None, message=message)
