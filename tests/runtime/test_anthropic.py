"""The Anthropic driver against a local server, and that server against Anthropic's own client."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from drivers import LIST_OF_NOTES, ask, fault, open_driver, request, stream, using
from programs import act, narrative, perform, program, template
from servers.anthropic import KEY, AnthropicServer, Reply, message, refuses, says, serving, streams

from botticelli.compiler.ir.program import ModelSettings, Retry
from botticelli.runtime.drivers.protocol import Driver, MediaPart, TokenUsage
from botticelli.runtime.events import Retrying
from botticelli.runtime.problems import SetupError
from botticelli.runtime.shell.clock import RealClock

MODEL = "claude-sonnet-4-6"


@pytest.fixture
def anthropic() -> Iterator[AnthropicServer]:
    with serving() as server:
        yield server
        assert server.complaints == []


def opening(server: AnthropicServer, form: str = "") -> Any:
    environment = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": server.address + form}
    return lambda: open_driver("anthropic", environment)


def test_a_request_holds_conversation_persona_and_settings(
    anthropic: AnthropicServer, tmp_path: Path
) -> None:
    settings = ModelSettings(model=MODEL, max_tokens=2000, stop=("END",), thinking=1024)
    made = program(
        narrative(
            act("a", "Hello", "there", settings=settings, system=template("You are kind.")),
            act("b", "{{ a }} And?", settings=ModelSettings(model=MODEL)),
        )
    )
    environment = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": f"{anthropic.address}/v1/"}
    roomy = {"anthropic": {"tiers": {"tier-1": {"tpm": 1_000_000}}}}
    clock = RealClock()
    perform(made, tmp_path, "anthropic", clock=clock, environment=environment, providers=roomy)
    first, second = anthropic.received
    assert first.body == {
        "model": MODEL,
        "max_tokens": 2000,
        "system": "You are kind.",
        "stop_sequences": ["END"],
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "messages": [
            {
                "role": "user",
                "content": [{"type": "text", "text": "Hello"}, {"type": "text", "text": "there"}],
            }
        ],
    }
    assert [each["role"] for each in second.body["messages"]] == ["user", "assistant", "user"]
    # The API wants a bound: the model's own, from the provider data.
    assert second.body["max_tokens"] == 128_000


@pytest.mark.parametrize("setting", [{"temperature": 1.0}, {"top_p": 0.9}])
def test_sampling_is_asked_for_under_the_version_that_takes_it(
    anthropic: AnthropicServer, setting: dict[str, float]
) -> None:
    ask(opening(anthropic), request("Hello", model=MODEL, settings=ModelSettings(**setting)))
    ask(opening(anthropic), request("Hello", model=MODEL))
    assert [each.version for each in anthropic.received] == ["2023-06-01", "2026-10-21"]
    assert anthropic.received[0].body.items() >= setting.items()


@pytest.mark.parametrize(
    ("model", "thinking", "sent"),
    [
        (MODEL, "off", {"thinking": {"type": "disabled"}}),
        ("claude-sonnet-5-5", "off", {"thinking": {"type": "between_tools"}}),
        ("claude-opus-4-6", 2048, {"thinking": {"type": "enabled", "budget_tokens": 2048}}),
        (
            "claude-opus-4-7",
            2048,
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "medium"}},
        ),
        (
            "claude-sonnet-5",
            20_000,
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}},
        ),
    ],
)
def test_thinking_is_asked_for_as_the_model_takes_it(
    anthropic: AnthropicServer, model: str, thinking: int | str, sent: dict[str, Any]
) -> None:
    settings = ModelSettings(max_tokens=30_000, thinking=thinking)
    ask(opening(anthropic), request("Hello", model=model, settings=settings))
    assert anthropic.received[0].body.items() >= sent.items()


def test_media_are_sent_as_blocks(anthropic: AnthropicServer) -> None:
    parts = (
        MediaPart(kind="image", mime="image/png", data=b"\x89PNG"),
        MediaPart(kind="image", mime="image/png", url="https://example.org/a.png"),
        MediaPart(kind="document", mime="application/pdf", data=b"%PDF", filename="a.pdf"),
        MediaPart(kind="document", mime="text/markdown", data="# Ö".encode()),
    )
    ask(opening(anthropic), request(parts, model=MODEL))
    content = anthropic.received[0].body["messages"][0]["content"]
    assert content == [
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw=="},
        },
        {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="},
            "title": "a.pdf",
        },
        {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": "# Ö"},
        },
    ]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"media": MediaPart(kind="audio", mime="audio/wav", data=b"RIFF")}, "takes no audio"),
        ({"media": MediaPart(kind="video", mime="video/mp4", data=b"0")}, "takes no video"),
        (
            {"media": MediaPart(kind="image", mime="image/tiff", data=b"II")},
            "takes no image of type image/tiff",
        ),
        ({"settings": ModelSettings(seed=7)}, "takes no `seed`"),
    ],
)
def test_what_the_api_does_not_take_is_not_sent(
    anthropic: AnthropicServer, asked: dict[str, Any], said: str
) -> None:
    media = asked.pop("media", None)
    error = fault(
        opening(anthropic), request(("Hello", media) if media else "Hello", model=MODEL, **asked)
    )
    assert error.message == f"Anthropic {said}"
    assert (error.retryable, error.reached) == (False, False)
    assert anthropic.received == []


def test_a_list_is_asked_for_within_an_object(anthropic: AnthropicServer) -> None:
    notes = [{"title": "Spring", "stars": 5}]
    anthropic.answer(says(json.dumps({"value": notes})))
    asked = request("Notes, please.", model=MODEL, output_schema=LIST_OF_NOTES)
    answer = ask(opening(anthropic), asked)
    assert json.loads(answer.text) == notes
    form = anthropic.received[0].body["output_config"]["format"]
    assert form["type"] == "json_schema"
    items = form["schema"]["properties"]["value"]["items"]
    assert items["required"] == ["title", "stars"]
    # The API knows no bounds; the model is told of them all the same.
    assert items["properties"]["title"]["description"] == '{"maxLength": 40}'


@pytest.mark.parametrize(
    ("model", "schema"),
    [
        ("claude-3-5-haiku-20241022", {"type": "object", "properties": {}}),
        ("claude-opus-4-1", {"type": "object", "properties": {}}),
        (MODEL, {"type": "object"}),
    ],
)
def test_older_models_and_open_schemas_answer_through_a_tool(
    anthropic: AnthropicServer, model: str, schema: dict[str, Any]
) -> None:
    block = {"type": "tool_use", "id": "toolu_1", "name": "answer", "input": {"a": "ä"}}
    anthropic.answer(says("", "tool_use", content=[block]))
    answer = ask(opening(anthropic), request("Hello", model=model, output_schema=schema))
    assert (answer.text, answer.finish) == ('{"a": "ä"}', "stop")
    assert anthropic.received[0].body["tool_choice"] == {"type": "tool", "name": "answer"}


def test_all_that_was_read_counts_as_input(anthropic: AnthropicServer) -> None:
    usage = {
        "cache_creation_input_tokens": 100,
        "cache_read_input_tokens": 1000,
        "output_tokens_details": {"thinking_tokens": 5},
    }
    anthropic.answer(says("Well.", usage=usage))
    answer = ask(opening(anthropic), request("Hello", model=MODEL))
    assert answer.usage == TokenUsage(1111, 7, 5)
    assert answer.model == "claude-sonnet-4-6-20260217"


@pytest.mark.parametrize(
    ("reply", "finish", "detail"),
    [
        (says("Yes", "stop_sequence"), "stop", None),
        (says("Once upon a", "max_tokens"), "length", "max_tokens"),
        (says("Once", "model_context_window_exceeded"), "length", "model_context_window_exceeded"),
        (
            says("", "refusal", stop_details={"type": "refusal", "category": "cyber"}),
            "blocked",
            "refusal: cyber",
        ),
        (says("half", "something_new"), "blocked", "something_new"),
    ],
)
def test_how_an_answer_ended(
    anthropic: AnthropicServer, reply: Reply, finish: str, detail: str | None
) -> None:
    anthropic.answer(reply)
    answer = ask(opening(anthropic), request("Hello", model=MODEL))
    assert (answer.finish, answer.detail) == (finish, detail)


def test_thoughts_are_no_part_of_the_answer(anthropic: AnthropicServer) -> None:
    content = [
        {"type": "thinking", "thinking": "Hm.", "signature": "x"},
        {"type": "redacted_thinking", "data": "x"},
        {"type": "text", "text": "Yes."},
    ]
    anthropic.answer(says("", content=content))
    assert ask(opening(anthropic), request("Hello", model=MODEL)).text == "Yes."


def test_tokens_are_counted_by_the_provider(anthropic: AnthropicServer) -> None:
    settings = ModelSettings(temperature=0.5, max_tokens=5, stop=("END",))
    asked = request("Hello", model=MODEL, system="Be kind.", settings=settings)
    assert using(opening(anthropic), lambda driver: driver.count_tokens(asked)) == 42
    (received,) = anthropic.received
    assert set(received.body) == {"model", "messages", "system"}


def test_an_overloaded_server_is_asked_again(anthropic: AnthropicServer, tmp_path: Path) -> None:
    anthropic.answer(
        refuses(529, "overloaded_error", "Overloaded"),
        refuses(429, "rate_limit_error", "slow down", headers={"retry-after": "0.3"}),
        says("At last."),
    )
    retry = Retry(attempts=3, backoff=0.02, max_backoff=0.05)
    made = program(narrative(act("a", "Hello", retry=retry)))
    environment = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": anthropic.address}
    run = perform(made, tmp_path, "anthropic", clock=RealClock(), environment=environment)
    assert run.report.status == "completed"
    assert ["overloaded" in each.reason for each in run.saw(Retrying)] == [True, False]
    _, second, third = anthropic.received
    assert third.time - second.time >= 0.3
    assert KEY not in repr(run.events)


def test_without_money_nothing_is_tried_again(anthropic: AnthropicServer) -> None:
    anthropic.answer(refuses(402, "billing_error", "Your credit balance is too low."))
    error = fault(opening(anthropic), request("Hello", model=MODEL))
    assert not error.retryable
    assert "credit balance" in error.message


def test_limits_and_prices_are_those_of_the_tier(anthropic: AnthropicServer) -> None:
    async def look(driver: Driver) -> Any:
        return driver.rate_limits("claude-sonnet-4-6-20260217")

    facts = using(opening(anthropic), look)
    assert (facts.limits.rpm, facts.known, facts.max_output) == (5, True, 128_000)


def test_without_a_key_it_says_what_to_set(tmp_path: Path) -> None:
    made = program(narrative(act("a", "Hello")))
    with pytest.raises(SetupError, match="set ANTHROPIC_API_KEY, or try"):
        perform(made, tmp_path, "anthropic")


def test_anthropics_own_client_finds_the_local_server_right(anthropic: AnthropicServer) -> None:
    """What this server answers is read by the official client as by the driver, so that both the
    server and the driver speak the real protocol."""
    from anthropic import Anthropic

    client = Anthropic(api_key=KEY, base_url=anthropic.address, max_retries=0)
    messages: Any = [{"role": "user", "content": "Hello"}]
    anthropic.answer(says("Good morning."), streams("Good ", "evening."), streams("One"))
    with client:
        whole = client.messages.create(model=MODEL, max_tokens=10, messages=messages)
        with client.messages.stream(model=MODEL, max_tokens=10, messages=messages) as pieces:
            streamed = pieces.get_final_message()
        counted = client.messages.count_tokens(model=MODEL, messages=messages)
    assert whole.model_dump(mode="json", exclude_unset=True) == message("Good morning.")
    assert [block.text for block in streamed.content if block.type == "text"] == ["Good evening."]
    assert (streamed.usage.input_tokens, streamed.usage.output_tokens) == (11, 7)
    assert counted.input_tokens == 42
    assert {each.version for each in anthropic.received} == {"2026-10-21"}


def test_what_other_apis_end_streams_with_is_passed_over(anthropic: AnthropicServer) -> None:
    reply = streams("Good ", "evening.")
    reply.body += b"data: [DONE]\r\n\r\n"
    anthropic.answer(reply)
    answer, _ = stream(opening(anthropic), request("Hello", model=MODEL))
    assert answer.text == "Good evening."


def test_a_list_that_is_streamed_is_unwrapped_at_the_end(anthropic: AnthropicServer) -> None:
    anthropic.answer(streams('{"value": [', '{"title": "Spring", "stars": 5}', "]}"))
    asked = request("Notes, please.", model=MODEL, output_schema=LIST_OF_NOTES)
    answer, pieces = stream(opening(anthropic), asked)
    assert json.loads(answer.text) == [{"title": "Spring", "stars": 5}]
    assert len(pieces) == 3
