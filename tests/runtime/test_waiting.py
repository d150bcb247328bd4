"""Requests that wait, side by side and for their provider, and caps that end them."""

from pathlib import Path

import pytest
from programs import PLACE, act, carousel, narrative, perform, program, sequence

from botticelli.compiler.ir.program import Caps, ModelSettings, Multipliers, Parallel, Retry
from botticelli.runtime.events import (
    CarouselBudgetExhausted,
    RequestReserved,
    RequestSent,
    RequestSettled,
    Retrying,
    Waiting,
)
from botticelli.runtime.problems import SetupError


def test_requests_side_by_side_share_the_windows(tmp_path: Path) -> None:
    acts = [act(f"a{number}", "Hello") for number in range(35)]
    group = Parallel(steps=tuple(sequence(each.name) for each in acts), place=PLACE)
    made = program(narrative(*acts, order=sequence(group)))
    run = perform(made, tmp_path, "simulate:delay=3")
    assert run.report.status == "completed"
    sent = sorted(event.time for event in run.saw(RequestSent))
    for number, moment in enumerate(sent):
        # Each was answered after three seconds, and may have counted for a second more.
        sharing = [start for start in sent[: number + 1] if start + 4.0 > moment - 60.0]
        assert len(sharing) <= 10
    assert sent[-1] - sent[0] < 3 * 66
    assert all(
        each.used <= each.value for event in run.saw(RequestReserved) for each in event.limits
    )


def test_a_provider_that_asks_to_wait_is_not_asked_by_others_either(tmp_path: Path) -> None:
    acts = [act(f"a{number}", "Hello") for number in range(3)]
    group = Parallel(
        steps=(sequence("a0"), sequence("a1", "a2")),
        place=PLACE,
    )
    made = program(narrative(*acts, order=sequence(group)))
    run = perform(made, tmp_path, "simulate:fail=1,error=429,retry-after=30,delay=1")
    assert run.report.status == "completed"
    (retrying,) = run.saw(Retrying)
    assert 30 <= retrying.delay <= 32
    late = [event.time for event in run.saw(RequestSent) if event.time > retrying.time]
    assert min(late) >= retrying.time + 30


def test_attempts_are_as_many_as_allowed_and_wait_longer_each_time(tmp_path: Path) -> None:
    retry = Retry(attempts=5, backoff=2.0, max_backoff=5.0)
    made = program(narrative(act("a", "Hello", retry=retry)))
    run = perform(made, tmp_path, "simulate:fail=9")
    assert "after 5 attempts" in (run.report.message or "")
    delays = [event.delay for event in run.saw(Retrying)]
    for delay, bound in zip(delays, (2.0, 4.0, 5.0, 5.0), strict=True):
        assert bound / 2 <= delay <= bound


def test_a_delay_that_nobody_wants_to_wait_for_fails_the_act(tmp_path: Path) -> None:
    made = program(narrative(act("a", "Hello")))
    run = perform(made, tmp_path, "simulate:fail=1,error=429,retry-after=7200")
    assert "asks to wait 7,200 s" in (run.report.message or "")


@pytest.mark.parametrize("error", ["400", "blocked", "empty"])
def test_what_cannot_be_mended_is_not_tried_again(tmp_path: Path, error: str) -> None:
    run = perform(program(narrative(act("a", "Hello"))), tmp_path, f"simulate:fail=1,error={error}")
    assert run.report.status == "failed"
    assert len(run.saw(RequestSent)) == 1


def test_a_simulation_is_the_same_each_time_and_follows_max_tokens(tmp_path: Path) -> None:
    def said(tokens: int) -> str:
        settings = ModelSettings(max_tokens=tokens)
        made = program(narrative(act("a", "Hello", settings=settings)))
        return perform(made, tmp_path).results[-1].text

    assert said(100) == said(100)
    assert 6 < len(said(1000)) / len(said(100)) < 14
    assert said(1).startswith("[simulated")


@pytest.mark.parametrize(
    ("caps", "requests"),
    [
        (Caps(max_requests=4), 4),
        (Caps(max_tokens=450), 4),  # a request may take 13 + 100, and takes less
        (Caps(max_tokens=100), 0),
        (Caps(max_cost=0.001), 3),
    ],
)
def test_a_cap_is_never_passed(tmp_path: Path, caps: Caps, requests: int) -> None:
    made = program(narrative(act("a", "Hello"), carousel=carousel(50), limits=caps))
    run = perform(made, tmp_path, tier="pay-as-you-go")
    (event,) = run.saw(CarouselBudgetExhausted)
    assert event.resets is None
    used = sum(each.input_tokens + each.output_tokens for each in run.saw(RequestSettled))
    assert used <= (caps.max_tokens or 10**9)
    sent = len(run.saw(RequestSent))
    assert event.completed == sent
    assert sent >= requests
    if caps.max_requests is not None:
        assert sent == caps.max_requests


def test_a_cap_in_dollars_needs_prices(tmp_path: Path) -> None:
    made = program(narrative(act("a", "Hello", model="gemini-99"), limits=Caps(max_cost=1.0)))
    with pytest.raises(SetupError, match="no price is known for gemini-99"):
        perform(made, tmp_path, tier="pay-as-you-go")


def test_multipliers_that_leave_nothing_are_refused_at_once(tmp_path: Path) -> None:
    made = program(narrative(act("a", "Hello")))
    with pytest.raises(SetupError, match="leaves nothing of the limit rpm = 10"):
        perform(made, tmp_path, budget=Multipliers(rpm=0.05))


def test_a_large_request_waits_for_an_empty_minute(tmp_path: Path) -> None:
    tiers = {"gemini": {"tiers": {"free": {"models": {"gemini-2.5-flash": {"tpm": 500}}}}}}
    made = program(narrative(act("small", "Hello"), act("large", "many words " * 400)))
    run = perform(made, tmp_path, providers=tiers)
    assert run.report.status == "completed"
    first, second = [event.time for event in run.saw(RequestSent)]
    assert 61.0 <= second - first < 61.1
    assert {event.what for event in run.saw(Waiting)} == {"tpm"}
