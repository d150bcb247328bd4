"""Structured logs of a run: one JSON object a line, without prompts unless they are asked for."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from botticelli.cli.main import cli

SOURCE = """
[narrative]
name = "hello"
[toc]
order = ["greet"]
[acts]
greet = "Greet the painter."
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "hello.toml").write_text(SOURCE)
    return tmp_path


def logged(*arguments: str, driver: str = "simulate") -> list[dict[str, Any]]:
    words = ("exec", "hello.toml", "--driver", driver, "--log-format", "json", *arguments)
    result = CliRunner().invoke(cli, words)
    return [json.loads(line) for line in result.stderr.splitlines()]


def test_each_event_is_a_line_of_its_run(project: Path) -> None:
    lines = logged()
    assert lines[0]["event"] == "run-started"
    assert lines[-1]["status"] == "completed"
    assert len({line["run"] for line in lines}) == 1
    assert {line["logger"] for line in lines} == {"botticelli.run"}
    assert {line["level"] for line in lines} == {"info"}
    assert "painter" not in json.dumps(lines)


def test_prompts_are_logged_where_that_is_asked_for(project: Path) -> None:
    (exchange,) = [line for line in logged("--log-prompts") if "messages" in line]
    assert exchange["logger"] == "botticelli.prompts"
    assert exchange["messages"] == [{"role": "user", "text": "Greet the painter."}]
    assert exchange["answer"].startswith("[simulated answer")


def test_what_failed_is_an_error(project: Path) -> None:
    lines = logged(driver="simulate:fail=1,error=400")
    failed = [line["event"] for line in lines if line["level"] == "error"]
    assert failed == ["act-failed", "failed"]


def test_prompts_are_not_logged_without_a_format(project: Path) -> None:
    result = CliRunner().invoke(cli, ["exec", "hello.toml", "--log-prompts"])
    assert result.exit_code == 2
    assert "goes with --log-format" in result.stderr


def test_what_stands_in_the_way_is_logged_as_well(project: Path) -> None:
    (line,) = logged(driver="simulat")
    assert line["message"] == "no driver is named 'simulat'; did you mean `simulate`?"
    assert (line["level"], line["logger"]) == ("error", "botticelli.run")
    (line,) = logged("--yes", "messages.send")
    assert "performs no command 'messages.send'" in line["message"]


def test_what_the_check_found_is_logged_as_well(project: Path) -> None:
    (project / "hello.toml").write_text(SOURCE.replace("greet =", "great ="))
    found = [line for line in logged() if line["level"] == "error"]
    assert [line["code"] for line in found] == ["BOT201"]
    assert found[0]["logger"] == "botticelli.check"
    assert found[0]["span"]["start"]["line"] == 5
