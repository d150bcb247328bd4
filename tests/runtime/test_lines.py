"""The lines of a run say whose they are."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from botticelli.cli.main import cli

OUTER = """[narrative]
name = "x"
max_tokens = 50
toc = ["a", { repeat = ["b"], iterations = 2 }, "c"]
[acts]
a = "Hi."
b = "Ho."
[acts.c]
narrative = "inner"
"""
INNER = """[narrative]
name = "inner"
max_tokens = 50
toc = ["d"]
[carousel]
iterations = 1
[acts]
d = "Hi."
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    Path("x.toml").write_text(OUTER)
    Path("inner.toml").write_text(INNER)


def lines(driver: str) -> list[str]:
    result = CliRunner().invoke(cli, ["exec", "x.toml", "--driver", driver])
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def test_passes_and_inner_iterations_and_attempts_are_named() -> None:
    said = lines("simulate:fail=1")
    assert any(re.match(r"  a: attempt 1 failed: .*; again in [\d.]+ s$", line) for line in said)
    assert [line.split(", at")[0] for line in said if re.match(r" *(pass|.*iteration \d)", line)][
        :3
    ] == ["  pass 1/2 of a `repeat`", "  pass 2/2 of a `repeat`", "  inner: iteration 1/1"]


def test_one_is_counted_as_one() -> None:
    Path("a.txt").write_text("!")
    assert any("answered 1 character (" in line for line in lines("simulate:answers=a.txt"))


def test_a_bad_line_of_answers_is_named_by_its_number() -> None:
    Path("a.jsonl").write_text('"one"\n\n"three\n')
    arguments = ["exec", "x.toml", "--driver", "simulate:answers=a.jsonl"]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2
    assert "a.jsonl: line 3 is no JSON: Unterminated string starting at column 1" in result.stderr


def test_what_failed_alone_is_not_counted() -> None:
    driver = "simulate:fail=1,error=400"
    result = CliRunner().invoke(cli, ["exec", "x.toml", "--driver", driver])
    assert re.search(r"^Failed, in", result.stdout, re.MULTILINE), result.stdout
