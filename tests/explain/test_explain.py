"""`compile --explain` as a user has it: what it says of narratives, in each format."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from syrupy.assertion import SnapshotAssertion

from botticelli.cli.main import cli
from botticelli.compiler.report.display import display_width

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(
    path for path in (ROOT / "narratives").rglob("*") if path.suffix in {".toml", ".yaml"}
)
SHIPPED = [path for path in SHIPPED if path.name != "botticelli.toml"]


def explain(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(cli, ["compile", "--explain", *arguments])
    assert result.exit_code == code, result.stderr
    return result.stdout


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("format_name", ["text", "mermaid"])
def test_everything_that_an_order_can_hold(format_name: str, snapshot: SnapshotAssertion) -> None:
    said = explain("tests/explain/narratives/newsroom.toml", "--format", format_name)

    assert said == snapshot


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_a_shipped_narrative_fits_a_terminal(path: Path) -> None:
    said = explain(str(path))

    assert [line for line in said.splitlines() if display_width(line) > 80] == []


def test_the_same_input_gives_the_same_bytes() -> None:
    """Also in processes that arrange their sets otherwise."""
    command = [sys.executable, "-m", "botticelli.cli", "compile", "--explain"]
    command += ["tests/explain/narratives/newsroom.toml", "--format", "html"]
    said = {
        subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }

    assert len(said) == 1


def test_the_tier_and_the_multipliers_are_those_of_the_command_line() -> None:
    file = "narratives/welcome.toml"

    said = json.loads(
        explain(file, "--format", "json", "--tier", "pay-as-you-go", "--rpd-multiplier", "0.01")
    )

    limits = {each["name"]: each["value"] for each in said["pools"][0]["limits"]}
    assert said["pools"][0]["tier"] == "pay-as-you-go"
    assert limits["rpd"] == 100
    assert said["total"]["cost"]["expected"] > 0


def test_a_tier_that_does_not_exist_is_wrong_usage() -> None:
    explain("narratives/welcome.toml", "--tier", "fre", code=2)


def test_its_options_need_it() -> None:
    file = "narratives/welcome.toml"

    assert CliRunner().invoke(cli, ["compile", file, "--tier", "free"]).exit_code == 2


def test_what_does_not_fit_is_explained_and_fails(tmp_path: Path) -> None:
    file = tmp_path / "much.toml"
    file.write_text(
        '[narrative]\nname = "much"\nmodel = "gemini-2.5-flash"\nmax_tokens = 50\n'
        '[narrative.carousel]\niterations = 900\n[toc]\norder = ["a"]\n[acts]\na = "Hello"\n'
    )

    said = json.loads(explain(str(file), "--format", "json", code=1))

    assert said["verdict"] == "infeasible"
    assert said["carousels"][0]["stop"] == {
        "iteration": 251,
        "act": "a",
        "limit": "rpd",
        "value": 250,
    }


def test_what_cannot_be_read_is_not_explained(tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text('[narrative]\nname = "wrong"\ntoc = ["b"]\nacts.a = "Hi"\n')

    assert explain(str(file), code=1) == ""


def test_no_terminal_obeys_what_a_prompt_says(tmp_path: Path) -> None:
    file = tmp_path / "sly.toml"
    file.write_text(
        '[narrative]\nname = "sly"\ndescription = "\\u001b[31mred"\nmax_tokens = 9\n'
        '[toc]\norder = ["a"]\n[acts]\na = "\\u001b]0;title\\u0007 \\u202Egnorw\\"]:::x"\n'
    )

    said = explain(str(file))

    assert re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", said) is None


def test_an_unbounded_ceiling_is_called_that_and_says_what_to_bound(tmp_path: Path) -> None:
    file = tmp_path / "open.toml"
    file.write_text(
        '[narrative]\nname = "open"\nmodel = "gemini-2.5-flash"\nmax_tokens = 9\n'
        '[toc]\norder = ["a"]\n[acts]\na = ["table posts limit 3", "Count them."]\n'
        '[schemas.posts]\nid = "int"\nbody = "text"\n'
    )

    said = json.loads(explain(str(file), "--format", "json"))

    assert said["total"]["input_tokens"]["ceiling"] is None
    assert "`body` of `posts`" in said["unbounded"][0]["why"]
    assert "unbounded" in explain(str(file))


def test_a_server_of_ones_own_has_no_limits_but_those_that_are_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("botticelli.toml").write_text(
        '[defaults]\ndriver = "openai"\n[drivers.openai]\nbase_url = "http://127.0.0.1:9/v1"\n'
        "[providers.openai.models.loc]\nrpm = 6\nrpd = 12\n"
    )
    Path("a.toml").write_text(
        '[narrative]\nname = "a"\nmodel = "loc"\nmax_tokens = 9\n[toc]\norder = ["a"]\n'
        '[acts]\na = "Hi"\n[carousel]\niterations = 8\n'
    )
    result = CliRunner().invoke(cli, ["compile", "--explain", "a.toml"])
    assert result.exit_code == 0, result.output
    assert "6 requests a minute and 12 requests a day" in " ".join(result.stdout.split())
    assert "500 requests" not in result.stdout


def test_a_share_that_leaves_nothing_of_a_limit_is_a_wrong_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("botticelli.toml").write_text(
        '[defaults]\ndriver = "simulate:provider=tiny"\n[providers.tiny.models.m]\nrpd = 20\n'
    )
    Path("a.toml").write_text(
        '[narrative]\nname = "a"\nmodel = "m"\nmax_tokens = 9\n[toc]\norder = ["a"]\n'
        '[acts]\na = "Hi"\n[carousel]\niterations = 3\n'
    )
    result = CliRunner().invoke(cli, ["compile", "--explain", "a.toml", "--rpd-multiplier", "0.01"])
    assert result.exit_code == 2
    assert "a multiplier of 0.01 leaves nothing of the limit rpd = 20" in result.stderr
