"""Whether a carousel fits its limits, and when it would end: asked of the limiter's own books.

Time is virtual: a request is admitted at once or at the moment that the books name, and takes no
time itself. What comes out is the shortest time that pacing allows, from the beginning of a day
that nothing has used yet.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum
from itertools import chain, repeat

from msgspec import Struct

from botticelli.compiler.budget.intervals import Interval
from botticelli.compiler.budget.result import CarouselUse
from botticelli.compiler.budget.spent import Ask, Pool
from botticelli.compiler.semantics.limits import (
    SLIDING,
    Admitted,
    Books,
    Busy,
    Demand,
    Exhausted,
    Impossible,
    Later,
    LimitError,
    Limits,
    Usage,
    next_midnight,
    scale,
)

START = 1_767_225_600.0
"""A moment before the day on which predictions begin: 2026-01-01T00:00:00Z."""

MAX_REQUESTS = 20_000
"""Requests after which what has fitted until then is taken to fit for good."""


class Track(StrEnum):
    """Which end of the intervals a prediction follows."""

    FLOOR = "floor"
    EXPECTED = "expected"
    CEILING = "ceiling"


class Verdict(StrEnum):
    """What fits the limits of a day: even the ceiling, the expectation, the floor, or nothing."""

    FEASIBLE = "feasible"
    LIKELY = "likely"
    UNLIKELY = "unlikely"
    INFEASIBLE = "infeasible"


class Stop(Struct, frozen=True):
    """Where a carousel runs out: in which iteration (from 1), at which act, on which limit."""

    iteration: int
    act: str
    limit: str
    value: int


class Schedule(Struct, frozen=True):
    """How a carousel goes in virtual time. `stop` is None when it completes."""

    seconds: float
    requests: int
    stop: Stop | None = None


class Judgement(Struct, frozen=True):
    """A verdict; where it stops, on the track that decided it; and how many iterations complete by
    expectation (None: all)."""

    verdict: Verdict
    stop: Stop | None = None
    fits: int | None = None


def judge(use: CarouselUse) -> Judgement:
    """Say whether a carousel fits the limits of its days."""
    limits = limits_of(use)
    if limits is None or not any(each.rpd or each.tpd for each in limits.values()):
        return Judgement(Verdict.FEASIBLE)
    if _fits_one_day(use, limits):
        return Judgement(Verdict.FEASIBLE)
    if _bounded(use) and predict(use, Track.CEILING).stop is None:
        return Judgement(Verdict.FEASIBLE)
    expected = predict(use, Track.EXPECTED)
    if expected.stop is None:
        return Judgement(Verdict.LIKELY)
    fits = expected.stop.iteration - 1
    floor = predict(use, Track.FLOOR)
    if floor.stop is None:
        return Judgement(Verdict.UNLIKELY, expected.stop, fits)
    return Judgement(Verdict.INFEASIBLE, floor.stop, fits)


def limits_of(use: CarouselUse) -> dict[Pool, Limits] | None:
    """The share of each pool's limits that a carousel may use; None if that is nothing."""
    found: dict[Pool, Limits] = {}
    for ask in use.spent.asks:
        try:
            found.setdefault(ask.model.pool, scale(ask.model.facts.limits, ask.multipliers))
        except LimitError:
            return None
    return found


def _bounded(use: CarouselUse) -> bool:
    return all(
        ask.use.requests.ceiling is not None
        and (ask.model.facts.limits.tpd is None or ask.use.tokens.ceiling is not None)
        for ask in use.spent.asks
    )


def _fits_one_day(use: CarouselUse, limits: dict[Pool, Limits]) -> bool:
    """Whether even the ceiling of the whole is within one day, whatever the pace."""
    for pool, limit in limits.items():
        taken = use.spent.pools[pool]
        for most, day in ((taken.requests.ceiling, limit.rpd), (taken.tokens.ceiling, limit.tpd)):
            if day is not None and (most is None or most > day):
                return False
    return True


class Sent(Struct, frozen=True):
    """A request of a schedule: when it was ready and when it was sent, as moments of virtual time,
    the limit that it waited for last, and what it used."""

    iteration: int
    narrative: str
    act: str
    pool: Pool
    limits: Limits
    usage: Usage
    ready: float
    at: float
    limit: str | None


Watch = Callable[[Sent], None]
"""Is told of each request in turn."""


class _Request(Struct, frozen=True):
    narrative: str
    act: str
    pool: Pool
    limits: Limits
    demand: Demand
    usage: Usage


def predict(use: CarouselUse, track: Track, watch: Watch | None = None) -> Schedule:
    """Run a carousel in virtual time on one track of its intervals."""
    books: dict[Pool, Books] = {}
    now = start = _start(use)
    count = 0
    carousel = use.carousel
    every = carousel.every or 0.0
    due = start
    for iteration, requests in enumerate(_iterations(use, track), 1):
        now = due = max(now, due)
        for request in requests:
            book = books.setdefault(request.pool, Books(request.limits.day))
            ready = now
            decision, now, limit = _admit(book, now, request, waits=use.waits)
            if not isinstance(decision, Admitted):
                stop = Stop(iteration, request.act, decision.limit, decision.value)
                return Schedule(now - start, count, stop)
            if watch is not None:
                watch(_sent(iteration, request, ready, now, limit))
            book.enter(count, decision.entry)
            book.settle(count, now, request.usage)
            count += 1
            if count >= MAX_REQUESTS:
                return Schedule(now - start, count)
        due += every
    return Schedule(now - start, count)


def _sent(iteration: int, request: _Request, ready: float, at: float, limit: str | None) -> Sent:
    by = request.narrative, request.act, request.pool, request.limits
    return Sent(iteration, *by, request.usage, ready, at, limit)


def _admit(
    book: Books, now: float, request: _Request, *, waits: bool
) -> tuple[Admitted | Exhausted | Impossible, float, str | None]:
    waited: str | None = None
    while True:
        decision = book.assess(now, request.limits, request.demand)
        match decision:
            case Later(limit=limit, at=at):
                now, waited = at, limit
            case Exhausted(limit=limit, resets=resets) if waits:
                now, waited = resets, limit
            case Busy(limit=limit):
                # Nothing is ever under way here: the limit admits nothing at all.
                return Impossible(limit, 0, None), now, waited
            case _:
                return decision, now, waited


def _start(use: CarouselUse) -> float:
    """The beginning of a day: of the time zone in which the first of the limits resets."""
    for ask in use.spent.asks:
        day = ask.model.facts.limits.day
        if day != SLIDING:
            return next_midnight(START, day) + 2.0
    return START


def _iterations(use: CarouselUse, track: Track) -> Iterator[Iterator[_Request]]:
    """The requests of each iteration: where they are a fraction, one every so many iterations."""
    number = use.carousel.iterations
    if track is Track.EXPECTED and use.until:
        number = (number + 1) // 2
    elif track is Track.FLOOR and use.until:
        number = 1
    plans = [plan for ask in use.spent.asks if (plan := _plan(use, ask, track, number)) is not None]
    for iteration in range(1, number + 1) if plans else ():
        found = [
            repeat(request, _whole(rate * iteration) - _whole(rate * (iteration - 1)))
            for rate, request in plans
        ]
        yield chain.from_iterable(found)


def _plan(
    use: CarouselUse, ask: Ask, track: Track, iterations: int
) -> tuple[float, _Request] | None:
    requests = _at(ask.use.requests, track)
    if not requests:
        return None
    share = _author_share(use) if track is Track.EXPECTED else 1.0
    tokens_in = _whole(_at(ask.use.input, track) / requests * share)
    tokens_out = _whole(_at(ask.use.output, track) / requests * share)
    limits = scale(ask.model.facts.limits, ask.multipliers)
    reserved = ask.output if ask.output is not None else (limits.tpm or limits.otpm or 0)
    return requests / iterations, _Request(
        ask.narrative,
        ask.act,
        ask.model.pool,
        limits,
        Demand(tokens_in, reserved, tokens_in + tokens_out),
        Usage(tokens_in, tokens_out),
    )


def _author_share(use: CarouselUse) -> float:
    """The author's estimate of an iteration's tokens over the compiler's."""
    estimate = use.carousel.estimated_tokens
    expected = use.spent.use.tokens.expected
    if estimate is None or not expected:
        return 1.0
    return estimate * use.carousel.iterations / expected


def _at(interval: Interval, track: Track) -> float:
    value: float | None = getattr(interval, track.value)
    return 0 if value is None else value


def _whole(number: float) -> int:
    return int(number + 1e-9)
