"""Commands through the real client to a local Discord: policies, keys, tries, unknown outcomes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from programs import (
    Performance,
    act,
    carousel,
    narrative,
    perform,
    program,
    send,
    stats,
)
from servers.contract import Contract
from servers.discord import TOKEN, DiscordServer, serving

from botticelli.compiler.ir.program import CommandInput, ContentRules, Program, Retry, Security
from botticelli.runtime.events import CommandPerformed
from botticelli.runtime.problems import SetupError
from botticelli.runtime.shell.clock import VirtualClock

ALLOWED = Security(allowed_commands=("messages.send",))
QUICK = Retry(attempts=3, backoff=0.1, max_backoff=0.2)


@pytest.fixture(scope="module")
def contract() -> Contract:
    found = Contract.read("discord.openapi.json")
    if found is None:
        pytest.skip("the contract discord.openapi.json is not in ../shared/contracts")
    return found


@pytest.fixture
def discord(contract: Contract) -> Iterator[DiscordServer]:
    with serving(contract) as server:
        yield server
        assert server.faults == []


def welcome(security: Security = ALLOWED, *inputs: CommandInput, **more: Any) -> Program:
    posting = inputs or (send(channel_id="42", content="{{ generate }}"),)
    return program(
        narrative(
            act("generate", "Write a welcome."),
            act("post", *posting, retry=QUICK),
            security=security,
            **more,
        )
    )


def run(made: Program, server: DiscordServer, project: Path, **more: Any) -> Performance:
    environment = {"DISCORD_TOKEN": TOKEN, "DISCORD_BASE_URL": server.address}
    clock = VirtualClock(1.76e9)
    return perform(made, project, clock=clock, environment=environment, **more)


def outcomes(performance: Performance) -> list[str]:
    return [event.outcome for event in performance.saw(CommandPerformed)]


def test_what_a_model_said_is_posted_once_an_iteration(
    discord: DiscordServer, tmp_path: Path
) -> None:
    performance = run(welcome(carousel=carousel(3, every=3600.0)), discord, tmp_path)
    assert performance.report.status == "completed"
    answers = [each.text for each in performance.results if each.kind == "answer"]
    bodies = [each.body for each in discord.received("create_message")]
    assert [body["content"] for body in bodies] == answers
    # Each message bears a key of its own, derived from its place in the run.
    assert len({body["nonce"] for body in bodies}) == 3
    assert [each.kind for each in performance.results] == ["answer", "command"] * 3


def test_what_the_policy_does_not_allow_is_never_sent(
    discord: DiscordServer, tmp_path: Path
) -> None:
    performance = run(welcome(Security()), discord, tmp_path)
    assert performance.report.status == "failed"
    assert "does not allow it" in (performance.report.message or "")
    assert discord.requests == []
    assert outcomes(performance) == ["refused"]


def test_rules_are_applied_to_final_values(discord: DiscordServer, tmp_path: Path) -> None:
    rules = Security(allowed_commands=("messages.send",), content=ContentRules(max_length=20))
    performance = run(welcome(rules), discord, tmp_path)
    assert "max_length is 20" in (performance.report.message or "")
    assert discord.requests == []


@pytest.mark.parametrize("agreed", [True, False])
def test_a_confirmation_is_asked_for(discord: DiscordServer, tmp_path: Path, agreed: bool) -> None:
    rules = Security(allowed_commands=("messages.send",), require_confirmation=("messages.send",))
    confirmed = ["discord.messages.send"] if agreed else []
    performance = run(welcome(rules), discord, tmp_path, confirmed=confirmed)
    assert len(discord.messages) == agreed
    assert performance.report.status == ("completed" if agreed else "failed")


def test_a_message_whose_answer_was_lost_is_sent_once(
    discord: DiscordServer, tmp_path: Path
) -> None:
    discord.reply("create_message", drop="after")
    performance = run(welcome(), discord, tmp_path)
    assert performance.report.status == "completed"
    assert len(discord.received("create_message")) == 2
    assert len(discord.messages) == 1


def test_a_write_without_a_key_is_not_repeated_and_said_to_be_unknown(
    discord: DiscordServer, tmp_path: Path
) -> None:
    pin = CommandInput(
        place=stats().place,
        platform="discord",
        command="channels.delete",
        arguments=send(channel_id="42").arguments,
        required=True,
    )
    discord.reply("*", drop="after")
    rules = Security(allowed_commands=("channels.delete",))
    performance = run(welcome(rules, pin), discord, tmp_path)
    assert len(discord.requests) == 1
    assert outcomes(performance) == ["unknown"]
    assert "whether it took effect is unknown" in (performance.report.message or "")


def test_reads_may_be_kept_for_a_while(discord: DiscordServer, tmp_path: Path) -> None:
    look = CommandInput(
        place=stats().place,
        platform="discord",
        command="channels.get",
        arguments=send(channel_id="42").arguments,
        required=True,
        cache_seconds=90.0,
    )
    made = program(narrative(act("look", look), carousel=carousel(4, every=60.0)))
    performance = run(made, discord, tmp_path)
    assert outcomes(performance) == ["done", "cached", "done", "cached"]
    assert len(discord.requests) == 2


def test_a_missing_token_stops_the_run_beside_everything_else_that_is_missing(
    tmp_path: Path,
) -> None:
    made = welcome(environment=("TOWN", "HOUSE"))
    with pytest.raises(SetupError) as caught:
        perform(made, tmp_path, "gemini")
    message = str(caught.value)
    for name in ("DISCORD_TOKEN", "TOWN", "HOUSE", "GEMINI_API_KEY"):
        assert name in message
