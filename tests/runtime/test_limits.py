"""The limiter's promise: no window of a server is ever passed, and no time is lost for nothing."""

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from botticelli.compiler.ir.program import Multipliers
from botticelli.compiler.semantics.limits import (
    DAY,
    MINUTE,
    SLACK,
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

PACIFIC = "America/Los_Angeles"

demands = st.tuples(
    st.integers(1, 400),  # input as estimated
    st.integers(0, 300),  # output at most
    st.floats(0.0, 1.0),  # share of them that is used
    st.floats(0.02, 40.0),  # latency
    st.floats(0.0, 1.0),  # when in that time the server counts it
    st.floats(0.0, 5.0),  # idle time of the client before it asks
    st.booleans(),  # whether the outcome is known
)
limits = st.builds(
    Limits,
    rpm=st.none() | st.integers(1, 5),
    tpm=st.none() | st.integers(100, 1000),
    otpm=st.none() | st.integers(50, 500),
    max_concurrent=st.none() | st.integers(1, 3),
    counts=st.sampled_from(["input", "total"]),
)


class Simulation:
    """A client that sends as early as it may, and a server that counts when it likes."""

    def __init__(self, limits: Limits, requests: list[Any]) -> None:
        self.limits = limits
        self.counted: list[tuple[float, int, int]] = []  # moment, input, output, as the server sees
        self.sent: list[float] = []
        self.most_at_once = 0
        self._books = Books(limits.day)
        self._answers: list[tuple[float, int, Usage | None]] = []
        self._now = 1.76e9
        for number, request in enumerate(requests):
            self._request(number, *request)

    def _request(
        self,
        number: int,
        tokens_in: int,
        tokens_out: int,
        share: float,
        latency: float,
        moment: float,
        idle: float,
        known: bool,
    ) -> None:
        self._advance(self._now + idle)
        demand = Demand(tokens_in, tokens_out, tokens_in + tokens_out)
        for _ in range(1000):
            decision = self._books.assess(self._now, self.limits, demand)
            if isinstance(decision, Admitted):
                break
            if isinstance(decision, Later):
                assert decision.at > self._now
                nearest = min((answer[0] for answer in self._answers), default=math.inf)
                self._advance(min(decision.at, nearest))
            else:
                assert isinstance(decision, Busy)
                self._advance(min(answer[0] for answer in self._answers))
        else:
            pytest.fail("it waits for ever")
        self._books.enter(number, decision.entry)
        self.sent.append(self._now)
        used = Usage(round(tokens_in * share), round(tokens_out * share))
        counted_at = self._now + moment * (latency + SLACK)
        self.counted.append((counted_at, used.input, used.output))
        self._answers.append((self._now + latency, number, used if known else None))
        self.most_at_once = max(self.most_at_once, len(self._answers))

    def _advance(self, until: float) -> None:
        for answer in sorted(self._answers):
            if answer[0] <= until:
                self._answers.remove(answer)
                self._books.settle(answer[1], answer[0], answer[2])
        self._now = until

    def worst(self, weigh: Any) -> int:
        """The most that any sliding window of the server holds."""
        return max(
            sum(weigh(each) for each in self.counted if last[0] - MINUTE < each[0] <= last[0])
            for last in self.counted
        )


@given(limits, st.lists(demands, min_size=1, max_size=25))
@settings(max_examples=150, deadline=None)
def test_no_window_is_passed_whatever_the_latency(limits: Limits, requests: list[Any]) -> None:
    done = Simulation(limits, requests)
    assert len(done.sent) == len(requests)
    if limits.rpm is not None:
        assert done.worst(lambda each: 1) <= limits.rpm
    if limits.max_concurrent is not None:
        assert done.most_at_once <= limits.max_concurrent
    # A request that alone passes the window is let through by itself; what it uses is its own.
    fits = all(each[0] + each[1] <= (limits.tpm or math.inf) for each in requests)
    if limits.tpm is not None and fits:
        with_output = limits.counts == "total"
        assert done.worst(lambda each: each[1] + with_output * each[2]) <= limits.tpm
    if limits.otpm is not None and all(each[1] <= limits.otpm for each in requests):
        assert done.worst(lambda each: each[2]) <= limits.otpm


@given(st.integers(1, 8), st.floats(0.02, 2.0), st.integers(2, 40))
@settings(max_examples=60, deadline=None)
def test_time_is_not_lost_for_nothing(rpm: int, latency: float, count: int) -> None:
    """With one request at a time the pace is that of a scheduler that knows the latency."""
    request = (1, 0, 1.0, latency, 0.5, 0.0, True)
    done = Simulation(Limits(rpm=rpm, max_concurrent=1), [request] * count)
    expected = [0.0]
    for number in range(1, count):
        earliest = expected[-1] + latency
        if number >= rpm:
            earliest = max(earliest, expected[number - rpm] + latency + SLACK + MINUTE)
        expected.append(earliest)
    assert [sent - 1.76e9 for sent in done.sent] == pytest.approx(expected, abs=1e-4)


@given(st.lists(st.tuples(st.floats(0, 3 * DAY), st.floats(0, 30)), min_size=1, max_size=40))
@settings(max_examples=80, deadline=None)
def test_a_day_in_a_time_zone_is_never_passed(arrivals: list[tuple[float, float]]) -> None:
    books = Books(PACIFIC)
    limits = Limits(rpd=4, day=PACIFIC)
    spans: list[tuple[float, float]] = []
    for number, (arrival, latency) in enumerate(sorted(arrivals)):
        now = 1.76e9 + arrival
        now = max(now, spans[-1][1] if spans else now)
        decision = books.assess(now, limits, Demand(1, 1, 2))
        if isinstance(decision, Admitted):
            books.enter(number, decision.entry)
            books.settle(number, now + latency, Usage(1, 1))
            spans.append((now, now + latency + SLACK))
        else:
            assert isinstance(decision, Exhausted)
            assert decision.resets > now
            assert books.earliest(now, limits, Demand(1, 1, 2)) == decision.resets
    midnight = next_midnight(1.76e9 - DAY, PACIFIC)
    while midnight < 1.76e9 + 4 * DAY:
        following = next_midnight(midnight, PACIFIC)
        touching = [span for span in spans if span[1] >= midnight and span[0] < following]
        assert len(touching) <= 4
        midnight = following


def test_midnight_follows_the_clocks_of_the_time_zone() -> None:
    # The night in which California's clocks go back has 25 hours.
    evening = datetime(2025, 11, 2, 6, 0, tzinfo=UTC).timestamp()
    assert next_midnight(evening, PACIFIC) == datetime(2025, 11, 2, 7, tzinfo=UTC).timestamp()
    morning = datetime(2025, 11, 2, 8, 0, tzinfo=UTC).timestamp()
    assert next_midnight(morning, PACIFIC) == datetime(2025, 11, 3, 8, tzinfo=UTC).timestamp()


def test_a_sliding_day_frees_what_is_a_day_old() -> None:
    books = Books()
    limits = Limits(tpd=100)
    for number, now in enumerate((0.0, 3600.0)):
        decision = books.assess(now, limits, Demand(10, 40, 50))
        assert isinstance(decision, Admitted)
        books.enter(number, decision.entry)
        books.settle(number, now + 1, Usage(10, 30))
    exhausted = books.assess(7200.0, limits, Demand(10, 40, 50))
    assert exhausted == Exhausted("tpd", 100, 80, DAY + 1 + SLACK)
    assert isinstance(books.assess(7200.0, limits, Demand(10, 10, 20)), Admitted)
    assert books.earliest(7200.0, limits, Demand(10, 40, 50)) == DAY + 1 + SLACK


def test_a_request_over_a_whole_minute_takes_the_whole_of_it() -> None:
    books = Books()
    limits = Limits(tpm=100, counts="input")
    first = books.assess(0.0, limits, Demand(500, 0, 500))
    assert isinstance(first, Admitted)
    books.enter(1, first.entry)
    assert books.assess(1.0, limits, Demand(1, 0, 1)) == Busy("tpm")
    books.settle(1, 2.0, None)
    assert books.assess(3.0, limits, Demand(1, 0, 1)) == Later("tpm", 2.0 + SLACK + MINUTE)


def test_a_request_over_a_whole_day_is_impossible() -> None:
    assert Books().assess(0.0, Limits(tpd=100), Demand(1, 1, 101)) == Impossible("tpd", 100, 101)
    assert Books().assess(0.0, Limits(tpd=100), Demand(1, 1, None)) == Impossible("tpd", 100, None)


def test_what_is_under_way_may_yet_leave_room_in_the_day() -> None:
    books = Books()
    limits = Limits(tpd=100)
    decision = books.assess(0.0, limits, Demand(10, 70, 80))
    assert isinstance(decision, Admitted)
    books.enter(1, decision.entry)
    assert books.assess(0.0, limits, Demand(10, 70, 80)) == Busy("tpd")
    books.settle(1, 1.0, Usage(10, 5))
    assert isinstance(books.assess(1.0, limits, Demand(10, 70, 80)), Admitted)


def test_a_request_that_never_arrived_takes_nothing() -> None:
    books = Books()
    limits = Limits(rpm=1, rpd=1)
    decision = books.assess(0.0, limits, Demand(1, 1, 2))
    assert isinstance(decision, Admitted)
    books.enter(1, decision.entry)
    books.settle(1, 0.1, Usage(0, 0, requests=0))
    assert isinstance(books.assess(0.2, limits, Demand(1, 1, 2)), Admitted)


def test_multipliers_are_rounded_down_and_never_leave_nothing() -> None:
    given_limits = Limits(rpm=10, tpm=250_000, rpd=250, tpd=1000)
    scaled = scale(given_limits, Multipliers(rpm=0.29, tpm=0.5, rpd=0.005))
    assert (scaled.rpm, scaled.tpm, scaled.rpd, scaled.tpd) == (2, 125_000, 1, 5)
    assert scale(Limits(rpm=100), Multipliers(rpm=0.29)).rpm == 29
    assert scale(given_limits, Multipliers()) == given_limits
    with pytest.raises(LimitError, match="rpm = 10"):
        scale(given_limits, Multipliers(rpm=0.05))
