"""Bounds hold: narratives worked out by hand, and random ones run by the real interpreter.

The driver of the random runs answers as long as it may, fails as often as retries allow, and counts
as the worst tokenizer there is: one token a byte.
"""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from runtime.programs import (
    PLACE,
    Rehearsal,
    act,
    carousel,
    narrative,
    program,
    sequence,
    stats,
    text,
)

from botticelli.compiler.budget.analysis import budget_of
from botticelli.compiler.budget.intervals import Interval
from botticelli.compiler.budget.models import Models
from botticelli.compiler.budget.result import Budget
from botticelli.compiler.budget.schedule import Verdict, judge
from botticelli.compiler.compile import compile_file
from botticelli.compiler.ir.expressions import Compare, Literal
from botticelli.compiler.ir.program import (
    Branch,
    ModelSettings,
    Parallel,
    Program,
    Repeat,
    Retry,
    Sequence,
    Step,
)
from botticelli.compiler.ir.types import Field, Int, Record, Text
from botticelli.compiler.semantics.configuration import Configuration
from botticelli.runtime.drivers.protocol import STOP, ModelAnswer, ModelRequest, TokenUsage
from botticelli.runtime.effects import AskModel, CommandResult, Effect, Result, RunCommand

FRAMING = 4


def bounds(made: Program, **providers: Any) -> Budget:
    return budget_of(made, Models(Configuration(project=".", providers=providers)))


def compiled(folder: Path, source: str, **providers: Any) -> Budget:
    path = folder / "tale.toml"
    path.write_text(source, "utf-8")
    result = compile_file(path)
    assert result.program is not None, [each.message for each in result.diagnostics]
    return bounds(result.program, **providers)


# By hand


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
        until=Compare("=", Literal(1), Literal(1)),
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


# At random


class Counting:
    """Answers with as much as it may, and keeps the books of a tokenizer that knows only bytes."""

    def __init__(self, most: bool) -> None:
        self.most = most
        self.requests = self.input = self.output = 0

    def __call__(self, effect: Effect) -> Result:
        if isinstance(effect, RunCommand):
            return CommandResult({"text": "x" * (400 if self.most else 1)})
        assert isinstance(effect, AskModel)
        attempts = effect.retry.attempts if self.most else 1
        limit = effect.request.settings.max_tokens or 0
        said = self._answer(effect, limit)
        tokens = self._tokens(effect.request)
        self.requests += attempts
        self.input += attempts * tokens
        self.output += attempts * (limit if self.most else 1)
        return ModelAnswer(text=said, finish=STOP, model="m", usage=TokenUsage(1, 1))

    def _answer(self, effect: AskModel, limit: int) -> str:
        schema = effect.request.output_schema
        if schema is None:
            return "y" * limit if self.most else "y"
        asked = int(str(effect.address).rpartition("#")[2]) if "#" in str(effect.address) else 1
        if self.most and asked <= effect.retry.invalid_output:
            return "z" * limit
        return '{"title":"' + "t" * (8 if self.most else 1) + '","score":3}'

    def _tokens(self, request: ModelRequest) -> int:
        framing = FRAMING * (len(request.messages) + 1)
        texts = [request.system or "", *(message.text for message in request.messages)]
        if self.most:
            return framing + sum(len(text.encode()) for text in texts)
        return framing + sum(max(len(text.encode()) // 16, 1) for text in texts if text)


POST = Record((Field("title", Text(1, 8)), Field("score", Int(1, 9))))
PROMPTS = (
    "Write the next line of the tale, as short as you can make it.",
    "{% if previous is defined %}Go on from {{ previous }}{% else %}Begin.{% endif %}",
    "{% if a0 is defined %}{{ a0 }} {{ a0 | upper }}{% endif %} And so on, and on.",
    "{% for n in range(3) %}{% if a1 is defined %}{{ a1 }}{% endif %} {% endfor %} the end",
    "é" * 40,
    "word " * 2500,
)


@st.composite
def acts(draw: st.DrawFn, name: str) -> Any:
    inputs: list[Any] = []
    retention = st.sampled_from(["full", "summary", "drop"])
    if draw(st.booleans()):
        inputs.append(stats(retention=draw(retention), max_bytes=draw(st.sampled_from([50, 9000]))))
    if not inputs or draw(st.integers(0, 3)):
        inputs.append(text(draw(st.sampled_from(PROMPTS)), draw(retention)))
    typed = draw(st.integers(0, 4)) == 0 and len(inputs) > 0 and not _only_command(inputs)
    return act(
        name,
        *inputs,
        settings=ModelSettings(model="gemini-2.5-flash", max_tokens=draw(st.integers(30, 60))),
        output=POST if typed else None,
        carousel=carousel(draw(st.integers(1, 5))) if draw(st.integers(0, 4)) == 0 else None,
        retry=Retry(attempts=draw(st.integers(1, 3)), invalid_output=draw(st.integers(0, 2))),
    )


def _only_command(inputs: list[Any]) -> bool:
    return len(inputs) == 1 and hasattr(inputs[0], "platform")


HOLDS = st.booleans().map(lambda true: Compare("=", Literal(1), Literal(1 if true else 2)))


@st.composite
def steps(draw: st.DrawFn, names: list[str], depth: int = 2) -> Step:
    def body() -> Sequence:
        return sequence(*draw(st.lists(steps(names, depth - 1), min_size=1, max_size=3)))

    kind = draw(st.integers(0, 5)) if depth else 0
    if kind == 2:
        return Parallel(place=PLACE, steps=(body(), body()))
    if kind == 3:
        other = body() if draw(st.booleans()) else None
        return Branch(place=PLACE, condition=draw(HOLDS), then=body(), otherwise=other)
    if kind == 4:
        return Repeat(
            place=PLACE,
            body=body(),
            carousel=carousel(draw(st.integers(1, 7))),
            until=draw(st.none() | HOLDS),
            history=draw(st.sampled_from(["shared", "fresh"])),
        )
    return sequence(draw(st.sampled_from(names)))


@st.composite
def programs(draw: st.DrawFn) -> Program:
    names = [f"a{number}" for number in range(4)]
    made = [draw(acts(name)) for name in names]
    callee = narrative(
        draw(acts("inner")), name="inner_tale", carousel=draw(st.none() | st.just(carousel(2)))
    )
    called = act("call", narrative="inner_tale", settings=ModelSettings(model="gemini-2.5-flash"))
    order = sequence("a0", *draw(st.lists(steps([*names, "call"]), min_size=1, max_size=4)))
    repeated = draw(st.none() | st.integers(1, 4).map(carousel))
    return program(narrative(*made, called, order=order, carousel=repeated), callee)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs())
def test_no_run_is_above_the_ceiling_or_below_the_floor(made: Program) -> None:
    use = bounds(made).spent.use

    most = Counting(most=True)
    Rehearsal(made, most)
    least = Counting(most=False)
    ended = Rehearsal(made, least)

    for used, interval in (
        (most.requests, use.requests),
        (most.input, use.input),
        (most.output, use.output),
    ):
        assert interval.ceiling is None or used <= interval.ceiling
    if ended.outcome.error is None:
        assert least.requests >= use.requests.floor
        assert least.output >= use.output.floor
        assert least.input >= use.input.floor
