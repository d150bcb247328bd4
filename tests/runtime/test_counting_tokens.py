"""Tokens as the provider counts them: what minutes reserve where that is asked for, and asked for
once for each content."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import servers.anthropic
import servers.gemini
import servers.openai
from click.testing import CliRunner
from programs import Performance, act, narrative, perform, program
from servers.gemini import KEY, GeminiServer
from servers.listening import Reply

from botticelli.cli.main import cli
from botticelli.compiler.ir.program import ModelSettings, Retry
from botticelli.runtime.events import RequestReserved, Warned
from botticelli.runtime.folder import FOLDER
from botticelli.runtime.shell.clock import RealClock

VARIABLES = {"gemini": "GOOGLE_GEMINI_BASE_URL"}
LIMITED = {"rpm": 100, "tpm": 1000, "max_output": 100}


class Stage:
    """A driver's server, and runs that ask it to count."""

    def __init__(self, name: str, server: Any, project: Path) -> None:
        self.name = name
        self.module = getattr(servers, name)
        self.server = server
        self.project = project

    def run(self, *prompts: str, count: bool = True) -> Performance:
        settings = ModelSettings(model="some-model", max_tokens=50)
        retry = Retry(attempts=2, backoff=0.01, max_backoff=0.02)
        acts = [
            act(f"act{number}", prompt, settings=settings, retry=retry)
            for number, prompt in enumerate(prompts)
        ]
        variable = VARIABLES.get(self.name, f"{self.name.upper()}_BASE_URL")
        return perform(
            program(narrative(*acts)),
            self.project,
            self.name,
            clock=RealClock(),
            environment={
                f"{self.name.upper()}_API_KEY": self.module.KEY,
                variable: self.server.address,
            },
            providers={self.name: {"models": {"some-model": LIMITED}}},
            count_tokens=count,
        )

    @property
    def counts(self) -> int:
        """How often the server was asked to count."""
        if self.name == "gemini":
            return [each.method for each in self.server.received].count("countTokens")
        return sum(each.path.endswith("count_tokens") for each in self.server.received)


@pytest.fixture(params=["gemini", "anthropic"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    with getattr(servers, request.param).serving() as server:
        yield Stage(request.param, server, tmp_path)
        assert server.complaints == []


def reserved(performance: Performance) -> list[tuple[int, bool]]:
    return [(each.input_tokens, each.counted) for each in performance.saw(RequestReserved)]


def test_minutes_reserve_what_was_counted(stage: Stage) -> None:
    performance = stage.run("Hello")
    assert performance.report.status == "completed"
    assert reserved(performance) == [(42, True)]
    (event,) = performance.saw(RequestReserved)
    used = {each.limit: each.used for each in event.limits}
    assert used["tpm"] in (42, 92)  # Gemini's minutes count the input alone


def test_nothing_is_counted_unless_that_is_asked_for(stage: Stage) -> None:
    performance = stage.run("Hello", count=False)
    assert stage.counts == 0
    ((tokens, counted),) = reserved(performance)
    assert tokens != 42
    assert not counted


def test_what_was_counted_is_not_counted_again(stage: Stage) -> None:
    stage.run("Hello")
    stage.run("Hello")
    assert stage.counts == 1
    stage.run("Hello", "And then?")
    assert stage.counts == 2


def test_another_attempt_is_not_counted_again(stage: Stage) -> None:
    stage.server.answer(
        stage.module.refuses(500, "some_word", "broken"), stage.module.says("Good.")
    )
    performance = stage.run("Hello")
    assert reserved(performance) == [(42, True)] * 2
    assert stage.counts == 1


@pytest.mark.parametrize(
    "broken", [Reply({}, 500), Reply({"wrong": 1}), Reply(b"{"), Reply({"totalTokens": -1})]
)
def test_where_counting_fails_tokens_are_estimated(stage: Stage, broken: Reply) -> None:
    stage.server.counted = broken
    performance = stage.run("Hello", "And then?")
    assert performance.report.status == "completed"
    assert [counted for _, counted in reserved(performance)] == [False, False]
    (warning,) = performance.saw(Warned)
    assert "tokens are estimated" in warning.message
    assert stage.counts == 1


def test_a_file_that_cannot_be_read_stops_nothing(stage: Stage) -> None:
    folder = stage.project / FOLDER
    folder.mkdir()
    (folder / "tokens.sqlite").write_bytes(b"no database " * 100)
    assert reserved(stage.run("Hello", "Hello")) == [(42, True)] * 2


def test_the_file_holds_nothing_of_what_was_counted(stage: Stage) -> None:
    stage.run("A secret of the painter")
    data = (stage.project / FOLDER / "tokens.sqlite").read_bytes()
    assert b"painter" not in data


def test_a_driver_that_cannot_count_estimates_and_says_so(tmp_path: Path) -> None:
    with servers.openai.serving() as server:
        stage = Stage("openai", server, tmp_path)
        performance = stage.run("Hello")
    assert performance.report.status == "completed"
    (warning,) = performance.saw(Warned)
    assert warning.message == "openai cannot count tokens: they are estimated"


def test_the_command_line_asks_for_it(
    tmp_path: Path, gemini: GeminiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", gemini.address)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    source = '[narrative]\nname = "tale"\n[toc]\norder = ["tell"]\n[acts]\ntell = "Tell a tale."\n'
    Path("tale.toml").write_text(source)
    for _ in range(2):
        result = CliRunner().invoke(cli, ["exec", "tale.toml", "--count-tokens"])
        assert result.exit_code == 0, result.output
    methods = [each.method for each in gemini.received]
    assert methods == ["countTokens", "generateContent", "generateContent"]
