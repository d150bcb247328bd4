"""Structured logs of a run: one JSON object a line, without prompts unless they are asked for."""

import json
import os
import warnings
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from published_schemas import on_one_line

from botticelli.cli.main import cli
from botticelli.runtime.events import Event

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


DOCS = Path(__file__).parents[2] / "docs"


def validator(name: str) -> Draft202012Validator:
    schema = json.loads((DOCS / name).read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_the_schema_of_events_is_theirs() -> None:
    """BOTTICELLI_UPDATE_PAGES=1 writes it anew."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of `botticelli exec --events FILE`",
        **msgspec.json.schema(Event),
    }
    written = json.dumps(on_one_line(schema), indent=2) + "\n"
    path = DOCS / "events.schema.json"
    if os.environ.get("BOTTICELLI_UPDATE_PAGES"):
        path.write_text(written, "utf-8")
    assert path.read_text("utf-8") == written, "write it anew with BOTTICELLI_UPDATE_PAGES=1"


@pytest.mark.parametrize(
    "driver", ["simulate", "simulate:fail=1", "simulate:fail=1,error=400", "simulat"]
)
def test_lines_are_as_their_schemas_say(project: Path, driver: str) -> None:
    lines = logged("--log-prompts", "--events", "events.jsonl", driver=driver)
    assert lines
    for line in lines:
        assert list(validator("log.schema.json").iter_errors(line)) == []
    events = Path("events.jsonl")
    assert events.exists() == (driver != "simulat")  # with which no run starts
    for text in events.read_text().splitlines() if events.exists() else ():
        assert list(validator("events.schema.json").iter_errors(json.loads(text))) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("hello.toml", "--narrative", "nobody"), "nobody"),
        (("nowhere.toml",), "'nowhere.toml' does not exist"),
        (("hello.toml", "--max-requests", "0"), "--max-requests"),
        (("hello.toml", "--nothing"), "--nothing"),
        (("--resume", "last", "--only", "greet"), "--resume goes on as the run began"),
        ((), "name a FILE to run"),
    ],
)
def test_a_wrong_command_line_is_logged_as_well(
    project: Path, arguments: tuple[str, ...], said: str
) -> None:
    for words in (("--log-format", "json"), ("--log-format=json",)):
        result = CliRunner().invoke(cli, ["exec", *arguments, *words])
        assert result.exit_code == 2
        (line,) = [json.loads(each) for each in result.stderr.splitlines()]
        assert said in line["message"]
        assert line["level"] == "error"
        assert list(validator("log.schema.json").iter_errors(line)) == []


def test_a_compiled_file_of_another_version_is_logged_as_well(project: Path) -> None:
    assert CliRunner().invoke(cli, ["compile", "hello.toml", "-o", "hello.json"]).exit_code == 0
    made = Path("hello.json")
    made.write_text(made.read_text().replace('"version": 1', '"version": 9'))
    result = CliRunner().invoke(cli, ["exec", "hello.json", "--log-format", "json"])
    assert result.exit_code == 1
    (line,) = [json.loads(each) for each in result.stderr.splitlines()]
    assert "hello.json" in line["message"]


def test_a_quiet_run_that_fails_logs_nothing_but_lines(project: Path) -> None:
    lines = logged("--quiet", driver="simulate:fail=1,error=400")
    assert lines[-1]["event"] == "run-finished"


def test_warnings_of_python_are_lines(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from botticelli.runtime.drivers import simulate

    opening = simulate.open_driver

    def warn(settings: Any) -> Any:
        warnings.warn("old", FutureWarning, stacklevel=1)
        return opening(settings)

    monkeypatch.setattr(simulate, "open_driver", warn)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        lines = logged()
    assert [line["logger"] for line in lines].count("py.warnings") == 1
