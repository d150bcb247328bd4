"""One request and its answer, within limits: of size, of time, and of where it may lead.

There are no cookies, no proxies and no connections that are kept: a connection to an address that
was judged for one host must not serve another at the same address, which its certificate does not
name.
"""

import asyncio
from collections.abc import Mapping
from ssl import SSLCertVerificationError
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msgspec import Struct

from botticelli.runtime.platforms.http.guard import Guard
from botticelli.runtime.platforms.protocol import PlatformError

if TYPE_CHECKING:
    import httpx

MAX_BYTES = 10_000_000
MAX_REDIRECTS = 5
SECONDS_TO_CONNECT = 10.0
SECONDS_TO_ANSWER = 60.0
REDIRECTS = (301, 302, 303, 307, 308)
_PORTS = {"http": 80, "https": 443}
_OWN = ("host", "content-length", "transfer-encoding", "connection", "upgrade")
"""Headers that say how the request is sent, and are not the author's."""


class Outgoing(Struct, frozen=True, kw_only=True):
    """A request. `json` is a body to be encoded, if `has_json`, `body` one that is sent as it
    is. `writes`: it is sent once, and redirects are not followed."""

    method: str
    url: str
    query: Mapping[str, Any] = {}
    headers: Mapping[str, str] = {}
    json: Any = None
    has_json: bool = False
    body: str | None = None
    writes: bool = False


class Answer(Struct, frozen=True):
    """What came: names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    content: bytes


class Exchange:
    """Sends requests to where a guard lets it."""

    def __init__(self, guard: Guard) -> None:
        import httpx

        self._guard = guard
        self._transport = httpx.AsyncHTTPTransport(
            verify=httpx.create_ssl_context(), limits=httpx.Limits(max_keepalive_connections=0)
        )

    async def close(self) -> None:
        await self._transport.aclose()

    async def send(self, outgoing: Outgoing, max_bytes: int = MAX_BYTES) -> Answer:
        """Send a request and return the answer, after redirects within its host. Raises
        PlatformError; messages name the host alone, since the rest may hold secrets."""
        url = parse_url(outgoing.url, outgoing.query)
        try:
            async with asyncio.timeout(SECONDS_TO_ANSWER):
                return await self._follow(outgoing, url, max_bytes)
        except TimeoutError:
            message = f"{url.host} has not answered in full within {SECONDS_TO_ANSWER:g} s"
            raise PlatformError(
                message, retryable=True, had_no_effect=not outgoing.writes
            ) from None

    async def _follow(self, outgoing: Outgoing, url: "httpx.URL", max_bytes: int) -> Answer:
        import httpx

        for _ in range(MAX_REDIRECTS + 1):
            try:
                answer = await self._exchange(outgoing, url, max_bytes)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                raise _unconnected(url.host, error) from None
            except httpx.HTTPError as error:
                message = f"the connection to {url.host} broke ({_reason(error)})"
                raise PlatformError(
                    message, retryable=True, had_no_effect=not outgoing.writes
                ) from None
            if outgoing.writes or answer.status not in REDIRECTS:
                return answer
            url = _redirected(url, answer.headers.get("location", ""))
        raise PlatformError(f"{url.host} redirects more than {MAX_REDIRECTS} times")

    async def _exchange(self, outgoing: Outgoing, url: "httpx.URL", max_bytes: int) -> Answer:
        import httpx

        address = await self._guard.resolve(url.host, url.port or _PORTS[url.scheme])
        timeout = httpx.Timeout(SECONDS_TO_ANSWER, connect=SECONDS_TO_CONNECT)
        request = httpx.Request(
            outgoing.method,
            url.copy_with(host=address),
            headers={
                "accept": "*/*",
                "accept-encoding": "gzip, deflate",
                "user-agent": "botticelli/1",
                **outgoing.headers,
                "host": url.netloc.decode("ascii"),
                "connection": "close",
            },
            json=outgoing.json if outgoing.has_json else None,
            content=_content(outgoing),
            extensions={"sni_hostname": url.raw_host.decode("ascii"), "timeout": timeout.as_dict()},
        )
        response = await self._transport.handle_async_request(request)
        try:
            content = bytearray()
            async for piece in response.aiter_bytes():
                content += piece
                if len(content) > max_bytes:
                    raise PlatformError(
                        f"the answer of {url.host} is over {max_bytes:,} bytes",
                        had_no_effect=not outgoing.writes,
                    )
        finally:
            await response.aclose()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, bytes(content))


def _content(outgoing: Outgoing) -> bytes | None:
    return None if outgoing.body is None else outgoing.body.encode("utf-8", "surrogatepass")


def _unconnected(host: str, error: Exception) -> PlatformError:
    """Say why there is no connection; a certificate that is wrong will be so again."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    if cause is not None:
        return PlatformError(f"{host} is not to be trusted: {cause.verify_message}")
    return PlatformError(f"no connection to {host} ({_reason(error)})", retryable=True)


def _reason(error: Exception) -> str:
    return type(error).__name__


def parse_url(text: str, query: Mapping[str, Any] | None = None) -> "httpx.URL":
    """Return a URL with a query added. Raises PlatformError for what is none, or hides its host:
    the one that policies saw must be the one that is connected to."""
    import httpx

    text = text.strip()
    try:
        url = httpx.URL(text)
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except (httpx.InvalidURL, ValueError, UnicodeError):
        raise PlatformError("the address is no URL") from None
    if url.scheme not in _PORTS or not url.host or port == 0:
        raise PlatformError("the address must be of the form https://HOST[:PORT]/PATH")
    if url.userinfo or "\\" in text or not text.isprintable() or " " in text:
        raise PlatformError("the address holds a name with a password, or what no address holds")
    if host is None or httpx.URL(scheme="http", host=host).host != url.host:
        raise PlatformError("the address can be read in two ways")
    return url.copy_merge_params(dict(query)) if query else url


def checked_headers(headers: Mapping[str, Any]) -> dict[str, str]:
    """Return headers as they are sent. Raises PlatformError."""
    checked = {}
    for name, value in headers.items():
        if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum():
            raise PlatformError("a header has a name that no header has")
        if name.lower() in _OWN:
            raise PlatformError(f"the header {name} cannot be set")
        text = str(value)
        if not isinstance(value, str | int | float) or not text.isascii() or not text.isprintable():
            raise PlatformError(f"the header {name} must be a line of plain characters")
        checked[name.lower()] = text
    return checked


def _redirected(url: "httpx.URL", location: str) -> "httpx.URL":
    """Return where a redirect leads: within the host, and not from https to http."""
    import httpx

    try:
        target = parse_url(str(url.join(location)))
    except (httpx.InvalidURL, ValueError):
        raise PlatformError(f"{url.host} redirects to what is no address") from None
    ports = [each.port or _PORTS[each.scheme] for each in (url, target)]
    upgraded = (url.scheme, target.scheme) == ("http", "https") and ports == [80, 443]
    same = url.scheme == target.scheme and ports[0] == ports[1]
    if target.host != url.host or not (same or upgraded):
        message = f"{url.host} redirects to another host; redirects are followed within one"
        raise PlatformError(message)
    return target
