"""The Gemini driver against a local server: what it sends, and what it makes of every answer."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from drivers import LIST_OF_NOTES, fault, open_driver, request, using
from drivers import ask as ask_driver
from programs import Performance, act, narrative, perform, program, template
from servers.gemini import KEY, GeminiServer, Reply, blocks, refuses, says, too_many

from botticelli.compiler.ir.program import ModelSettings, Retry
from botticelli.compiler.semantics.configuration import Configuration, DriverConfiguration
from botticelli.runtime.drivers import gemini_files
from botticelli.runtime.drivers.protocol import Driver, MediaPart
from botticelli.runtime.events import Answered, RequestSettled, Retrying, Warned
from botticelli.runtime.problems import SetupError
from botticelli.runtime.shell.clock import RealClock, VirtualClock

QUICK = Retry(attempts=3, backoff=0.05, max_backoff=0.1)


def ask(server: GeminiServer, project: Path, **options: Any) -> Performance:
    settings = options.pop("settings", ModelSettings(max_tokens=100))
    retry = options.pop("retry", QUICK)
    timeout = options.pop("timeout", None)
    made = program(narrative(act("a", "Hello", settings=settings, retry=retry, timeout=timeout)))
    environment = {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": server.address}
    clock = options.pop("clock", None) or RealClock()
    return perform(made, project, "gemini", clock=clock, environment=environment, **options)


def test_a_request_holds_conversation_persona_and_settings(
    gemini: GeminiServer, tmp_path: Path
) -> None:
    settings = ModelSettings(
        model="gemini-2.0-flash",
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
            act("b", "{{ a }} And?", settings=settings),
        )
    )
    environment = {"GOOGLE_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": f"{gemini.address}/v1beta/"}
    perform(made, tmp_path, "gemini", clock=RealClock(), environment=environment)
    first, second = gemini.received
    assert first.model == "gemini-2.0-flash"
    assert first.turns == [("user", ["Hello", "there"])]
    assert first.body["systemInstruction"]["parts"] == [{"text": "You are kind."}]
    assert first.body["generationConfig"] == {
        "temperature": 0.5,
        "maxOutputTokens": 50,
        "topP": 0.9,
        "seed": 7,
        "stopSequences": ["END"],
        "thinkingConfig": {"thinkingBudget": 0},
    }
    assert second.turns == [
        ("user", ["Hello", "there"]),
        ("model", ["Good morning."]),
        ("user", ["Good morning. And?"]),
    ]


def test_what_the_answer_reports_is_what_counts(gemini: GeminiServer, tmp_path: Path) -> None:
    gemini.answer(says("Well.", thoughtsTokenCount=30))
    run = ask(gemini, tmp_path)
    (settled,) = run.saw(RequestSettled)
    assert (settled.input_tokens, settled.output_tokens, settled.known) == (11, 37, True)
    assert run.results[0].text == "Well."


def test_a_429_is_repeated_after_the_delay_that_it_asks_for(
    gemini: GeminiServer, tmp_path: Path
) -> None:
    gemini.answer(too_many("0.5s"), says("At last."))
    run = ask(gemini, tmp_path)
    assert run.report.status == "completed"
    first, second = gemini.received
    assert second.time - first.time >= 0.5
    (retrying,) = run.saw(Retrying)
    assert "RESOURCE_EXHAUSTED" in retrying.reason
    # Each attempt reserved and was settled; the refused one used no tokens.
    assert [(each.requests, each.input_tokens) for each in run.saw(RequestSettled)] == [
        (1, 0),
        (1, 11),
    ]


def test_a_delay_in_the_header_is_honoured_too(gemini: GeminiServer, tmp_path: Path) -> None:
    gemini.answer(
        refuses(503, "UNAVAILABLE", "overloaded", headers={"retry-after": "20"}), says("Yes.")
    )
    run = ask(gemini, tmp_path, clock=VirtualClock(1.76e9))
    (retrying,) = run.saw(Retrying)
    assert retrying.delay >= 20


@pytest.mark.parametrize("status", [500, 503])
def test_faults_of_the_server_are_repeated_as_often_as_allowed(
    gemini: GeminiServer, tmp_path: Path, status: int
) -> None:
    gemini.answer(refuses(status, "INTERNAL", "oops"))
    run = ask(gemini, tmp_path)
    assert run.report.status == "failed"
    assert len(gemini.received) == 3
    assert "oops (after 3 attempts)" in (run.report.message or "")


@pytest.mark.parametrize(
    "reply", [Reply(drop=True), Reply({"candidates": []}, short=True)], ids=["dropped", "cut"]
)
def test_a_lost_connection_is_tried_again(
    gemini: GeminiServer, tmp_path: Path, reply: Reply
) -> None:
    gemini.answer(reply, says("Here."))
    run = ask(gemini, tmp_path)
    assert run.report.status == "completed"
    lost, _ = run.saw(RequestSettled)
    # Nobody knows what became of the first, so that it counts in full.
    assert (lost.known, lost.requests) == (False, 1)


def test_a_slow_answer_is_a_timeout_and_tried_again(gemini: GeminiServer, tmp_path: Path) -> None:
    gemini.answer(Reply({}, slow=5.0), says("Here."))
    run = ask(gemini, tmp_path, timeout=0.8)
    assert run.report.status == "completed"
    (retrying,) = run.saw(Retrying)
    assert retrying.reason == "no answer within 0.8 s"


def test_without_a_server_nothing_counts(tmp_path: Path) -> None:
    nowhere = GeminiServer("http://127.0.0.1:9")
    run = ask(nowhere, tmp_path)
    assert run.report.status == "failed"
    assert [each.requests for each in run.saw(RequestSettled)] == [0, 0, 0]


@pytest.mark.parametrize(
    "reply",
    [
        refuses(400, "INVALID_ARGUMENT", "no"),
        refuses(403, "PERMISSION_DENIED", f"the key {KEY} may not"),
        Reply(b"<html>", 404),
        Reply(b"[]", 400),
        Reply(b"{broken"),
        Reply(["not", "an", "answer"]),
        Reply({"candidates": "none"}),
    ],
    ids=["400", "403", "html", "list", "broken", "array", "wrong"],
)
def test_other_faults_are_not_repeated_and_never_show_the_key(
    gemini: GeminiServer, tmp_path: Path, reply: Reply
) -> None:
    gemini.answer(reply)
    run = ask(gemini, tmp_path)
    assert run.report.status == "failed"
    assert len(gemini.received) == 1
    assert KEY not in json.dumps([repr(event) for event in run.events])


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (says("", "STOP"), "the answer is empty"),
        (says("", "MAX_TOKENS"), "max_tokens was used up before any text"),
        (says("half", "SAFETY"), "the answer was blocked (SAFETY)"),
        (says("half", "SOMETHING_NEW"), "the answer was blocked (SOMETHING_NEW)"),
        (blocks("PROHIBITED_CONTENT"), "the prompt was blocked: PROHIBITED_CONTENT"),
        (Reply({"usageMetadata": {"promptTokenCount": 3}}), "the answer is empty (no candidates)"),
    ],
)
def test_empty_and_blocked_answers_fail_without_another_try(
    gemini: GeminiServer, tmp_path: Path, reply: Reply, said: str
) -> None:
    gemini.answer(reply)
    run = ask(gemini, tmp_path)
    assert said in (run.report.message or "")
    assert len(gemini.received) == 1


def test_an_answer_cut_at_its_limit_is_a_warning(gemini: GeminiServer, tmp_path: Path) -> None:
    gemini.answer(says("Once upon a", "MAX_TOKENS"))
    run = ask(gemini, tmp_path)
    assert run.report.status == "completed"
    assert [event.message for event in run.saw(Warned)] == ["the answer of a was cut at its limit"]
    assert [event.finish for event in run.saw(Answered)] == ["length"]


def test_without_a_key_it_says_what_to_set(tmp_path: Path) -> None:
    made = program(narrative(act("a", "Hello")))
    with pytest.raises(SetupError) as caught:
        perform(made, tmp_path, "gemini")
    message = str(caught.value)
    assert "GEMINI_API_KEY or GOOGLE_API_KEY" in message
    assert "--driver simulate" in message


def test_the_configured_variable_and_address_are_used(gemini: GeminiServer, tmp_path: Path) -> None:
    made = program(narrative(act("a", "Hello")))
    configuration = Configuration(
        project=str(tmp_path),
        drivers={
            "gemini": DriverConfiguration(
                base_url=gemini.address, api_key_env="MY_KEY", tier="free"
            )
        },
    )
    run = perform(
        made,
        tmp_path,
        "gemini",
        clock=RealClock(),
        configuration=configuration,
        environment={"MY_KEY": KEY},
    )
    assert run.report.status == "completed"
    assert [result.text for result in run.results] == ["Good morning."]


def test_without_the_client_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "google.genai", None)
    made = program(narrative(act("a", "Hello")))
    with pytest.raises(SetupError, match=r"pip install 'botticelli\[gemini\]'"):
        perform(made, tmp_path, "gemini", environment={"GEMINI_API_KEY": KEY})


MODEL = "gemini-2.5-flash"


def opening(server: GeminiServer) -> Any:
    environment = {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": server.address}
    return lambda: open_driver("gemini", environment)


def test_media_are_sent_as_parts(gemini: GeminiServer) -> None:
    parts = (
        MediaPart(kind="image", mime="image/png", data=b"\x89PNG"),
        MediaPart(kind="video", mime="video/mp4", url="https://example.org/a.mp4"),
    )
    ask_driver(opening(gemini), request((*parts, "What is it?"), model=MODEL))
    assert gemini.received[0].body["contents"][0]["parts"] == [
        {"inlineData": {"data": "iVBORw==", "mimeType": "image/png"}},
        {"fileData": {"fileUri": "https://example.org/a.mp4", "mimeType": "video/mp4"}},
        {"text": "What is it?"},
    ]


def test_large_media_are_uploaded_once_and_deleted_in_the_end(
    gemini: GeminiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gemini_files, "POLL_SECONDS", 0.01)
    film = MediaPart(kind="video", mime="video/mp4", data=b"film" * 4_000_000, filename="f.mp4")
    still = MediaPart(kind="image", mime="image/png", data=b"\x89PNG")

    async def use(driver: Driver) -> None:
        for _ in range(2):
            await driver.generate(request((film, still, "What is it?"), model=MODEL))

    using(opening(gemini), use)
    assert gemini.files == {"f0": film.data}
    uri = f"{gemini.address}/v1beta/files/f0"
    for received in gemini.received:
        first, second, _ = received.body["contents"][0]["parts"]
        assert first == {"fileData": {"fileUri": uri, "mimeType": "video/mp4"}}
        assert "inlineData" in second
    assert gemini.deleted == ["f0"]


FILM = MediaPart(kind="video", mime="video/mp4", data=b"film" * 4_000_000, filename="f.mp4")


def test_what_google_has_deleted_is_uploaded_anew(
    gemini: GeminiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gemini_files, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(gemini_files, "LIFE_SECONDS", 0.0)

    async def use(driver: Driver) -> None:
        for _ in range(2):
            await driver.generate(request((FILM, "What is it?"), model=MODEL))

    using(opening(gemini), use)
    assert list(gemini.files) == ["f0", "f1"]
    assert gemini.deleted == ["f0", "f1"]


@pytest.mark.parametrize(
    ("refusal", "retryable"),
    [(refuses(503, "UNAVAILABLE", "busy"), True), (refuses(403, "NO", "no files"), False)],
)
def test_an_upload_that_fails_has_not_reached_the_model(
    gemini: GeminiServer, refusal: Reply, retryable: bool
) -> None:
    gemini.refusing_files = refusal
    error = fault(opening(gemini), request((FILM, "What is it?"), model=MODEL))
    assert (error.retryable, error.reached) == (retryable, False)
    assert gemini.received == []


def test_a_file_that_google_cannot_use_is_named(
    gemini: GeminiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gemini_files, "POLL_SECONDS", 0.01)
    gemini.state = "FAILED"
    error = fault(opening(gemini), request((FILM, "What is it?"), model=MODEL))
    assert error.message == "Gemini cannot use the video of type video/mp4"
    assert (error.retryable, error.reached) == (False, False)
    assert gemini.deleted == ["f0"]


def test_the_end_does_not_wait_for_files_that_cannot_be_deleted(
    gemini: GeminiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gemini_files, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(gemini_files, "DELETE_SECONDS", 0.1)

    async def use(driver: Driver) -> float:
        await driver.generate(request((FILM, "What is it?"), model=MODEL))
        gemini.refusing_files = Reply({}, slow=2.0)
        return time.monotonic()

    ended = using(opening(gemini), use)
    assert time.monotonic() - ended < 1.5


def test_a_schema_is_sent_as_it_is(gemini: GeminiServer) -> None:
    gemini.answer(says('[{"title": "Spring", "stars": 5}]'))
    asked = request("Notes, please.", model=MODEL, output_schema=LIST_OF_NOTES)
    assert json.loads(ask_driver(opening(gemini), asked).text)[0]["stars"] == 5
    config = gemini.received[0].body["generationConfig"]
    assert config["responseMimeType"] == "application/json"
    assert config["responseJsonSchema"] == LIST_OF_NOTES


def test_tokens_are_counted_by_the_provider(gemini: GeminiServer) -> None:
    asked = request("Hello", model=MODEL, system="Be kind.")

    async def count(driver: Any) -> int:
        return await driver.count_tokens(asked)

    assert using(opening(gemini), count) == 42
    assert gemini.received[0].turns == [("user", ["Be kind.", "Hello"])]
