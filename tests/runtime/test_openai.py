"""The OpenAI driver against a local server that holds requests to the published contract, and that
server against OpenAI's own client."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from drivers import LIST_OF_NOTES, ask, fault, open_driver, request, stream, using
from hypothesis import given
from hypothesis import strategies as st
from programs import act, narrative, perform, program, template
from servers.openai import (
    CONTRACT,
    KEY,
    WITHOUT_CONTRACT,
    OpenAIServer,
    Reply,
    completion,
    refuses,
    says,
    serving,
    streams,
)

from botticelli.compiler.ir.program import ModelSettings
from botticelli.compiler.semantics.configuration import DriverConfiguration
from botticelli.runtime.drivers.protocol import Driver, MediaPart, TokenUsage
from botticelli.runtime.drivers.schemas import ANTHROPIC, OPENAI, strict_schema
from botticelli.runtime.problems import SetupError
from botticelli.runtime.shell.clock import RealClock

MODEL = "gpt-4.1-mini"


@pytest.fixture
def openai() -> Iterator[OpenAIServer]:
    with serving() as server:
        yield server
        assert server.complaints == []


def opening(server: OpenAIServer, form: str = "", **more: Any) -> Any:
    environment = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.address + form}
    return lambda: open_driver("openai", environment, **more)


def limits_of(make: Any, model: str = MODEL) -> Any:
    async def look(driver: Driver) -> Any:
        return driver.rate_limits(model)

    return using(make, look)


@pytest.mark.skipif(CONTRACT is None, reason=WITHOUT_CONTRACT)
def test_the_local_server_answers_as_the_contract_says() -> None:
    assert CONTRACT is not None
    schemas = CONTRACT.document["components"]["schemas"]
    whole = "CreateChatCompletionResponse"
    piece = "CreateChatCompletionStreamResponse"
    assert list(CONTRACT.invalid(schemas[whole], whole, completion("Hello"))) == []
    for block in streams("Hello").body.decode().split("\r\n\r\n")[:-2]:
        chunk = json.loads(block.removeprefix("data: "))
        faults = list(CONTRACT.invalid(schemas[piece], piece, chunk))
        # The contract marks what may be null in the way of OpenAPI 3.0, which JSON Schema ignores.
        assert [each for each in faults if "None" not in each] == []


@pytest.mark.parametrize("form", ["", "/", "/v1", "/v1/"])
def test_a_request_holds_conversation_persona_and_settings(
    openai: OpenAIServer, tmp_path: Path, form: str
) -> None:
    settings = ModelSettings(
        model=MODEL,
        temperature=0.5,
        max_tokens=50,
        top_p=0.9,
        seed=7,
        stop=("END",),
        thinking="off",
    )
    made = program(
        narrative(
            act("a", "Hello", "there", settings=settings, system=template("You are kind.")),
            act("b", "{{ a }} And?", settings=ModelSettings(model=MODEL)),
        )
    )
    environment = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": openai.address + form}
    perform(made, tmp_path, "openai", clock=RealClock(), environment=environment)
    first, second = openai.received
    assert first.authorization == f"Bearer {KEY}"
    assert first.body == {
        "model": MODEL,
        "messages": [
            {"role": "system", "content": "You are kind."},
            {"role": "user", "content": "Hello\nthere"},
        ],
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 50,
        "seed": 7,
        "stop": ["END"],
        "reasoning_effort": "none",
    }
    assert second.body["messages"] == [
        {"role": "user", "content": "Hello\nthere"},
        {"role": "assistant", "content": "Good morning."},
        {"role": "user", "content": "Good morning. And?"},
    ]


def test_a_server_of_ones_own_needs_no_key(openai: OpenAIServer, tmp_path: Path) -> None:
    made = program(narrative(act("a", "Hello", model="llama3.2")))
    environment = {"OPENAI_BASE_URL": f"{openai.address}/v1"}
    run = perform(made, tmp_path, "openai", clock=RealClock(), environment=environment)
    assert run.report.status == "completed"
    assert openai.received[0].authorization is None


def test_openai_itself_needs_one(tmp_path: Path) -> None:
    made = program(narrative(act("a", "Hello")))
    with pytest.raises(SetupError, match="set OPENAI_API_KEY, or set OPENAI_BASE_URL"):
        perform(made, tmp_path, "openai")


def test_a_server_of_ones_own_has_the_limits_that_are_configured(openai: OpenAIServer) -> None:
    assert limits_of(opening(openai)).limits.rpm is None
    own = {"openai": {"models": {MODEL: {"rpm": 3}}}}
    assert limits_of(opening(openai, providers=own)).limits.rpm == 3
    # Whoever names a tier means it.
    assert limits_of(opening(openai, tier="tier-1")).limits.rpm == 500
    there = lambda: open_driver("openai", {"OPENAI_API_KEY": KEY})  # noqa: E731
    assert limits_of(there).limits.rpm == 500


def test_the_configured_variable_and_address_are_used(openai: OpenAIServer) -> None:
    openai.key = "another"
    configuration = DriverConfiguration(base_url=openai.address, api_key_env="MY_KEY")
    environment = {"MY_KEY": " another\n", "OPENAI_API_KEY": KEY}
    make = lambda: open_driver("openai", environment, configuration=configuration)  # noqa: E731
    assert ask(make, request("Hello", model=MODEL)).text == "Good morning."


def test_a_server_that_wants_the_other_name_of_the_bound_gets_it(openai: OpenAIServer) -> None:
    said = (
        "Unsupported parameter: 'max_tokens' is not supported with this model. "
        "Use 'max_completion_tokens' instead."
    )
    openai.answer(refuses(400, "unsupported_parameter", said), says("Yes."))

    async def use(driver: Driver) -> Any:
        with pytest.raises(Exception, match="Use 'max_completion_tokens'") as caught:
            await driver.generate(request("Hello", model="gpt-5-mini"))
        return caught.value, await driver.generate(request("Hello", model="gpt-5-mini"))

    error, answer = using(opening(openai), use)
    assert error.retryable
    assert answer.text == "Yes."
    assert openai.received[1].body["max_completion_tokens"] == 100
    assert "max_tokens" not in openai.received[1].body


@pytest.mark.parametrize(("thinking", "effort"), [(512, "low"), (4096, "medium"), (32_000, "high")])
def test_thinking_is_a_level_of_effort(openai: OpenAIServer, thinking: int, effort: str) -> None:
    settings = ModelSettings(thinking=thinking)
    ask(opening(openai), request("Hello", model="gpt-5", settings=settings))
    assert openai.received[0].body["reasoning_effort"] == effort


def test_media_are_sent_as_parts(openai: OpenAIServer) -> None:
    parts = (
        MediaPart(kind="image", mime="image/png", data=b"\x89PNG"),
        MediaPart(kind="image", mime="image/png", url="https://example.org/a.png"),
        MediaPart(kind="audio", mime="audio/mpeg", data=b"ID3"),
        MediaPart(kind="document", mime="application/pdf", data=b"%PDF", filename="a.pdf"),
    )
    ask(opening(openai), request(parts, "A cat.", "And?", model=MODEL))
    messages = openai.received[0].body["messages"]
    assert messages[0]["content"] == [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
        {"type": "input_audio", "input_audio": {"data": "SUQz", "format": "mp3"}},
        {
            "type": "file",
            "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERg=="},
        },
    ]
    assert messages[1:] == [
        {"role": "assistant", "content": "A cat."},
        {"role": "user", "content": "And?"},
    ]


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (MediaPart(kind="video", mime="video/mp4", data=b"0"), "takes no video"),
        (MediaPart(kind="audio", mime="audio/ogg", data=b"0"), "takes no audio of type audio/ogg"),
        (MediaPart(kind="audio", mime="audio/wav", url="https://x.org/a"), "takes no audio by URL"),
        (
            MediaPart(kind="document", mime="application/pdf", url="https://x.org/a"),
            "takes no document by URL",
        ),
    ],
)
def test_media_that_the_api_does_not_take_are_not_sent(
    openai: OpenAIServer, part: MediaPart, said: str
) -> None:
    error = fault(opening(openai), request(("Look:", part), model=MODEL))
    assert said in error.message
    assert (error.retryable, error.reached) == (False, False)
    assert openai.received == []


def test_a_list_is_asked_for_within_an_object_and_every_property_required(
    openai: OpenAIServer,
) -> None:
    sent = [{"title": "Spring", "stars": 5, "by": None}]
    openai.answer(says(json.dumps({"value": sent})), streams('{"value": ', json.dumps(sent), "}"))
    asked = request("Notes, please.", model=MODEL, output_schema=LIST_OF_NOTES)
    answer = ask(opening(openai), asked)
    # What only stands there because it had to is gone.
    assert json.loads(answer.text) == [{"title": "Spring", "stars": 5}]
    streamed, _ = stream(opening(openai), asked)
    assert streamed.text == answer.text
    form = openai.received[0].body["response_format"]["json_schema"]
    assert form["strict"] is True
    items = form["schema"]["properties"]["value"]["items"]
    assert items["properties"]["by"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert items["properties"]["stars"] == {"type": "integer", "minimum": 1, "maximum": 5}


def test_a_schema_that_admits_anything_is_asked_for_without_strictness(
    openai: OpenAIServer,
) -> None:
    openai.answer(says('{"value": [1, "ä"]}'))
    answer = ask(opening(openai), request("x", model=MODEL, output_schema={"type": "array"}))
    assert answer.text == '[1, "ä"]'
    assert openai.received[0].body["response_format"]["json_schema"]["strict"] is False


@pytest.mark.parametrize(
    ("reply", "finish", "detail", "text"),
    [
        (says("Once upon a", "length"), "length", "length", "Once upon a"),
        (says("half", "content_filter"), "blocked", "content_filter", "half"),
        (says(None, refusal="I can't."), "blocked", "I can't.", ""),
        (says("half", "something_new"), "blocked", "something_new", "half"),
        (Reply({"choices": [], "model": "m"}), "stop", "no choices", ""),
    ],
)
def test_how_an_answer_ended(
    openai: OpenAIServer, reply: Reply, finish: str, detail: str, text: str
) -> None:
    openai.answer(reply)
    answer = ask(opening(openai), request("Hello", model=MODEL))
    assert (answer.finish, answer.detail, answer.text) == (finish, detail, text)


def test_what_is_used_includes_what_was_thought(openai: OpenAIServer) -> None:
    details = {"completion_tokens_details": {"reasoning_tokens": 5}}
    usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18, **details}
    openai.answer(says("Well.", usage=usage))
    answer = ask(opening(openai), request("Hello", model=MODEL))
    assert answer.usage == TokenUsage(11, 7, 5)


def test_a_server_that_counts_nothing_reports_nothing(openai: OpenAIServer) -> None:
    bare = {"choices": [{"message": {"content": "Hi"}}]}
    openai.answer(Reply(bare))
    answer = ask(opening(openai), request("Hello", model="llama3.2"))
    assert (answer.text, answer.usage, answer.model) == ("Hi", None, "llama3.2")


def test_a_stream_may_end_without_a_reason_but_not_without_a_word(openai: OpenAIServer) -> None:
    whole = streams("Good ", "evening.", reason=None)
    whole.body += b"data: [DONE]\r\n\r\n"
    openai.answer(whole)
    answer, _ = stream(opening(openai), request("Hello", model=MODEL))
    assert (answer.text, answer.finish, answer.usage) == ("Good evening.", "stop", None)


def test_a_server_that_does_not_stream_is_heard_all_the_same(openai: OpenAIServer) -> None:
    answer, pieces = stream(opening(openai), request("Hello", model=MODEL))
    assert (answer.text, pieces) == ("Good morning.", [])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": "model 'x' not found"}, "model 'x' not found"),
        ({"object": "error", "message": "too long", "type": "BadRequestError"}, "too long"),
        ({"detail": [{"msg": "field required"}]}, "field required"),
    ],
)
def test_the_errors_of_other_servers_are_understood(
    openai: OpenAIServer, body: Any, said: str
) -> None:
    openai.answer(Reply(body, 404))
    error = fault(opening(openai), request("Hello", model="x"))
    assert said in error.message
    assert error.message.startswith("the server at 127.0.0.1:")


def test_without_money_nothing_is_tried_again(openai: OpenAIServer) -> None:
    openai.answer(refuses(429, "insufficient_quota", "You exceeded your current quota."))
    assert not fault(opening(openai), request("Hello", model=MODEL)).retryable


def test_openais_own_client_finds_the_local_server_right(openai: OpenAIServer) -> None:
    """What this server answers is read by the official client as by the driver, so that both the
    server and the driver speak the real protocol."""
    from openai import OpenAI

    openai.key = KEY
    openai.answer(says("Good morning."), streams("Good ", "evening."))
    messages: Any = [{"role": "user", "content": "Hello"}]
    with OpenAI(api_key=KEY, base_url=f"{openai.address}/v1", max_retries=0) as client:
        whole = client.chat.completions.create(model=MODEL, messages=messages)
        usage = {"include_usage": True}
        pieces = list(
            client.chat.completions.create(
                model=MODEL, messages=messages, stream=True, stream_options=usage
            )
        )
    assert whole.choices[0].message.content == "Good morning."
    said = [each.choices[0].delta.content for each in pieces if each.choices]
    assert "".join(filter(None, said)) == "Good evening."
    assert pieces[-1].usage is not None
    assert pieces[-1].usage.completion_tokens == 7


SCALARS = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "maxLength": 3},
        {"type": "integer", "minimum": 0},
        {"enum": ["a", "b"]},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
    ]
)


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    required = [name for name in properties if name in "ac"]
    closed = {"additionalProperties": False}
    return {"type": "object", "properties": properties, "required": required, **closed}


SCHEMAS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        inner.map(lambda items: {"type": "array", "items": items}),
        st.dictionaries(st.sampled_from("abcd"), inner, min_size=1).map(_object),
    ),
    max_leaves=6,
)


def values(schema: dict[str, Any], strict: bool) -> st.SearchStrategy[Any]:
    """Values of a schema; in strict ones every property is there."""
    if "anyOf" in schema:
        return st.one_of([values(each, strict) for each in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema["type"]:
        case "array":
            return st.lists(values(schema["items"], strict), max_size=2)
        case "object":
            return st.fixed_dictionaries(
                {name: values(each, strict) for name, each in schema["properties"].items()}
            )
        case "string":
            return st.text(max_size=3)
        case "null":
            return st.none()
    return st.integers(0, 9)


@given(SCHEMAS, st.sampled_from([OPENAI, ANTHROPIC]), st.data())
def test_what_was_narrowed_for_a_provider_is_undone(schema: Any, dialect: Any, data: Any) -> None:
    from jsonschema import Draft202012Validator

    narrowed = strict_schema(schema, dialect)
    assert narrowed.strict
    assert narrowed.schema["type"] == "object"
    given_back = data.draw(values(narrowed.schema, strict=True))
    assert Draft202012Validator(narrowed.schema).is_valid(given_back)
    undone = json.loads(narrowed.undo(json.dumps(given_back)))
    assert Draft202012Validator(schema).is_valid(undone)
