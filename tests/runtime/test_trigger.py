"""Narratives with triggers, run by hand: `exec --trigger` gives what a webhook would."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from botticelli.cli.main import cli

SOURCE = """
[narrative]
name = "n"
toc = ["tell", { if = "trigger.urgent", then = ["hurry"] }]
[triggers.issue]
webhook = "/issue"
secret = "${env:HOOK_SECRET}"
[acts]
tell = "{{ trigger.user.name }} says: {{ trigger.title }}"
hurry = "Hurry {{ tell }}"
"""
BODY = {"title": "{{ 7 * 7 }} ${env:HOME} {% raw %}", "user": {"name": "Ada"}, "urgent": True}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "n.toml").write_text(SOURCE)
    (tmp_path / "body.json").write_text(json.dumps(BODY))
    return tmp_path


def run(*arguments: str, given: str | None = None, driver: str = "simulate") -> Result:
    words = ["exec", *arguments, "--driver", driver, "--log-format", "json", "--log-prompts"]
    return CliRunner().invoke(cli, words, input=given)


def prompts(done: Result) -> list[str]:
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    return [line["messages"][-1]["text"] for line in lines if "messages" in line]


@pytest.mark.parametrize("source", ["body.json", "-"])
def test_the_body_is_what_templates_and_conditions_see(project: Path, source: str) -> None:
    done = run("n.toml", "--trigger", source, given=json.dumps(BODY))
    assert done.exit_code == 0, done.output
    first, second = prompts(done)
    assert first == "Ada says: {{ 7 * 7 }} ${env:HOME} {% raw %}"
    assert second.startswith("Hurry ")


def test_without_one_the_run_does_not_start(project: Path) -> None:
    done = run("n.toml")
    assert done.exit_code == 2
    assert "n.toml:4:16: `trigger` is the body of a webhook" in done.stderr
    assert prompts(done) == []


def test_a_schedule_sends_nothing(project: Path) -> None:
    source = SOURCE.replace("[acts]", 'schedule = "0 9 * * *"\n[acts]')
    source = source.replace("{{ trigger.user.name }} says: {{ trigger.title }}", "{{ trigger }}!")
    (project / "n.toml").write_text(source)
    done = run("n.toml")
    assert done.exit_code == 0, done.output
    assert prompts(done) == ["!"]


def test_what_is_no_json_is_refused(project: Path) -> None:
    done = run("n.toml", "--trigger", "-", given="title=x")
    assert done.exit_code == 2
    assert "- holds no JSON" in done.stderr


def test_a_field_that_the_body_lacks_fails_the_act(project: Path) -> None:
    done = run("n.toml", "--trigger", "-", given="{}")
    assert done.exit_code == 1
    assert "no field `user`" in done.output


def test_a_resumed_run_keeps_its_body(project: Path) -> None:
    failing = "simulate:fail-every=2,error=400"
    assert run("n.toml", "--trigger", "body.json", driver=failing).exit_code == 1
    assert (project / ".botticelli" / "runs.sqlite").is_file()
    (project / "body.json").unlink()
    other = run("--resume", "last", "--trigger", "-", given=json.dumps({**BODY, "title": "?"}))
    assert other.exit_code == 1
    assert "no longer means the same" in other.stderr
    done = run("--resume", "last")
    assert done.exit_code == 0, done.output
    assert [each[:6] for each in prompts(done)] == ["Hurry "]
