"""The client of Discord's REST API: sends requests within the rate limits and reads the answers."""

from collections.abc import Mapping
from functools import cache
from logging import WARNING, getLogger
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec

from botticelli.compiler.ir.types import List, Null, Record, Type
from botticelli.compiler.semantics.commands import Command, find, nearest
from botticelli.runtime.platforms.arguments import checked_arguments
from botticelli.runtime.platforms.discord.composed import compose
from botticelli.runtime.platforms.discord.failures import misshapen, refusal
from botticelli.runtime.platforms.discord.limits import RateLimits
from botticelli.runtime.platforms.discord.requests import (
    NONCE_LIFE,
    Outgoing,
    outgoing,
)
from botticelli.runtime.platforms.protocol import CommandTraits, Json, PlatformError

if TYPE_CHECKING:
    from ssl import SSLContext

ADDRESS: Final = "https://discord.com"
VERSION_PATH: Final = "/api/v10"
MAX_ANSWER_BYTES: Final = 16_000_000
SECONDS_TO_CONNECT: Final = 10.0
SECONDS_TO_ANSWER: Final = 60.0
TOO_MANY: Final = 429


class DiscordPlatform:
    """An open connection to Discord as one bot."""

    def __init__(self, *, token: str, token_variable: str, base_url: str | None = None) -> None:
        """`token` is the bot's, with or without `Bot ` before it; it is kept out of every message.

        `base_url` may end at host and port, or with `/api` or `/api/v10`. Raises PlatformError
        when either cannot be used.
        """
        import httpx

        self._token = token.strip().removeprefix("Bot ").strip()
        if not self._token or not self._token.isascii() or not self._token.isprintable():
            raise PlatformError(f"set {token_variable} to the token of the Discord bot")
        for name in ("httpx", "httpcore"):  # they log addresses and headers, tokens included
            getLogger(name).setLevel(WARNING)
        self._limits = RateLimits()
        self._client = httpx.AsyncClient(
            base_url=api_address(base_url),
            headers={
                "Authorization": f"Bot {self._token}",
                "User-Agent": "DiscordBot (botticelli, 1)",
            },
            timeout=httpx.Timeout(SECONDS_TO_ANSWER, connect=SECONDS_TO_CONNECT),
            follow_redirects=False,
            verify=_trusted(),
        )

    def traits(self, command: str) -> CommandTraits | None:
        known = find("discord", command)
        if known is None:
            return None
        life = NONCE_LIFE if known.keyed else None
        return CommandTraits(writes=known.writes, keyed=known.keyed, key_life=life)

    async def perform(
        self, command: str, arguments: Mapping[str, Json], *, idempotency_key: str
    ) -> Json:
        known = find("discord", command)
        if known is None:
            meant = nearest("discord", command)
            hint = f"; did you mean `{meant}`?" if meant else ""
            raise PlatformError(f"discord has no command `{command}`{hint}")
        values = checked_arguments("discord", known, arguments)
        result: Json
        if known.requests:
            result = await self.send(known, values, idempotency_key)
        else:
            result = await compose(self, known, values)
        return result

    async def close(self) -> None:
        await self._client.aclose()

    async def send(
        self, command: Command, values: Mapping[str, Any], idempotency_key: str = ""
    ) -> Any:
        """Send the one request of a command and return its answer in the registry's form.

        `values` are checked arguments. Raises PlatformError.
        """
        request = outgoing(command, values, idempotency_key)
        try:
            async with self._limits.turn(request.route, request.major) as bucket:
                status, headers, content = await self._exchange(command, request)
                shared = self._limits.learn(bucket, request.route, request.major, headers)
                failure = refusal(command, status, headers, content)
                if failure is not None and failure.status == TOO_MANY:
                    everywhere = headers.get("X-RateLimit-Scope") == "global" or (
                        headers.get("X-RateLimit-Global", "").casefold() == "true"
                    )
                    self._limits.refused(shared, failure.retry_after or 0, everywhere=everywhere)
            if failure is not None:
                raise failure
            return _result(command, content)
        except PlatformError as error:
            error.message = error.message.replace(self._token, "***")
            error.args = (error.message,)
            raise

    async def _exchange(
        self, command: Command, request: Outgoing
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send a request and read the answer, which may be of MAX_ANSWER_BYTES at most."""
        import httpx

        try:
            async with self._client.stream(
                request.method,
                request.url,
                params=request.parameters,
                headers=request.headers,
                json=request.body,
                data=request.form or None,
                files={
                    name: (file.name, file.content, file.mime)
                    for name, file in request.files.items()
                },
            ) as answer:
                content = bytearray()
                async for piece in answer.aiter_bytes():
                    content += piece
                    if len(content) > MAX_ANSWER_BYTES:
                        raise PlatformError(
                            f"the answer to discord.{command.name} is too large",
                            had_no_effect=not command.writes,
                        )
                return answer.status_code, answer.headers, bytes(content)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise PlatformError(
                f"no connection to Discord for discord.{command.name} ({type(error).__name__})",
                retryable=True,
            ) from None
        except httpx.HTTPError as error:
            raise PlatformError(
                f"the connection to Discord broke during discord.{command.name} "
                f"({type(error).__name__})",
                retryable=True,
                had_no_effect=not command.writes,
            ) from None


@cache
def _trusted() -> "SSLContext":
    """Return whom to trust; reading the authorities takes some 20 ms, so it is done once."""
    import httpx

    return httpx.create_ssl_context()


def api_address(base_url: str | None) -> str:
    """Return the address of the API, to which paths are appended.

    Raises PlatformError for what is no HTTP address.
    """
    address = (base_url or ADDRESS).strip().rstrip("/")
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query
        _ = parts.port
    except ValueError:
        usable = False
    if not usable:
        raise PlatformError("Discord's base URL must be of the form https://HOST[:PORT][/api/v10]")
    if parts.path in ("", "/api"):
        return address.removesuffix("/api") + VERSION_PATH
    return address


def _result(command: Command, content: bytes) -> Any:
    """Return an answer as JSON values: lists for lists, without what is withheld."""
    if isinstance(command.result, Null):
        return None
    try:
        result = msgspec.json.decode(content) if content.strip() else None
    except (msgspec.DecodeError, RecursionError):
        raise PlatformError(
            f"the answer to discord.{command.name} is no JSON", had_no_effect=not command.writes
        ) from None
    if result is None and isinstance(command.result, List):
        return []
    if content.strip() and not _is_of(command.result, result):
        expected = "a list of objects" if isinstance(command.result, List) else "an object"
        raise misshapen(command, f"it is not {expected}", had_no_effect=not command.writes)
    for record in result if isinstance(result, list) else [result]:
        if isinstance(record, dict):
            for field in command.withheld:
                record.pop(field, None)
    return result


def _is_of(type_: Type, value: Any) -> bool:
    """Whether a value is a list or a record as its type is; fields are judged where they are read.

    The API leaves out and adds fields of records as it goes on, which is no fault of an answer.
    """
    if isinstance(type_, List):
        return isinstance(value, list) and all(_is_of(type_.item, item) for item in value)
    return isinstance(value, dict) or not isinstance(type_, Record)
