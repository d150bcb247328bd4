"""What time it is: the real time, or a virtual one in which waiting takes none.

Everything in the shell waits through asyncio, so that a clock is a source of `now` and an event
loop. In the virtual loop time stands still while anything can run and jumps when nothing can.
"""

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Timebase(Struct, frozen=True):
    """What the clocks of all processes share while a machine runs: `boot` names this time of its,
    `origin` is when it began by the clock that it is of, in Unix seconds."""

    boot: str
    origin: float


class Clock(Protocol):
    """`longest_sleep` is after how many seconds a wait looks at the clock again; `timebase` is None
    for a clock that is the process's own."""

    longest_sleep: float
    timebase: Timebase | None

    def now(self) -> float:
        """Return Unix seconds."""
        ...

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end in an event loop whose waiting follows this clock."""
        ...


async def sleep_until(clock: Clock, until: float) -> None:
    """Wait until the clock shows a moment."""
    while (left := until - clock.now()) > 0:  # noqa: ASYNC110 - a clock has no event to wait for
        await asyncio.sleep(min(left, clock.longest_sleep))


async def wait_for(clock: Clock, event: asyncio.Event, until: float | None) -> None:
    """Wait until an event is set or the clock shows a moment, whichever is first."""
    while not event.is_set():
        left = clock.longest_sleep if until is None else until - clock.now()
        if left <= 0:
            return
        try:
            async with asyncio.timeout(min(left, clock.longest_sleep)):
                await event.wait()
        except TimeoutError:
            continue


class RealClock:
    """The time of day at the start, and from there a clock that nobody sets.

    Where the system has one, it is the clock that goes on while the machine sleeps; timers do not,
    which is why no wait sleeps for long.
    """

    longest_sleep = 60.0

    def __init__(self) -> None:
        boot: int | None = getattr(time, "CLOCK_BOOTTIME", None)
        self._elapsed: Callable[[], float] = (
            time.monotonic if boot is None else partial(time.clock_gettime, boot)
        )
        self._origin = time.time() - self._elapsed()
        named = None if boot is None else _boot()
        self.timebase = None if named is None else Timebase(named, self._origin)

    def now(self) -> float:
        return self._origin + self._elapsed()

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(main)


def _boot() -> str | None:
    """What Linux names the time since the machine was started."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return None


class _VirtualSelector(selectors.DefaultSelector):
    """Jumps over time in which nothing can happen.

    While a socket is waited for, something can: then as much real time passes as is asked for, up
    to `grace` seconds, before the jump. (The loop's own wake-up is always among the files.)
    """

    def __init__(self, grace: float) -> None:
        super().__init__()
        self.grace = grace
        self.elapsed = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            return super().select(None)
        waited_for = len(self.get_map()) > 1
        ready = super().select(min(timeout, self.grace) if waited_for else 0)
        if not ready and timeout > 0:
            self.elapsed += timeout
        return ready


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self, selector: _VirtualSelector) -> None:
        super().__init__(selector)
        self._virtual = selector

    def time(self) -> float:
        return self._virtual.elapsed

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Wait for threads as long as they take: time stands still for them, or jumps."""
        del timeout
        await super().shutdown_default_executor()


class VirtualClock:
    """A clock for rehearsals: starts where it is told, and jumps over every wait.

    `grace` is how many real seconds an answer over a socket may take; other waits take none.
    """

    longest_sleep = 86_400.0
    timebase = None

    def __init__(self, start: float, *, grace: float = 10.0) -> None:
        self._start = start
        self._selector = _VirtualSelector(grace)

    def now(self) -> float:
        return self._start + self._selector.elapsed

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        with asyncio.Runner(loop_factory=lambda: _VirtualLoop(self._selector)) as runner:
            return runner.run(main)
