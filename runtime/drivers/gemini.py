"""Google's Gemini API through the google-genai client.

The client does not retry unless it is told to, and is not told to here: its own retries pass over
the delay that the server asks for, and would send requests that nobody has reserved. It gets our
own HTTP client, so that the transport, and with it the kind of a connection error, is known.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from botticelli.compiler.semantics.providers import DEFAULT_MODELS, ModelFacts
from botticelli.runtime.drivers.access import find_address, find_key, key_variables
from botticelli.runtime.drivers.bounded import ACCEPTED, bounding
from botticelli.runtime.drivers.faults import asked_delay, clean, misshapen, refused, unanswered
from botticelli.runtime.drivers.gemini_files import Uploads
from botticelli.runtime.drivers.gemini_form import configuration, contents, counted_contents
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
from botticelli.runtime.drivers.usage import token_usage, whole
from botticelli.runtime.problems import Problem, SetupError

if TYPE_CHECKING:
    import httpx
    from google.genai import types

LABEL = "Gemini"
KEY_VARIABLES = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
ADDRESS_VARIABLE = "GOOGLE_GEMINI_BASE_URL"
API_VERSION = "v1beta"

_FINISHES = {
    "STOP": STOP,
    "FINISH_REASON_UNSPECIFIED": STOP,
    "MAX_TOKENS": LENGTH,
    "CONTINUATION": LENGTH,
}
_MISREADINGS = (ValueError, TypeError, AttributeError, KeyError, IndexError, RecursionError)
_OPENING = 100
"""Bytes of an answer in which an error would be named."""

_DELAY = re.compile(r"(\d+(?:\.\d*)?)s")


class _Gathered:
    """An answer that comes in pieces, each of which looks like a whole one."""

    def __init__(self, request: ModelRequest) -> None:
        self._texts: list[str] = []
        self._last = ModelAnswer(text="", finish=STOP, model=request.model, usage=None)
        self._complete = False

    def take(self, piece: ModelAnswer, complete: bool) -> str:
        self._texts.append(piece.text)
        usage = piece.usage or self._last.usage
        self._last = replace(piece, usage=usage)
        self._complete = self._complete or complete
        return piece.text

    def answer(self) -> ModelAnswer:
        """Return the whole. Raises DriverError when the stream ended before the answer did."""
        if not self._complete:
            raise DriverError(f"no answer from {LABEL}: the stream broke off", retryable=True)
        return replace(self._last, text="".join(self._texts))


class GeminiDriver:
    """Asks Gemini."""

    name = "gemini"
    provider = "gemini"
    default_model = DEFAULT_MODELS["gemini"]
    capabilities = Capabilities(
        media=frozenset({"image", "audio", "video", "document"}),
        linked_media=frozenset({"image", "audio", "video", "document"}),
        uploads=True,
        structured_output=True,
        streaming=True,
        count_tokens=True,
    )
    simulated = False

    def __init__(self, settings: DriverSettings, address: str | None, key: str) -> None:
        import httpx
        from google import genai
        from google.genai import types

        self.account: str | None = sha256(f"gemini\0{key}".encode()).hexdigest()[:16]
        self._key = key
        self._providers = settings.providers
        self._tier = self._providers.tier(
            self.provider, settings.tier or settings.configuration.tier
        )
        _quieten()
        self._http = httpx.AsyncClient(
            headers={"accept-encoding": ACCEPTED},
            event_hooks={"response": [bounding(LABEL), _raise_late_error]},
        )
        self._client = genai.Client(
            vertexai=False,
            api_key=key,
            http_options=types.HttpOptions(
                base_url=address and re.sub(r"/v1(beta|alpha)?$", "", address),
                api_version=API_VERSION,
                httpx_async_client=self._http,
            ),
        )
        self._uploads = Uploads(self._client.aio)

    def rate_limits(self, model: str) -> ModelFacts:
        return self._providers.facts(self.provider, self._tier, model)

    async def generate(self, request: ModelRequest) -> ModelAnswer:
        request = await self._placed(request)
        with self._faults():
            response = await self._client.aio.models.generate_content(
                model=request.model, contents=contents(request), config=configuration(request)
            )
        # Google's client reads whatever is an object, and passes over what it does not know.
        if not (response.candidates or response.usage_metadata or response.prompt_feedback):
            raise misshapen(LABEL)
        return _answer(request, response)

    async def stream(self, request: ModelRequest, on_text: Callable[[str], None]) -> ModelAnswer:
        gathered = _Gathered(request)
        request = await self._placed(request)
        with self._faults():
            pieces = await self._client.aio.models.generate_content_stream(
                model=request.model, contents=contents(request), config=configuration(request)
            )
            async for piece in pieces:
                text = gathered.take(_answer(request, piece), _finished(piece))
                if text:
                    on_text(text)
        return gathered.answer()

    async def count_tokens(self, request: ModelRequest) -> int:
        request = await self._placed(request)
        with self._faults():
            found = await self._client.aio.models.count_tokens(
                model=request.model, contents=counted_contents(request)
            )
        return whole(LABEL, found.total_tokens)

    async def close(self) -> None:
        await self._uploads.close()
        await self._http.aclose()
        self._client.close()

    async def _placed(self, request: ModelRequest) -> ModelRequest:
        """Upload what is too large for a request. What fails has not reached the model."""
        try:
            with self._faults():
                return await self._uploads.placed(request)
        except DriverError as error:
            error.reached = False
            raise

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """Turn what the client raises into what it means."""
        import httpx
        from google.genai import errors

        try:
            yield
        except errors.APIError as error:
            raise self._api_error(error) from error
        except httpx.HTTPError as error:
            raise unanswered(LABEL, error, self._key) from error
        except (errors.UnknownApiResponseError, *_MISREADINGS) as error:
            # The client does not say what it could not read; the text may be anything.
            raise misshapen(LABEL) from error

    def _api_error(self, error: Any) -> DriverError:
        """Say what a refusal of the API means; `error` is an APIError."""
        said = " ".join(str(each) for each in (error.status, error.message) if each)
        headers = getattr(error.response, "headers", None) or {}
        asked = _retry_info(error.details)
        found = refused(
            LABEL,
            error.code if isinstance(error.code, int) else 0,
            clean(said, self._key),
            retry_after=asked_delay(headers) if asked is None else asked,
        )
        if getattr(error.response, "status_code", 200) < 300:
            # It came in a stream: the request had been accepted, and something may have been used.
            found.refused = False
        return found


def _quieten() -> None:
    """Keep the client's own words from the terminal: it claims to use a key of the environment
    when it was given another, and warns of every value that is newer than itself."""
    import logging
    import warnings

    logging.getLogger("google_genai._api_client").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=UserWarning, module=r"google\.genai\.")


async def _raise_late_error(response: "httpx.Response") -> None:
    """Raise an error that comes in the place of an answer, which the client would read as an answer
    that says nothing."""
    import json

    from google.genai import errors

    if not response.is_success or "json" not in response.headers.get("content-type", ""):
        return
    body = await response.aread()
    if b'"error"' not in body[:_OPENING]:
        return
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return  # as the client will find out
    error = found.get("error") if isinstance(found, dict) else None
    if isinstance(error, dict):
        code = error.get("code")
        raise errors.APIError(code if isinstance(code, int) else 400, found, response)


def _answer(request: ModelRequest, response: "types.GenerateContentResponse") -> ModelAnswer:
    text, finish, detail = _said(response)
    return ModelAnswer(
        text=text,
        finish=finish,
        model=response.model_version or request.model,
        usage=_usage(response.usage_metadata),
        detail=detail,
    )


def _finished(piece: "types.GenerateContentResponse") -> bool:
    """Tell whether a piece of a stream is the last one that says something."""
    feedback = piece.prompt_feedback
    blocked = feedback is not None and feedback.block_reason is not None
    return blocked or any(each.finish_reason is not None for each in piece.candidates or ())


def _said(response: "types.GenerateContentResponse") -> tuple[str, str, str | None]:
    """Return the text of an answer without thoughts, how it ended, and the API's word for it."""
    feedback = response.prompt_feedback
    if feedback is not None and feedback.block_reason is not None:
        return "", BLOCKED, f"the prompt was blocked: {feedback.block_reason.value}"
    if not response.candidates:
        return "", STOP, "no candidates"
    candidate = response.candidates[0]
    parts = (candidate.content.parts if candidate.content is not None else None) or []
    text = "".join(part.text for part in parts if part.text and not part.thought)
    reason = "STOP" if candidate.finish_reason is None else str(candidate.finish_reason.value)
    finish = _FINISHES.get(reason, BLOCKED)
    return text, finish, None if finish == STOP else reason


def _usage(metadata: "types.GenerateContentResponseUsageMetadata | None") -> TokenUsage | None:
    if metadata is None or metadata.prompt_token_count is None:
        return None
    thinking = metadata.thoughts_token_count or 0
    return token_usage(
        LABEL,
        metadata.prompt_token_count + (metadata.tool_use_prompt_token_count or 0),
        (metadata.candidates_token_count or 0) + thinking,
        thinking,
    )


def _retry_info(details: Any) -> float | None:
    """Return the seconds that a refusal asks to wait by `RetryInfo` (google.rpc)."""
    error = details.get("error", details) if isinstance(details, dict) else None
    found = error.get("details") if isinstance(error, dict) else None
    for detail in found if isinstance(found, list) else ():
        if isinstance(detail, dict) and str(detail.get("@type", "")).endswith("RetryInfo"):
            match = _DELAY.fullmatch(str(detail.get("retryDelay", "")).strip())
            if match is not None:
                return float(match.group(1))
    return None


def open_driver(settings: DriverSettings) -> GeminiDriver:
    """Return the driver. Raises SetupError when there is no key or no google-genai."""
    key = find_key(settings, "gemini", KEY_VARIABLES)
    address = find_address(settings, "gemini", ADDRESS_VARIABLE)
    problems = []
    if key is None:
        variables = " or ".join(key_variables(settings, KEY_VARIABLES))
        problems.append(
            Problem(
                f"the gemini driver needs a key: set {variables} (a key is free at "
                "https://aistudio.google.com/apikey), or try the narrative without a model with "
                "--driver simulate"
            )
        )
    if not _installed():
        problems.append(
            Problem("the gemini driver needs google-genai: pip install 'botticelli[gemini]'")
        )
    if problems or key is None:
        raise SetupError(*problems)
    return GeminiDriver(settings, address, key)


def _installed() -> bool:
    from importlib.util import find_spec

    try:
        return find_spec("google.genai") is not None
    except ModuleNotFoundError:
        return False
