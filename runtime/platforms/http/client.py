"""The commands of the platform `http`: what they send, and what they make of an answer."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from botticelli.compiler.semantics.commands import find
from botticelli.runtime.platforms.arguments import checked_arguments
from botticelli.runtime.platforms.http.exchange import (
    Answer,
    Exchange,
    Outgoing,
    checked_headers,
)
from botticelli.runtime.platforms.http.guard import Guard
from botticelli.runtime.platforms.protocol import CommandTraits, Json, PlatformError

NAME = "http"
TOO_MANY = 429
_TEXTS = ("text/", "application/xml", "application/javascript", "application/x-www-form-urlencoded")


class HttpPlatform:
    """Performs `get` and `post`. `allow_private` names what may be reached beside public hosts."""

    def __init__(self, allow_private: Sequence[str] = ()) -> None:
        self._guard = Guard(allow_private)
        self._exchange: Exchange | None = None

    def traits(self, command: str) -> CommandTraits | None:
        known = find(NAME, command)
        return None if known is None else CommandTraits(writes=known.writes, keyed=known.keyed)

    async def perform(
        self, command: str, arguments: Mapping[str, Json], *, idempotency_key: str
    ) -> Json:
        del idempotency_key
        known = find(NAME, command)
        if known is None:
            raise PlatformError(f"{NAME} has no command `{command}`")
        values = checked_arguments(NAME, known, arguments)
        if self._exchange is None:
            self._exchange = Exchange(self._guard)
        outgoing = _outgoing(known.name, values, writes=known.writes)
        answer = await self._exchange.send(outgoing)
        _refuse(answer, known.name, writes=known.writes)
        headers: dict[str, Json] = dict(answer.headers)
        return {"status": answer.status, "headers": headers, "body": _body(answer, known.name)}

    async def close(self) -> None:
        if self._exchange is not None:
            await self._exchange.close()


def _outgoing(command: str, values: Mapping[str, Any], *, writes: bool) -> Outgoing:
    query, headers = values.get("query", {}), values.get("headers", {})
    for name, value in (("query", query), ("headers", headers)):
        if not isinstance(value, dict):
            raise PlatformError(f"{NAME}.{command}: `{name}` must be a record")
    if "json" in values and "body" in values:
        raise PlatformError(f"{NAME}.{command} takes `json` or `body`, not both")
    return Outgoing(
        method=command.upper(),
        url=values["url"],
        query={name: _in_query(value) for name, value in query.items()},
        headers=checked_headers(headers),
        json=values.get("json"),
        has_json="json" in values,
        body=values.get("body"),
        writes=writes,
    )


def _in_query(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return [_in_query(item) for item in value]
    return "" if value is None else str(value)


def _refuse(answer: Answer, command: str, *, writes: bool) -> None:
    """Raise PlatformError for an answer that is a failure."""
    from botticelli.runtime.drivers.faults import asked_delay

    status = answer.status
    if status < 400:
        return
    try:
        said = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        said = str(status)
    raise PlatformError(
        f"{NAME}.{command} was answered with {said}",
        retryable=status == TOO_MANY or status >= 500,
        retry_after=asked_delay(answer.headers),
        had_no_effect=not writes or status < 500,
        status=status,
    )


def _body(answer: Answer, command: str) -> Any:
    """Return JSON as values and text as text; other content cannot be told in words."""
    kind, _, parameters = answer.headers.get("content-type", "text/plain").partition(";")
    kind = kind.strip().lower()
    if not answer.content:
        return None
    if kind == "application/json" or kind.endswith("+json"):
        try:
            return msgspec.json.decode(answer.content)
        except (msgspec.DecodeError, RecursionError):
            return answer.content.decode("utf-8", "replace")
    if not kind.startswith(_TEXTS) and not kind.endswith("+xml"):
        raise PlatformError(f"{NAME}.{command} got {kind}, which is neither JSON nor text")
    charset = parameters.partition("charset=")[2].partition(";")[0].strip().strip("\"'") or "utf-8"
    try:
        return answer.content.decode(charset, "replace")
    except LookupError:
        return answer.content.decode("utf-8", "replace")
