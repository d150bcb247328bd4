"""Whether a carousel fits its limits, and when it would end: asked of the limiter's own books.

Time is virtual: a request is admitted at once or at the moment that the books name, and takes no
time itself. What comes out is the shortest time that pacing allows, from the beginning of a day
that nothing has used yet.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from functools import partial
from itertools import chain, repeat

from msgspec import Struct

from botticelli.compiler.budget import pace as pacing
from botticelli.compiler.budget.intervals import Interval
from botticelli.compiler.budget.result import CarouselUse
from botticelli.compiler.budget.spent import Ask, Pool
from botticelli.compiler.semantics.limits import (
    MINUTE,
    SLACK,
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
    least,
    next_midnight,
    scale,
)

START = 1_767_225_600.0
"""A moment before the day on which predictions begin: 2026-01-01T00:00:00Z."""

MAX_REQUESTS = 5_000
"""Requests after which a schedule is taken to go on at the pace that it then has."""


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


def judge(
    use: CarouselUse,
    *,
    start: float | None = None,
    opened: Callable[[Pool], Books] | None = None,
) -> Judgement:
    """Say whether a carousel fits the limits of its days; see ``predict`` for when it begins."""
    along = partial(predict, use, start=start, opened=opened)
    return judge_along(use, along, unused=opened is None)


def judge_along(use: CarouselUse, along: Callable[[Track], Schedule], *, unused: bool) -> Judgement:
    """Say it by schedules on each track, which are asked for as they are needed; ``unused``: they
    begin with a day that nothing has used."""
    limits = limits_of(use)
    if limits is None or not any(each.rpd or each.tpd for each in limits.values()):
        return Judgement(Verdict.FEASIBLE)
    if unused and _fits_one_day(use, limits):
        return Judgement(Verdict.FEASIBLE)
    if _bounded(use) and along(Track.CEILING).stop is None:
        return Judgement(Verdict.FEASIBLE)
    expected = along(Track.EXPECTED)
    if expected.stop is None:
        return Judgement(Verdict.LIKELY)
    fits = expected.stop.iteration - 1
    floor = along(Track.FLOOR)
    if floor.stop is None:
        return Judgement(Verdict.UNLIKELY, expected.stop, fits)
    return Judgement(Verdict.INFEASIBLE, floor.stop, fits)


def limits_of(use: CarouselUse) -> dict[Pool, Limits] | None:
    """The share of each pool's limits that a carousel may use, the least where its acts may use
    different ones; None if that is nothing."""
    found: dict[Pool, Limits] = {}
    for ask in use.spent.asks:
        try:
            limits = scale(ask.model.facts.limits, ask.multipliers)
        except LimitError:
            return None
        known = found.get(ask.model.pool)
        found[ask.model.pool] = limits if known is None else least(known, limits)
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

    @property
    def used(self) -> int:
        """Tokens, both ways."""
        return self.usage.input + self.usage.output


def predict(
    use: CarouselUse,
    track: Track,
    watch: Watch | None = None,
    *,
    start: float | None = None,
    opened: Callable[[Pool], Books] | None = None,
) -> Schedule:
    """Run a carousel in virtual time on one track of its intervals.

    It begins with a day that nothing has used, or at ``start`` with the books that ``opened`` gives
    of each pool. After some thousand requests it is taken to go on at the pace that it then has.
    """
    number = _number(use, track)
    loads = [load for ask in use.spent.asks if (load := _load(use, ask, track, number)) is not None]
    run = _Run(use, loads, _start(use) if start is None else start, opened, watch)
    every = use.carousel.every or 0.0
    due = run.now
    for iteration in range(1, number + 1) if loads else ():
        run.now = due = max(run.now, due)
        for request in chain.from_iterable(_requests(loads, iteration)):
            stop = run.send(iteration, request)
            if stop is not None:
                return Schedule(run.now - run.start, run.count, stop)
            if run.count >= MAX_REQUESTS:
                return run.extrapolated(number, every)
        due += every
    return Schedule(run.now - run.start, run.count)


class _Run:
    """A carousel under way in virtual time: its books, the moment, and what has been sent."""

    def __init__(
        self,
        use: CarouselUse,
        loads: "list[_Load]",
        start: float,
        opened: Callable[[Pool], Books] | None,
        watch: Watch | None,
    ) -> None:
        self.start = self.now = self._halfway = start
        self.count = 0
        self._waits = use.waits
        self._loads = loads
        self._watch = watch
        self._books: dict[Pool, Books] = {}
        for load in loads:
            request = load.request
            if request.pool not in self._books:
                fresh = Books(request.limits.day)
                self._books[request.pool] = fresh if opened is None else opened(request.pool)
        self._used = {
            (load.request.pool, reading.limit): reading.used
            for load in loads
            for reading in self._books[load.request.pool].readings(start, load.request.limits)
        }

    def send(self, iteration: int, request: "_Request") -> Stop | None:
        """Wait for room and take it; return what there is none of."""
        book = self._books[request.pool]
        ready = self.now
        decision, self.now, limit = _admit(book, ready, request, waits=self._waits)
        if not isinstance(decision, Admitted):
            return Stop(iteration, request.act, decision.limit, decision.value)
        if self._watch is not None:
            self._watch(_sent(iteration, request, ready, self.now, limit))
        book.enter(self.count, decision.entry)
        book.settle(self.count, self.now, request.usage)
        self.count += 1
        if self.count == MAX_REQUESTS // 2:
            self._halfway = self.now
        return None

    def _minutes(self, pool: Pool) -> float:
        """Seconds that the limits of a minute leave to one iteration's requests to a pool, however
        they fall into windows."""
        loads = [load for load in self._loads if load.request.pool == pool]
        taken = {
            "rpm": sum(load.rate for load in loads),
            "itpm": sum(load.rate * load.request.usage.input for load in loads),
            "otpm": sum(load.rate * load.request.usage.output for load in loads),
        }
        counted = loads[0].request.limits.counts
        taken["tpm"] = taken["itpm"] + (0 if counted == "input" else taken["otpm"])
        windows = [
            used / value
            for load in loads
            for name, used in taken.items()
            if (value := getattr(load.request.limits, name)) is not None
        ]
        return max(windows, default=0.0) * (MINUTE + SLACK)

    def extrapolated(self, number: int, every: float) -> Schedule:
        each = sum(load.rate for load in self._loads)
        done = self.count / each
        measured = (self.now - self._halfway) / (done - MAX_REQUESTS // 2 / each)
        pace = max(measured, every, *map(self._minutes, self._books))
        so_far = pacing.Steady(
            loads=[
                pacing.Load(
                    load.request.act,
                    load.request.pool,
                    load.request.limits,
                    load.rate,
                    load.rate * load.request.used,
                    (load.request.demand.ceiling or 0) - load.request.used,
                )
                for load in self._loads
            ],
            iterations=number,
            done=done,
            seconds=self.now - self.start,
            pace=pace,
            used=self._used,
        )
        course = pacing.go_on(so_far, waits=self._waits)
        stop = None
        if (short := course.shortage) is not None:
            stop = Stop(int(short.lasts) + 1, short.load.act, short.limit, short.value)
        return Schedule(course.seconds, max(self.count, int(course.done * each)), stop)


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


class _Load(Struct, frozen=True):
    """The requests of one act, so many in each iteration."""

    rate: float
    request: _Request


def _number(use: CarouselUse, track: Track) -> int:
    """The iterations of a track."""
    number = use.carousel.iterations
    if track is Track.EXPECTED and use.until:
        return (number + 1) // 2
    return 1 if track is Track.FLOOR and use.until else number


def _requests(loads: Sequence[_Load], iteration: int) -> Iterator[Iterator[_Request]]:
    """The requests of an iteration. What acts have of a fraction goes over to the act after them,
    so that of ten that are expected to run half of the time five run, in the first iteration too.
    """
    before = (iteration - 1) * sum(load.rate for load in loads)
    for load in loads:
        after = before + load.rate
        yield repeat(load.request, min(_whole(after) - _whole(before), MAX_REQUESTS))
        before = after


def _load(use: CarouselUse, ask: Ask, track: Track, iterations: int) -> _Load | None:
    requests = _at(ask.use.requests, track)
    if not requests:
        return None
    share = _author_share(use) if track is Track.EXPECTED else 1.0
    rounded = math.ceil if track is Track.CEILING else _whole
    tokens_in = rounded(_at(ask.use.input, track) / requests * share)
    tokens_out = rounded(_at(ask.use.output, track) / requests * share)
    limits = scale(ask.model.facts.limits, ask.multipliers)
    reserved = ask.output if ask.output is not None else (limits.tpm or limits.otpm or 0)
    request = _Request(
        ask.narrative,
        ask.act,
        ask.model.pool,
        limits,
        Demand(tokens_in, reserved, _reserved_of_a_day(ask, track, tokens_in + tokens_out)),
        Usage(tokens_in, tokens_out),
    )
    return _Load(requests / iterations, request)


def _reserved_of_a_day(ask: Ask, track: Track, used: int) -> int | None:
    """What a day's limit has to have room for before a request is sent: the most that it may take,
    though less is used in the end. What does not fit even without that fits in no case."""
    if track is Track.FLOOR:
        return used
    if ask.request.ceiling is None or ask.output is None:
        return None
    return max(used, math.ceil(ask.request.ceiling) + ask.output)


def _author_share(use: CarouselUse) -> float:
    """The author's estimate of an iteration's tokens over the compiler's."""
    estimate = use.carousel.estimated_tokens
    expected = use.spent.use.tokens.expected
    if estimate is None or not expected:
        return 1.0
    return estimate * use.carousel.iterations / expected


_BEYOND = 1e300
"""So many that more make no difference, and that can still be reckoned with."""


def _at(interval: Interval, track: Track) -> float:
    value: float | None = getattr(interval, track.value)
    return 0 if value is None else min(value, _BEYOND)


def _whole(number: float) -> int:
    return int(number + 1e-9)
