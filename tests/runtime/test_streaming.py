"""Answers that come in pieces, from a server's bytes to the events of a run: for every driver that
streams, the same run as without streaming, whatever goes wrong on the way."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import servers.anthropic
import servers.gemini
import servers.openai
from programs import PLACE, Performance, act, narrative, perform, program, sequence
from servers.listening import Reply

from botticelli.compiler.ir.program import ModelSettings, Parallel, Retry, RunAct
from botticelli.runtime.events import (
    ActFailed,
    Answered,
    AnswerPiece,
    Event,
    RequestReserved,
    RequestSent,
    RequestSettled,
    Retrying,
)
from botticelli.runtime.shell.clock import RealClock

QUICK = Retry(attempts=2, backoff=0.01, max_backoff=0.02)
TEXT = "Zéphyr — 春 🌸 und Flora"
VARIABLES = {"gemini": "GOOGLE_GEMINI_BASE_URL"}


class Stage:
    """A driver's server, and runs that ask it."""

    def __init__(self, name: str, server: Any, project: Path) -> None:
        self.name = name
        self.module = getattr(servers, name)
        self.server = server
        self._project = project

    def run(self, *replies: Reply, stream: bool = True, **more: Any) -> Performance:
        self.server.answer(*replies)
        settings = ModelSettings(model="some-model", max_tokens=100)
        made = program(narrative(act("a", "Hello", settings=settings, retry=QUICK, **more)))
        variable = VARIABLES.get(self.name, f"{self.name.upper()}_BASE_URL")
        environment = {f"{self.name.upper()}_API_KEY": self.module.KEY, variable: self.address}
        return perform(
            made,
            self._project,
            self.name,
            clock=RealClock(),
            environment=environment,
            stream=stream,
        )

    @property
    def address(self) -> str:
        return f"{self.server.address}/v1" if self.name == "openai" else self.server.address

    def streams(self, *texts: str, **more: Any) -> Reply:
        reply = self.module.streams(*texts)
        for name, value in more.items():
            setattr(reply, name, value)
        return reply

    def breaks_off(self, *texts: str) -> Reply:
        """A stream that ends before its answer does."""
        ending: dict[str, dict[str, Any]] = {
            "gemini": {"finish": None},
            "anthropic": {"broken": True},
            "openai": {"reason": None},
        }
        return self.module.streams(*texts, **ending[self.name])

    def fails(self, *texts: str, word: str, status: int) -> Reply:
        """A stream in the middle of which an error comes."""
        reply = self.breaks_off(*texts)
        errors: dict[str, dict[str, Any]] = {
            "gemini": {"error": {"code": status, "message": "no more", "status": word}},
            "anthropic": {"type": "error", "error": {"type": word, "message": "no more"}},
            "openai": {"error": {"message": "no more", "type": word, "code": None}},
        }
        reply.body += f"data: {json.dumps(errors[self.name])}\r\n\r\n".encode()
        return reply

    @property
    def streamed(self) -> list[bool]:
        """Which of the requests asked for a stream."""
        if self.name == "gemini":
            return [each.streamed for each in self.server.received]
        return [each.body.get("stream", False) for each in self.server.received]


@pytest.fixture(params=["gemini", "anthropic", "openai"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    with getattr(servers, request.param).serving() as server:
        yield Stage(request.param, server, tmp_path)
        assert server.complaints == []


def pieces(performance: Performance, attempt: int = 1) -> list[str]:
    return [each.text for each in performance.saw(AnswerPiece) if each.attempt == attempt]


def beside_the_pieces(performance: Performance) -> list[tuple[type[Event], Any]]:
    """All events but pieces, without what differs from run to run."""
    found = []
    for event in performance.events:
        if not isinstance(event, AnswerPiece):
            fields = {name: getattr(event, name) for name in event.__struct_fields__}
            for name in ("time", "run", "streamed", "limits"):
                fields.pop(name, None)
            found.append((type(event), fields))
    return found


def test_a_streamed_run_is_the_run_that_is_not_streamed(stage: Stage) -> None:
    whole = stage.run(stage.module.says(TEXT), stream=False)
    streamed = stage.run(stage.streams("Zéphyr — ", "春 🌸", " und Flora"))
    assert stage.streamed == [False, True]
    assert pieces(whole) == []
    assert pieces(streamed) == ["Zéphyr — ", "春 🌸", " und Flora"]
    assert [each.text for each in streamed.results] == [each.text for each in whole.results]
    assert streamed.results[0].text == TEXT
    assert beside_the_pieces(streamed) == beside_the_pieces(whole)


@pytest.mark.parametrize("size", [1, 3, 7])
def test_bytes_may_be_cut_anywhere(stage: Stage, size: int) -> None:
    performance = stage.run(stage.streams("Zéphyr — ", "春 🌸", " und Flora", cut=size))
    assert performance.report.status == "completed"
    assert performance.results[0].text == TEXT
    assert "".join(pieces(performance)) == TEXT


def test_a_character_may_be_cut_in_halves(stage: Stage) -> None:
    reply = stage.streams("One ", "\ud83c", "\udf38", " two \ud800.")
    performance = stage.run(reply)
    assert performance.report.status == "completed"
    assert performance.results[0].text == "One 🌸 two \ufffd."
    "".join(pieces(performance)).encode()


def test_a_stream_that_breaks_off_counts_in_full_and_is_tried_again(stage: Stage) -> None:
    performance = stage.run(stage.breaks_off("Once ", "upon "), stage.streams("Once upon a time."))
    assert performance.report.status == "completed"
    assert performance.results[0].text == "Once upon a time."
    assert pieces(performance, 2) == ["Once upon a time."]
    lost, known = performance.saw(RequestSettled)
    reserved = performance.saw(RequestReserved)[0]
    assert (lost.known, lost.requests, lost.error) == (False, 1, "other")
    assert lost.input_tokens == reserved.input_tokens
    assert lost.output_tokens == reserved.output_tokens
    assert (known.known, known.input_tokens, known.output_tokens, known.error) == (
        True,
        11,
        7,
        None,
    )
    (retrying,) = performance.saw(Retrying)
    assert "the stream broke off" in retrying.reason


def test_a_connection_that_is_cut_in_midstream_is_tried_again(stage: Stage) -> None:
    cut = stage.streams("Once ", "upon ", "a ", "time ", "there ", "was", short=True)
    performance = stage.run(cut, stage.streams("Good."))
    assert performance.results[0].text == "Good."
    assert [each.known for each in performance.saw(RequestSettled)] == [False, True]


WORDS = {
    "gemini": ("UNAVAILABLE", 503),
    "anthropic": ("overloaded_error", 529),
    "openai": ("server_error", 500),
}
FINAL = {
    "gemini": ("INVALID_ARGUMENT", 400),
    "anthropic": ("invalid_request_error", 400),
    "openai": ("invalid_request_error", 400),
}


def test_an_error_in_midstream_is_retried_if_it_may_be(stage: Stage) -> None:
    word, status = WORDS[stage.name]
    performance = stage.run(
        stage.fails("Once ", word=word, status=status), stage.streams("Once more.")
    )
    assert performance.results[0].text == "Once more."
    failed = performance.saw(RequestSettled)[0]
    assert (failed.known, failed.error) == (False, str(status))
    assert "no more" in performance.saw(Retrying)[0].reason


def test_an_error_in_midstream_that_is_final_fails_the_act(stage: Stage) -> None:
    word, status = FINAL[stage.name]
    performance = stage.run(stage.fails("Once ", word=word, status=status))
    assert performance.report.status == "failed"
    (failed,) = performance.saw(ActFailed)
    assert "no more" in failed.message
    (settled,) = performance.saw(RequestSettled)
    assert not settled.known  # the request had been accepted: something may have been used
    assert performance.results == []


def test_an_error_before_the_stream_is_mapped_as_ever(stage: Stage) -> None:
    performance = stage.run(
        stage.module.refuses(429, "some_word", "slow down", headers={"retry-after": "0"}),
        stage.streams("Good."),
    )
    refused, answered = performance.saw(RequestSettled)
    assert (refused.known, refused.error, refused.input_tokens) == (True, "429", 0)
    assert answered.known
    assert performance.results[0].text == "Good."


def test_a_timeout_holds_while_pieces_keep_coming(stage: Stage) -> None:
    slow = stage.streams(*["drop "] * 40, cut=40, pause=0.05)
    performance = stage.run(slow, timeout=0.4)
    assert performance.report.status == "failed"
    assert performance.saw(ActFailed)[0].message.endswith(
        "no answer within 0.4 s (after 2 attempts)"
    )
    assert [each.error for each in performance.saw(RequestSettled)] == ["timeout"] * 2
    lasting = performance.events[-1].time - performance.events[0].time
    assert lasting < 3


def test_empty_pieces_say_nothing(stage: Stage) -> None:
    reply = stage.streams("", "Good ", "", "morning.", "")
    if stage.name != "gemini":  # Google's client takes a comment for an answer
        reply.body = b": wait\r\n\r\ndata:\r\n\r\n" + reply.body
    performance = stage.run(reply)
    assert pieces(performance) == ["Good ", "morning."]
    assert performance.results[0].text == "Good morning."


# Anthropic's API gives the input's tokens at the beginning of each stream.
@pytest.mark.parametrize("stage", ["gemini", "openai"], indirect=True)
def test_usage_that_never_comes_counts_in_full(stage: Stage) -> None:
    reply = stage.streams("Good.")
    for name in (b"usageMetadata", b"usage"):
        reply.body = reply.body.replace(b'"' + name + b'"', b'"other"')
    performance = stage.run(reply)
    (settled,) = performance.saw(RequestSettled)
    assert (settled.known, settled.error) == (False, None)
    assert performance.results[0].text == "Good."


def test_what_does_not_stream_is_heard_all_the_same(stage: Stage) -> None:
    performance = stage.run(stage.module.says("Good morning."))
    assert performance.results[0].text == "Good morning."
    assert performance.saw(RequestSent)[0].streamed
    assert performance.saw(Answered)[0].output_tokens == 7


def test_a_simulation_streams_what_it_answers(tmp_path: Path) -> None:
    made = program(narrative(act("a", "Hello", settings=ModelSettings(max_tokens=100))))
    whole = perform(made, tmp_path, "simulate:delay=2")
    streamed = perform(made, tmp_path, "simulate:delay=2", stream=True)
    assert 10 < len(pieces(streamed)) <= 20
    assert "".join(pieces(streamed)) == streamed.results[0].text == whole.results[0].text
    sent, answered = streamed.saw(RequestSent)[0], streamed.saw(Answered)[0]
    assert answered.time - sent.time == pytest.approx(2)


def test_parallel_answers_from_a_file_are_given_in_turn(tmp_path: Path) -> None:
    answers = tmp_path / "answers.jsonl"
    answers.write_text('"one"\n"two"\n')
    items = tuple(RunAct(act=name, place=PLACE) for name in ("a", "b"))
    order = sequence(Parallel(steps=items, place=PLACE))
    made = program(narrative(act("a", "A"), act("b", "B"), order=order))
    for stream in (False, True):
        run = perform(made, tmp_path, f"simulate:delay=1,answers={answers}", stream=stream)
        assert {each.act: each.text for each in run.results} == {"a": "one", "b": "two"}
        assert {each.act for each in run.saw(AnswerPiece)} == ({"a", "b"} if stream else set())


def test_what_is_streamed_is_recorded_whole(tmp_path: Path) -> None:
    with servers.openai.serving() as server:
        server.answer(servers.openai.streams("Good ", "morning."))
        made = program(narrative(act("a", "Hello", settings=ModelSettings(model="m"))))
        environment = {"OPENAI_BASE_URL": server.address}
        recorded = perform(
            made,
            tmp_path,
            "record:driver=openai,file=tale.jsonl",
            clock=RealClock(),
            environment=environment,
            stream=True,
        )
    replayed = perform(made, tmp_path, "replay:file=tale.jsonl", stream=True)
    assert pieces(recorded) == ["Good ", "morning."]
    assert recorded.results[0].text == replayed.results[0].text == "Good morning."
