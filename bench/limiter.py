"""What it takes to admit a request, and what is admitted: beside public limiters.

The peers are those of `pip install aiolimiter limits pyrate-limiter throttled-py`, in each manner
of counting that they have; one that is not installed is left out. Each takes one request from one
window of a minute, which is what they are made for. Ours takes one request and its tokens from six
windows at once, and gives back what was not used.

Then all of them are asked for a request four times a second for ten minutes of virtual time, under
a limit of ten a minute. Requests take 20 to 2,000 ms, and the provider counts each at some moment
on the way. What counts is the most that it sees in any 60 seconds.
"""

import argparse
import asyncio
import gc
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from botticelli.compiler.semantics.limits import Admitted, Demand, Limits, Usage
from botticelli.runtime.shell.ledger import MemoryLedger, Pool, SqliteLedger

RATE = 10
"""Requests a minute that are allowed."""

CLAIM = 2.0
"""Times the median peer's cost that one of our admissions may take, for six windows at once."""

Try = Callable[[], bool]
"""Asks for one request, without waiting."""


class Time:
    """The time that the peers see: real, or as it is set."""

    now: float | None = None
    _real = staticmethod(time.time)
    _real_monotonic = staticmethod(time.monotonic)

    @classmethod
    def wall(cls) -> float:
        return cls._real() if cls.now is None else cls.now

    @classmethod
    def monotonic(cls) -> float:
        return cls._real_monotonic() if cls.now is None else cls.now


def take_over_time() -> None:
    """Let modules that are loaded from here on see `Time`."""
    time.time = Time.wall
    time.monotonic = Time.monotonic
    time.time_ns = lambda: int(Time.wall() * 1e9)
    time.monotonic_ns = lambda: int(Time.monotonic() * 1e9)


# Peers are imported where they are made, after the time is taken over.


def peers(rate: int) -> Iterator[tuple[str, Callable[[], Try]]]:
    """Yield each limiter that is installed with what makes a fresh one."""
    makers = (_aiolimiter, _limits, _pyrate_limiter, _throttled)
    for make in makers:
        try:
            yield from make(rate)
        except ImportError as error:
            print(f"not installed, and left out: {error.name}")


def _aiolimiter(rate: int) -> Iterator[tuple[str, Callable[[], Try]]]:
    from aiolimiter import AsyncLimiter  # noqa: PLC0415

    def fresh() -> Try:
        limiter = AsyncLimiter(rate, 60)
        loop = asyncio.new_event_loop()
        loop.time = Time.monotonic  # type: ignore[method-assign]

        async def attempt() -> bool:
            if not limiter.has_capacity():
                return False
            await limiter.acquire()
            return True

        def take() -> bool:
            # Driven by hand, since what does not wait needs no loop but its time.
            asyncio._set_running_loop(loop)  # noqa: SLF001
            try:
                attempt().send(None)
            except StopIteration as stop:
                return bool(stop.value)
            finally:
                asyncio._set_running_loop(None)  # noqa: SLF001
            raise AssertionError("it waits")

        return take

    yield "aiolimiter", fresh


def _limits(rate: int) -> Iterator[tuple[str, Callable[[], Try]]]:
    from limits import RateLimitItemPerMinute, storage, strategies  # noqa: PLC0415

    def fresh(strategy: type[strategies.RateLimiter]) -> Try:
        limiter = strategy(storage.MemoryStorage())
        item = RateLimitItemPerMinute(rate)
        return lambda: limiter.hit(item, "pool")

    for name in ("FixedWindow", "SlidingWindowCounter", "MovingWindow"):
        strategy = getattr(strategies, f"{name}RateLimiter")
        yield f"limits, {name}", lambda strategy=strategy: fresh(strategy)


def _pyrate_limiter(rate: int) -> Iterator[tuple[str, Callable[[], Try]]]:
    from pyrate_limiter import Duration, InMemoryBucket, Limiter, Rate  # noqa: PLC0415

    def fresh() -> Try:
        limiter = Limiter(InMemoryBucket([Rate(rate, Duration.MINUTE)]))
        return lambda: bool(limiter.try_acquire("pool", blocking=False))

    yield "pyrate-limiter", fresh


def _throttled(rate: int) -> Iterator[tuple[str, Callable[[], Try]]]:
    from throttled import MemoryStore, Throttled  # noqa: PLC0415
    from throttled.rate_limiter import per_min  # noqa: PLC0415

    def fresh(using: str) -> Try:
        limiter = Throttled("pool", using=using, quota=per_min(rate), store=MemoryStore())
        return lambda: not limiter.limit().limited

    for using in ("fixed_window", "sliding_window", "token_bucket", "leaking_bucket", "gcra"):
        yield f"throttled-py, {using}", lambda using=using: fresh(using)


def ours(rate: int, path: Path | None = None) -> Callable[[], tuple[Try, Callable[[float], None]]]:
    """Return what makes a fresh ledger of ours: in memory, or in a file."""
    limits = Limits(rpm=rate, itpm=10**9, otpm=10**9, rpd=10**9, tpd=10**12, max_concurrent=10**6)
    pool, demand, used = Pool("p", "a", "m"), Demand(400, 300, 2000), Usage(380, 120)

    def fresh() -> tuple[Try, Callable[[float], None]]:
        ledger = MemoryLedger() if path is None else SqliteLedger(path, Time.wall())
        opened: list[int] = []

        def take() -> bool:
            now = Time.wall()
            decision, number = ledger.reserve(pool, now, limits, demand, now + 600)
            if not isinstance(decision, Admitted):
                return False
            opened.append(number)
            return True

        def settle(now: float) -> None:
            ledger.settle(pool, opened.pop(0), now, used)

        return take, settle

    return fresh


def cost(count: int, take: Try, settle: Callable[[float], None] | None = None) -> float:
    """Return the microseconds that one of so many admissions takes."""
    gc.collect()
    begun = time.perf_counter()
    for _ in range(count):
        assert take()
        if settle is not None:
            settle(Time.wall())
    return (time.perf_counter() - begun) / count * 1e6


def worst(fresh: Callable[[], tuple[Try, Callable[[float], None] | None]]) -> int:
    """Return the most requests that the provider counts in any 60 seconds."""
    return max(
        _worst(fresh, begins, quiet) for begins in (0.0, 30.0, 55.0) for quiet in (0.0, 55.0)
    )


def _worst(
    fresh: Callable[[], tuple[Try, Callable[[float], None] | None]], begins: float, quiet: float
) -> int:
    """The same for a client that begins so far into a minute, and is quiet after one request."""
    Time.now = start = 1_760_000_040.0 - 1_760_000_040.0 % 60 + begins
    take, settle = fresh()
    chance = Random(7)
    counted: list[float] = []
    under_way: list[float] = []
    ended: list[float] = []
    for step in range(4 * 600):
        Time.now = start + step / 4
        while under_way and under_way[0] <= Time.now:
            ended.append(heappop(under_way))
            if settle is not None:
                settle(ended[-1])
        # A client that has something to do asks again and again.
        for _ in range(3):
            if (counted and Time.now < start + quiet) or not take():
                break
            latency = chance.uniform(0.02, 2.0)
            counted.append(Time.now + latency * chance.random())
            heappush(under_way, Time.now + latency)
    Time.now = None
    counted.sort()
    return max(sum(1 for each in counted if last - 60 < each <= last) for last in counted)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=9, help="timed runs of each (9)")
    parser.add_argument("--count", type=int, default=2000, help="admissions in each run (2,000)")
    given = parser.parse_args()
    take_over_time()
    times: dict[str, list[float]] = {}
    everything = list(peers(10**6))
    for _ in range(given.runs):
        for name, fresh in everything:
            times.setdefault(name, []).append(cost(given.count, fresh()))
        times.setdefault("ours", []).append(cost(given.count, *ours(10**6)()))
        with TemporaryDirectory() as folder:
            shared = ours(10**6, Path(folder) / "ledger.sqlite")()
            times.setdefault("ours, in a file", []).append(cost(given.count // 10, *shared))
    most = {name: worst(lambda fresh=fresh: (fresh(), None)) for name, fresh in peers(RATE)}
    most["ours"] = worst(ours(RATE))
    costs = {name: statistics.median(each) for name, each in times.items()}
    mine = costs["ours"]
    print(f"{'':<34}   µs each   ours is     most of {RATE} in 60 s")
    for name, each in costs.items():
        seen = f"{most[name]}, {most[name] / RATE:.1f} times" if name in most else ""
        print(f"{name:<34}  {each:8.1f}   {mine / each:5.2f} times   {seen}")
    keeps = most["ours"] <= RATE
    print(f"ours never passes the limit: {'yes' if keeps else 'NO'}")
    if not everything:
        return 0 if keeps else 1
    middle = statistics.median(costs[name] for name, _ in everything)
    ratio = mine / middle
    cheap = ratio < CLAIM
    print(
        f"ours over the median peer  {ratio:.2f}, claimed below {CLAIM}: {'yes' if cheap else 'NO'}"
    )
    return 0 if keeps and cheap else 1


if __name__ == "__main__":
    sys.exit(main())
