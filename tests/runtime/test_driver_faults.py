"""What goes wrong on the way to a model, the same for every driver: whether to try again, after
how long, what was said, and whether the request has arrived. The key is in no message."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import servers.anthropic
import servers.gemini
import servers.openai
from drivers import ask, fault, open_driver, request, stream
from servers.listening import Reply

from botticelli.runtime.drivers.protocol import Driver, DriverError
from botticelli.runtime.problems import SetupError


class Subject:
    """A driver and the local server that it talks to."""

    def __init__(self, name: str, module: Any, server: Any) -> None:
        self.name = name
        self.module = module
        self.server = server
        self.key = module.KEY

    def open(self, address: str | None = None) -> Driver:
        variable = {"gemini": "GOOGLE_GEMINI_BASE_URL"}.get(
            self.name, f"{self.name.upper()}_BASE_URL"
        )
        at = address or self.server.address
        return open_driver(self.name, {f"{self.name.upper()}_API_KEY": self.key, variable: at})

    def says(self, text: str) -> Reply:
        return self.module.says(text)

    def streams(self, *texts: str) -> Reply:
        return self.module.streams(*texts)

    def breaks_off(self, *texts: str) -> Reply:
        match self.name:
            case "gemini":
                return servers.gemini.streams(*texts, finish=None)
            case "anthropic":
                return servers.anthropic.streams(*texts, broken=True)
        return servers.openai.streams(*texts, reason=None)

    def refuses(self, status: int, said: str, **more: Any) -> Reply:
        return self.module.refuses(status, "some_word", said, **more)

    def asked(self) -> Any:
        return request("Hello", model="some-model")


@pytest.fixture(params=["gemini", "anthropic", "openai"])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    module = getattr(servers, request.param)
    with module.serving() as server:
        yield Subject(request.param, module, server)
        assert server.complaints == []


@pytest.mark.parametrize(
    ("status", "retryable", "refused"),
    [
        (400, False, True),
        (401, False, True),
        (404, False, True),
        (408, True, False),
        (429, True, True),
        (500, True, False),
        (503, True, False),
        (529, True, False),
    ],
)
def test_a_status_says_whether_to_try_again(
    subject: Subject, status: int, retryable: bool, refused: bool
) -> None:
    subject.server.answer(subject.refuses(status, f"no, {subject.key} may not"))
    error = fault(subject.open, subject.asked())
    assert (error.status, error.retryable, error.refused) == (status, retryable, refused)
    assert error.reached
    assert f"answered {status}" in error.message
    assert "no, *** may not" in error.message
    assert subject.key not in repr(error)
    assert len(subject.server.received) == 1


def in_the_future(seconds: float) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


NOW = format_datetime(in_the_future(0), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "delay"),
    [
        ({}, None),
        ({"retry-after": "20"}, 20),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": format_datetime(in_the_future(30), usegmt=True), "date": NOW}, 30),
        ({"retry-after": format_datetime(in_the_future(-30), usegmt=True), "date": NOW}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}, 360),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1m2.5s"}, 62.5),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "20ms"}, 0.02),
        ({"x-ratelimit-remaining-tokens": "5", "x-ratelimit-reset-tokens": "9s"}, None),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "later"}, None),
        (
            {
                "date": NOW,
                "anthropic-ratelimit-requests-remaining": "3",
                "anthropic-ratelimit-requests-reset": in_the_future(90).isoformat(),
                "anthropic-ratelimit-input-tokens-remaining": "0",
                "anthropic-ratelimit-input-tokens-reset": in_the_future(12).isoformat(),
            },
            12,
        ),
    ],
)
def test_the_delay_that_is_asked_for(
    subject: Subject, headers: dict[str, str], delay: float | None
) -> None:
    subject.server.answer(subject.refuses(429, "slow down", headers=headers))
    error = fault(subject.open, subject.asked())
    assert error.retryable
    assert error.retry_after == (None if delay is None else pytest.approx(delay, abs=1e-6))


@pytest.mark.parametrize(
    "reply",
    [Reply(drop=True), Reply({"some": "answer", "long": "enough"}, short=True)],
    ids=["dropped", "cut"],
)
def test_a_lost_connection_is_of_unknown_outcome(subject: Subject, reply: Reply) -> None:
    subject.server.answer(reply)
    error = fault(subject.open, subject.asked())
    assert (error.retryable, error.reached, error.refused) == (True, True, False)


def test_where_nobody_listens_nothing_arrives(subject: Subject) -> None:
    error = fault(lambda: subject.open("http://127.0.0.1:9"), subject.asked())
    assert (error.retryable, error.reached) == (True, False)


@pytest.mark.parametrize(
    "body", [b"{broken", b"[]", b"null", b'"text"', b"", b"\xff\xfe", b'{"choices": 3, "type": 1}']
)
def test_an_answer_that_is_none_is_not_asked_for_again(subject: Subject, body: bytes) -> None:
    subject.server.answer(Reply(body))
    error = fault(subject.open, subject.asked())
    assert (error.retryable, error.reached) == (False, True)


@pytest.mark.parametrize("streamed", [False, True])
def test_an_error_in_the_place_of_an_answer_says_what_it_is(
    subject: Subject, streamed: bool
) -> None:
    body = {"error": {"code": 429, "type": "rate_limit_error", "message": "slow down"}}
    subject.server.answer(Reply(body))
    ask_so = stream if streamed else ask
    with pytest.raises(DriverError) as caught:
        ask_so(subject.open, subject.asked())
    error = caught.value
    assert "slow down" in error.message
    assert (error.status, error.retryable, error.refused) == (429, True, False)


def test_a_page_of_a_proxy_is_not_shown(subject: Subject) -> None:
    page = b"<html><title>Bad gateway</title></html>"
    subject.server.answer(Reply(page, 502, headers={"content-type": "text/html"}))
    error = fault(subject.open, subject.asked())
    assert error.retryable
    assert "<html>" not in error.message or subject.name == "gemini"


def test_an_answer_may_come_in_pieces(subject: Subject) -> None:
    # U+2028 ends a line for Python, and not for a stream of events.
    subject.server.answer(subject.streams("Good ", "mor\u2028ning", ", Botticelli."))
    answer, pieces = stream(subject.open, subject.asked())
    assert answer.text == "Good mor\u2028ning, Botticelli."
    assert [each for each in pieces if each] == ["Good ", "mor\u2028ning", ", Botticelli."]
    assert answer.finish == "stop"
    assert answer.usage is not None
    assert (answer.usage.input, answer.usage.output) == (11, 7)


def test_a_stream_that_breaks_off_gives_no_answer(subject: Subject) -> None:
    subject.server.answer(subject.breaks_off("Once ", "upon"))
    pieces: list[str] = []
    with pytest.raises(DriverError) as caught:
        stream(subject.open, subject.asked())
    assert (caught.value.retryable, caught.value.reached) == (True, True)
    assert pieces == []


def test_a_connection_lost_in_the_middle_of_a_stream(subject: Subject) -> None:
    reply = subject.streams("Once ", "upon ", "a ", "time")
    reply.short = True
    subject.server.answer(reply)
    with pytest.raises(DriverError) as caught:
        stream(subject.open, subject.asked())
    assert (caught.value.retryable, caught.value.refused) == (True, False)


@pytest.mark.parametrize(
    ("name", "event", "status"),
    [
        (
            "anthropic",
            {"type": "error", "error": {"type": "overloaded_error", "message": "x"}},
            529,
        ),
        ("openai", {"error": {"message": "x", "type": "server_error", "code": None}}, 500),
    ],
)
def test_an_error_in_the_middle_of_a_stream(name: str, event: Any, status: int) -> None:
    module = getattr(servers, name)
    with module.serving() as server:
        subject = Subject(name, module, server)
        reply = subject.breaks_off("Once")
        reply.body += f"data: {json.dumps(event)}\n\n".encode()
        server.answer(reply)
        with pytest.raises(DriverError) as caught:
            stream(subject.open, subject.asked())
    error = caught.value
    assert (error.status, error.retryable, error.refused) == (status, True, False)


@pytest.mark.parametrize(
    "address",
    [
        *("ftp://example.org", "localhost:80", "http://", "http://[::1", "http://a:b"),
        *("http://a:99999", "http://a b", "https://xn--\\xff"),
    ],
)
def test_an_address_that_is_none_is_refused_before_anything_is_sent(
    subject: Subject, address: str
) -> None:
    with pytest.raises(SetupError, match="base URL of the"):
        ask(lambda: subject.open(address), subject.asked())
