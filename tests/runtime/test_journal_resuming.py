"""Runs that go on: after an end, after a change, from an act on, under other caps."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from servers.contract import Contract
from servers.discord import TOKEN, DiscordServer, serving

from botticelli.cli.main import cli

BOTTICELLI = [sys.executable, "-c", "from botticelli.cli.main import main; main()"]

SOURCE = """
[narrative]
name = "scenes"
[toc]
order = ["draft", "polish", "title"]
[acts]
draft = "Draft a scene in {{ env.TOWN }} with {{ vars.who }}."
polish = "Polish: {{ draft }}"
title = "A title for: {{ polish }}"
"""

POSTS = """
[narrative]
name = "posts"
[toc]
order = ["write", "post", "after"]
[acts]
write = "Write."
after = "And after {{ post.id }}?"
[acts.post]
input = ["bots.post"]
[bots.post]
platform = "discord"
command = "messages.send"
channel_id = "42"
content = "Hello"
required = true
[security.policy]
allowed_commands = ["messages.send", "channels.delete"]
"""

CONFIGURATION = """
[vars]
who = { type = "text", default = "Simonetta" }
api_key = { type = "text", default = "" }
[providers.gemini.tiers.free]
rpm = 1000
rpd = 1000
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY", "DISCORD_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("TOWN", "Florence")
    (tmp_path / "botticelli.toml").write_text(CONFIGURATION)
    (tmp_path / "scenes.toml").write_text(SOURCE)
    return tmp_path


@pytest.fixture
def discord(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DiscordServer]:
    contract = Contract.read("discord.openapi.json")
    if contract is None:
        pytest.skip("the contract discord.openapi.json is not in ../shared/contracts")
    (project / "posts.toml").write_text(POSTS)
    with serving(contract) as server:
        monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
        monkeypatch.setenv("DISCORD_BASE_URL", server.address)
        yield server
        assert server.faults == []


def call(*arguments: str) -> Result:
    result = CliRunner().invoke(cli, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def execute(*arguments: str, driver: str = "simulate") -> Result:
    return call("exec", *arguments, "--driver", driver)


def resume(*arguments: str) -> Result:
    return call("exec", "--resume", "last", *arguments)


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def events(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def answers() -> list[str]:
    """What the latest run shows of its acts and their answers."""
    shown = call("runs", "show").stdout
    return [line for line in shown.splitlines() if line.startswith(("──", "["))]


def fail_at_polish(*more: str) -> Result:
    result = execute("scenes.toml", *more, driver="simulate:fail-every=2,error=400")
    assert result.exit_code == 1
    return result


def test_a_failed_run_goes_on_with_the_act_that_failed(project: Path) -> None:
    failed = fail_at_polish("--var", "who=Clarice")
    assert "botticelli exec --resume 20" in failed.stdout
    assert "resume it with: botticelli exec --resume 20" in call("runs", "show").stdout

    result = resume("--driver", "simulate", "--events", "events.jsonl")

    assert result.exit_code == 0, result.output
    assert "resumed after 1 effect" in result.stdout
    assert "draft: gemini" not in result.stdout
    seen = events(project / "events.jsonl")
    assert [each["act"] for each in seen if each["event"] == "answer"] == ["polish", "title"]
    assert [each["act"] for each in seen if each.get("replayed") and "act" in each] == ["draft"]
    (finished,) = [each for each in seen if each["event"] == "run-finished"]
    assert finished["requests"] == 4
    listed = call("runs", "list").stdout.splitlines()
    assert len(listed) == 1
    assert "completed" in listed[0]


def test_a_resumed_run_answers_as_one_that_was_not_disturbed(project: Path) -> None:
    execute("scenes.toml", "--var", "who=Clarice")
    whole = answers()
    fail_at_polish("--var", "who=Clarice")
    resume("--driver", "simulate")
    assert answers() == whole


def test_a_completed_run_is_not_resumed(project: Path) -> None:
    execute("scenes.toml")
    result = resume()
    assert result.exit_code == 1
    assert "nothing is left to do" in result.stderr
    assert "completed" in call("runs", "list").stdout


def test_a_run_that_was_killed_before_it_could_say_that_it_is_done_says_so(project: Path) -> None:
    execute("scenes.toml")
    with sqlite3.connect(project / ".botticelli" / "runs.sqlite") as connection:
        connection.execute("UPDATE runs SET status = 'running', ended = NULL")
    connection.close()
    assert "interrupted" in call("runs", "list").stdout
    result = resume()
    assert result.exit_code == 0, result.output
    assert "used     3 requests" in result.stdout
    assert "completed" in call("runs", "list").stdout


def test_what_is_still_to_come_may_change(project: Path) -> None:
    fail_at_polish()
    change(project / "scenes.toml", "Polish:", "Shorten:")
    change(project / "scenes.toml", "A title", "A short title")
    result = resume("--driver", "simulate")
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("Draft a scene", "Draft a song", '+      "text": "Draft a song in *** with Simonetta."'),
        ('order = ["draft", ', 'order = ["title", "draft", ', "1/draft/ask is no longer asked for"),
    ],
)
def test_what_was_completed_must_not_change(
    project: Path, before: str, after: str, said: str
) -> None:
    fail_at_polish()
    change(project / "scenes.toml", before, after)
    if "order" in before:
        change(project / "scenes.toml", "A title for: {{ polish }}", "A title")
    result = resume("--driver", "simulate")
    assert result.exit_code == 1
    assert "no longer means the same" in result.stderr
    assert said in result.stderr
    change(project / "scenes.toml", after, before)
    assert resume("--driver", "simulate").exit_code == 0


def test_a_variable_may_not_change_what_was_completed(project: Path) -> None:
    fail_at_polish("--var", "who=Clarice")
    result = resume("--driver", "simulate", "--var", "who=Lucrezia")
    assert result.exit_code == 1
    assert "with Lucrezia" in result.stderr


def test_the_environment_is_read_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_at_polish()
    monkeypatch.setenv("TOWN", "Siena")
    assert resume("--driver", "simulate").exit_code == 0


def test_neither_prompts_nor_secrets_stand_in_the_journal(project: Path) -> None:
    change(project / "scenes.toml", "with {{ vars.who }}", "with {{ vars.api_key }}")
    fail_at_polish("--var", "api_key=s3cret-value")
    for path in (project / ".botticelli").iterdir():
        data = path.read_bytes()
        assert b"s3cret-value" not in data
        assert b"Florence" not in data
    assert "give it with --var api_key=VALUE" in resume("--driver", "simulate").stderr
    result = resume("--driver", "simulate", "--var", "api_key=s3cret-value")
    assert result.exit_code == 0, result.output


def test_a_run_goes_on_without_its_source(project: Path) -> None:
    fail_at_polish()
    (project / "scenes.toml").unlink()
    result = resume("--driver", "simulate")
    assert result.exit_code == 0, result.output
    assert "the run goes on as it was compiled" in result.stderr


def test_a_cap_that_was_reached_may_be_raised(project: Path) -> None:
    result = execute("scenes.toml", "--max-requests", "2")
    assert result.exit_code == 1
    assert "max_requests = 2" in result.stdout
    assert resume().exit_code == 1
    result = resume("--max-requests", "3")
    assert result.exit_code == 0, result.output
    assert "3 requests" in result.stdout


def test_tokens_of_a_run_may_be_capped_on_the_command_line(project: Path) -> None:
    result = execute("scenes.toml", "--max-tokens", "2400", "--events", "events.jsonl")
    assert result.exit_code == 1
    assert "max_tokens = 2,400, which caps the run, would be passed" in result.stdout
    assert [each["act"] for each in events(project / "events.jsonl") if "characters" in each] == [
        "draft"
    ]
    assert resume("--max-tokens", "30000").exit_code == 0


def test_what_is_said_when_resuming_holds_from_then_on(project: Path) -> None:
    execute("scenes.toml", "--max-requests", "1")
    assert "max_requests = 2" in resume("--max-requests", "2").stdout
    assert "max_requests = 2" in resume().stdout


def test_a_cap_counts_what_the_run_used_before(project: Path) -> None:
    fail_at_polish("--max-requests", "3")
    result = resume("--driver", "simulate", "--events", "events.jsonl")
    # One of the first process was answered and one refused; one is left, for `polish`.
    assert "max_requests = 3" in result.stdout
    seen = events(project / "events.jsonl")
    assert [each["act"] for each in seen if each["event"] == "answer"] == ["polish"]


def test_a_run_may_begin_with_an_act_on_the_results_of_another(project: Path) -> None:
    execute("scenes.toml")
    first = answers()
    change(project / "scenes.toml", "A title", "A short title")
    result = execute("scenes.toml", "--from", "title", "--run", "last")
    assert result.exit_code == 0, result.output
    assert "used     1 request," in result.stdout
    assert answers()[:4] == first[:4]
    assert answers()[4:] != first[4:]


def test_an_act_may_run_alone(project: Path) -> None:
    alone = execute("scenes.toml", "--only", "draft")
    assert alone.exit_code == 0, alone.output
    assert " 1 request, " in alone.stdout
    execute("scenes.toml")
    result = execute("scenes.toml", "--only", "polish", "--run", "last")
    assert result.exit_code == 0, result.output
    assert "used     1 request," in result.stdout
    assert len(answers()) == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["scenes.toml", "--only", "polsh"], "did you mean `polish`?"),
        (["scenes.toml", "--from", "polish"], "--run RUN"),
        (["scenes.toml", "--run", "last"], "--from ACT or --only ACT"),
        (["scenes.toml", "--from", "polish", "--only", "draft", "--run", "x"], "exclude"),
        (["--resume", "last", "--dry-run"], "goes on as the run began"),
        (["--resume", "last", "--on-unknown", "perhaps"], "skip"),
        (["scenes.toml", "--yes", "messages.send"], "performs no command"),
        (["scenes.toml", "--on-unknown", "skip"], "goes with --resume"),
        ([], "name a FILE"),
    ],
)
def test_a_wrong_command_line_is_said_to_be_wrong(
    project: Path, arguments: list[str], said: str
) -> None:
    result = call("exec", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_run_is_run_by_one_process_at_a_time(project: Path) -> None:
    process = subprocess.Popen(
        [*BOTTICELLI, "exec", "scenes.toml", "--driver", "simulate:delay=1"],
        cwd=project,
        env=os.environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    result = resume()
    assert result.exit_code == 1
    assert "is being run by another process" in result.stderr
    assert "running" in call("runs", "list").stdout
    assert "under way" in call("runs", "delete", "last", "--yes").stderr
    process.kill()
    process.communicate()
    assert "interrupted" in call("runs", "list").stdout
    assert resume("--driver", "simulate").exit_code == 0


# Writes


def test_a_dry_run_asks_the_model_and_writes_nothing(project: Path, discord: DiscordServer) -> None:
    result = execute("posts.toml", "--dry-run")
    assert result.exit_code == 0, result.output
    assert 'would perform discord.messages.send {"channel_id": "42", "content": "Hello"}' in (
        result.stdout
    )
    assert "2 requests" in result.stdout
    assert discord.requests == []
    assert "dry run" in call("runs", "list").stdout


@pytest.mark.parametrize("secret", ["tok-7f3kq92m", 'it\'s \\ "so"'])
def test_secrets_are_starred_in_arguments_that_are_shown(
    project: Path, discord: DiscordServer, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    key = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" * 2
    change(project / "posts.toml", '"Hello"', '"T: {{ env.SHOP_TOKEN }} {{ env.OTHER }}"')
    monkeypatch.setenv("SHOP_TOKEN", secret)
    monkeypatch.setenv("OTHER", key)
    result = execute("posts.toml", "--dry-run")
    assert '"content": "T: *** ghp_***"}' in result.output
    for each in (secret, json.dumps(secret)[1:-1], key[4:]):
        assert each not in result.output


@pytest.mark.parametrize("given", [[], ["--yes", "messages.send"]])
def test_a_confirmation_may_be_given_beforehand(
    project: Path, discord: DiscordServer, given: list[str]
) -> None:
    change(
        project / "posts.toml",
        "[security.policy]",
        '[security.policy]\nrequire_confirmation = ["discord.messages.send"]',
    )
    result = execute("posts.toml", *given)
    assert len(discord.messages) == len(given) // 2
    assert result.exit_code == (0 if given else 1)
    assert given or "--yes discord.messages.send" in result.stdout


def kill_during(
    project: Path,
    operation: str,
    discord: DiscordServer,
    by: int = getattr(signal, "SIGKILL", signal.SIGTERM),
) -> str:
    """End a run by a signal while Discord is at an operation, and return what it said."""
    discord.reply(operation, slow=2.0)
    process = subprocess.Popen(
        [*BOTTICELLI, "exec", "posts.toml", "--driver", "simulate"],
        cwd=project,
        env=os.environ,
        stdout=subprocess.PIPE,
    )
    deadline = time.monotonic() + 20
    while not discord.received(operation):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(0.1)
    process.send_signal(by)
    return process.communicate()[0].decode()


def test_a_keyed_write_that_was_killed_happens_once(project: Path, discord: DiscordServer) -> None:
    kill_during(project, "create_message", discord)
    result = resume()
    assert result.exit_code == 0, result.output
    assert len(discord.received("create_message")) == 2
    assert len(discord.messages) == 1


def test_a_key_that_may_be_forgotten_is_not_relied_on(
    project: Path, discord: DiscordServer
) -> None:
    kill_during(project, "create_message", discord)
    with sqlite3.connect(project / ".botticelli" / "runs.sqlite") as connection:
        connection.execute("UPDATE effects SET started = started - 3600")
    connection.close()
    result = resume()
    assert result.exit_code == 1
    assert "nobody knows whether they took effect" in result.stderr


def delete_a_channel(project: Path) -> None:
    change(project / "posts.toml", 'command = "messages.send"', 'command = "channels.delete"')
    change(project / "posts.toml", 'content = "Hello"\n', "")
    change(project / "posts.toml", "{{ post.id }}", "that")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_the_summary_says_that_the_outcome_of_a_write_is_unknown(
    project: Path, discord: DiscordServer
) -> None:
    said = kill_during(project, "create_message", discord, signal.SIGINT)
    assert "unknown" not in said  # it bears a key, and is sent again
    delete_a_channel(project)
    discord.requests.clear()
    said = kill_during(project, "delete_channel", discord, signal.SIGINT)
    assert "unknown  whether this took effect: discord.channels.delete in post" in said
    assert "--on-unknown skip|repeat" in said


@pytest.mark.parametrize(("choice", "sent"), [("skip", 1), ("repeat", 2)])
def test_a_write_of_unknown_outcome_is_decided_about(
    project: Path, discord: DiscordServer, choice: str, sent: int
) -> None:
    delete_a_channel(project)
    kill_during(project, "delete_channel", discord)
    shown = call("runs", "show").stdout
    assert "discord.channels.delete in post; whether it took effect is unknown" in shown

    (logged,) = resume("--log-format", "json").stderr.splitlines()
    assert "discord.channels.delete" in logged
    assert "42" not in logged

    undecided = resume()
    assert undecided.exit_code == 1
    assert 'discord.channels.delete {"channel_id": "42"}' in undecided.stderr
    assert "--on-unknown" in undecided.stderr
    assert len(discord.received("delete_channel")) == 1

    decided = resume("--on-unknown", choice)
    assert decided.exit_code == 0, decided.output
    assert len(discord.received("delete_channel")) == sent
    assert ("is not repeated" in decided.stdout) == (choice == "skip")


def test_a_write_that_failed_unknown_is_decided_about(
    project: Path, discord: DiscordServer
) -> None:
    delete_a_channel(project)
    discord.reply("delete_channel", drop="after")
    assert execute("posts.toml").exit_code == 1
    assert "nobody knows" in resume().stderr
    assert resume("--on-unknown", "repeat").exit_code == 0
    assert len(discord.received("delete_channel")) == 2


def test_a_write_that_was_refused_is_done_again(project: Path, discord: DiscordServer) -> None:
    delete_a_channel(project)
    discord.reply("delete_channel", {"message": "Missing Permissions", "code": 50013}, status=403)
    assert execute("posts.toml").exit_code == 1
    result = resume()
    assert result.exit_code == 0, result.output
