"""A day of an hourly carousel, in virtual time."""

import time
from pathlib import Path

import pytest
from programs import MONDAY, act, carousel, narrative, perform, program

from botticelli.compiler.ir.program import Multipliers
from botticelli.runtime.events import (
    CarouselBudgetExhausted,
    IterationStarted,
    RequestSent,
    RunFinished,
    Waiting,
)


def test_a_day_of_hourly_iterations_passes_at_once_and_on_the_hour(tmp_path: Path) -> None:
    made = program(
        narrative(act("generate", "Welcome {{ iteration }}"), carousel=carousel(24, every=3600.0))
    )
    started = time.perf_counter()
    run = perform(made, tmp_path)
    assert time.perf_counter() - started < 1.0
    assert run.report.status == "completed"
    assert run.report.completed == 24
    starts = [event.time - MONDAY for event in run.saw(IterationStarted)]
    assert starts == pytest.approx([3600.0 * hour for hour in range(24)], abs=0.001)
    assert len(run.results) == 24
    assert all("simulated" in result.text for result in run.results)


def test_requests_never_pass_the_minute_in_any_window(tmp_path: Path) -> None:
    made = program(narrative(act("generate", "Hello"), carousel=carousel(45)))
    run = perform(made, tmp_path, "simulate:delay=0.4")
    assert run.report.completed == 45
    sent = [event.time for event in run.saw(RequestSent)]
    answered = [time + 0.4 for time in sent]
    for last in range(len(sent)):
        earlier = [end for end in answered[:last] if end > sent[last] - 60.0]
        assert len(earlier) + 1 <= 10
    # Ten a minute, and not much slower than that.
    assert sent[-1] - sent[0] < 5 * 62
    assert {event.what for event in run.saw(Waiting)} == {"rpm"}


def test_a_used_up_day_ends_the_carousel_and_says_when_it_resets(tmp_path: Path) -> None:
    made = program(narrative(act("generate", "Hello"), carousel=carousel(24, every=60.0)))
    run = perform(made, tmp_path, budget=Multipliers(rpd=0.04))
    assert run.report.status == "exhausted"
    (event,) = run.saw(CarouselBudgetExhausted)
    assert (event.completed, event.iterations, event.limit, event.value) == (10, 24, "rpd", 10)
    # Midnight in California, and a second of slack.
    assert event.resets == pytest.approx(1_760_079_601.0)
    assert len(run.saw(RequestSent)) == 10


def test_a_used_up_day_is_waited_for_where_that_is_asked(tmp_path: Path) -> None:
    made = program(narrative(act("generate", "Hello"), carousel=carousel(15, on_exhausted="wait")))
    run = perform(made, tmp_path, budget=Multipliers(rpd=0.04))
    assert run.report.status == "completed"
    sent = [event.time for event in run.saw(RequestSent)]
    assert sent[9] < 1_760_079_600.0 < sent[10]


def test_the_totals_add_up(tmp_path: Path) -> None:
    made = program(narrative(act("a", "Hello"), act("b", "And you?")))
    run = perform(made, tmp_path)
    (finished,) = run.saw(RunFinished)
    assert finished.requests == 2
    assert finished.input_tokens == sum(result.input_tokens or 0 for result in run.results)
    assert finished.cost == 0.0
    assert finished.simulated
