"""BOT608: known values against constraints and rules on text."""

from pathlib import Path

import pytest
from rules.checking import ALLOWED, SEND, check, described, narrative


def sent(folder: Path, content: str, *security: str) -> list[str]:
    post = SEND.replace("{content}", content)
    text = narrative('"a"', 'a = "bots.post"', post, ALLOWED, *security)
    return described(check(folder, {"main.toml": text}))


def reading(folder: Path, argument: str, constraint: str) -> list[str]:
    bots = f'[bots.it]\nplatform = "discord"\ncommand = "channels.list"\n{argument}\n'
    rules = f"[security.constraints]\n{constraint}\n"
    text = narrative('"a"', 'a = "bots.it"', bots, rules)
    return described(check(folder, {"main.toml": text}))


@pytest.mark.parametrize(
    ("argument", "constraint", "expected"),
    [
        ('guild_id = "2"', 'guild_id = "1"', ['BOT608 10: "2"']),
        ('server_id = "2"', 'guild_id = "1"', ['BOT608 10: "2"']),
        ('guild_id = "2"', 'server_id = "1"', ['BOT608 10: "2"']),
        ("guild_id = 2", 'guild_id = ["1", "3"]', ["BOT608 10: 2"]),
        ("guild_id = 1", 'guild_id = ["1", "3"]', []),
        ('guild_id = "1"', "guild_id = 1", []),
        ('guild_id = "{{ vars.guild }}"', 'guild_id = "1"', []),
        ('guild_id = "${GUILD}"', 'guild_id = "1"', []),
        ('guild_id = "1"', 'channel_id = "1"', []),
    ],
)
def test_constraints_hold_for_reads_too(
    argument: str, constraint: str, expected: list[str], tmp_path: Path
) -> None:
    assert reading(tmp_path, argument, constraint) == expected


@pytest.mark.parametrize(("name", "expected"), [("bot-news", []), ("news", ['BOT608 11: "news"'])])
def test_names_begin_as_they_must(name: str, expected: list[str], tmp_path: Path) -> None:
    bots = f"""[bots.it]
platform = "discord"
command = "channels.create"
guild_id = "1"
name = "{name}"
[security.policy]
allowed_commands = ["channels.create"]
[security.constraints]
channel_prefix = "bot-"
"""
    text = narrative('"a"', 'a = "bots.it"', bots)
    assert described(check(tmp_path, {"main.toml": text})) == expected


@pytest.mark.parametrize(
    ("content", "rule", "expected"),
    [
        ("four", "max_length = 3", ['BOT608 12: "four"']),
        ("four", "max_length = 4", []),
        ("f{{ vars.x }}our", "max_length = 3", ['BOT608 12: "f{{ vars.x }}our"']),
        ("{% if vars.x %}four{% endif %}", "max_length = 3", []),
        ("Hi @everyone!", "block_mass_mentions = true", ["BOT608 12: @everyone"]),
        ("Hi {{ vars.x }} @here, {{ vars.y }}", "block_mass_mentions = true", ["BOT608 12: @here"]),
        ("Hi @everyone!", "block_mass_mentions = false", []),
        ("Hi @here{{ vars.who }}", "block_mass_mentions = true", []),
        ("call 555-1234", "prohibited_patterns = ['\\d{3}-\\d{4}']", ["BOT608 12: 555-1234"]),
        ("call {{ vars.x }} 555-1", "prohibited_patterns = ['\\d+-\\d+']", ["BOT608 12: 555-1"]),
        ("{{ vars.x }}secret", "prohibited_patterns = ['^secret']", []),
        ("see https://b.org/x", "allowed_domains = ['a.org']", ["BOT608 12: https://b.org/x"]),
        ("see https://sub.a.org/x.", "allowed_domains = ['a.org']", []),
        ("see https://a.org. Bye", "allowed_domains = ['a.org']", []),
        ("see https://nota.org", "allowed_domains = ['a.org']", ["BOT608 12: https://nota.org"]),
        ("see https://a.org@evil.com/", "allowed_domains = ['a.org']", ["BOT608 12: https://a.org@evil.com/"]),
        ("see https://{{ vars.host }}/x", "allowed_domains = ['a.org']", []),
        ("see https://sub{{ vars.host }}", "allowed_domains = ['a.org']", []),
        ("see https://b.org", "allowed_domains = []", []),
    ],
)  # fmt: skip
def test_rules_on_text(content: str, rule: str, expected: list[str], tmp_path: Path) -> None:
    assert sent(tmp_path, content, f"[security.content]\n{rule}\n") == expected


def test_a_pattern_that_is_none_is_said_where_it_stands(tmp_path: Path) -> None:
    text = narrative('"a"', 'a = "Hi"', "[security.content]\nprohibited_patterns = ['(', 'a']\n")
    assert described(check(tmp_path, {"main.toml": text}, "BOT1")) == ["BOT107 8: '('"]


def test_patterns_that_could_take_for_ever_are_left_to_the_run(tmp_path: Path) -> None:
    rule = "[security.content]\nprohibited_patterns = ['(a+)+$']\n"
    assert sent(tmp_path, "a" * 200 + "b", rule) == []


def test_a_caller_constrains_what_it_calls(tmp_path: Path) -> None:
    caller = """
[narrative]
name = "caller"
toc = ["call"]
[acts.call]
narrative = "main"
[security.constraints]
channel_id = "9"
"""
    post = SEND.replace("{content}", "Hi")
    files = {
        "main.toml": narrative('"a"', 'a = "bots.post"', post, ALLOWED),
        "caller.toml": caller,
    }
    [found] = check(tmp_path, files)
    assert described([found]) == ['BOT608 6: "main"']
    assert [label.message for label in found.labels] == [
        "the rule stands here",
        "not within the constraint",
    ]


def test_a_narrative_of_the_same_file_has_it_said_once(tmp_path: Path) -> None:
    text = """
[narrative.caller]
toc = ["call"]
[narrative.main]
toc = ["post"]
[acts]
post = "bots.post"
[acts.call]
narrative = "main"
[security.constraints]
channel_id = "9"
"""
    post = SEND.replace("{content}", "Hi")
    assert described(check(tmp_path, {"main.toml": text + post + ALLOWED})) == ['BOT608 16: "1"']
