"""Answers of servers, no larger than an answer can be.

A server that is broken, or not what it seems, may send without end, or a little that unpacks to
very much. What is read of an answer is counted as it is unpacked, whoever reads it.
"""

import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING

from botticelli.runtime.drivers.protocol import DriverError

if TYPE_CHECKING:
    import httpx

MOST_BYTES = 32_000_000
"""The largest answer that is read; the longest that a model gives has a twentieth of that."""

ACCEPTED = "gzip, deflate"
"""The encodings that are asked for (`Accept-Encoding`) and can be unpacked."""

_STEP = 1_000_000
_ANY_HEADER = 47  # zlib's or gzip's, whichever is there (zlib manual, inflateInit2)

Hook = Callable[["httpx.Response"], Awaitable[None]]


def bounding(label: str) -> Hook:
    """Return a hook for httpx that lets every answer of a client be read up to MOST_BYTES. Reading
    on raises DriverError, `label` names the server."""

    async def bound(response: "httpx.Response") -> None:
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise DriverError(f"{label} answered in an encoding that was not asked for: {encoding}")
        packed = encoding not in ("", "identity")
        if packed:
            del response.headers["content-encoding"]
        response.stream = _bounded(response, label, packed=packed)

    return bound


def _bounded(response: "httpx.Response", label: str, *, packed: bool) -> "httpx.AsyncByteStream":
    import httpx

    assert isinstance(response.stream, httpx.AsyncByteStream)
    inner: httpx.AsyncByteStream = response.stream

    class Bounded(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            unpack = _unpacker() if packed else _as_it_is
            left = MOST_BYTES
            async for piece in inner:
                for part in unpack(piece):
                    left -= len(part)
                    if left < 0:
                        limit = f"{MOST_BYTES // 1_000_000} MB"
                        raise DriverError(f"{label}'s answer has more than {limit}")
                    yield part

        async def aclose(self) -> None:
            await inner.aclose()

    return Bounded()


def _as_it_is(piece: bytes) -> Iterator[bytes]:
    yield piece


def _unpacker() -> Callable[[bytes], Iterator[bytes]]:
    """Return what unpacks one piece after the other, a step at a time. Raises httpx's
    DecodingError."""
    import httpx

    packed = zlib.decompressobj(_ANY_HEADER)

    def unpack(piece: bytes) -> Iterator[bytes]:
        try:
            yield packed.decompress(piece, _STEP)
            while packed.unconsumed_tail:
                yield packed.decompress(packed.unconsumed_tail, _STEP)
        except zlib.error as error:
            raise httpx.DecodingError(str(error)) from error

    return unpack
