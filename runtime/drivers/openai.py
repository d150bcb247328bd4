"""OpenAI's Chat Completions over HTTP, and every server that speaks it: Ollama, llama.cpp, vLLM.

A server at another address than OpenAI's is someone's own: it needs no key, it has the limits that
are configured for it and else none, and it is told `max_tokens`, which all of them understand,
instead of `max_completion_tokens`, which many pass over.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from botticelli.compiler.semantics.providers import DEFAULT_MODELS, OPENAI_HOST, ModelFacts
from botticelli.runtime.drivers.access import find_address, find_key, key_variables
from botticelli.runtime.drivers.api import DONE, Api
from botticelli.runtime.drivers.faults import misshapen
from botticelli.runtime.drivers.openai_form import LABEL, MEDIA, request_body
from botticelli.runtime.drivers.protocol import (
    BLOCKED,
    LENGTH,
    STOP,
    Capabilities,
    DriverError,
    DriverSettings,
    ModelAnswer,
    ModelRequest,
    TokenUsage,
)
from botticelli.runtime.drivers.schemas import OPENAI, Strict, strict_schema
from botticelli.runtime.drivers.usage import token_usage
from botticelli.runtime.problems import Problem, SetupError

KEY_VARIABLES = ("OPENAI_API_KEY",)
ADDRESS_VARIABLE = "OPENAI_BASE_URL"
ADDRESS = f"https://{OPENAI_HOST}/v1"
PATH = "/chat/completions"
BOUNDS = ("max_completion_tokens", "max_tokens")
"""What the bound of an answer is called: by OpenAI, and by other servers."""

_FINISHES = {
    "stop": STOP,
    "tool_calls": STOP,
    "function_call": STOP,
    "length": LENGTH,
    "content_filter": BLOCKED,
}


class OpenAIDriver:
    """Asks OpenAI, or what answers like it."""

    name = "openai"
    provider = "openai"
    default_model = DEFAULT_MODELS["openai"]
    capabilities = Capabilities(
        media=MEDIA,
        linked_media=frozenset({"image"}),
        structured_output=True,
        streaming=True,
    )
    simulated = False

    def __init__(self, settings: DriverSettings, address: str, key: str | None) -> None:
        parts = urlsplit(address)
        own = parts.hostname != OPENAI_HOST
        who = f"openai\0{address if own else ''}\0{key or ''}"
        self.account: str | None = sha256(who.encode()).hexdigest()[:16]
        tier = settings.tier or settings.configuration.tier
        # A tier that is named is meant, wherever the server is.
        self._providers = settings.own_limits if own and tier is None else settings.providers
        self._tier = self._providers.tier(self.provider, tier)
        self._bound = BOUNDS[own]
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self._label = f"the server at {parts.netloc.rpartition('@')[2]}" if own else LABEL
        self._api = Api(self._label, address, headers, key)

    def rate_limits(self, model: str) -> ModelFacts:
        return self._providers.facts(self.provider, self._tier, model)

    async def generate(self, request: ModelRequest) -> ModelAnswer:
        schema = _schema(request)
        try:
            found = await self._api.post(PATH, request_body(request, schema, self._bound))
        except DriverError as error:
            self._learn_from(error)
            raise
        return _answer(self._label, request, found, schema)

    async def stream(self, request: ModelRequest, on_text: Callable[[str], None]) -> ModelAnswer:
        schema = _schema(request)
        body = request_body(request, schema, self._bound)
        body |= {"stream": True, "stream_options": {"include_usage": True}}
        gathered = _Gathered(self._label, on_text)
        try:
            async with aclosing(self._api.events(PATH, body)) as chunks:
                async for chunk in chunks:
                    gathered.take(chunk)
        except DriverError as error:
            self._learn_from(error)
            raise
        return _answer(self._label, request, gathered.completion(), schema)

    async def close(self) -> None:
        await self._api.close()

    def _learn_from(self, error: DriverError) -> None:
        """A server that refuses one name of the bound is told the other from now on: behind some
        addresses stands OpenAI, whose newer models want theirs."""
        if error.status == 400 and f"'{self._bound}'" in error.message:
            other = BOUNDS[1 - BOUNDS.index(self._bound)]
            if other in error.message:
                self._bound = other
                error.retryable = True


def _schema(request: ModelRequest) -> Strict | None:
    found = request.output_schema
    return None if found is None else strict_schema(found, OPENAI)


class _Gathered:
    """A completion that comes in pieces, put together as if it had come whole."""

    def __init__(self, label: str, on_text: Callable[[str], None]) -> None:
        self._label = label
        self._on_text = on_text
        self._whole: dict[str, Any] | None = None
        self._said: dict[str, list[str]] = {"content": [], "refusal": []}
        self._rest: dict[str, Any] = {}
        self._finish: str | None = None

    def take(self, chunk: dict[str, Any]) -> None:
        """Add what a chunk brings. Raises DriverError for a chunk of no known form."""
        try:
            self._take(chunk)
        except (KeyError, TypeError, AttributeError) as error:
            raise misshapen(self._label) from error

    def completion(self) -> dict[str, Any]:
        """Return the whole. Raises DriverError when the stream ended before the answer did."""
        if self._whole is not None:
            return self._whole
        if self._finish is None:
            raise DriverError(f"no answer from {self._label}: the stream broke off", retryable=True)
        message = {name: "".join(pieces) or None for name, pieces in self._said.items()}
        return {**self._rest, "choices": [{"finish_reason": self._finish, "message": message}]}

    def _take(self, chunk: dict[str, Any]) -> None:
        if chunk is DONE and any(map(any, self._said.values())):
            # Some servers leave out why an answer ends, and say only that it does.
            self._finish = self._finish or "stop"
        choices = chunk.get("choices") or ()
        if choices and "message" in choices[0]:
            self._whole = chunk
            return
        self._rest |= {name: chunk[name] for name in ("model", "usage") if chunk.get(name)}
        for choice in choices:
            delta = choice.get("delta") or {}
            for name, pieces in self._said.items():
                piece = delta.get(name)
                if not isinstance(piece, str | None):
                    raise TypeError(piece)
                pieces.append(piece or "")
            if delta.get("content"):
                self._on_text(delta["content"])
            self._finish = choice.get("finish_reason") or self._finish


def _answer(
    label: str, request: ModelRequest, found: Mapping[str, Any], schema: Strict | None
) -> ModelAnswer:
    try:
        usage = _usage(label, found.get("usage"))
        model = str(found.get("model") or request.model)
        text, finish, detail = _said(found["choices"])
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        raise misshapen(label) from error
    if schema is not None and finish == STOP:
        text = schema.undo(text)
    return ModelAnswer(text=text, finish=finish, model=model, usage=usage, detail=detail)


def _said(choices: Sequence[Mapping[str, Any]]) -> tuple[str, str, str | None]:
    """Return the text of an answer, how it ended, and the API's word for it."""
    if not choices:
        return "", STOP, "no choices"
    message = choices[0]["message"]
    text = message.get("content") or ""
    refusal = message.get("refusal")
    if not isinstance(text, str):
        raise TypeError(text)
    reason = choices[0].get("finish_reason") or "stop"
    finish = BLOCKED if refusal else _FINISHES.get(reason, BLOCKED)
    return text, finish, None if finish == STOP else str(refusal or reason)


def _usage(label: str, usage: Mapping[str, Any] | None) -> TokenUsage | None:
    """Read the counts; servers that count nothing leave them out."""
    if not usage:
        return None
    details = usage.get("completion_tokens_details") or {}
    return token_usage(
        label,
        usage["prompt_tokens"],
        usage["completion_tokens"],
        details.get("reasoning_tokens"),
    )


def open_driver(settings: DriverSettings) -> OpenAIDriver:
    """Return the driver. Raises SetupError when OpenAI itself is meant and there is no key."""
    key = find_key(settings, "openai", KEY_VARIABLES)
    address = find_address(settings, "openai", ADDRESS_VARIABLE) or ADDRESS
    parts = urlsplit(address)
    if not parts.path:
        address += "/v1"
    if key is None and parts.hostname == OPENAI_HOST:
        variables = " or ".join(key_variables(settings, KEY_VARIABLES))
        message = (
            f"the openai driver needs a key: set {variables}, or set {ADDRESS_VARIABLE} to a "
            "server of your own, or try the narrative without a model with --driver simulate"
        )
        raise SetupError(Problem(message))
    return OpenAIDriver(settings, address, key)
