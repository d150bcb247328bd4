"""Rate limits as a server sees them: the pure bookkeeping behind every wait and every prediction.

A server counts a request at some moment between its being sent and its answer (plus a slack for
latency and clocks). A request may therefore fall into any window that touches that span, and
`Books` admits a new one only if it fits beside every request that may still share a window with
it. That rule is exact: no limit can be passed in any window whatever the latency, and a request
that is held back could have passed one. Times are Unix seconds and are always given by the caller.
"""

import math
from bisect import insort
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from botticelli.compiler.ir.program import Multipliers

MINUTE = 60.0
DAY = 86_400.0
SLACK = 1.0
SLIDING = "sliding"


class LimitError(ValueError):
    """Limits that nothing could ever satisfy; the message is for people."""


class Limits(Struct, frozen=True, kw_only=True):
    """What a provider admits for one pool of models; None is unlimited.

    `rpm` and `rpd` are requests, `tpm`, `itpm` (input), `otpm` (output) and `tpd` tokens, by the
    minute and by the day; `max_concurrent` requests at a time. `counts` says which tokens `tpm`
    means: `input` or `total`; a day's tokens are always the total. `day` is `sliding` (any 24
    hours) or the name of the time zone at whose midnight the day begins anew.
    """

    rpm: int | None = None
    tpm: int | None = None
    itpm: int | None = None
    otpm: int | None = None
    rpd: int | None = None
    tpd: int | None = None
    max_concurrent: int | None = None
    counts: str = "total"
    day: str = SLIDING


def scale(limits: Limits, multipliers: Multipliers) -> Limits:
    """Return the share of the limits that may be used, rounded down.

    `tpm` applies to all tokens of a minute, `rpd` to both limits of a day. Raises LimitError when
    a share is zero, since nothing could ever be sent.
    """
    factors = {
        "rpm": multipliers.rpm,
        "tpm": multipliers.tpm,
        "itpm": multipliers.tpm,
        "otpm": multipliers.tpm,
        "rpd": multipliers.rpd,
        "tpd": multipliers.rpd,
    }
    shares: dict[str, int] = {}
    for name, factor in factors.items():
        limit: int | None = getattr(limits, name)
        if factor is None or limit is None:
            continue
        # Decimal notation is what people mean: 0.29 of 100 is 29, whatever binary floats say.
        share = math.floor(round(limit * factor, 6))
        if share < 1:
            raise LimitError(
                f"a multiplier of {factor:g} leaves nothing of the limit {name} = {limit}"
            )
        shares[name] = share
    return replace(limits, **shares) if shares else limits


def least(first: Limits, second: Limits) -> Limits:
    """Return the lower of two shares of the same limits."""
    lower = {
        name: other
        for name in ("rpm", "tpm", "itpm", "otpm", "rpd", "tpd", "max_concurrent")
        if (other := getattr(second, name)) is not None
        and ((one := getattr(first, name)) is None or other < one)
    }
    return replace(first, **lower)


def overlay(over: Multipliers, under: Multipliers) -> Multipliers:
    """Lay multipliers over others: what `over` does not say, `under` does."""
    return Multipliers(
        rpm=under.rpm if over.rpm is None else over.rpm,
        tpm=under.tpm if over.tpm is None else over.tpm,
        rpd=under.rpd if over.rpd is None else over.rpd,
    )


class Demand(Struct, frozen=True):
    """What one request asks for: estimated input and highest output tokens for the minute, and
    for the day the most that it can use, None when that has no bound."""

    input: int
    output: int
    ceiling: int | None


class Entry(Struct, frozen=True):
    """What one request takes from the windows: first as reserved, then as used.

    `requests` is 0 for a request that certainly never reached the server.
    """

    sent: float
    input: int
    output: int
    day_tokens: int
    requests: int = 1


class Usage(Struct, frozen=True):
    """What a request used after all, in tokens."""

    input: int
    output: int
    requests: int = 1


class Admitted(Struct, frozen=True):
    """The request may be sent now; `entry` is what it takes."""

    entry: Entry


class Later(Struct, frozen=True):
    """A minute's limit is full; it has room at `at`, if nothing else is sent until then."""

    limit: str
    at: float


class Busy(Struct, frozen=True):
    """Nothing can be said before a request that is under way has been answered."""

    limit: str


class Exhausted(Struct, frozen=True):
    """A day's limit is used up; it has room for this request at `resets`."""

    limit: str
    value: int
    used: int
    resets: float


class Impossible(Struct, frozen=True):
    """One such request alone passes a day's limit; `needed` is None when it has no bound."""

    limit: str
    value: int
    needed: int | None


Decision = Admitted | Later | Busy | Exhausted | Impossible


class Reading(Struct, frozen=True):
    """How full one limit is."""

    limit: str
    used: int
    value: int


class _Closed(Struct, frozen=True, order=True):
    """An answered request in a window, until it can no longer count there."""

    expires: float
    requests: int
    input: int
    output: int
    day_tokens: int


class _Sums(Struct):
    """What several requests take together."""

    requests: int = 0
    input: int = 0
    output: int = 0
    day_tokens: int = 0

    def add(self, taken: Entry | _Closed) -> None:
        self.requests += taken.requests
        self.input += taken.input
        self.output += taken.output
        self.day_tokens += taken.day_tokens

    def subtract(self, taken: Entry | _Closed) -> None:
        self.requests -= taken.requests
        self.input -= taken.input
        self.output -= taken.output
        self.day_tokens -= taken.day_tokens


_Count = Callable[[Entry | _Closed | _Sums], int]


class _Window:
    """The answered requests that still count in one kind of window, and their sums."""

    def __init__(self, expiry: Callable[[float], float]) -> None:
        self._expiry = expiry
        self._closed: deque[_Closed] = deque()
        self.sums = _Sums()

    def add(self, entry: Entry, ended: float) -> None:
        closed = _Closed(
            self._expiry(ended), entry.requests, entry.input, entry.output, entry.day_tokens
        )
        if not self._closed or closed.expires >= self._closed[-1].expires:
            self._closed.append(closed)
        else:
            insort(self._closed, closed)
        self.sums.add(closed)

    def expire(self, now: float) -> None:
        while self._closed and self._closed[0].expires <= now:
            self.sums.subtract(self._closed.popleft())

    def __iter__(self) -> Iterator[_Closed]:
        return iter(self._closed)


def next_midnight(time: float, zone: str) -> float:
    """Return the first midnight of a time zone strictly after a moment."""
    from zoneinfo import ZoneInfo

    where = ZoneInfo(zone)
    local = datetime.fromtimestamp(time, where)
    following = (local + timedelta(days=1)).date()
    return datetime(following.year, following.month, following.day, tzinfo=where).timestamp()


def _day_expiry(day: str) -> Callable[[float], float]:
    if day == SLIDING:
        return lambda ended: ended + DAY
    # The server's midnight may come a little later than ours.
    return lambda ended: next_midnight(ended, day) + SLACK


class Books:
    """All requests of one pool that may still count somewhere.

    The limits are given with each question, since those who share a pool may be held to different
    shares of it.
    """

    def __init__(self, day: str = SLIDING) -> None:
        self.day = day
        self._open: dict[int, Entry] = {}
        self._under_way = _Sums()
        self._minute = _Window(lambda ended: ended + MINUTE)
        self._day = _Window(_day_expiry(day))

    def assess(self, now: float, limits: Limits, demand: Demand) -> Decision:
        """Say whether a request may be sent now, else what it has to wait for.

        Moments must not go back from one question to the next.
        """
        self._expire(now)
        refused = self._assess_day(limits, demand)
        if refused is not None:
            return refused
        concurrent = limits.max_concurrent
        if concurrent is not None and len(self._open) >= concurrent:
            return Busy("max_concurrent")
        latest: Later | None = None
        for name, value, count, needed in _minute_limits(limits, demand):
            wanted = min(needed, value)
            room_at = self._room_at(now, self._minute, value - wanted, count)
            if room_at == math.inf:
                return Busy(name)
            if room_at > now and (latest is None or room_at > latest.at):
                latest = Later(name, room_at)
        if latest is not None:
            return latest
        day_tokens = 0 if demand.ceiling is None else demand.ceiling
        return Admitted(Entry(now, demand.input, demand.output, day_tokens))

    def earliest(self, now: float, limits: Limits, demand: Demand) -> float:
        """Return when a request would be admitted if nothing else happened; infinity when that
        depends on requests under way, or when it never would."""
        self._expire(now)
        if limits.max_concurrent is not None and len(self._open) >= limits.max_concurrent:
            return math.inf
        earliest = now
        for _, value, count, needed in _minute_limits(limits, demand):
            room = value - min(needed, value)
            earliest = max(earliest, self._room_at(now, self._minute, room, count))
        for _, value, count, most in _day_limits(limits, demand):
            if most is None or most > value:
                return math.inf
            earliest = max(earliest, self._room_at(now, self._day, value - most, count))
        return earliest

    def enter(self, identity: int, entry: Entry) -> None:
        """Record a request that is about to be sent."""
        self._open[identity] = entry
        self._under_way.add(entry)

    def settle(self, identity: int, now: float, usage: Usage | None) -> tuple[Entry, float]:
        """Record that a request has ended: with what it used, or in full when that is unknown.

        Returns the entry as it now counts and the last moment at which the server may count it.
        """
        entry = self._open.pop(identity)
        self._under_way.subtract(entry)
        if usage is not None:
            entry = Entry(
                entry.sent,
                usage.input,
                usage.output,
                usage.input + usage.output,
                usage.requests,
            )
        ended = now + SLACK
        self.restore(entry, ended)
        return entry, ended

    def restore(self, entry: Entry, ended: float) -> None:
        """Record a request that ended earlier, as read from a ledger."""
        if entry.requests or entry.input or entry.output:
            self._minute.add(entry, ended)
            self._day.add(entry, ended)

    def readings(self, now: float, limits: Limits) -> tuple[Reading, ...]:
        """Return how full each limit is, requests under way included."""
        self._expire(now)
        minute = [
            Reading(name, count(self._minute.sums) + count(self._under_way), value)
            for name, value, count, _ in _minute_limits(limits, Demand(0, 0, 0))
        ]
        day = [
            Reading(name, count(self._day.sums) + count(self._under_way), value)
            for name, value, count, _ in _day_limits(limits, Demand(0, 0, 0))
        ]
        return (*minute, *day)

    def _expire(self, now: float) -> None:
        self._minute.expire(now)
        self._day.expire(now)

    def _assess_day(self, limits: Limits, demand: Demand) -> Exhausted | Impossible | Busy | None:
        latest: Exhausted | None = None
        for name, value, count, needed in _day_limits(limits, demand):
            if needed is None or needed > value:
                return Impossible(name, value, needed)
            used = count(self._day.sums)
            if used + needed > value:
                resets = self._room_at(-math.inf, self._day, value - needed, count, answered=True)
                if latest is None or resets > latest.resets:
                    latest = Exhausted(name, value, used, resets)
            elif used + needed + count(self._under_way) > value:
                return Busy(name)
        return latest

    def _room_at(
        self, now: float, window: _Window, room: int, count: _Count, *, answered: bool = False
    ) -> float:
        """When at most `room` is used: now, at an expiry, or (infinity) once a request under way
        ends. With `answered`, requests under way are passed over."""
        under_way = 0 if answered else count(self._under_way)
        if under_way > room:
            return math.inf
        excess = count(window.sums) + under_way - room
        if excess <= 0:
            return now
        for closed in window:
            excess -= count(closed)
            if excess <= 0:
                return closed.expires
        return now


def _requests(taken: Entry | _Closed | _Sums) -> int:
    return taken.requests


def _input(taken: Entry | _Closed | _Sums) -> int:
    return taken.input


def _output(taken: Entry | _Closed | _Sums) -> int:
    return taken.output


def _total(taken: Entry | _Closed | _Sums) -> int:
    return taken.input + taken.output


def _day_tokens(taken: Entry | _Closed | _Sums) -> int:
    return taken.day_tokens


def _minute_limits(limits: Limits, demand: Demand) -> Iterator[tuple[str, int, _Count, int]]:
    if limits.rpm is not None:
        yield "rpm", limits.rpm, _requests, 1
    if limits.tpm is not None and limits.counts == "input":
        yield "tpm", limits.tpm, _input, demand.input
    elif limits.tpm is not None:
        yield "tpm", limits.tpm, _total, demand.input + demand.output
    if limits.itpm is not None:
        yield "itpm", limits.itpm, _input, demand.input
    if limits.otpm is not None:
        yield "otpm", limits.otpm, _output, demand.output


def _day_limits(limits: Limits, demand: Demand) -> Iterator[tuple[str, int, _Count, int | None]]:
    if limits.rpd is not None:
        yield "rpd", limits.rpd, _requests, 1
    if limits.tpd is not None:
        yield "tpd", limits.tpd, _day_tokens, demand.ceiling
