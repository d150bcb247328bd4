"""What `exec` says of a carousel before it starts: asked of the books as they stand, and true."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from servers.listening import Reply, listening
from servers.openai import completion

from botticelli.cli.main import cli

CONFIGURATION = """
[defaults]
driver = "openai"
model = "local"
max_tokens = 50
[providers.openai.models.local]
rpd = 10
"""

SOURCE = """
[narrative]
name = "rounds"
[toc]
order = ["say"]
[carousel]
iterations = 6
[acts]
say = "Say it."
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "botticelli.toml").write_text(CONFIGURATION)
    (tmp_path / "rounds.toml").write_text(SOURCE)
    with listening(lambda path, headers, data: Reply(completion("said"))) as address:
        monkeypatch.setenv("OPENAI_BASE_URL", address)
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        yield tmp_path


def execute(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["exec", "rounds.toml", *arguments])


def test_what_today_has_left_is_said_before_a_carousel_starts(project: Path) -> None:
    first = execute()
    assert first.exit_code == 0, first.output
    assert first.stdout.startswith("outlook: likely; all 6 iterations fit, and would end ")
    second = execute()
    assert second.exit_code == 1
    outlook = re.match(
        r"outlook: (\w+); 4 of 6 iterations would complete\n +[\d:]+, at say: "
        r"nothing left of 10 requests a day for it\n",
        second.stdout,
    )
    assert outlook is not None, second.stdout
    assert outlook[1] == "infeasible"
    assert "CarouselBudgetExhausted after 4 of 6 iterations" in second.stdout
    third = execute()
    assert "outlook: infeasible; 0 of 6 iterations would complete" in third.stdout


def test_nothing_is_said_where_nothing_repeats_or_nobody_listens(project: Path) -> None:
    assert "outlook" not in execute("--quiet").output
    (project / "rounds.toml").write_text(SOURCE.replace("[carousel]\niterations = 6\n", ""))
    assert "outlook" not in execute().output
