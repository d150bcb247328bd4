"""What a driver is to the runtime: something that asks a model once.

A driver is found through the entry-point group `botticelli.drivers`; each entry names a
``DriverPlugin``. Limits, retries, time-outs and events are the shell's business: a driver sends
one request for one call and says truthfully what came of it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from msgspec import Struct

from botticelli.compiler.ir.program import ModelSettings
from botticelli.compiler.semantics.configuration import DriverConfiguration
from botticelli.compiler.semantics.media_tokens import Medium, pixels_of
from botticelli.compiler.semantics.providers import ModelFacts, Providers

USER = "user"
ASSISTANT = "assistant"


class PartNode(Struct, frozen=True, tag_field="part"):
    """What all parts of a message share. A `blank` one says nothing to a model."""

    @property
    def blank(self) -> bool:
        return False


class TextPart(PartNode, frozen=True, tag="text"):
    text: str

    @property
    def blank(self) -> bool:
        return not self.text.strip()


class HeldMedia(Struct, frozen=True, kw_only=True):
    """Bytes that the shell holds: their digest (SHA-256, hexadecimal), where they came from, a
    `file` or a `url`, how many are read from there at most, and an image's width and height."""

    digest: str
    size: int
    limit: int
    pixels: tuple[int, int] | None = None
    file: str | None = None
    url: str | None = None


class MediaPart(PartNode, frozen=True, tag="media", kw_only=True):
    """An image, sound, film or document: exactly one of its bytes (`data`) and a `url` that the
    provider is to fetch; before the shell completes a request also what is `held`. `kind` is
    `image`, `audio`, `video` or `document`."""

    kind: str
    mime: str
    data: bytes | None = None
    url: str | None = None
    held: HeldMedia | None = None
    filename: str | None = None

    @property
    def size(self) -> int | None:
        """The number of bytes, None where the provider is to fetch them."""
        if self.held is not None:
            return self.held.size
        return None if self.data is None else len(self.data)

    @property
    def medium(self) -> Medium:
        """What is known of it, by which its tokens are counted."""
        pixels = None if self.held is None else self.held.pixels
        if pixels is None and self.data is not None and self.kind == "image":
            pixels = pixels_of(self.data)
        return Medium(kind=self.kind, size=self.size, pixels=pixels, mime=self.mime)


Part = TextPart | MediaPart


class Message(Struct, frozen=True):
    """One turn of a conversation; `role` is USER or ASSISTANT."""

    role: str
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The texts of the message, each on its own lines."""
        return "\n".join(part.text for part in self.parts if isinstance(part, TextPart))


class ModelRequest(Struct, frozen=True, kw_only=True):
    """One request: the system instruction, the conversation so far, and the settings.

    `output_schema` is the JSON Schema that the answer is to follow, for drivers with structured
    output: the text of the answer is then JSON of that form, whatever the provider makes of it on
    the way. It is not checked here.
    """

    model: str
    messages: tuple[Message, ...]
    system: str | None = None
    settings: ModelSettings = ModelSettings()
    output_schema: dict[str, Any] | None = None


class TokenUsage(Struct, frozen=True):
    """What a provider reports; `output` includes `thinking`."""

    input: int
    output: int
    thinking: int = 0


STOP = "stop"
LENGTH = "length"
BLOCKED = "blocked"


class ModelAnswer(Struct, frozen=True, kw_only=True):
    """What a model said. `finish` is STOP, LENGTH (cut at its limit) or BLOCKED.

    `detail` is the provider's word for why, where it gave one. `usage` is None when the provider
    did not report any. `simulated` marks an answer that no model gave.
    """

    text: str
    finish: str
    model: str
    usage: TokenUsage | None
    detail: str | None = None
    simulated: bool = False


class DriverError(Exception):
    """A request failed. The message says what the provider said, and never holds the key.

    `retryable`: a connection error, a time-out, a 429 or a 5xx. `retry_after`: seconds that the
    provider asked to wait. `reached`: the provider may have counted the request. `refused`: the
    provider refused it before any token was used.
    """

    def __init__(
        self,
        message: str,
        *,
        retryable: bool = False,
        retry_after: float | None = None,
        reached: bool = True,
        refused: bool = False,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retryable = retryable
        self.retry_after = retry_after
        self.reached = reached
        self.refused = refused
        self.status = status


class Capabilities(Struct, frozen=True, kw_only=True):
    """What a driver can take. `media` are kinds of input beside text, `linked_media` those that
    the provider fetches by itself when it is given a URL. `uploads`: what is too large for a
    request is uploaded."""

    media: frozenset[str] = frozenset()
    linked_media: frozenset[str] = frozenset()
    uploads: bool = False
    structured_output: bool = False
    streaming: bool = False
    count_tokens: bool = False


class Driver(Protocol):
    """An open driver; used within one event loop, by several acts at a time.

    `account` names whose limits are used, without giving the key away; None when the limits are
    nobody's and need not be remembered between runs. `simulated` says that no model is asked.
    """

    name: str
    provider: str
    account: str | None
    default_model: str
    capabilities: Capabilities
    simulated: bool

    def rate_limits(self, model: str) -> ModelFacts:
        """Return the limits, prices and sizes that hold for a model."""
        ...

    async def generate(self, request: ModelRequest) -> ModelAnswer:
        """Ask once. Raises DriverError."""
        ...

    async def close(self) -> None:
        """Release connections; nothing is asked afterwards."""
        ...


@runtime_checkable
class StreamingDriver(Protocol):
    """What a driver with `capabilities.streaming` offers beside `generate`."""

    async def stream(self, request: ModelRequest, on_text: Callable[[str], None]) -> ModelAnswer:
        """Ask once, and hand over the text piece by piece while it comes.

        The pieces are for showing: what counts is the answer that is returned, whose text may
        differ (a wrapped list, for one). Raises DriverError, also after some pieces.
        """
        ...


@runtime_checkable
class CountingDriver(Protocol):
    """What a driver with `capabilities.count_tokens` offers beside `generate`."""

    async def count_tokens(self, request: ModelRequest) -> int:
        """Ask the provider how many input tokens a request has. Raises DriverError."""
        ...


class DriverSettings(Struct, frozen=True, kw_only=True):
    """What a driver is opened with.

    `environment` holds the process's variables, `tier` what was asked for on the command line,
    `options` what stood behind the driver's name (`simulate:delay=1`). `own_limits` is the
    provider data without the bundled part, for servers that are not the provider's. `project` is
    the folder that paths are relative to; `drivers` the configuration of all drivers, for one that
    stands around another.
    """

    configuration: DriverConfiguration
    environment: Mapping[str, str]
    providers: Providers
    tier: str | None = None
    options: Mapping[str, str] = {}
    own_limits: Providers
    project: str
    drivers: Mapping[str, DriverConfiguration] = {}


class DriverPlugin(Protocol):
    """What an entry point of `botticelli.drivers` names: a module or an object.

    Importing it must be cheap: clients are imported in `open_driver`.
    """

    def open_driver(self, settings: DriverSettings) -> Driver:
        """Return the driver, ready to ask; called inside the running event loop. Nothing is sent.

        Raises SetupError, and UnknownTierError for a tier that the provider has not.
        """
        ...
