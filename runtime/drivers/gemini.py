"""Google's Gemini API through the google-genai client.

The client does not retry unless it is told to, and is not told to here: its own retries pass over
the delay that the server asks for, and would send requests that nobody has reserved. It gets our
own HTTP client, so that the transport, and with it the kind of a connection error, is known.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from botticelli.compiler.semantics.providers import ModelFacts
from botticelli.runtime.drivers.protocol import (
    ASSISTANT,
    BLOCKED,
    LENGTH,
    STOP,
    Capabilities,
    DriverError,
    DriverSettings,
    Message,
    ModelAnswer,
    ModelRequest,
    TokenUsage,
)
from botticelli.runtime.problems import Problem, SetupError

if TYPE_CHECKING:
    import httpx
    from google.genai import types

KEY_VARIABLES = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
ADDRESS_VARIABLE = "GOOGLE_GEMINI_BASE_URL"
API_VERSION = "v1beta"

_FINISHES = {
    "STOP": STOP,
    "FINISH_REASON_UNSPECIFIED": STOP,
    "MAX_TOKENS": LENGTH,
    "CONTINUATION": LENGTH,
}
_DELAY = re.compile(r"(\d+(?:\.\d*)?)s")
_LONGEST_MESSAGE = 600


class GeminiDriver:
    """Asks Gemini."""

    name = "gemini"
    provider = "gemini"
    default_model = "gemini-2.5-flash"
    capabilities = Capabilities(
        media=frozenset({"image", "audio", "video", "document"}),
        structured_output=True,
        streaming=True,
    )
    simulated = False

    def __init__(self, settings: DriverSettings, key: str) -> None:
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
        self._http = httpx.AsyncClient()
        self._client = genai.Client(
            vertexai=False,
            api_key=key,
            http_options=types.HttpOptions(
                base_url=_base_url(settings),
                api_version=API_VERSION,
                httpx_async_client=self._http,
            ),
        )

    def rate_limits(self, model: str) -> ModelFacts:
        return self._providers.facts(self.provider, self._tier, model)

    async def generate(self, request: ModelRequest) -> ModelAnswer:
        import httpx
        from google.genai import errors

        try:
            response = await self._client.aio.models.generate_content(
                model=request.model,
                contents=[_content(message) for message in request.messages],
                config=_config(request),
            )
            return _answer(request, response)
        except errors.APIError as error:
            raise self._api_error(error) from error
        except httpx.HTTPError as error:
            raise self._http_error(error) from error
        except (errors.UnknownApiResponseError, ValueError, TypeError, AttributeError) as error:
            # The client does not say what it could not read; the text may be anything.
            message = "Gemini's answer is not of the form that its API promises"
            raise DriverError(message) from error

    async def close(self) -> None:
        await self._http.aclose()
        self._client.close()

    def _api_error(self, error: Any) -> DriverError:
        """Say what a refusal of the API means; `error` is an APIError."""
        code: int = error.code or 0
        said = " ".join(str(each) for each in (error.status, error.message) if each)
        return DriverError(
            f"Gemini answered {code}: {self._clean(said or 'without a word')}",
            retryable=code in (408, 429) or code >= 500,
            retry_after=_retry_delay(error.details, getattr(error.response, "headers", None)),
            refused=400 <= code < 500 and code != 408,
            status=code,
        )

    def _http_error(self, error: "httpx.HTTPError") -> DriverError:
        import httpx

        unsent = (
            httpx.ConnectError,
            httpx.ConnectTimeout,
            httpx.PoolTimeout,
            httpx.ProxyError,
            httpx.UnsupportedProtocol,
            httpx.LocalProtocolError,
        )
        hopeless = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
        said = self._clean(str(error)) or type(error).__name__
        return DriverError(
            f"no answer from Gemini: {said}",
            retryable=isinstance(error, httpx.TransportError) and not isinstance(error, hopeless),
            reached=not isinstance(error, unsent),
        )

    def _clean(self, text: str) -> str:
        """Shorten what a server said, and make sure that the key is not in it."""
        text = " ".join(text.replace(self._key, "***").split())
        return text if len(text) <= _LONGEST_MESSAGE else f"{text[:_LONGEST_MESSAGE]}…"


def _quieten() -> None:
    """Keep the client's own words from the terminal: it claims to use a key of the environment
    when it was given another, and warns of every value that is newer than itself."""
    import logging
    import warnings

    logging.getLogger("google_genai._api_client").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=UserWarning, module=r"google\.genai\.")


def _content(message: Message) -> "types.Content":
    from google.genai import types

    role = "model" if message.role == ASSISTANT else "user"
    return types.Content(role=role, parts=[types.Part(text=part.text) for part in message.parts])


def _config(request: ModelRequest) -> "types.GenerateContentConfig":
    from google.genai import types

    settings = request.settings
    thinking = None
    if settings.thinking is not None:
        budget = settings.thinking if isinstance(settings.thinking, int) else 0
        thinking = types.ThinkingConfig(thinking_budget=budget)
    return types.GenerateContentConfig(
        system_instruction=request.system,
        temperature=settings.temperature,
        max_output_tokens=settings.max_tokens,
        top_p=settings.top_p,
        seed=settings.seed,
        stop_sequences=list(settings.stop) or None,
        thinking_config=thinking,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )


def _answer(request: ModelRequest, response: "types.GenerateContentResponse") -> ModelAnswer:
    text, finish, detail = _said(response)
    return ModelAnswer(
        text=text,
        finish=finish,
        model=response.model_version or request.model,
        usage=_usage(response.usage_metadata),
        detail=detail,
    )


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
    return TokenUsage(
        input=metadata.prompt_token_count + (metadata.tool_use_prompt_token_count or 0),
        output=(metadata.candidates_token_count or 0) + thinking,
        thinking=thinking,
    )


def _retry_delay(details: Any, headers: Mapping[str, str] | None) -> float | None:
    """Return the seconds that a refusal asks to wait, by `RetryInfo`, else by `Retry-After`."""
    error = details.get("error", details) if isinstance(details, dict) else None
    found = error.get("details") if isinstance(error, dict) else None
    for detail in found if isinstance(found, list) else ():
        if isinstance(detail, dict) and str(detail.get("@type", "")).endswith("RetryInfo"):
            match = _DELAY.fullmatch(str(detail.get("retryDelay", "")).strip())
            if match is not None:
                return float(match.group(1))
    after = (headers or {}).get("retry-after", "")
    return float(after) if after.isdecimal() else None


def _base_url(settings: DriverSettings) -> str | None:
    """Return where the API is, if not at Google's: host and port, or with the API's version."""
    address = settings.environment.get(ADDRESS_VARIABLE) or settings.configuration.base_url
    if not address:
        return None
    if not re.match(r"https?://[^/\s]", address):
        message = f"the base URL of the gemini driver must be http:// or https://, not {address!r}"
        raise SetupError(Problem(message))
    return re.sub(r"/v1(beta|alpha)?$", "", address.rstrip("/"))


def open_driver(settings: DriverSettings) -> GeminiDriver:
    """Return the driver. Raises SetupError when there is no key or no google-genai."""
    configured = settings.configuration.api_key_env
    variables = (configured,) if configured is not None else KEY_VARIABLES
    keys = (settings.environment.get(name, "").strip() for name in variables)
    key = next((each for each in keys if each), None)
    problems = []
    if key is None:
        problems.append(
            Problem(
                f"the gemini driver needs a key: set {' or '.join(variables)} (a key is free at "
                "https://aistudio.google.com/apikey), or try the narrative without a model with "
                "--driver simulate"
            )
        )
    elif not key.isascii():
        problems.append(Problem(f"the key in {' or '.join(variables)} holds what no key holds"))
    if not _installed():
        problems.append(
            Problem("the gemini driver needs google-genai: pip install 'botticelli[gemini]'")
        )
    if problems or key is None:
        raise SetupError(*problems)
    return GeminiDriver(settings, key)


def _installed() -> bool:
    from importlib.util import find_spec

    try:
        return find_spec("google.genai") is not None
    except ModuleNotFoundError:
        return False
