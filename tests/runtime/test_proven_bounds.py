"""The bounds that a program carries: kept by the runtime, and shown beside what was used."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from botticelli.cli.main import cli
from botticelli.compiler.ir.encoding import decode, encode

BOTTICELLI = [sys.executable, "-c", "from botticelli.cli.main import main; main()"]

SOURCE = """
[narrative]
name = "letters"
max_tokens = 40
retry = { attempts = 3, backoff = "10ms" }
[toc]
order = ["draft", "polish"]
[carousel]
iterations = 4
continue_on_error = true
[acts]
draft = "Write a letter to the town of Florence, about its towers and about the river."
polish = "Polish this letter, and keep its length: {{ draft }}"
"""

CONFIGURATION = """
[providers.gemini.tiers.free]
rpm = 1000
rpd = 1000
[providers.gemini.tiers.free.models."gemini-2.5-flash"]
rpm = 1000
rpd = 1000
cost_per_million_input_tokens = 10.0
cost_per_million_output_tokens = 100.0
"""

Tamper = Callable[[dict[str, Any]], None]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "botticelli.toml").write_text(CONFIGURATION)
    (tmp_path / "letters.toml").write_text(SOURCE)
    return tmp_path


def call(*arguments: str) -> Result:
    result = CliRunner().invoke(cli, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def compiled(project: Path, change: Tamper | None = None) -> dict[str, Any]:
    """Compile, change the JSON, and write it as `letters.json`."""
    result = call("compile", "letters.toml", "-o", "letters.json")
    assert result.exit_code == 0, result.output
    program: dict[str, Any] = json.loads((project / "letters.json").read_bytes())
    if change is not None:
        change(program)
        (project / "letters.json").write_text(json.dumps(program))
    return program


def execute(*arguments: str, driver: str = "simulate") -> Result:
    return call("exec", *arguments, "--driver", driver, "--events", "events.jsonl")


def events(kind: str) -> list[dict[str, Any]]:
    lines = Path("events.jsonl").read_text().splitlines()
    return [each for each in map(json.loads, lines) if each["event"] == kind]


def test_a_program_carries_its_bounds_and_is_the_same_each_time(project: Path) -> None:
    program = compiled(project)
    bounds = program["bounds"]
    assert bounds["run"]["requests"] == {"floor": 8, "expected": 8.0, "ceiling": 24}
    assert bounds["run"]["output_tokens"]["ceiling"] == 24 * 40
    assert [each["act"] for each in bounds["acts"]] == ["draft", "polish"]
    assert bounds["acts"][0]["use"]["requests"]["ceiling"] == 12
    data = (project / "letters.json").read_bytes()
    compiled(project)
    assert (project / "letters.json").read_bytes() == data
    assert encode(decode(data)) == data


def test_a_compiled_file_without_bounds_runs_as_ever(project: Path) -> None:
    compiled(project, lambda program: program.pop("bounds"))
    result = execute("letters.json")
    assert result.exit_code == 0, result.output
    assert "at most  24 requests" in result.stdout


@pytest.mark.parametrize("share", [0.1, 0.4, 0.8])
@pytest.mark.parametrize(
    ("part", "used"),
    [
        ("requests", lambda end: end["requests"]),
        ("input_tokens", lambda end: end["input_tokens"]),
        ("output_tokens", lambda end: end["output_tokens"]),
        ("tokens", lambda end: end["input_tokens"] + end["output_tokens"]),
        ("cost", lambda end: end["cost"]),
    ],
)
def test_what_would_pass_a_ceiling_is_not_sent(
    project: Path, part: str, used: Callable[[dict[str, Any]], float], share: float
) -> None:
    """With a ceiling below what the run takes, as if the compiler had been wrong."""
    execute("letters.toml")
    whole = used(events("run-finished")[0])
    ceiling = whole * share if part == "cost" else int(whole * share)

    def lower(program: dict[str, Any]) -> None:
        program["bounds"]["run"][part]["ceiling"] = ceiling

    compiled(project, lower)
    result = execute("letters.json")
    assert result.exit_code == 1
    (end,) = events("run-finished")
    assert end["status"] == "exhausted"
    assert used(end) <= ceiling
    assert "the compiler proved" in end["message"]
    assert "please report it" in " ".join(result.stdout.split())
    (event,) = events("budget-exhausted")
    assert (event["limit"], event["resets"]) == (f"proven_{part}", None)


def test_a_ceiling_without_bound_is_not_kept(project: Path) -> None:
    def lift(program: dict[str, Any]) -> None:
        for part in program["bounds"]["run"].values():
            part["ceiling"] = None

    compiled(project, lift)
    result = execute("letters.json")
    assert result.exit_code == 0, result.output
    assert "unbounded requests, unbounded tokens in, unbounded out, no bound" in result.stdout


def test_a_run_that_fails_as_often_as_it_may_stays_within_its_ceiling(project: Path) -> None:
    """Two of three attempts fail, each of which may have been paid for."""
    result = execute("letters.toml", driver="simulate:fail-every=3,error=timeout")
    assert result.exit_code == 0, result.output
    (end,) = events("run-finished")
    assert end["completed"] == 4
    assert end["requests"] <= 24
    result = execute("letters.toml", driver="simulate:fail=23,error=timeout")
    (end,) = events("run-finished")
    assert end["status"] in {"completed", "failed"}
    assert end["requests"] <= 24


def test_predicted_and_used_stand_side_by_side(project: Path) -> None:
    result = execute("letters.toml")
    lines = [line for line in result.stdout.splitlines() if "tokens in" in line][-4:]
    assert [line[:10].strip() for line in lines] == ["used", "at least", "expected", "at most"]
    assert len({line.index(" requests,") for line in lines}) == 1
    assert len({line.index(" tokens in") for line in lines}) == 1
    assert all(len(line) <= 80 for line in lines)
    (end,) = events("run-finished")
    assert [(each["act"], each["requests"]) for each in end["acts"]] == [
        ("draft", 4),
        ("polish", 4),
    ]
    for part in ("requests", "input_tokens", "output_tokens"):
        assert sum(each[part] for each in end["acts"]) == end[part]
        bound = end["bounds"][part]
        assert bound["floor"] <= end[part] <= bound["ceiling"]
        for each in end["acts"]:
            assert each["bounds"][part]["floor"] <= each[part] <= each["bounds"][part]["ceiling"]
    assert sum(each["cost"] for each in end["acts"]) == pytest.approx(end["cost"])


def test_a_carousel_that_ended_early_says_what_is_compared(project: Path) -> None:
    compiled(project)
    result = execute("letters.json", "--rpd-multiplier", "0.003")
    assert "1 of 4 iterations ended; the bounds are those of all of them" in result.stdout
    assert "at most  24 requests" in result.stdout


def test_nothing_is_said_of_what_completed_runs_take_where_a_cap_ended_the_run(
    project: Path,
) -> None:
    """Floors are those of runs that complete."""
    compiled(project)
    result = execute("letters.json", "--max-requests", "1")
    lines = [line for line in result.stdout.splitlines() if "tokens in" in line][-3:]
    assert [line[:10].strip() for line in lines] == ["used", "expected", "at most"]


def test_bounds_are_those_of_what_is_asked(project: Path) -> None:
    """Another provider has other models, with other prices."""
    compiled(project)
    execute("letters.json", driver="simulate:provider=openai")
    (end,) = events("run-finished")
    assert end["status"] == "completed"
    assert end["bounds"]["cost"] is None  # OpenAI's data does not name the simulation's model
    assert events("warning") == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_resumed_act_has_the_attempts_that_are_left(project: Path) -> None:
    """A request that was under way when the process died counts as an attempt."""
    arguments = ["exec", "letters.toml", "--driver", "simulate:delay=60", "--events", "first.jsonl"]
    process = subprocess.Popen(
        [*BOTTICELLI, *arguments], env=dict(os.environ), stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        file = project / "first.jsonl"
        if file.exists() and "request-sent" in file.read_text():
            break
        time.sleep(0.05)
    time.sleep(0.2)
    process.kill()
    process.wait()
    result = call(
        *("exec", "--resume", "last", "--driver", "simulate:fail=99"), "--events", "events.jsonl"
    )
    assert result.exit_code == 1
    sent = [each["attempt"] for each in events("request-sent")]
    assert sent[:4] == [2, 3, 1, 2]
    (end,) = events("run-finished")
    assert "report" not in (end["message"] or "")
    assert end["requests"] <= 24


def test_a_run_that_failed_at_its_end_can_still_go_on(project: Path) -> None:
    """What failed for good is done again with all its attempts; no ceiling stands in the way."""
    text = (project / "letters.toml").read_text()
    once = text.replace("iterations = 4\ncontinue_on_error = true", "iterations = 1")
    (project / "letters.toml").write_text(once)
    for _ in range(3):
        resumed = Path("events.jsonl").exists()
        source = ("--resume", "last") if resumed else ("letters.toml",)
        result = execute(*source, driver="simulate:fail=99")
        assert result.exit_code == 1
        assert [each["attempt"] for each in events("request-sent")] == [1, 2, 3]
    assert execute("--resume", "last").exit_code == 0


def test_numbers_that_nobody_counts_are_no_bounds(project: Path) -> None:
    many = "iterations = 1000000000000000000"
    text = (project / "letters.toml").read_text().replace("iterations = 4", many)
    (project / "letters.toml").write_text("# botticelli: ignore-file[BOT501, BOT502]\n" + text)
    run = compiled(project)["bounds"]["run"]
    assert run["requests"]["ceiling"] is None
    assert run["requests"]["floor"] == 2**53
    data = (project / "letters.json").read_bytes()
    assert encode(decode(data)) == data


def test_bounds_follow_media_that_have_changed_since_they_were_compiled(project: Path) -> None:
    (project / "note.txt").write_text("short")
    source = """
[narrative]
name = "letters"
max_tokens = 40
[toc]
order = ["read"]
[acts]
read = ["media.note", "What does it say?"]
[media.note]
type = "document"
file = "note.txt"
mime = "text/plain"
"""
    (project / "letters.toml").write_text(source)
    compiled(project)
    (project / "note.txt").write_text("long " * 20_000)
    result = execute("letters.json")
    assert result.exit_code == 0, result.output
