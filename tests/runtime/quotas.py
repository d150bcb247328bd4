"""A provider that keeps its own books, a driver that asks it, and a scheduler that sees its books.

The provider counts a request when it arrives and its output at some moment before it is answered,
in windows that slide or in days of a time zone, by a clock that may be a little off. What would
pass a limit it refuses with 429, and remembers that it had to.
"""

import asyncio
import math
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from random import Random
from zoneinfo import ZoneInfo

from msgspec import Struct

from botticelli.compiler.semantics.limits import DAY, MINUTE, SLIDING, Limits, Usage, next_midnight
from botticelli.compiler.semantics.providers import ModelFacts
from botticelli.runtime.drivers.protocol import (
    STOP,
    Capabilities,
    DriverError,
    ModelAnswer,
    ModelRequest,
    TokenUsage,
)
from botticelli.runtime.effects import Exhaustion
from botticelli.runtime.events import LimitUse
from botticelli.runtime.shell.clock import Clock, wait_for
from botticelli.runtime.shell.ledger import Pool
from botticelli.runtime.shell.limiter import Emit, Reservation, Wanted
from botticelli.runtime.shell.weighing import Scales


class Counted(Struct):
    """What the provider counted of one request, each at its moment."""

    number: int
    at: float
    requests: int = 0
    input: int = 0
    output: int = 0


Weigh = Callable[[Counted], int]


def minute_limits(limits: Limits) -> Iterator[tuple[str, int, Weigh]]:
    both = limits.counts == "total"
    yield from (
        (name, value, weigh)
        for name, value, weigh in (
            ("rpm", limits.rpm, lambda each: each.requests),
            ("tpm", limits.tpm, lambda each: each.input + both * each.output),
            ("itpm", limits.itpm, lambda each: each.input),
            ("otpm", limits.otpm, lambda each: each.output),
        )
        if value is not None
    )


def day_limits(limits: Limits) -> Iterator[tuple[str, int, Weigh]]:
    if limits.rpd is not None:
        yield "rpd", limits.rpd, lambda each: each.requests
    if limits.tpd is not None:
        yield "tpd", limits.tpd, lambda each: each.input + each.output


class Quota:
    """The books of one pool at the provider. `skew` is how far its clock is ahead, in seconds;
    `refused` says what it had to refuse."""

    def __init__(self, limits: Limits, skew: float = 0.0) -> None:
        self.limits = limits
        self.skew = skew
        self.counted: list[Counted] = []
        self.refused: list[str] = []
        self.open: set[int] = set()

    def connect(self, now: float, number: int, tokens_in: int) -> bool:
        """Count a request that arrives, and say whether it is let in."""
        self.open.add(number)
        most = self.limits.max_concurrent
        if most is not None and len(self.open) > most:
            self.refused.append(f"max_concurrent: {len(self.open)} > {most}")
        return self.count(Counted(number, now, requests=1, input=tokens_in))

    def count(self, taken: Counted) -> bool:
        self.counted.append(taken)
        before = len(self.refused)
        for name, value, weigh in minute_limits(self.limits):
            self._check(name, value, sum(map(weigh, self.minute(taken.at))))
        for name, value, weigh in day_limits(self.limits):
            self._check(name, value, sum(map(weigh, self.day(taken.at))))
        return len(self.refused) == before

    def leave(self, number: int) -> None:
        self.open.remove(number)

    def answered(self, counted: list[Counted]) -> list[Counted]:
        return [each for each in counted if each.number not in self.open]

    def expires(self, counted: Counted) -> float:
        """When something counted no longer belongs to the day."""
        if self.limits.day == SLIDING:
            return counted.at + DAY
        return next_midnight(counted.at + self.skew, self.limits.day) - self.skew

    def minute(self, now: float) -> list[Counted]:
        return [each for each in self.counted if now - MINUTE < each.at <= now]

    def day(self, now: float) -> list[Counted]:
        if self.limits.day == SLIDING:
            return [each for each in self.counted if now - DAY < each.at <= now]
        today = self._date(now)
        return [each for each in self.counted if each.at <= now and self._date(each.at) == today]

    def _date(self, now: float) -> object:
        return datetime.fromtimestamp(now + self.skew, ZoneInfo(self.limits.day)).date()

    def _check(self, name: str, value: int, used: int) -> None:
        if used > value:
            self.refused.append(f"{name}: {used} > {value}")


class Metered:
    """A driver whose provider keeps books. How long an answer takes, and how long it is, follows
    from `seed` and the prompt. `early`: all of it is counted at once, so that a client is told as
    late as can be. `faults` is the share of requests whose outcome nobody knows."""

    name = "metered"
    provider = "metered"
    account = None
    default_model = "m0"
    capabilities = Capabilities()
    simulated = True

    def __init__(
        self,
        pools: Mapping[str, str],
        quotas: Mapping[str, Quota],
        clock: Clock,
        *,
        seed: int,
        latency: tuple[float, float],
        early: bool = False,
        faults: float = 0.0,
    ) -> None:
        self._pools = pools
        self._quotas = quotas
        self._clock = clock
        self._seed = seed
        self._latency = latency
        self._early = early
        self._faults = faults
        self._scales = Scales()
        self.number = 0

    def rate_limits(self, model: str) -> ModelFacts:
        pool = self._pools[model]
        return ModelFacts(
            model=model,
            limits=self._quotas[pool].limits,
            pool=pool,
            known=True,
            max_output=200,
            tokens_per_message=4,
        )

    async def generate(self, request: ModelRequest) -> ModelAnswer:
        facts = self.rate_limits(request.model)
        quota = self._quotas[facts.pool]
        demand, _ = self._scales.measure(request, facts, facts.limits)
        chance = Random(f"{self._seed} {request.messages[-1].text}")
        shortest, longest = map(math.log, self._latency)
        latency = math.exp(chance.uniform(shortest, longest))
        arrives, counts = sorted((chance.random(), chance.random()))
        if self._early:
            arrives = counts = 0.0
        tokens_in = max(1, round(demand.input * chance.uniform(0.5, 1.0)))
        tokens_out = chance.randint(1, demand.output)
        unknown = chance.random() < self._faults
        self.number += 1
        number = self.number
        await asyncio.sleep(latency * arrives)
        admitted = quota.connect(self._clock.now(), number, tokens_in)
        await asyncio.sleep(latency * (counts - arrives))
        quota.count(Counted(number, self._clock.now(), output=tokens_out))
        await asyncio.sleep(latency * (1 - counts))
        quota.leave(number)
        if not admitted:
            raise DriverError(f"429: {quota.refused[-1]}", status=429)
        if unknown:
            raise DriverError("the connection broke", retryable=True)
        usage = TokenUsage(tokens_in, tokens_out)
        return ModelAnswer(text="word " * 20, finish=STOP, model=request.model, usage=usage)

    async def close(self) -> None:
        pass


class Oracle:
    """A limiter that reads the provider's own books. What it does not know is when a request that
    is under way is counted, and how much of its reservation it will use."""

    def __init__(self, quotas: Mapping[str, Quota], clock: Clock) -> None:
        self._quotas = quotas
        self._clock = clock
        self._locks: dict[str, asyncio.Lock] = {}
        self._open: dict[str, dict[int, Wanted]] = {}
        self._changed = asyncio.Event()
        self._reserved = 0

    async def reserve(self, wanted: Wanted, emit: Emit) -> Reservation | Exhaustion:
        del emit
        async with self._locks.setdefault(wanted.pool.models, asyncio.Lock()):
            while True:
                until = self._next(wanted)
                if until is None:
                    self._reserved += 1
                    self._open.setdefault(wanted.pool.models, {})[self._reserved] = wanted
                    return Reservation(wanted.pool, wanted.limits, self._reserved)
                await wait_for(self._clock, self._changed, None if until == math.inf else until)

    def settle(self, reservation: Reservation, usage: Usage | None) -> None:
        del usage
        del self._open[reservation.pool.models][reservation.number]
        self._changed.set()
        self._changed = asyncio.Event()

    def hold(self, pool: Pool, until: float) -> None:
        raise AssertionError("nothing is refused to whoever knows the books")

    def use(self, pool: Pool, limits: Limits) -> tuple[LimitUse, ...]:
        return ()

    def close(self) -> None:
        pass

    def _next(self, wanted: Wanted) -> float | None:
        """None if a request may be sent now, else when to look again."""
        now, quota, limits = self._clock.now(), self._quotas[wanted.pool.models], wanted.limits
        under_way = list(self._open.get(wanted.pool.models, {}).values())
        if limits.max_concurrent is not None and len(under_way) >= limits.max_concurrent:
            return math.inf
        minute, day = quota.answered(quota.minute(now)), quota.answered(quota.day(now))
        times: list[float] = []
        for name, value, weigh in minute_limits(limits):
            need = _need(name, limits)
            left = value - sum(map(need, under_way)) - min(need(wanted), value)
            weights = [(each.at + MINUTE, weigh(each)) for each in minute]
            times.append(_room_at(now, left, sorted(weights)))
        for name, value, weigh in day_limits(limits):
            need = _need(name, limits)
            left = value - sum(map(need, under_way)) - need(wanted)
            weights = [(quota.expires(each), weigh(each)) for each in day]
            times.append(_room_at(now, left, sorted(weights)))
        latest = max(times, default=now)
        return None if latest <= now else latest


def _room_at(now: float, left: int, weights: list[tuple[float, int]]) -> float:
    """When what is counted has shrunk to what is left; infinity where it depends on answers."""
    if left < 0:
        return math.inf
    used = sum(weight for _, weight in weights)
    for expires, weight in weights:
        if used <= left:
            break
        used -= weight
        now = expires
    return now


def _need(name: str, limits: Limits) -> Callable[[Wanted], int]:
    output = limits.counts == "total"
    needs: dict[str, Callable[[Wanted], int]] = {
        "rpm": lambda wanted: 1,
        "rpd": lambda wanted: 1,
        "tpm": lambda wanted: wanted.demand.input + output * wanted.demand.output,
        "itpm": lambda wanted: wanted.demand.input,
        "otpm": lambda wanted: wanted.demand.output,
        "tpd": lambda wanted: wanted.demand.ceiling or 0,
    }
    return needs[name]
