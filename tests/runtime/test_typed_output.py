"""Typed output: schemas, answers read by their type, asking again, simulated values that fit."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import (
    Rehearsal,
    act,
    answer,
    carousel,
    narrative,
    perform,
    program,
    sequence,
    stats,
)
from servers.gemini import KEY, GeminiServer, says

from botticelli.compiler.ir.expressions import Compare, Literal, Name
from botticelli.compiler.ir.program import Caps, ModelSettings, Repeat, Retry
from botticelli.compiler.ir.types import (
    Bool,
    Date,
    Enum,
    Field,
    Float,
    Int,
    Json,
    List,
    Optional,
    Record,
    Text,
    Timestamp,
    Type,
)
from botticelli.compiler.semantics.typed import MisfitError, conform, json_schema, read_answer
from botticelli.runtime.drivers.protocol import LENGTH
from botticelli.runtime.drivers.simulated_values import simulated_value
from botticelli.runtime.effects import AskModel, CommandResult, Effect, Result
from botticelli.runtime.events import ActFailed, AnswerRejected, RequestSettled
from botticelli.runtime.shell.clock import RealClock

POST = Record(
    (
        Field("title", Text(3, 20)),
        Field("score", Int(1, 50)),
        Field("status", Enum(("pending", "approved"))),
        Field("tags", List(Text()), optional=True),
        Field("due", Date(), optional=True),
    ),
    name="Post",
)
GOOD = {"title": "Spring", "score": 7, "status": "approved", "due": "2030-01-31"}


def says_in_turn(*texts: str, finish: str | None = None) -> Any:
    waiting = list(texts)

    def respond(effect: Effect) -> Result:
        assert isinstance(effect, AskModel)
        text = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return answer(text) if finish is None else answer(text, finish)

    return respond


# Reading answers


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(GOOD),
        f"  \n{json.dumps(GOOD, indent=2)}\n",
        f"Here you are:\n```json\n{json.dumps(GOOD)}\n```\nAnything else?",
        f"~~~\n{json.dumps(GOOD)}\n~~~",
        f"Sure! {json.dumps(GOOD)} I hope it helps.",
    ],
)
def test_json_is_found_bare_in_a_fence_and_between_words(text: str) -> None:
    assert read_answer(POST, text) == {
        "title": "Spring",
        "score": 7,
        "status": "approved",
        "tags": None,
        "due": date(2030, 1, 31),
    }


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Enum(("yes", "no")), "yes\n", "yes"),
        (Enum(("yes", "no")), '"no"', "no"),
        (Text(1, 9), "42", "42"),
        (Text(1, 9), '"forty"', "forty"),
        (Date(), "2030-01-31", date(2030, 1, 31)),
        (Timestamp(), '"2030-01-31T12:00:00"', datetime(2030, 1, 31, 12, tzinfo=UTC)),
        (Timestamp(), "2030-01-31T12:00:00Z", datetime(2030, 1, 31, 12, tzinfo=UTC)),
        (Float(), "3", 3.0),
        (Bool(), "```\ntrue\n```", True),
        (Optional(Int()), "null", None),
        (List(Int()), "[1, 2]", [1, 2]),
        (Json(), '{"a": [1]}', {"a": [1]}),
    ],
)
def test_values_are_read_by_their_type(kind: Type, text: str, value: Any) -> None:
    found = read_answer(kind, text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"score": 51}, "`score` must be a whole number from 1 to 50"),
        ({"score": "7"}, "`score` must be a whole number from 1 to 50"),
        ({"score": True}, "`score` must be a whole number"),
        ({"title": "ab"}, "`title` must be text of 3 to 20 characters"),
        ({"status": "done"}, '`status` must be one of "pending", "approved"'),
        ({"tags": ["a", 5]}, "`tags[1]` must be text"),
        ({"due": "tomorrow"}, "`due` must be a date"),
        ({"due": "2030-01-31T00:00:00"}, "`due` must be a date"),
        ({"mood": 1}, "`mood` must be one of `title`, `score`"),
        ({"title": None}, "`title` must be text"),
        ({"\n" * 9: 1}, "`…` must be one of"),
    ],
)
def test_a_fault_names_its_place_and_what_fits_there(change: dict[str, Any], fault: str) -> None:
    with pytest.raises(MisfitError) as caught:
        conform(POST, {**GOOD, **change})
    assert fault in caught.value.summary


def test_a_summary_holds_nothing_of_the_answer() -> None:
    with pytest.raises(MisfitError) as caught:
        read_answer(POST, json.dumps({**GOOD, "status": "the-secret", "score": "hush-hush"}))
    assert "secret" not in caught.value.summary
    assert "hush" not in caught.value.summary
    assert any("the-secret" in fault for fault in caught.value.faults)


@pytest.mark.parametrize(
    "text", ["", "no", "{", '{"title": "Spri', "[" * 100_000, '{"a": "\\ud800"']
)
def test_what_is_no_json_is_a_misfit(text: str) -> None:
    with pytest.raises(MisfitError, match="it is no JSON"):
        read_answer(POST, text)


BOUNDS = st.tuples(st.none() | st.integers(0, 200), st.none() | st.integers(0, 300)).map(
    lambda pair: (
        pair[0],
        None if pair[1] is None else (pair[0] or 0) + pair[1],
    )
)
SCALARS = st.one_of(
    BOUNDS.map(lambda pair: Text(*pair)),
    BOUNDS.map(lambda pair: Int(*pair)),
    st.sampled_from([Float(), Bool(), Timestamp(), Date(), Json()]),
    st.lists(st.text(min_size=1, max_size=9), min_size=1, max_size=4, unique=True).map(
        lambda values: Enum(tuple(values))
    ),
)
NAMES = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=4, unique=True)


def records(inner: st.SearchStrategy[Type]) -> st.SearchStrategy[Type]:
    return NAMES.flatmap(
        lambda names: st.tuples(*(st.tuples(inner, st.booleans()) for _ in names)).map(
            lambda kinds: Record(
                tuple(Field(name, *kind) for name, kind in zip(names, kinds, strict=True))
            )
        )
    )


TYPES: st.SearchStrategy[Type] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(inner.map(List), inner.map(Optional), records(inner)),
    max_leaves=8,
)


@given(TYPES, st.integers(0, 1000))
def test_simulated_values_fit_their_schema_and_their_type(kind: Type, seed: int) -> None:
    schema = json_schema(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    value = simulated_value(schema, Random(seed), ["rose", "wind"])
    jsonschema.validate(value, schema)
    conform(kind, value)
    assert value == simulated_value(schema, Random(seed), ["rose", "wind"])


# Asking


def test_the_value_is_what_templates_and_conditions_see() -> None:
    when = Compare("=", Name("a", ("status",)), Literal("approved"))
    made = program(
        narrative(
            act("a", "Make a post", output=POST),
            act("b", "{{ a.title }}, {{ a.due.year }}, {{ a.tags }}", when=when),
        )
    )
    run = Rehearsal(made, says_in_turn(json.dumps(GOOD)))
    first, second = run.asked()
    assert first.request.output_schema == json_schema(POST)
    assert second.request.messages[-1].text == "Spring, 2030, "


def test_until_sees_the_value() -> None:
    body = sequence("a")
    until = Compare(">", Name("a", ("score",)), Literal(8))
    repeat = Repeat(body=body, carousel=carousel(5), until=until, place=body.place)
    made = program(narrative(act("a", "Again", output=POST), order=sequence(repeat)))
    good = [json.dumps({**GOOD, "score": score}) for score in (7, 8, 9)]
    assert len(Rehearsal(made, says_in_turn(*good)).asked()) == 3


def test_a_model_is_told_what_is_wrong_and_asked_again() -> None:
    made = program(narrative(act("a", "Make a post", output=POST), act("b", "Well?")))
    bad = json.dumps({**GOOD, "score": 99})
    run = Rehearsal(made, says_in_turn(bad, json.dumps(GOOD), "Fine."))
    _, again, later = run.asked()
    assert len({str(each.address) for each in run.asked()}) == 3
    assert [message.role for message in again.request.messages] == ["user", "assistant", "user"]
    assert again.request.messages[1].text == bad
    assert "`score` must be a whole number from 1 to 50, not 99" in again.request.messages[2].text
    # What was said about the bad answer is not part of the conversation.
    assert [message.text for message in later.request.messages] == [
        "Make a post",
        json.dumps(GOOD),
        "Well?",
    ]
    (rejected,) = run.saw(AnswerRejected)
    assert rejected.again
    assert "99" not in rejected.message


@pytest.mark.parametrize("times", [0, 1, 2])
def test_it_is_asked_again_as_often_as_retry_says(times: int) -> None:
    retry = Retry(invalid_output=times)
    made = program(narrative(act("a", "Make a post", output=POST, retry=retry)))
    run = Rehearsal(made, says_in_turn("no"))
    assert len(run.asked()) == times + 1
    assert "does not fit its output" in (run.outcome.error or "")
    assert len(run.saw(ActFailed)) == 1


def test_an_answer_that_was_cut_is_invalid() -> None:
    made = program(narrative(act("a", "Make", output=List(Int()), retry=Retry(invalid_output=1))))
    run = Rehearsal(made, says_in_turn("[1, 2]", finish=LENGTH))
    assert len(run.asked()) == 2
    assert "it was cut at its limit" in (run.outcome.error or "")


def test_plain_text_is_not_asked_for_in_any_form() -> None:
    (asked,) = Rehearsal(
        program(narrative(act("a", "Hi", output=Text()))), says_in_turn("Hello")
    ).asked()
    assert asked.request.output_schema is None


def test_the_result_of_a_command_may_have_a_type() -> None:
    result = {"at": "2030-01-31T12:00:00Z"}
    kind = Record((Field("at", Timestamp()),))
    made = program(narrative(act("look", stats(), output=kind), act("b", "{{ look.at.year }}")))

    def respond(effect: Effect) -> Result:
        return answer("Hm") if isinstance(effect, AskModel) else CommandResult(result)

    assert Rehearsal(made, respond).asked()[0].request.messages[-1].text.endswith("2030")
    del result["at"]
    assert "a record with the field `at`" in (Rehearsal(made, respond).outcome.error or "")


# Through drivers


def test_gemini_is_given_the_schema_and_asked_again_within_the_limits(
    gemini: GeminiServer, tmp_path: Path
) -> None:
    gemini.answer(says("Not JSON"), says(json.dumps([GOOD])))
    made = program(narrative(act("a", "Posts", output=List(POST))))
    run = perform(
        made,
        tmp_path,
        "gemini",
        clock=RealClock(),
        environment={"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": gemini.address},
    )
    assert run.report.status == "completed"
    for request in gemini.received:
        assert request.body["generationConfig"]["responseJsonSchema"] == json_schema(List(POST))
    # Each asking has reserved and been settled by itself.
    assert [each.requests for each in run.saw(RequestSettled)] == [1, 1]


def test_asking_again_counts_towards_the_caps(gemini: GeminiServer, tmp_path: Path) -> None:
    gemini.answer(says("Not JSON"))
    made = program(narrative(act("a", "Post", output=POST), limits=Caps(max_requests=2)))
    run = perform(
        made,
        tmp_path,
        "gemini",
        clock=RealClock(),
        environment={"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": gemini.address},
    )
    assert run.report.status == "exhausted"
    assert len(gemini.received) == 2


def test_a_typed_narrative_runs_without_a_key(tmp_path: Path) -> None:
    settings = ModelSettings(max_tokens=100)
    made = program(
        narrative(
            act("a", "Make a post", output=POST, settings=settings),
            act("b", "{{ a.title }} {{ a.score + 1 }} {{ a.due.year }}", settings=settings),
        )
    )
    run = perform(made, tmp_path)
    assert run.report.status == "completed", run.report.message
    assert run.saw(AnswerRejected) == []
    value = json.loads(run.results[0].text)
    assert value["title"].startswith("[simulated]")
