"""The driver that asks no model: deterministic answers, without a network, for trying things out.

Every answer says that it is simulated. Its length follows `max_tokens`, its words the request, so
that the same run gives the same answers; where an output is asked for, it is one that fits. What
is configured behind the name makes it slow or makes it fail:
`simulate:delay=0.5,fail=2,error=429,retry-after=3`.

| option | meaning |
|---|---|
| `delay=S` | each answer takes S seconds |
| `fail=N` | the first N requests fail |
| `fail-every=N` | every Nth request fails |
| `error=KIND` | how: `400`, `429`, `500`, `503` (default), `timeout`, `connection`, or with an |
| | answer that is `blocked`, `empty` or `cut` |
| `retry-after=S` | the delay that a failure asks for, in seconds |
| `answers=FILE` | what is answered: the file's text each time, or the lines of a `.jsonl` file in |
| | turn, each of them text as a JSON string, or JSON that is the answer itself |
| `provider=NAME` | whose limits and prices to keep (default `gemini`, in its free tier) |
"""

import asyncio
import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random

from msgspec import Struct

from botticelli.compiler.semantics.media import MEDIA_KINDS
from botticelli.compiler.semantics.media_tokens import tokens_of
from botticelli.compiler.semantics.providers import DEFAULT_MODELS, ModelFacts
from botticelli.compiler.semantics.tokens import UNKNOWN
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
    TokenUsage,
)
from botticelli.runtime.drivers.simulated_values import simulated_value
from botticelli.runtime.problems import Problem, SetupError

PIECES = 20
"""In how many an answer is streamed at most."""

DEFAULT_MAX_TOKENS = 1024
"""What an answer without `max_tokens` is measured by, in tokens."""


class _Fault(Struct, frozen=True):
    message: str
    status: int | None = None
    retryable: bool = True
    reached: bool = True
    refused: bool = False

    def error(self, retry_after: float | None) -> DriverError:
        return DriverError(
            f"simulated: {self.message}",
            retryable=self.retryable,
            retry_after=retry_after,
            reached=self.reached,
            refused=self.refused,
            status=self.status,
        )


ERRORS = {
    "400": _Fault("the request is invalid", 400, retryable=False, refused=True),
    "429": _Fault("too many requests", 429, refused=True),
    "500": _Fault("internal error", 500),
    "503": _Fault("the model is overloaded", 503),
    "timeout": _Fault("no answer in time"),
    "connection": _Fault("no connection", reached=False),
}
OPTIONS = ("delay", "fail", "fail-every", "error", "retry-after", "answers", "provider")
FINISHES = {"blocked": BLOCKED, "empty": STOP, "cut": LENGTH}

_WORDS = """
    a the one some each light sea spring shell wind rose garden line colour hand figure drawing
    panel gold myrtle orange grove dance veil hour morning flower shore wave painter city study
"""


class Options:
    """How the simulation behaves; raises SetupError for what it does not know."""

    def __init__(self, options: dict[str, str]) -> None:
        given = dict(options)
        self.delay = _number(given, "delay") or 0.0
        self.fail = int(_number(given, "fail") or 0)
        self.fail_every = int(_number(given, "fail-every") or 0)
        self.error = given.pop("error", "503")
        self.retry_after = _number(given, "retry-after")
        self.answers = _answers(given.pop("answers", None))
        self.provider = given.pop("provider", "gemini")
        for name in given:
            raise _unknown("option", name, OPTIONS)
        if self.error not in ERRORS and self.error not in FINISHES:
            raise _unknown("error", self.error, (*ERRORS, *FINISHES))

    def fails(self, number: int) -> bool:
        """Tell whether the request of this number, from 1, fails."""
        return number <= self.fail or (self.fail_every > 0 and number % self.fail_every == 0)


def _answers(file: str | None) -> tuple[str, ...]:
    """Read the answers that are to be given."""
    if file is None:
        return ()
    try:
        text = Path(file).read_text("utf-8")
        if not file.endswith(".jsonl"):
            return (text,)
        lines = [(n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip()]
        values = [_value(line, n) for n, line in lines]
    except (OSError, ValueError) as error:
        message = f"the simulate driver's answers cannot be read from {file}: {error}"
        raise SetupError(Problem(message, usage=True)) from error
    if not values:
        raise SetupError(Problem(f"the simulate driver's {file} holds no answer", usage=True))
    return tuple(value if isinstance(value, str) else json.dumps(value) for value in values)


def _value(line: str, number: int) -> object:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        message = (
            f"line {number} is no JSON: {error.msg.removesuffix(' at')} at column {error.colno}"
        )
        raise ValueError(message) from error


def _unknown(what: str, name: str, known: tuple[str, ...]) -> SetupError:
    message = f"the simulate driver knows no {what} {name!r}"
    return SetupError(Problem(message, usage=True, name=name, known=known))


def _number(given: dict[str, str], name: str) -> float | None:
    text = given.pop(name, None)
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        message = f"the simulate driver's {name} must be a number from 0, not {text!r}"
        raise SetupError(Problem(message, usage=True))
    return number


class SimulateDriver:
    """Answers without asking anyone."""

    name = "simulate"
    account = None
    default_model = DEFAULT_MODELS["gemini"]
    capabilities = Capabilities(
        media=frozenset(MEDIA_KINDS),
        linked_media=frozenset(MEDIA_KINDS),
        structured_output=True,
        streaming=True,
    )
    simulated = True

    def __init__(self, settings: DriverSettings) -> None:
        self._options = Options(dict(settings.options))
        self.provider = self._options.provider
        self._providers = settings.providers
        if self.provider not in self._providers.names():
            raise _unknown("provider", self.provider, self._providers.names())
        self._tier = self._providers.tier(
            self.provider, settings.tier or settings.configuration.tier
        )
        self._count = 0

    def rate_limits(self, model: str) -> ModelFacts:
        return self._providers.facts(self.provider, self._tier, model)

    async def generate(self, request: ModelRequest) -> ModelAnswer:
        self._count += 1
        number = self._count
        if self._options.delay:
            await asyncio.sleep(self._options.delay)
        return self._outcome(request, number)

    async def stream(self, request: ModelRequest, on_text: Callable[[str], None]) -> ModelAnswer:
        self._count += 1
        number = self._count
        delay = self._options.delay
        if delay and self._options.fails(number):
            await asyncio.sleep(delay)
            delay = 0.0
        answer = self._outcome(request, number)
        size = len(answer.text) // PIECES + 1
        starts = range(0, len(answer.text), size)
        for start in starts:
            if delay:
                await asyncio.sleep(delay / len(starts))
            on_text(answer.text[start : start + size])
        return answer

    async def close(self) -> None:
        pass

    def _outcome(self, request: ModelRequest, number: int) -> ModelAnswer:
        """Return the answer to the request of this number. Raises DriverError if it is to fail."""
        if not self._options.fails(number):
            return self._answer(request, STOP, number)
        if self._options.error in FINISHES:
            return self._answer(request, FINISHES[self._options.error], number)
        raise ERRORS[self._options.error].error(self._options.retry_after)

    def _answer(self, request: ModelRequest, finish: str, number: int) -> ModelAnswer:
        facts = self.rate_limits(request.model)
        estimate = facts.family.estimate
        texts = [request.system or "", *(message.text for message in request.messages)]
        media = sum(
            tokens_of(part.medium, facts.media)[0]
            for message in request.messages
            for part in message.parts
            if isinstance(part, MediaPart)
        )
        framing = facts.tokens_per_message * (len(request.messages) + 1)
        limit = request.settings.max_tokens or min(
            DEFAULT_MAX_TOKENS, facts.max_output or DEFAULT_MAX_TOKENS
        )
        empty = finish == BLOCKED or (finish == STOP and self._fails_empty(number))
        text = "" if empty else self._text(request, limit, number, full=finish == LENGTH)
        return ModelAnswer(
            text=text,
            finish=finish,
            model=request.model,
            usage=TokenUsage(
                sum(map(estimate, texts)) + media + framing, min(limit, estimate(text))
            ),
            detail="simulated" if finish != STOP else None,
            simulated=True,
        )

    def _text(self, request: ModelRequest, limit: int, number: int, *, full: bool) -> str:
        answers = self._options.answers
        if not answers:
            return compose(request, limit, full=full)
        text = answers[(number - 1) % len(answers)]
        return text[: len(text) // 2] if full else text

    def _fails_empty(self, number: int) -> bool:
        return self._options.error == "empty" and self._options.fails(number)


def compose(request: ModelRequest, limit: int, *, full: bool) -> str:
    """Return a text of about half of `limit` tokens, or nearly all of it, that says what it is.

    Where an output is asked for it is the JSON of a value that fits, or half of that.
    """
    seed = sha256(repr((request.model, request.system, request.messages)).encode()).digest()
    chance = Random(seed)  # noqa: S311
    if request.output_schema is not None:
        value = simulated_value(request.output_schema, chance, _WORDS.split())
        text = json.dumps(value, ensure_ascii=False)
        return text[: len(text) // 2] if full else text
    target = limit if full else int(limit * chance.uniform(0.4, 0.6))
    opening = f"[simulated answer for {request.model}; no model was asked]"
    left = target - UNKNOWN.estimate(opening)
    if left <= 0:
        return "[simulated]"
    vocabulary = _WORDS.split()
    words = [chance.choice(vocabulary) for _ in range(left - left // 12)]
    return f"{opening} {_sentences(words)}"


def _sentences(words: list[str]) -> str:
    groups = [words[start : start + 11] for start in range(0, len(words), 11)]
    return " ".join(" ".join(group).capitalize() + "." for group in groups)


def open_driver(settings: DriverSettings) -> SimulateDriver:
    """Return the driver. Raises SetupError for a bad option."""
    return SimulateDriver(settings)
