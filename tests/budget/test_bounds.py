"""Bounds of narratives that are worked out by hand."""

from pathlib import Path
from typing import Any

import pytest
from runtime.programs import (
    PLACE,
    act,
    carousel,
    narrative,
    program,
    sequence,
    stats,
)

from botticelli.compiler.budget.analysis import budget_of
from botticelli.compiler.budget.intervals import Interval
from botticelli.compiler.budget.models import Models
from botticelli.compiler.budget.result import Budget
from botticelli.compiler.budget.schedule import Stop, Track, Verdict, judge, predict
from botticelli.compiler.compile import compile_file
from botticelli.compiler.ir.expressions import Compare, Literal, Name
from botticelli.compiler.ir.program import (
    Caps,
    Program,
    Repeat,
)
from botticelli.compiler.semantics.configuration import Configuration


def bounds(made: Program, **providers: Any) -> Budget:
    return budget_of(made, Models(Configuration(project=".", providers=providers)))


def compiled(folder: Path, source: str, **providers: Any) -> Budget:
    path = folder / "tale.toml"
    path.write_text(source, "utf-8")
    result = compile_file(path)
    assert result.program is not None, [each.message for each in result.diagnostics]
    return bounds(result.program, **providers)


def test_two_acts_of_which_the_second_hears_the_first(tmp_path: Path) -> None:
    budget = compiled(
        tmp_path,
        """
[narrative]
name = "tale"
model = "gemini-2.5-flash"
max_tokens = 100
toc = ["one", "two"]

[acts]
one = "0123456789abcdef"
two = "0123456789abcdef0123456789abcdef"
""",
    )

    use = budget.spent.use
    assert use.requests == Interval(2, 2, 6)
    assert use.output == Interval(2, 100, 600)
    # One: 16 bytes are a token; its message and the request itself are framed by 4 each.
    # Two: 2 tokens, 8 of framing; before it the first message (1 + 4) and its answer (1 + 4).
    assert use.input.floor == (1 + 8) + (2 + 8 + 5 + 5)
    # A byte a token, and one for the end of each text; 100 tokens come back as 110 at most.
    one, two = 16 + 1 + 8, 32 + 1 + 8
    history = (16 + 1 + 4 + 17) + (110 + 1 + 4)
    assert use.input.ceiling == 3 * (one + two + history)


def test_a_command_has_no_bound_and_stays_with_at_most_what_history_keeps() -> None:
    made = program(narrative(act("look", stats(), "Say it."), act("think", "Go on.")))

    budget = bounds(made)

    look, think = budget.spent.asks
    assert look.use.input.ceiling is None
    assert think.use.input.ceiling is not None
    assert [each.act for each in budget.unbounded] == ["look"]


def test_until_may_end_at_once_and_is_expected_halfway() -> None:
    again = Repeat(
        place=PLACE,
        body=sequence("one"),
        carousel=carousel(10),
        until=Compare("=", Name("previous"), Literal("done")),
    )

    budget = bounds(program(narrative(act("one", "Go on."), order=sequence(again))))

    assert budget.spent.use.requests == Interval(1, 5, 30)


@pytest.mark.parametrize("passes", [3, 7, 40])
def test_a_series_is_what_walking_every_pass_gives(passes: int) -> None:
    again = Repeat(place=PLACE, body=sequence("one", "two"), carousel=carousel(passes))
    acts = (act("one", "Go on."), act("two", "And {{ one }}"))

    folded = bounds(program(narrative(*acts, order=sequence(again)))).spent.use
    walked = bounds(program(narrative(*acts, order=sequence(*(["one", "two"] * passes))))).spent.use

    assert folded == walked


def test_a_day_that_is_too_short_ends_a_carousel_where_the_books_say() -> None:
    made = program(narrative(act("one", "Go."), act("two", "On."), carousel=carousel(200)))
    limits = {"models": {"m": {"max_output": 10}}, "tiers": {"free": {"rpd": 250}}}

    [use] = bounds(made, gemini=limits).carousels
    judgement = judge(use)

    assert judgement.verdict is Verdict.INFEASIBLE
    assert judgement.stop is not None
    assert (judgement.stop.iteration, judgement.stop.limit, judgement.fits) == (126, "rpd", 125)


@pytest.mark.parametrize("iterations", [60_000, 10**9])
def test_a_long_schedule_goes_on_at_its_pace(iterations: int) -> None:
    acts = (act("one", "Go.", model="m"), act("two", "On.", model="m"))
    made = program(narrative(*acts, carousel=carousel(iterations)))
    limits = {
        "models": {"m": {"max_output": 10}},
        "tiers": {"free": {"rpm": 1_000, "rpd": 50_000}},
    }
    [use] = bounds(made, gemini=limits).carousels

    schedule = predict(use, Track.FLOOR)

    # 50,000 requests are 25,000 iterations; they are sent in 50 bursts, 61 seconds apart.
    assert schedule.stop == Stop(25_001, "one", "rpd", 50_000)
    assert schedule.seconds == pytest.approx(49 * 61)


def test_caps_lower_the_ceiling_and_are_told_of_where_nothing_completes_under_them() -> None:
    acts = [act(f"a{number}", "Go on.", model="m") for number in range(5)]
    made = program(narrative(*acts, limits=Caps(max_requests=4, max_tokens=900)))

    budget = bounds(made, gemini={"models": {"m": {"max_output": 100}}})

    assert budget.spent.use.requests.ceiling == 4
    assert budget.spent.use.output.ceiling == 400
    assert budget.spent.use.tokens.ceiling == 900
    assert [(each.cap, each.needed) for each in budget.shortfalls] == [("max_requests", 5)]


@pytest.mark.parametrize("depth", [3, 40])
def test_repetitions_within_each_other_are_bounded_or_said_not_to_be(depth: int) -> None:
    order = sequence("one")
    for _ in range(depth):
        order = sequence(Repeat(place=PLACE, body=order, carousel=carousel(10**9)))

    budget = bounds(program(narrative(act("one", "Go on."), order=order)))

    requests = budget.spent.use.requests
    assert requests.floor == 10 ** (9 * depth)
    assert requests.ceiling == (3 * requests.floor if depth == 3 else None)
    assert bool(budget.unbounded) == (depth == 40)
    assert {judge(use).verdict for use in budget.carousels} == {Verdict.INFEASIBLE}


def test_what_is_expected_of_branches_counts_in_a_single_iteration_too(tmp_path: Path) -> None:
    branches = ", ".join(f'{{ if = "a = \'{n}\'", then = ["b{n}"] }}' for n in range(10))
    acts = "\n".join(f'b{n} = "Hi"' for n in range(10))
    (tmp_path / "a.toml").write_text(
        '[narrative]\nname = "a"\nmodel = "m"\nmax_tokens = 5\nretry = { attempts = 1 }\n'
        f'[toc]\norder = ["a", {branches}]\n[carousel]\niterations = 1\n[acts]\na = "Hi"\n{acts}\n'
    )
    (tmp_path / "botticelli.toml").write_text(
        '[defaults]\ndriver = "simulate:provider=tiny"\n[providers.tiny.models.m]\nrpd = 3\n'
    )
    found = [each.rule.code for each in compile_file(tmp_path / "a.toml").diagnostics]
    assert found == ["BOT502"]


def test_a_day_has_room_for_the_most_that_a_request_may_take(tmp_path: Path) -> None:
    source = (
        '[narrative]\nname = "a"\nmodel = "m"\nmax_tokens = 1000\nretry = { attempts = 1 }\n'
        '[toc]\norder = ["a"]\n[carousel]\niterations = 2\n[acts]\na = "Hi"\n'
    )
    (tmp_path / "a.toml").write_text(source)
    for tpd, expected in ((1000, ["BOT502"]), (1400, ["BOT502"]), (1600, [])):
        (tmp_path / "botticelli.toml").write_text(
            '[defaults]\ndriver = "simulate:provider=tiny"\n'
            f"[providers.tiny.models.m]\ntpd = {tpd}\n"
        )
        diagnostics = compile_file(tmp_path / "a.toml").diagnostics
        assert [each.rule.code for each in diagnostics] == expected, tpd


@pytest.mark.parametrize(("every", "found"), [("1h", False), ("1m", True)])
def test_what_runs_for_days_is_not_held_to_one(tmp_path: Path, every: str, found: bool) -> None:
    (tmp_path / "inner.toml").write_text(
        '[narrative]\nname = "inner"\nmodel = "m"\nmax_tokens = 5\n[toc]\norder = ["a"]\n'
        f'[carousel]\niterations = 60\nevery = "{every}"\n[acts]\na = "Hi"\n'
    )
    (tmp_path / "outer.toml").write_text(
        '[narrative]\nname = "outer"\n[toc]\norder = ["c"]\n[carousel]\niterations = 1\n'
        '[acts.c]\nnarrative = "inner"\n'
    )
    (tmp_path / "botticelli.toml").write_text(
        '[defaults]\ndriver = "simulate:provider=tiny"\n[providers.tiny.models.m]\nrpd = 30\n'
    )
    diagnostics = compile_file(tmp_path / "outer.toml").diagnostics
    assert ("BOT501" in {each.rule.code for each in diagnostics}) is found
