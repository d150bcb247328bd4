"""`--explain --count-tokens`: what the provider counts takes the place of the estimate."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import servers.anthropic
import servers.gemini
import servers.openai
from click.testing import CliRunner, Result
from servers.listening import Reply

from botticelli.cli.main import cli

FRAMING = 7
"""What the servers below count for a message besides its words."""

NARRATIVE = """
[narrative]
name = "tale"
model = "some-model"
max_tokens = 20
[toc]
order = ["tell", "mend"]
[acts]
tell = "one two three four five six seven eight nine ten"
mend = "Mend this:{{ tell }}"
"""


def words_of(value: Any) -> int:
    """Count the words of all texts within a request, as tokens."""
    if isinstance(value, dict):
        return sum(words_of(inner) for key, inner in value.items() if key not in {"model", "role"})
    if isinstance(value, list):
        return sum(map(words_of, value))
    return len(value.split()) if isinstance(value, str) and value not in {"text", "user"} else 0


class Stage:
    def __init__(self, name: str, server: Any) -> None:
        self.name = name
        self.server = server
        self.field = {"gemini": "totalTokens", "anthropic": "input_tokens"}.get(name, "")
        server.counted = lambda data: Reply({self.field: FRAMING + words_of(json.loads(data))})

    @property
    def counts(self) -> int:
        if self.name == "gemini":
            return [each.method for each in self.server.received].count("countTokens")
        return sum(each.path.endswith("count_tokens") for each in self.server.received)

    def explain(self) -> Result:
        arguments = ["compile", "--explain", "tale.toml", "--format", "json", "--count-tokens"]
        return CliRunner().invoke(cli, [*arguments, "--driver", self.name])


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tale.toml").write_text(NARRATIVE)
    Path("botticelli.toml").write_text("")


@pytest.fixture(params=["gemini", "anthropic"])
def stage(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    module = getattr(servers, request.param)
    with module.serving() as server:
        name = request.param.upper()
        base = "GOOGLE_GEMINI_BASE_URL" if request.param == "gemini" else f"{name}_BASE_URL"
        monkeypatch.setenv(base, server.address)
        monkeypatch.setenv(f"{name}_API_KEY", module.KEY)
        yield Stage(request.param, server)
        assert server.complaints == []


def expected(result: Result) -> float:
    (tell, _) = json.loads(result.stdout)["narratives"][0]["acts"]
    tokens: float = tell["inputs"][0]["tokens"]["expected"]
    return tokens


def test_what_was_counted_takes_the_place_of_the_estimate(stage: Stage) -> None:
    result = stage.explain()

    assert expected(result) == 10
    assert "counted by the provider" in " ".join(json.loads(result.stdout)["assumptions"])


def test_what_was_counted_is_remembered(stage: Stage) -> None:
    stage.explain()
    counts = stage.counts
    stage.explain()

    assert counts > 0
    assert stage.counts == counts


def test_where_counting_fails_the_rest_is_estimated(stage: Stage) -> None:
    stage.server.counted = Reply({}, 500)

    result = stage.explain()

    assert result.exit_code in {0, 1}
    assert "the rest is estimated" in result.stderr
    assert "counted by the provider" not in " ".join(json.loads(result.stdout)["assumptions"])


def test_a_driver_that_cannot_count_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    with servers.openai.serving() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.address)
        monkeypatch.setenv("OPENAI_API_KEY", servers.openai.KEY)

        result = Stage("openai", server).explain()

    assert result.exit_code == 2
    assert "openai cannot count tokens" in result.stderr


def test_without_a_key_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    arguments = ["compile", "--explain", "tale.toml", "--count-tokens", "--driver", "gemini"]

    result = CliRunner().invoke(cli, arguments)

    assert result.exit_code in {1, 2}
    assert "GEMINI_API_KEY" in result.stderr


def test_now_begins_with_what_the_ledger_says_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    Path("tale.toml").write_text(NARRATIVE.replace("some-model", "gemini-2.5-flash"))
    with servers.gemini.serving() as server:
        monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", server.address)
        monkeypatch.setenv("GEMINI_API_KEY", servers.gemini.KEY)
        assert CliRunner().invoke(cli, ["exec", "tale.toml", "--quiet"]).exit_code == 0
        arguments = ["compile", "--explain", "tale.toml", "--format", "json", "--now"]

        said = json.loads(CliRunner().invoke(cli, arguments).stdout)

    (day,) = (curve for curve in said["course"]["curves"] if curve["limit"] == "rpd")
    assert day["readings"][0]["used"] == 2
    assert day["readings"][-1]["used"] == 4
    assert said["now"]["begins"] <= said["now"]["ends"]
    assert any("ledger" in each for each in said["assumptions"])
