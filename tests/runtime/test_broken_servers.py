"""Servers that are broken in every way: a run fails with a clear word, within its time-out, and
without a traceback, whichever driver asks, streaming or not."""

import asyncio
import copy
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import servers.anthropic
import servers.broken
import servers.gemini
import servers.openai
from drivers import open_driver, request
from programs import act, narrative, perform, program
from servers.broken import Behaviour, answers, goes_on, resets, says_nothing, sends
from servers.listening import Reply

from botticelli.compiler.ir.program import ModelSettings, Retry
from botticelli.runtime.drivers.protocol import DriverError, ModelAnswer
from botticelli.runtime.events import RequestSent
from botticelli.runtime.shell.clock import RealClock

NAMES = ("gemini", "anthropic", "openai")
ADDRESSES = {
    "gemini": "GOOGLE_GEMINI_BASE_URL",
    "anthropic": "ANTHROPIC_BASE_URL",
    "openai": "OPENAI_BASE_URL",
}
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
SSE = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
DEEP = b"[" * 200_000

SLOW: dict[str, Behaviour] = {
    "says nothing": says_nothing,
    "drips": goes_on(HEAD + b"\r\n", b" ", 0.05),
    "drips its head": goes_on(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n", 0.05),
}

# What a server does, whether it may be tried again, and what is said of it.
FAULTS: dict[str, tuple[Behaviour, bool, str]] = {
    "closes": (sends(b""), True, "disconnected"),
    "resets": (resets, True, "no answer from"),
    "is no HTTP": (sends(b"\x00\x01garbage\r\n\r\n"), True, "illegal status line"),
    "ends in its head": (sends(b"HTTP/1.1 200 OK\r\ncontent-ty"), True, "disconnected"),
    "has a huge head": (sends(b"HTTP/1.1 200 OK\r\nx: " + b"a" * 999_999), True, "no answer from"),
    "is short": (sends(HEAD + b"content-length: 99\r\n\r\n{}"), True, "closed connection"),
    "has a bad length": (sends(HEAD + b"content-length: -5\r\n\r\n{}"), True, "Content-Length"),
    "has a bad chunk": (
        sends(HEAD + b"transfer-encoding: chunked\r\n\r\nZZ\r\n"),
        True,
        "illegal chunk",
    ),
    "is packed badly": (
        answers(b"{}", "200 OK", "application/json", "content-encoding: gzip"),
        False,
        "decompress",
    ),
    "is packed otherwise": (
        answers(b"{}", "200 OK", "application/json", "content-encoding: br"),
        False,
        "an encoding that was not asked for: br",
    ),
    "is a bomb": (
        answers(
            gzip.compress(b" " * 100_000_000, 1), "200 OK", "text/plain", "content-encoding: gzip"
        ),
        False,
        "has more than 32 MB",
    ),
    "never ends": (goes_on(HEAD + b"\r\n[", b"0," * 500_000), False, "has more than 32 MB"),
    "streams a line without end": (goes_on(SSE, b"data: " * 99_999), False, "more than 32 MB"),
    "is a page": (answers(b"<html></html>", "200 OK", "text/html"), False, "not of the form"),
    "is deep": (answers(DEEP), False, "not of the form"),
    "refuses deeply": (answers(DEEP, "400 Bad"), False, ""),
    "redirects": (answers(b"", "302 Found", "text/plain", "location: /"), False, "answered 302"),
    "says an error": (
        answers(b'{"error": {"type": "invalid_request_error", "code": 400, "message": "odd"}}'),
        False,
        "",
    ),
    "streams junk": (answers(b"data: {\n\n", "200 OK", "text/event-stream"), False, "not of the"),
    "streams depth": (answers(b"data: " + DEEP, "200 OK", "text/event-stream"), False, "not of"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_says_what_is_wrong_and_whether_to_try_again(case: str) -> None:
    behaviour, again, said = FAULTS[case]
    for name in NAMES:
        with servers.broken.serving(behaviour) as address:
            error = asyncio.run(fault_of(name, address, stream=case.startswith("streams ")))
        what = (name, error.message)
        assert said in error.message, what
        assert error.message.isprintable(), what
        assert error.retryable is again, what


@pytest.mark.parametrize(
    "header",
    [
        "retry-after: 1e308",
        "retry-after: Fri, 31 Dec 9999 23:59:59 -1400",
        "x-ratelimit-remaining-tokens: 0\r\nx-ratelimit-reset-tokens: 99999999999999999999h",
    ],
)
def test_no_delay_is_longer_than_a_year(header: str) -> None:
    refusing = answers(b"{}", "429 No", "application/json", header)
    for name in NAMES:
        with servers.broken.serving(refusing) as address:
            error = asyncio.run(fault_of(name, address, stream=False))
        assert error.retry_after is None or error.retry_after <= 366 * 86_400


async def fault_of(name: str, address: str, *, stream: bool) -> DriverError:
    driver: Any = open_driver(name, access(name, address))
    asked = request("Hello", model="m")
    try:
        async with asyncio.timeout(20):
            await (driver.stream(asked, lambda _: None) if stream else driver.generate(asked))
    except DriverError as error:
        return error
    finally:
        await driver.close()
    raise AssertionError(name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", SLOW)
def test_nothing_lasts_longer_than_its_timeout(case: str, name: str, tmp_path: Path) -> None:
    for stream in (False, True):
        with servers.broken.serving(SLOW[case]) as address:
            performance = perform(
                a_program(0.3),
                tmp_path,
                name,
                clock=RealClock(),
                environment=access(name, address),
                stream=stream,
            )
        assert performance.report.status == "failed"
        assert "no answer within 0.3 s (after 2 attempts)" in str(performance.report.message)
        sent = [each.time for each in performance.saw(RequestSent)]
        assert len(sent) == 2
        assert performance.events[-1].time - sent[0] < 5


@pytest.mark.parametrize("name", NAMES)
def test_a_run_fails_with_a_clear_word(name: str, tmp_path: Path) -> None:
    with servers.broken.serving(answers(b"<html></html>", "200 OK", "text/html")) as address:
        performance = perform(
            a_program(5.0), tmp_path, name, clock=RealClock(), environment=access(name, address)
        )
    assert performance.report.status == "failed"
    assert "is not of the form that its API promises" in str(performance.report.message)


def a_program(timeout: float) -> Any:
    settings = ModelSettings(model="some-model", max_tokens=50)
    retry = Retry(attempts=2, backoff=0.01, max_backoff=0.01)
    return program(narrative(act("a", "Hello", settings=settings, retry=retry, timeout=timeout)))


def access(name: str, address: str) -> dict[str, str]:
    return {f"{name.upper()}_API_KEY": "key-of-the-test", ADDRESSES[name]: address}


ODD: tuple[Any, ...] = (None, True, -1, 1.5, 10**30, "\ud800", [], {"a": None})


def spoilt(value: Any) -> Iterator[Any]:
    """A value with each of its parts, and itself, replaced by each odd one."""
    yield from ODD
    places: list[tuple[Any, Any]] = []
    if isinstance(value, dict | list):
        places = list(value.items() if isinstance(value, dict) else enumerate(value))
    for place, part in places:
        for changed in spoilt(part):
            made = copy.copy(value)
            made[place] = changed
            yield made


@pytest.mark.parametrize("name", NAMES)
def test_whatever_is_answered_is_an_answer_or_a_fault(name: str) -> None:
    module = getattr(servers, name)
    whole = json.loads(module.says("Good").body)
    refusal = json.loads(module.refuses(429, "some_word", "no").body)
    replies = [Reply(encoded(each)) for each in spoilt(whole)]
    replies += [Reply(encoded(each), status) for each in spoilt(refusal) for status in (200, 429)]
    with module.serving() as server:
        asyncio.run(ask_all(name, module, server, replies, stream=False))


@pytest.mark.parametrize("name", NAMES)
def test_whatever_is_streamed_is_an_answer_or_a_fault(name: str) -> None:
    module = getattr(servers, name)
    events = [each for each in module.streams("One ", "two.").body.split(b"\r\n\r\n") if each]
    replies = []
    for number, event in enumerate(events):
        head, mark, data = event.rpartition(b"data: ")
        for each in spoilt(json.loads(data)) if data != b"[DONE]" else ():
            changed = [*events[:number], head + mark + encoded(each), *events[number + 1 :]]
            kind = {"content-type": "text/event-stream"}
            replies.append(Reply(b"\r\n\r\n".join(changed) + b"\r\n\r\n", headers=kind))
    with module.serving() as server:
        asyncio.run(ask_all(name, module, server, replies, stream=True))


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


async def ask_all(
    name: str, module: Any, server: Any, replies: list[Reply], *, stream: bool
) -> None:
    environment = {f"{name.upper()}_API_KEY": module.KEY, ADDRESSES[name]: server.address}
    driver: Any = open_driver(name, environment)
    pieces: list[str] = []
    said: list[str] = []
    asked = request("Hello", model="m")
    answered = 0
    try:
        for reply in replies:
            server.answer(reply)
            try:
                asking = driver.stream(asked, pieces.append) if stream else driver.generate(asked)
                examine(await asking)
                answered += 1
            except DriverError as error:
                said.append(error.message)
    finally:
        await driver.close()
    assert all(isinstance(each, str) for each in pieces)
    assert all(each.isprintable() for each in said)
    assert 0 < answered < len(replies)


def examine(answer: ModelAnswer) -> None:
    assert isinstance(answer.text, str)
    assert isinstance(answer.model, str)
    if answer.usage is not None:
        for count in (answer.usage.input, answer.usage.output, answer.usage.thinking):
            assert type(count) is int
            assert 0 <= count < 10**10
