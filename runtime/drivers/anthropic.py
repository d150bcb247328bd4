"""Anthropic's Messages API over HTTP.

Version 2026-10-21 of the API refuses `temperature` and `top_p`, even at their defaults; a request
that sets one is therefore sent under 2023-06-01, which takes them, and every other one under the
newest. Whether the model takes them is another matter, and the API's to say.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import aclosing
from hashlib import sha256
from typing import Any

from botticelli.compiler.semantics.providers import DEFAULT_MODELS, ModelFacts
from botticelli.runtime.drivers.access import find_address, find_key, key_variables
from botticelli.runtime.drivers.anthropic_form import (
    ANSWER_TOOL,
    forced_tool,
    output_format,
    takes_output_format,
    thinking,
)
from botticelli.runtime.drivers.api import DONE, Api
from botticelli.runtime.drivers.faults import misshapen, unsupported
from botticelli.runtime.drivers.protocol import (
    BLOCKED,
    LENGTH,
    STOP,
    Capabilities,
    DriverError,
    DriverSettings,
    MediaPart,
    ModelAnswer,
    ModelRequest,
    Part,
    TextPart,
    TokenUsage,
)
from botticelli.runtime.drivers.schemas import ANTHROPIC, Strict, strict_schema
from botticelli.runtime.drivers.usage import token_usage, whole
from botticelli.runtime.problems import Problem, SetupError

LABEL = "Anthropic"
KEY_VARIABLES = ("ANTHROPIC_API_KEY",)
ADDRESS_VARIABLE = "ANTHROPIC_BASE_URL"
ADDRESS = "https://api.anthropic.com"
NEWEST_VERSION = "2026-10-21"
SAMPLING_VERSION = "2023-06-01"

DEFAULT_MAX_TOKENS = 4096
"""The API wants `max_tokens`; this is for a model whose maximum the provider data does not say."""

_FINISHES = {
    "end_turn": STOP,
    "stop_sequence": STOP,
    "tool_use": STOP,
    "max_tokens": LENGTH,
    "model_context_window_exceeded": LENGTH,
    "pause_turn": LENGTH,
    "refusal": BLOCKED,
}
_IMAGES = ("image/jpeg", "image/png", "image/gif", "image/webp")


class AnthropicDriver:
    """Asks Claude."""

    name = "anthropic"
    provider = "anthropic"
    default_model = DEFAULT_MODELS["anthropic"]
    capabilities = Capabilities(
        media=frozenset({"image", "document"}),
        linked_media=frozenset({"image", "document"}),
        structured_output=True,
        streaming=True,
        count_tokens=True,
    )
    simulated = False

    def __init__(self, settings: DriverSettings, address: str, key: str) -> None:
        self.account: str | None = sha256(f"anthropic\0{key}".encode()).hexdigest()[:16]
        self._providers = settings.providers
        self._tier = self._providers.tier(
            self.provider, settings.tier or settings.configuration.tier
        )
        self._api = Api(LABEL, address, {"x-api-key": key}, key)

    def rate_limits(self, model: str) -> ModelFacts:
        return self._providers.facts(self.provider, self._tier, model)

    async def generate(self, request: ModelRequest) -> ModelAnswer:
        body, schema = self._body(request)
        message = await self._api.post("/v1/messages", body, _version(request))
        return _answer(request, message, schema)

    async def stream(self, request: ModelRequest, on_text: Callable[[str], None]) -> ModelAnswer:
        body, schema = self._body(request)
        gathered = _Gathered(on_text)
        body["stream"] = True
        async with aclosing(self._api.events("/v1/messages", body, _version(request))) as events:
            async for event in events:
                if event is not DONE:  # which some proxies send, though this API does not
                    gathered.take(event)
        return _answer(request, gathered.message(), schema)

    async def count_tokens(self, request: ModelRequest) -> int:
        body, _ = self._body(request)
        counted = {key: body[key] for key in _COUNTED if key in body}
        found = await self._api.post(
            "/v1/messages/count_tokens", counted, {"anthropic-version": NEWEST_VERSION}
        )
        return whole(LABEL, found.get("input_tokens"))

    async def close(self) -> None:
        await self._api.close()

    def _body(self, request: ModelRequest) -> tuple[dict[str, Any], Strict | None]:
        settings = request.settings
        if settings.seed is not None:
            raise unsupported(LABEL, "`seed`")
        facts = self.rate_limits(request.model)
        body: dict[str, Any] = {
            "model": request.model,
            "max_tokens": settings.max_tokens or facts.max_output or DEFAULT_MAX_TOKENS,
            "messages": [
                {"role": message.role, "content": [_block(part) for part in message.parts]}
                for message in request.messages
            ],
        }
        optional = {
            "system": request.system,
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "stop_sequences": list(settings.stop) or None,
        }
        body |= {name: value for name, value in optional.items() if value is not None}
        body |= thinking(request.model, settings.thinking)
        if request.output_schema is None:
            return body, None
        schema = strict_schema(request.output_schema, ANTHROPIC)
        if schema.strict and takes_output_format(request.model):
            body["output_config"] = {**body.get("output_config", {}), **output_format(schema)}
        else:
            body |= forced_tool(schema)
        return body, schema


_COUNTED = ("model", "messages", "system", "thinking", "output_config", "tools", "tool_choice")


class _Gathered:
    """A message that comes in pieces, put together as if it had come whole."""

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self._on_text = on_text
        self._message: dict[str, Any] | None = None
        self._complete = False

    def take(self, event: dict[str, Any]) -> None:
        """Add what an event brings. Raises DriverError for an event of no known form."""
        try:
            self._take(event)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise misshapen(LABEL) from error

    def message(self) -> dict[str, Any]:
        """Return the whole. Raises DriverError when the stream ended before the message did."""
        if self._message is None or not self._complete:
            message = f"no answer from {LABEL}: the stream broke off"
            raise DriverError(message, retryable=True)
        return self._message

    def _take(self, event: dict[str, Any]) -> None:
        kind = event["type"]
        if kind == "message":
            self._message, self._complete = event, True
        elif kind == "message_start":
            self._message = {**event["message"], "content": []}
        elif self._message is None:
            return
        elif kind == "content_block_start":
            self._message["content"].append({**event["content_block"], "pieces": []})
        elif kind == "content_block_delta":
            delta = event["delta"]
            piece = delta.get("text") or delta.get("partial_json")
            if not isinstance(piece, str | None):
                raise TypeError(piece)
            if piece:
                self._message["content"][event["index"]]["pieces"].append(piece)
                self._on_text(piece)
        elif kind == "message_delta":
            self._message |= event["delta"]
            usage = event.get("usage") or {}
            known = {name: each for name, each in usage.items() if each is not None}
            self._message["usage"] = {**self._message["usage"], **known}
        elif kind == "message_stop":
            self._complete = True


def _version(request: ModelRequest) -> dict[str, str]:
    sampling = (request.settings.temperature, request.settings.top_p)
    newest = all(each is None for each in sampling)
    return {"anthropic-version": NEWEST_VERSION if newest else SAMPLING_VERSION}


def _block(part: Part) -> dict[str, Any]:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    if part.kind not in AnthropicDriver.capabilities.media:
        raise unsupported(LABEL, part.kind)
    block = {"type": part.kind, "source": _source(part)}
    if part.kind == "document" and part.filename:
        block["title"] = part.filename
    return block


def _source(part: MediaPart) -> dict[str, str]:
    if part.url is not None:
        return {"type": "url", "url": part.url}
    data = part.data or b""
    if part.kind == "document" and part.mime.startswith("text/"):
        text = data.decode("utf-8", "replace")
        return {"type": "text", "media_type": "text/plain", "data": text}
    if part.mime not in (_IMAGES if part.kind == "image" else ("application/pdf",)):
        raise unsupported(LABEL, f"{part.kind} of type {part.mime}")
    return {"type": "base64", "media_type": part.mime, "data": b64encode(data).decode()}


def _answer(
    request: ModelRequest, message: Mapping[str, Any], schema: Strict | None
) -> ModelAnswer:
    try:
        text = "".join(map(_text, message["content"]))
        reason = message["stop_reason"]
        model = message["model"]
        usage = _usage(message["usage"])
        detail = _detail(message, reason)
    except (KeyError, TypeError, AttributeError) as error:
        raise misshapen(LABEL) from error
    if not isinstance(model, str) or not isinstance(reason, str):
        raise misshapen(LABEL)
    finish = _FINISHES.get(reason, BLOCKED)
    if schema is not None and finish == STOP:
        text = schema.undo(text)
    return ModelAnswer(
        text=text,
        finish=finish,
        model=model or request.model,
        usage=usage,
        detail=None if finish == STOP else detail,
    )


def _text(block: Mapping[str, Any]) -> str:
    from json import dumps

    kind = block["type"]
    pieces = "".join(block.get("pieces", ()))
    if kind == "text":
        text: str = block["text"] + pieces
        return text
    if kind == "tool_use" and block["name"] == ANSWER_TOOL:
        return pieces or dumps(block["input"], ensure_ascii=False)
    return ""


def _detail(message: Mapping[str, Any], reason: str) -> str:
    details = message.get("stop_details") or {}
    words = (reason, details.get("category"), details.get("explanation"))
    return ": ".join(word for word in words if isinstance(word, str) and word)


def _usage(usage: Mapping[str, Any]) -> TokenUsage:
    """What was read from the cache or written to it was input as well."""
    cached = sum(
        usage.get(name) or 0 for name in ("cache_creation_input_tokens", "cache_read_input_tokens")
    )
    details = usage.get("output_tokens_details") or {}
    read = whole(LABEL, usage.get("input_tokens"))
    return token_usage(
        LABEL, read + cached, usage.get("output_tokens"), details.get("thinking_tokens")
    )


def open_driver(settings: DriverSettings) -> AnthropicDriver:
    """Return the driver. Raises SetupError when there is no key."""
    key = find_key(settings, "anthropic", KEY_VARIABLES)
    address = find_address(settings, "anthropic", ADDRESS_VARIABLE) or ADDRESS
    if key is None:
        variables = " or ".join(key_variables(settings, KEY_VARIABLES))
        message = (
            f"the anthropic driver needs a key: set {variables}, or try the narrative without a "
            "model with --driver simulate"
        )
        raise SetupError(Problem(message))
    return AnthropicDriver(settings, address.removesuffix("/v1"), key)
