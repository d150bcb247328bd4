"""Reading media: files of the project, and addresses that the provider does not fetch itself.

What was read is held here under its digest, and put into a request when that is sent. The journal
keeps the digest alone; after an interruption the source is read again, and must be what it was.
"""

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urlsplit

from msgspec.structs import replace

from botticelli.compiler.semantics.configuration import MediaConfiguration
from botticelli.compiler.semantics.media import inline_limit, mime_of, sniffed
from botticelli.compiler.semantics.media_tokens import pixels_of
from botticelli.compiler.semantics.policies import leads_within
from botticelli.runtime.drivers.protocol import (
    Capabilities,
    HeldMedia,
    MediaPart,
    Message,
    ModelRequest,
    Part,
)
from botticelli.runtime.effects import Failure, MediaFound, ReadMedia
from botticelli.runtime.platforms.http.exchange import Exchange, Outgoing, parse_url
from botticelli.runtime.platforms.http.guard import Guard
from botticelli.runtime.platforms.protocol import PlatformError

MAX_BYTES = 20_000_000
"""The largest medium for a model whose own limit is not known."""

MAX_UPLOAD_BYTES = 200_000_000
"""The largest medium where the driver uploads what is large."""

HELD_BYTES = 256_000_000
"""How much is held at a time; what was not used for longest is read again when it is needed."""

FETCH_SECONDS = 60.0


class MediaError(Exception):
    """A medium cannot be read. The message does not hold its path, which may come of an answer."""


class MediaReader:
    """Performs `ReadMedia` effects, and completes requests with what was read.

    Files are read within `project` unless the configuration lets them be elsewhere; of addresses
    that are not public, those in `allow_private` are fetched.
    """

    def __init__(
        self,
        project: Path,
        configuration: MediaConfiguration,
        capabilities: Capabilities,
        allow_private: Sequence[str] = (),
    ) -> None:
        self._project = project.resolve()
        self._configuration = configuration
        self._capabilities = capabilities
        self._guard = Guard(allow_private)
        self._exchange: Exchange | None = None
        self._held: dict[str, bytes] = {}

    async def read(self, effect: ReadMedia) -> MediaFound | Failure:
        """Perform the effect; every expected failure is a result."""
        try:
            if effect.url is not None:
                return MediaFound(await self._linked(effect, effect.url))
            assert effect.file is not None
            path = self._path(effect.folder, effect.file)
            held = HeldMedia(digest="", size=0, limit=self._limit(effect.model), file=str(path))
            data, _ = await self._load(held)
            name = effect.filename or path.name
            mime = effect.mime or mime_of(effect.filename or effect.file) or sniffed(data)
            return MediaFound(self._hold(effect, mime, name, held, data))
        except MediaError as error:
            return Failure(f"its {effect.kind} cannot be read: {error}")

    def fault(self, folder: str, file: str, model: str) -> str | None:
        """Say why a file cannot be read as it is now, or None."""
        try:
            path = self._path(folder, file)
            _check_file(path, self._limit(model))
        except MediaError as error:
            return f"{file}: {error}"
        except OSError as error:
            return f"{file}: it cannot be opened ({error.strerror})"
        return None

    async def complete(self, request: ModelRequest) -> ModelRequest:
        """Return a request with the bytes of its media. Raises MediaError."""
        messages = [await self._completed(message) for message in request.messages]
        return replace(request, messages=tuple(messages))

    async def close(self) -> None:
        if self._exchange is not None:
            await self._exchange.close()

    async def _linked(self, effect: ReadMedia, url: str) -> MediaPart:
        """Pass an address on to a provider that fetches it, else fetch it."""
        for rules in effect.security:
            if rules.content is not None and not leads_within(url, rules.content):
                raise MediaError("its address does not lead to a host of allowed_domains")
        try:
            parse_url(url)
        except PlatformError as error:
            raise MediaError(error.message) from error
        name = unquote(urlsplit(url).path.rpartition("/")[2])
        mime = effect.mime or mime_of(effect.filename or name)
        if effect.kind in self._capabilities.linked_media and mime is not None:
            return MediaPart(kind=effect.kind, mime=mime, url=url, filename=effect.filename)
        held = HeldMedia(digest="", size=0, limit=self._limit(effect.model), url=url)
        data, told = await self._load(held)
        return self._hold(
            effect, mime or told or sniffed(data), effect.filename or name, held, data
        )

    def _hold(
        self, effect: ReadMedia, mime: str | None, name: str, held: HeldMedia, data: bytes
    ) -> MediaPart:
        """Hold what was read and return the part that stands for it."""
        if mime is None:
            raise MediaError("nothing tells its type; add `mime`")
        pixels = pixels_of(data) if effect.kind == "image" else None
        digest = sha256(data).hexdigest()
        held = replace(held, digest=digest, size=len(data), pixels=pixels)
        self._keep(held.digest, data)
        return MediaPart(kind=effect.kind, mime=mime, held=held, filename=name or None)

    def _keep(self, digest: str, data: bytes) -> None:
        self._held.pop(digest, None)
        self._held[digest] = data
        while sum(map(len, self._held.values())) > HELD_BYTES and len(self._held) > 1:
            del self._held[next(iter(self._held))]

    async def _completed(self, message: Message) -> Message:
        parts = [await self._with_bytes(part) for part in message.parts]
        return replace(message, parts=tuple(parts))

    async def _with_bytes(self, part: Part) -> Part:
        if not isinstance(part, MediaPart) or part.held is None:
            return part
        held = part.held
        data = self._held.get(held.digest)
        if data is None:
            data, _ = await self._load(held)
            if sha256(data).hexdigest() != held.digest:
                raise MediaError("it has changed since it was read")
        self._keep(held.digest, data)
        return replace(part, data=data, held=None)

    async def _load(self, held: HeldMedia) -> tuple[bytes, str | None]:
        """Return the bytes of a source, and the type that its server tells."""
        if held.file is not None:
            return await asyncio.to_thread(_read, Path(held.file), held.limit), None
        assert held.url is not None
        return await self._fetch(held.url, held.limit)

    async def _fetch(self, url: str, limit: int) -> tuple[bytes, str | None]:
        if self._exchange is None:
            self._exchange = Exchange(self._guard)
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                answer = await self._exchange.send(Outgoing(method="GET", url=url), limit)
        except TimeoutError:
            raise MediaError(f"no answer within {FETCH_SECONDS:g} s") from None
        except PlatformError as error:
            raise MediaError(error.message) from error
        if answer.status != 200 or not answer.content:
            raise MediaError(
                f"it was answered with {answer.status} and {len(answer.content)} bytes"
            )
        told = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        return answer.content, told or None

    def _limit(self, model: str) -> int:
        if self._configuration.max_bytes is not None:
            return self._configuration.max_bytes
        return MAX_UPLOAD_BYTES if self._capabilities.uploads else inline_limit(model) or MAX_BYTES

    def _path(self, folder: str, file: str) -> Path:
        """Return where a file is, links followed. Raises MediaError for one outside the project."""
        try:
            path = (self._project / folder / file).resolve()
        except (OSError, ValueError, RuntimeError) as error:
            raise MediaError("its path is none") from error
        if not (self._configuration.outside_project or path.is_relative_to(self._project)):
            raise MediaError(
                "its path is outside the project; `[media] outside_project = true` in "
                "botticelli.toml allows that"
            )
        return path


def _read(path: Path, limit: int) -> bytes:
    """Read a file whole. Raises MediaError."""
    try:
        _check_file(path, limit)
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise MediaError(f"it cannot be opened ({error.strerror})") from error
    if not data or len(data) > limit:
        raise MediaError(f"it is {'empty' if not data else 'growing'}")
    return data


def _check_file(path: Path, limit: int) -> None:
    """Raises MediaError for what is no file that can be taken, OSError."""
    if not path.is_file():
        raise MediaError(f"it is {'no file' if path.exists() else 'not there'}")
    size = path.stat().st_size
    if size > limit:
        raise MediaError(f"it has {size:,} bytes, and at most {limit:,} are taken")
