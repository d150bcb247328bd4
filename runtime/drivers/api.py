"""An HTTP API that takes JSON and answers with JSON or with a stream of events.

One call is one request: nothing is retried or redirected here, and how long an answer may take is
the shell's to say.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from botticelli.runtime.drivers.bounded import ACCEPTED, bounding
from botticelli.runtime.drivers.faults import asked_delay, clean, misshapen, refused, unanswered
from botticelli.runtime.drivers.protocol import DriverError

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS = 30.0

_FINAL = frozenset({"insufficient_quota", "billing_error", "billing_not_active"})
"""Words of providers for 'no money': no delay mends that, though the status may be 429."""

_STATUSES = {
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "overloaded_error": 529,
    "api_error": 500,
    "server_error": 500,
    "timeout_error": 504,
}
"""The statuses that errors would have had which come when the status has been sent."""


DONE: dict[str, Any] = {}
"""Stands for the event `[DONE]`, by identity."""


class Api:
    """Connections to one API; `label` names it to people."""

    def __init__(
        self, label: str, address: str, headers: Mapping[str, str], key: str | None
    ) -> None:
        import httpx

        self.label = label
        self._key = key
        self._client = httpx.AsyncClient(
            base_url=address,
            headers={"accept": "application/json", "accept-encoding": ACCEPTED, **headers},
            event_hooks={"response": [bounding(label)]},
            timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
        )

    async def post(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Send a body and return the object that is answered. Raises DriverError."""
        async with self._sent(path, body, headers) as response:
            return self._object(await response.aread())

    async def events(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Send a body and yield the objects of the events that are answered; where the API says
        `[DONE]`, DONE is the last.

        Raises DriverError, also for an error that comes as an event. An answer that is no stream is
        yielded as if it were an event: some servers do not stream what they are asked to. Whoever
        may stop before the end closes the generator (`contextlib.aclosing`).
        """
        async with self._sent(path, body, headers) as response:
            if _is_whole(response.headers.get("content-type", "")):
                yield self._object(await response.aread())
                return
            async for data in _server_sent(response.aiter_bytes()):
                if data == b"[DONE]":
                    yield DONE
                    return
                yield self._object(data)

    async def close(self) -> None:
        await self._client.aclose()

    @asynccontextmanager
    async def _sent(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None
    ) -> AsyncIterator["httpx.Response"]:
        import httpx

        try:
            async with self._client.stream("POST", path, json=body, headers=headers) as response:
                if not response.is_success:
                    raise self._refusal(response, await response.aread())
                yield response
        except httpx.HTTPError as error:
            raise unanswered(self.label, error, self._key) from error

    def _object(self, data: bytes) -> dict[str, Any]:
        """Read an object. Raises DriverError, also for one that says what went wrong."""
        try:
            found = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise misshapen(self.label) from error
        if not isinstance(found, dict):
            raise misshapen(self.label)
        if found.get("error"):
            raise self._late_error(found)
        return found

    def _refusal(self, response: "httpx.Response", body: bytes) -> DriverError:
        said, word = _words(body)
        return refused(
            self.label,
            response.status_code,
            clean(said, self._key),
            retry_after=asked_delay(response.headers),
            final=word in _FINAL,
        )

    def _late_error(self, found: Mapping[str, Any]) -> DriverError:
        """Say what an error means that comes in the place of an answer or in the middle of one."""
        said, word = _said_by(found)
        error = refused(
            self.label,
            _STATUSES.get(word) or _status_in(found) or 400,
            clean(said, self._key),
            retry_after=None,
            final=word in _FINAL,
        )
        # The request had been accepted: something may have been used.
        error.refused = False
        return error


def _status_in(found: Mapping[str, Any]) -> int | None:
    """Return the status that an error gives as its code, as Gemini's and vLLM's do."""
    error = found["error"]
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) and 400 <= code < 600 else None


def _is_whole(kind: str) -> bool:
    """Tell from its type whether an answer comes as a whole, or as a page of a proxy."""
    return any(word in kind.lower() for word in ("json", "html", "xml"))


def _words(body: bytes) -> tuple[str, str]:
    """Return what a refusal says, and the provider's word for it."""
    try:
        return _said_by(json.loads(body))
    except (ValueError, RecursionError):
        # A page of a proxy, most likely.
        text = body.decode("utf-8", "replace")
        return ("" if "<" in text else text), ""


def _said_by(found: Any) -> tuple[str, str]:
    """Read the forms that OpenAI, Anthropic, Ollama, llama.cpp and vLLM give to an error."""
    error = found.get("error", found) if isinstance(found, dict) else found
    if not isinstance(error, dict):
        return (error, "") if isinstance(error, str) else ("", "")
    word = next((w for w in (error.get("code"), error.get("type")) if isinstance(w, str)), "")
    message = error.get("message") or error.get("detail") or ""
    said = message if isinstance(message, str) else json.dumps(message)
    return ": ".join(each for each in (word, said) if each), word


async def _server_sent(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the data of server-sent events (HTML standard, section 9.2).

    Lines end at line feeds only: what else Unicode counts as the end of a line may stand in JSON.
    """
    data: list[bytes] = []
    async for line in _lines(pieces):
        if line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))
        elif not line and data:
            event = b"\n".join(data).strip()
            data = []
            if event:
                yield event
    if data:
        yield b"\n".join(data).strip()


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    begun: list[bytes] = []
    async for piece in pieces:
        *ended, rest = piece.split(b"\n")
        for end in ended:
            yield b"".join((*begun, end)).removesuffix(b"\r")
            begun = []
        begun.append(rest)
    if any(begun):
        yield b"".join(begun)
