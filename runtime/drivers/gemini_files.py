"""Media that are too large for a request, put where Gemini finds them.

Each is uploaded once, however often the conversation repeats it, and deleted when the driver is
closed; Google keeps it for two days, after which a long run uploads it anew.
"""

import asyncio
import time
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from botticelli.runtime.drivers.protocol import DriverError, MediaPart, Message, ModelRequest

if TYPE_CHECKING:
    from google.genai.client import AsyncClient

INLINE_BYTES = 14_000_000
"""A request may have 20 MB, in which media stand in base64."""

LARGE_BYTES = 1_000_000
"""What is smaller than this is sent along even then."""

POLL_SECONDS = 1.0
"""Between looks at whether a file has been made ready."""

LIFE_SECONDS = 46 * 3600.0
"""After this a file is uploaded anew, before Google deletes it."""

DELETE_SECONDS = 10.0
"""How long the end of a run waits for files to be deleted."""


class _Ready(Struct, frozen=True):
    """A file that can be used, and since when it is there (seconds of a monotonic clock)."""

    uri: str
    since: float


class Uploads:
    """The files that one driver has put at Google's."""

    def __init__(self, client: "AsyncClient", *, inline_bytes: int = INLINE_BYTES) -> None:
        self._client = client
        self._inline_bytes = inline_bytes
        self._ready: dict[str, _Ready] = {}
        self._names: list[str] = []
        self._lock = asyncio.Lock()

    async def placed(self, request: ModelRequest) -> ModelRequest:
        """Return the request with links in place of large media, if it is too large as it is.
        Raises what the client raises, and DriverError for a file that Google cannot use."""
        media = [
            part
            for message in request.messages
            for part in message.parts
            if isinstance(part, MediaPart)
        ]
        if sum(len(part.data or b"") for part in media) <= self._inline_bytes:
            return request
        return replace(
            request, messages=tuple([await self._message(each) for each in request.messages])
        )

    async def close(self) -> None:
        """Delete what was uploaded, as far as that is possible in DELETE_SECONDS."""
        from contextlib import suppress

        with suppress(TimeoutError):
            async with asyncio.timeout(DELETE_SECONDS):
                for name in self._names:
                    with suppress(Exception):
                        await self._client.files.delete(name=name)

    async def _message(self, message: Message) -> Message:
        parts = [
            await self._link(part, part.data)
            if isinstance(part, MediaPart) and len(part.data or b"") >= LARGE_BYTES and part.data
            else part
            for part in message.parts
        ]
        return replace(message, parts=tuple(parts))

    async def _link(self, part: MediaPart, data: bytes) -> MediaPart:
        digest = f"{sha256(data).hexdigest()} {part.mime}"
        async with self._lock:
            ready = self._ready.get(digest)
            if ready is None or time.monotonic() - ready.since > LIFE_SECONDS:
                since = time.monotonic()
                ready = _Ready(await self._upload(part, data), since)
                self._ready[digest] = ready
        return replace(part, data=None, url=ready.uri)

    async def _upload(self, part: MediaPart, data: bytes) -> str:
        """Put a file there, wait until it can be used, and return its address."""
        from google.genai import types

        file = await self._client.files.upload(
            file=BytesIO(data),
            config=types.UploadFileConfig(mime_type=part.mime, display_name=part.filename),
        )
        name = file.name or ""
        self._names.append(name)
        while file.state == types.FileState.PROCESSING:
            await asyncio.sleep(POLL_SECONDS)
            file = await self._client.files.get(name=name)
        if file.state != types.FileState.ACTIVE or not file.uri:
            raise DriverError(f"Gemini cannot use the {part.kind} of type {part.mime}")
        return file.uri
