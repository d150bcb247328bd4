"""How a run goes in virtual time: who waits for what, and how full each limit is at each moment.

All of it comes from the limiter's own books, which the schedule asks.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby, islice
from typing import Any

from msgspec import Struct

from botticelli.compiler.budget.intervals import Interval
from botticelli.compiler.budget.result import CarouselUse
from botticelli.compiler.budget.schedule import Schedule, Sent, Track, limits_of, predict
from botticelli.compiler.budget.spent import Pool
from botticelli.compiler.explain import explanation as shown
from botticelli.compiler.semantics.limits import MINUTE, SLACK, Books, Entry, Limits

MAX_READINGS = 600
"""Readings of one limit that are kept."""

_LONG = 1.0
"""Seconds of a wait from which it is shown by itself."""

EVERY = "every"
"""Why nothing is sent: the next start is not due."""

Key = tuple[str, str]
"""An act, by its narrative and its name."""


class Begin(Struct, frozen=True):
    """When a run begins, in Unix seconds, and what has been used until then of a pool's limits."""

    moment: float
    books: Callable[[Pool, Limits], Books]

    def opened(self, use: CarouselUse) -> Callable[[Pool], Books]:
        """The books that a carousel finds."""
        limits = limits_of(use) or {}
        return lambda pool: self.books(pool, limits[pool])


class Course(Struct, frozen=True):
    """A run on all tracks: its seconds, those that each act waits for limits, and what is drawn of
    the run that is expected; `schedules` are those of the tracks."""

    seconds: Interval
    waits: dict[Key, Interval]
    drawn: shown.Course | None
    schedules: Mapping[Track, Schedule] = {}

    @property
    def stops(self) -> bool:
        """Whether the run that is expected runs out of something."""
        expected = self.schedules.get(Track.EXPECTED)
        return expected is not None and expected.stop is not None


def course_of(use: CarouselUse, *, drawn: bool, begin: Begin | None = None) -> Course:
    """Follow a run on each track of its intervals, by default from a day that nothing has used."""
    least = (use.carousel.iterations - 1) * (use.carousel.every or 0.0)
    if not use.spent.asks:
        return Course(Interval(least, least, least), {}, None)
    sent: dict[Track, list[Sent]] = {track: [] for track in Track}
    along: dict[str, Any] = {}
    if begin is not None:
        along = {"start": begin.moment, "opened": begin.opened(use)}
    schedules = {track: predict(use, track, sent[track].append, **along) for track in Track}
    floor, expected, ceiling = schedules.values()
    bounded = ceiling.stop is None and all(
        ask.use.tokens.ceiling is not None for ask in use.spent.asks
    )
    waited = {track: _waited(sent[track], schedule) for track, schedule in schedules.items()}
    waits = {
        key: Interval(
            waited[Track.FLOOR].get(key, 0.0),
            waited[Track.EXPECTED].get(key, 0.0),
            waited[Track.CEILING].get(key, 0.0) if bounded else None,
        )
        for key in dict.fromkeys((ask.narrative, ask.act) for ask in use.spent.asks)
    }
    seconds = Interval(
        floor.seconds, max(floor.seconds, expected.seconds), ceiling.seconds if bounded else None
    )
    shape = None
    if drawn:
        shape = _drawn(sent[Track.EXPECTED], expected, along.get("opened"))
    return Course(seconds, waits, shape, schedules)


def _waited(sent: list[Sent], schedule: Schedule) -> dict[Key, float]:
    """What each act waits; what was not followed to its end is taken to go on as it began."""
    waits: dict[Key, float] = {}
    factor = schedule.requests / len(sent) if _is_cut(sent, schedule) else 1.0
    for each in sent:
        key = (each.narrative, each.act)
        waits[key] = waits.get(key, 0.0) + (each.at - each.ready) * factor
    return waits


def _is_cut(sent: list[Sent], schedule: Schedule) -> bool:
    return 0 < len(sent) < schedule.requests


def _drawn(
    sent: list[Sent], schedule: Schedule, opened: Callable[[Pool], Books] | None
) -> shown.Course:
    start = sent[0].ready if sent else 0.0
    curves = _Curves(start, opened)
    for each in sent:
        curves.add(each)
    cut = _is_cut(sent, schedule)
    curves.end(sent[-1].at if cut else start + schedule.seconds)
    return shown.Course(
        seconds=schedule.seconds,
        curves=curves.found(),
        waits=tuple(islice(_pauses(sent, start), MAX_READINGS)),
        cut=cut,
    )


def _pauses(sent: Iterable[Sent], start: float) -> Iterator[shown.Wait]:
    """Yield the stretches in which nothing is sent: for the next start, or for a limit."""
    last = start
    for each in sent:
        if each.ready - last >= _LONG:
            yield shown.Wait(start=last - start, end=each.ready - start, reason=EVERY)
        if each.at - each.ready >= _LONG:
            reason = each.limit or ""
            yield shown.Wait(start=each.ready - start, end=each.at - start, reason=reason)
        last = each.at


class _Curves:
    """How full the limits are, from requests entered into books in the order of their time."""

    def __init__(self, start: float, opened: Callable[[Pool], Books] | None) -> None:
        self._start = start
        self._opened = opened
        self._count = -1
        self._books: dict[str, Books] = {}
        self._last: dict[str, Sent] = {}
        self._curves: dict[tuple[str, str], tuple[int, list[shown.Reading]]] = {}

    def add(self, sent: Sent) -> None:
        pool = sent.pool[1]
        if pool not in self._books:
            opened = self._opened
            fresh = Books(sent.limits.day) if opened is None else opened(sent.pool)
            self._books[pool] = fresh
        books = self._books[pool]
        before = self._last.get(pool)
        if before is not None and (over := before.at + MINUTE + SLACK) < sent.at:
            self._read(before, over)
        self._read(sent, sent.at)
        usage = sent.usage
        entry = Entry(sent.at, usage.input, usage.output, usage.input + usage.output)
        books.enter(self._count, entry)
        books.settle(self._count, sent.at, usage)
        self._count -= 1
        self._read(sent, sent.at)
        self._last[pool] = sent

    def end(self, moment: float) -> None:
        for sent in self._last.values():
            self._read(sent, max(moment, sent.at + MINUTE + SLACK))

    def found(self) -> tuple[shown.Curve, ...]:
        return tuple(
            shown.Curve(pool=pool, limit=limit, value=value, readings=tuple(_thinned(readings)))
            for (pool, limit), (value, readings) in self._curves.items()
        )

    def _read(self, sent: Sent, now: float) -> None:
        pool = sent.pool[1]
        for reading in self._books[pool].readings(now, sent.limits):
            _, readings = self._curves.setdefault((pool, reading.limit), (reading.value, []))
            readings.append(shown.Reading(round(now - self._start, 3), reading.used))


def _thinned(readings: list[shown.Reading]) -> Iterator[shown.Reading]:
    """Of many readings keep those that show: of each stretch of time the lowest, the highest and
    the last."""
    if len(readings) <= MAX_READINGS:
        yield from _changes(readings)
        return
    length = max(readings[-1].seconds - readings[0].seconds, 1.0) * 3 / MAX_READINGS
    for _, several in groupby(readings, key=lambda each: int(each.seconds / length)):
        stretch = list(several)
        used = [each.used for each in stretch]
        kept = {used.index(min(used)), used.index(max(used)), len(stretch) - 1}
        yield from _changes([stretch[number] for number in sorted(kept)])


def _changes(readings: list[shown.Reading]) -> Iterator[shown.Reading]:
    for number, each in enumerate(readings):
        if number in {0, len(readings) - 1} or each.used != readings[number - 1].used:
            yield each
