"""A run that uses as much as it may, or as little, through the real shell, and the books on it.

The driver fails as often as an act's retries allow, answers with as many tokens as it may, gives
answers that do not fit as often as they are asked for again, and counts what it is sent with a
tokenizer that is in use, or with the worst that there can be.
"""

import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any
from unicodedata import normalize

from msgspec.structs import replace
from runtime.programs import MONDAY

from botticelli.compiler.ir.program import Act, Program
from botticelli.compiler.semantics.configuration import Configuration
from botticelli.compiler.semantics.providers import ModelFacts, Providers
from botticelli.runtime.drivers.protocol import (
    STOP,
    Capabilities,
    DriverError,
    MediaPart,
    ModelAnswer,
    ModelRequest,
    TokenUsage,
)
from botticelli.runtime.events import Event, IterationFinished, RequestSent
from botticelli.runtime.journal.file import open_journal
from botticelli.runtime.platforms.protocol import CommandTraits
from botticelli.runtime.shell.clock import VirtualClock
from botticelli.runtime.shell.engine import Run
from botticelli.runtime.shell.records import Report, new_record
from botticelli.runtime.shell.setup import Options, equip

PROVIDER_OF = {
    "gemini-2.5-flash": "gemini",
    "gpt-4.1-mini": "openai",
    "claude-sonnet-4-5": "anthropic",
}

Count = Callable[[str], int]

ADVERSARIAL = (
    "The quick brown fox jumps over the lazy dog, and goes on to the next field. ",
    "\ufdfa",  # one sign that normalises to eighteen
    "e\u0301\u0323\u0302",  # marks that combine
    " leading  and   trailing   spaces   ",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",  # one family, seven code points
    "aaaaaaaaaaaaaaaaaaaaaaaa",
    "漢字かな交じり文の長い列",
    "{% raw %} {{ not }} a template {% endraw %}",
    '{"a": [1, 2.50, null], "b": "\\u0000"}\n',
    "\x01\x02\x7f\u200b\ufeff",
    "1234567890" * 2,
    "\t\n\r\n  \n",
    "ǅﬃ½ŉßİ",  # signs that grow when their case changes
    "|a|b|\n|---|---|\n<br>*_`",
)
"""Texts that tokenizers and formats have trouble with."""


@cache
def tokenizer(name: str) -> Count:
    """`o200k` or `cl100k`, or `bytes`: a token a byte after normalising, and one in front."""
    if name == "bytes":
        return lambda text: len(normalize("NFKC", text).encode("utf-8", "surrogatepass")) + 1
    from rs_bpe import openai

    encoding: Any = openai.o200k_base() if name == "o200k" else openai.cl100k_base()
    count: Count = encoding.count
    return count


def filled(style: str, tokens: int, count: Count) -> str:
    """Return as much of a text, over and over, as so many tokens hold."""
    text = style * (tokens * 64 // len(style) + 1)
    low, high = 1, min(len(text), tokens * 32)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if count(text[:middle]) <= tokens else (low, middle - 1)
    return text[:low]


_sent: ContextVar[tuple[str, int]] = ContextVar("sent")


class Greedy:
    """A driver of the runtime. `most`: it uses what it may, otherwise as little as it can.

    `refused` are the limits that did not admit a request, by name: also where the run ended for
    another reason, or went on. `failures` counts iterations that failed, wherever they stand.
    """

    name = "greedy"
    account = None
    simulated = True

    def __init__(
        self,
        program: Program,
        providers: Providers,
        *,
        most: bool,
        model: str,
        counting: str,
        styles: tuple[str, ...],
        media: Callable[[MediaPart], int],
        structured: bool,
    ) -> None:
        self.default_model = model
        self.provider = PROVIDER_OF[model]
        self.capabilities = Capabilities(
            media=frozenset({"image", "audio", "video", "document"}), structured_output=structured
        )
        self.requests = self.input = self.output = 0
        self.by_act: dict[str, list[int]] = {}
        self.refused: list[str] = []
        self.failures = 0
        self._acts = {
            name: act for each in program.narratives.values() for name, act in each.acts.items()
        }
        self._providers = providers
        self._most = most
        self._count = tokenizer(counting)
        self._styles = styles
        self._media = media

    def rate_limits(self, model: str) -> ModelFacts:
        return self._providers.facts(self.provider, None, model)

    async def generate(self, request: ModelRequest) -> ModelAnswer:
        address, attempt = _sent.get()
        act = self._act(address)
        limit = request.settings.max_tokens or self.rate_limits(request.model).max_output or 0
        tokens, given = self._tokens(request), limit if self._most else 1
        self.requests += 1
        self.input += tokens
        self.output += given
        books = self.by_act.setdefault(act.name, [0, 0, 0])
        for place, used in enumerate((1, tokens, given)):
            books[place] += used
        if self._most and attempt < act.retry.attempts:
            raise DriverError("overloaded", retryable=True, status=503)
        asked = int(address.rpartition("#")[2]) if "#" in address else 1
        said = self._answer(act, limit, asked)
        usage = TokenUsage(tokens, given)
        return ModelAnswer(text=said, finish=STOP, model=request.model, usage=usage)

    async def close(self) -> None:
        pass

    def _act(self, address: str) -> Act:
        steps = address.partition("#")[0].split("/")
        return next(self._acts[step] for step in reversed(steps) if step in self._acts)

    def _answer(self, act: Act, limit: int, asked: int) -> str:
        style = self._styles[self.requests % len(self._styles)]
        if act.output is None:
            return self._printable(filled(style, limit, self._count)) if self._most else "y"
        if self._most and asked <= act.retry.invalid_output:
            return self._printable(filled(style, limit, self._count))
        if not self._most:
            return '{"title":"t","score":1}'
        for length in (8, 4, 2, 1):
            title = (style * 8)[:length]
            answer = json.dumps({"title": title, "score": 9}, ensure_ascii=False)
            if self._count(answer) <= limit:
                return answer
        return '{"title":"t","score":9}'

    def _printable(self, text: str) -> str:
        return text if text.strip() else "y"

    def _tokens(self, request: ModelRequest) -> int:
        framing = self.rate_limits(request.model).tokens_per_message
        texts = [request.system or ""]
        tokens = framing * (len(request.messages) + 1)
        for message in request.messages:
            texts.append(message.text)
            tokens += sum(
                self._media(part) for part in message.parts if isinstance(part, MediaPart)
            )
        if request.output_schema is not None and self._most:
            texts.append(json.dumps(request.output_schema, separators=(",", ":")))
        if self._most:
            return tokens + sum(map(self._count, texts))
        # What a tokenizer cannot do: more than 16 bytes of text that is no run in one token.
        return tokens + sum(max(self._count(text), 1) for text in texts if text)


class Talkative:
    """A platform whose commands answer with much, or with little."""

    def __init__(self, most: bool, style: str) -> None:
        self._text = (style * 400)[:2000] if most else "x"

    def traits(self, command: str) -> CommandTraits | None:
        return CommandTraits(writes=False)

    async def perform(
        self, command: str, arguments: Mapping[str, Any], *, idempotency_key: str
    ) -> Any:
        return {"text": self._text, "id": 7}

    async def close(self) -> None:
        pass


def perform(
    program: Program,
    project: Path,
    providers: dict[str, Any],
    database: str | None = None,
    *,
    most: bool,
    model: str,
    counting: str,
    styles: tuple[str, ...],
    media: Callable[[MediaPart], int] = lambda _: 0,
    structured: bool = True,
    topic: str = "a topic",
) -> tuple[Greedy, Report]:
    """Run a program through the shell, in virtual time."""
    clock = VirtualClock(MONDAY)
    configuration = Configuration(project=str(project), providers=providers)
    driver = Greedy(
        program,
        Providers(providers),
        most=most,
        model=model,
        counting=counting,
        styles=styles,
        media=media,
        structured=structured,
    )

    def hear(event: Event) -> None:
        if isinstance(event, RequestSent):
            _sent.set((event.address, event.attempt))
        elif isinstance(event, IterationFinished):
            driver.failures += not event.succeeded

    async def confirm(name: str, arguments: Any) -> bool:
        return True

    async def run() -> Report:
        surroundings = {
            "XDG_STATE_HOME": str(project / "state"),
            "TOWN": "Florence",
            "DISCORD_TOKEN": "none",
        }
        options = Options(driver="simulate", database=database, variables={"topic": topic})
        opened = await equip(program, configuration, options, surroundings, clock)
        platforms = dict.fromkeys(opened.platforms, Talkative(most, styles[0]))
        equipment = replace(opened, driver=driver, platforms=platforms)
        journal = open_journal(project, create=True)
        assert journal is not None
        record = new_record(program, equipment, source="a.toml")
        entries = journal.begin(record, program)
        try:
            performance = Run(
                program, equipment, record=record, entries=entries, confirm=confirm, sink=hear
            )
            report = await performance.execute()
            driver.refused = [
                journal.result(report.run, each.address).limit
                for each in journal.effects(report.run)
                if each.result == "Exhaustion"
            ]
            return report
        finally:
            entries.close()
            journal.close()
            await equipment.close()

    return driver, clock.run(run())
