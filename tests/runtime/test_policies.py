"""What `[security]` lets a command do."""

import time
from typing import Any

import pytest

from botticelli.compiler.ir.program import ContentRules, Security
from botticelli.compiler.semantics.policies import SECONDS, needs_confirmation, violations

SEND = Security(allowed_commands=("messages.send",))


def against(
    *rules: Security, command: str = "messages.send", writes: bool = True, **arguments: Any
):
    return list(violations(rules, "discord", command, arguments, writes=writes))


@pytest.mark.parametrize(
    "name", ["messages.send", "discord.messages.send", "channels.create_message"]
)
def test_a_command_is_allowed_by_any_of_its_names(name: str) -> None:
    assert against(Security(allowed_commands=(name,)), content="Hi") == []


@pytest.mark.parametrize("called", ["messages.send", "channels.create_message"])
def test_a_denial_wins_and_holds_for_every_name(called: str) -> None:
    rules = Security(
        allowed_commands=("messages.send",), denied_commands=("discord.messages.send",)
    )
    assert against(rules, command=called) == [
        "discord.messages.send is denied by [security.policy]"
    ]


def test_a_command_that_writes_must_be_allowed_and_one_that_reads_need_not() -> None:
    assert "does not allow it" in against(Security())[0]
    assert against(Security(), command="server.get_stats", writes=False) == []


def test_calling_a_narrative_lifts_nothing_and_allows_nothing() -> None:
    assert against(Security(), SEND) == []
    assert "does not allow it" in against(SEND, Security())[0]
    assert "denied" in against(Security(denied_commands=("messages.send",)), SEND)[0]
    confirming = Security(require_confirmation=("messages.send",))
    assert needs_confirmation((confirming, SEND), "discord", "messages.send")
    assert not needs_confirmation((SEND,), "discord", "messages.send")


def test_constraints_hold_for_reads_too_and_under_other_names_of_an_argument() -> None:
    rules = Security(constraints={"guild_id": "1"})
    for name in ("guild_id", "server_id"):
        assert against(rules, command="server.get", writes=False, **{name: "1"}) == []
        assert against(rules, command="server.get", writes=False, **{name: 1}) == []
        found = against(rules, command="server.get", writes=False, **{name: "2"})
        assert found == ["guild_id must be '1'"]


def test_a_constraint_may_list_values_or_a_beginning() -> None:
    listed = Security(allowed_commands=("messages.send",), constraints={"channel_id": ("1", "2")})
    assert against(listed, channel_id="2") == []
    assert "'1' or '2'" in against(listed, channel_id="3")[0]
    prefix = Security(allowed_commands=("channels.create",), constraints={"channel_prefix": "bot-"})
    assert against(prefix, command="channels.create", name="bot-news") == []
    assert "must start with 'bot-'" in against(prefix, command="channels.create", name="news")[0]


@pytest.mark.parametrize(
    ("rules", "text", "said"),
    [
        (ContentRules(max_length=3), "äöü", None),
        (ContentRules(max_length=3), "four", "max_length is 3"),
        (ContentRules(block_mass_mentions=True), "mail me@here.org", "@here"),
        (ContentRules(block_mass_mentions=True), "hey @everyone!", "@everyone"),
        (ContentRules(block_mass_mentions=True), "hey @everyones", None),
        (ContentRules(prohibited_patterns=(r"(?i)secret\d",)), "my SECRET1", "prohibited"),
        (ContentRules(allowed_domains=("a.org",)), "https://b.a.org/x", None),
        (ContentRules(allowed_domains=("a.org",)), "see http://ba.org.", "ba.org"),
        (ContentRules(allowed_domains=("a.org",)), "https://a.org@evil.com/", "evil.com"),
        (ContentRules(), "https://anything.example", None),
    ],
)
def test_rules_on_text(rules: ContentRules, text: str, said: str | None) -> None:
    security = Security(allowed_commands=("messages.send",), content=rules)
    found = against(security, embeds=[{"title": text}])
    assert (found == []) if said is None else (said in found[0])


def test_rules_on_text_hold_for_what_leaves_and_not_for_reads() -> None:
    rules = Security(content=ContentRules(max_length=3))
    assert against(rules, command="server.get", writes=False, guild_id="123456") == []


@pytest.mark.parametrize("pattern", ["(a|aa)+$", "(.*a){20}b"])
def test_a_pattern_that_takes_for_ever_stops_the_command_instead(pattern: str) -> None:
    content = ContentRules(prohibited_patterns=("password", pattern))
    rules = Security(allowed_commands=("messages.send",), content=content)
    began = time.process_time()
    said = against(rules, content="a" * 2_000 + "!")
    assert time.process_time() - began < 3 * SECONDS
    assert said in (
        [],
        [f"content is not told from the prohibited pattern {pattern!r} within 0.5 s"],
    )
    assert against(rules, content="my password") == [
        "content matches the prohibited pattern 'password'"
    ]


def test_what_cannot_be_told_in_time_is_refused() -> None:
    content = ContentRules(prohibited_patterns=("(a|aa)+$",))
    rules = Security(allowed_commands=("messages.send",), content=content)
    texts = ["a" * 200 + "!"] * 5
    began = time.process_time()
    (said,) = against(rules, content="a" * 200 + "!", embeds=texts)
    assert "is not told from the prohibited pattern" in said
    assert time.process_time() - began < 2 * SECONDS
