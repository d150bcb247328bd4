"""From a command and its arguments to one HTTP request, by the registry alone; nothing is sent."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from botticelli.compiler.semantics.commands import Command, Request
from botticelli.compiler.semantics.commands.kinds import Base64
from botticelli.runtime.platforms.protocol import PlatformError

NONCE_LENGTH = 25
"""The longest nonce that the API takes."""
NONCE_LIFE = 120.0
"""Seconds for which a nonce is certainly known; the documentation says "the past few minutes"."""
SIGNATURES = {b"GIF8": "image/gif", b"{": "application/json"}
"""How files begin whose type is not said; others are taken for PNG."""
MAJOR_PARAMETERS = ("channel_id", "guild_id", "webhook_id")


class File(Struct, frozen=True):
    """A file to upload."""

    name: str
    content: bytes
    mime: str


class Outgoing(Struct, frozen=True):
    """A request to send. ``route`` and ``major`` tell its rate limit; ``url`` is relative."""

    method: str
    url: str
    route: str
    major: str
    parameters: dict[str, Any]
    headers: dict[str, str]
    body: Any
    form: dict[str, str]
    files: dict[str, File]


def outgoing(command: Command, values: Mapping[str, Any], idempotency_key: str) -> Outgoing:
    """Make the request of a command from its checked arguments."""
    request = command.request_for(list(values))
    if request is None:
        raise PlatformError(f"discord.{command.name} lacks an argument of its address")
    for name in command.unfit(list(values)):
        raise PlatformError(f"discord.{command.name}: `{name}` does not go with the others")
    given = [each for each in command.arguments if each.name in values]
    form = [each for each in given if each.location == "form"]
    return Outgoing(
        method=request.method,
        url=_address(command, request, values),
        route=f"{request.method} {request.path}",
        major=_major(request, {each.sent_as: values[each.name] for each in given}),
        parameters={
            each.sent_as: _in_query(values[each.name]) for each in given if each.location == "query"
        },
        headers={
            each.sent_as: quote(values[each.name], safe=" ")
            for each in given
            if each.location == "header"
        },
        body=_body(command, request, values, idempotency_key),
        form={
            each.sent_as: values[each.name] for each in form if not isinstance(each.type, Base64)
        },
        files={
            each.sent_as: _file(command, each.name, values[each.name])
            for each in form
            if isinstance(each.type, Base64)
        },
    )


def _address(command: Command, request: Request, values: Mapping[str, Any]) -> str:
    """Fill the path. Each value stays one segment of it, whatever characters it holds."""
    path = request.path
    for argument in command.arguments:
        slot = f"{{{argument.sent_as}}}"
        if slot in path:
            text = str(values[argument.name])
            if text in ("", ".", ".."):
                raise PlatformError(f"discord.{command.name}: `{argument.name}` is no name")
            path = path.replace(slot, quote(text, safe=""))
    return path


def _major(request: Request, fields: Mapping[str, Any]) -> str:
    return next(
        (f"{name}={fields[name]}" for name in MAJOR_PARAMETERS if name in request.parameters), ""
    )


def _in_query(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return [_in_query(item) for item in value] if isinstance(value, list) else str(value)


def _body(
    command: Command, request: Request, values: Mapping[str, Any], idempotency_key: str
) -> Any:
    """Return the JSON body, or None for a request that has none."""
    body: dict[str, Any] = dict(command.fixed)
    for argument in command.arguments:
        if argument.location != "body" or argument.name not in values:
            continue
        if argument.sent_as == "*":
            return values[argument.name]
        _put(body, argument.sent_as.split("."), values[argument.name])
    if command.keyed:
        body |= {"nonce": idempotency_key[:NONCE_LENGTH], "enforce_nonce": True}
    takes_body = any(each.location == "body" for each in command.arguments)
    return body if body or takes_body or request.wants_body else None


def _file(command: Command, name: str, text: str) -> File:
    """Return the file that a text holds in base64; its type is told, or else shows."""
    mime, comma, content = text.partition(";base64,")
    if not comma:
        mime, content = "", text
    try:
        data = b64decode(content, validate=True)
    except ValueError:
        raise PlatformError(f"discord.{command.name}: `{name}` is no base64") from None
    mime = mime.removeprefix("data:") or next(
        (kind for start, kind in SIGNATURES.items() if data.startswith(start)), "image/png"
    )
    return File(f"{name}.{mime.rpartition('/')[2]}", data, mime)


def _put(body: dict[str, Any], keys: list[str], value: Any) -> None:
    """Set a value in nested objects, into an object beside what is already there."""
    for key in keys[:-1]:
        body = body.setdefault(key, {})
    if isinstance(value, dict) and isinstance(body.get(keys[-1]), dict):
        value = value | body[keys[-1]]
    body[keys[-1]] = value
