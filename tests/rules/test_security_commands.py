"""BOT601 to BOT604 and BOT609: what commands are, and what they may do."""

from pathlib import Path

import pytest
from rules.checking import ALLOWED, check, described, narrative


def bot(command: str, *arguments: str, platform: str = "discord") -> str:
    lines = "\n".join(arguments)
    return f'\n[bots.it]\nplatform = "{platform}"\ncommand = "{command}"\n{lines}\n'


def findings(folder: Path, *sections: str) -> list[str]:
    return described(check(folder, {"main.toml": narrative('"a"', 'a = "bots.it"', *sections)}))


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        (bot("server.get", 'guild_id = "1"', platform="Discrod"), ['BOT609 9: "Discrod"']),
        (bot("server.got", 'guild_id = "1"'), ['BOT603 10: "server.got"']),
        (bot("discord.server.got", 'guild_id = "1"'), ['BOT603 10: "discord.server.got"']),
        (bot("get_all", 'url = "x"', platform="http"), ['BOT603 10: "get_all"']),
    ],
)
def test_platforms_and_commands_are_known(
    section: str, expected: list[str], tmp_path: Path
) -> None:
    assert findings(tmp_path, section) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["BOT604 8: it"]),
        (['chanel_id = "1"'], ["BOT604 11: chanel_id"]),
        (['channel_id = "1"', "wibble = 2"], ["BOT604 12: wibble"]),
        (['channel_id = "general"'], ['BOT604 11: "general"']),
        (['channel_id = "1"', 'limit = "many"'], ['BOT604 12: "many"']),
        (['channel_id = "1"', "limit = 500"], ["BOT604 12: 500"]),
        (["args = { channel_id = true }"], ["BOT604 11: true"]),
        (["args = { channel_id = '1', limt = 3 }"], ["BOT604 11: limt"]),
        (["channel_id = \"{{ 'no id' }}\""], ["BOT604 11: \"{{ 'no id' }}\""]),
    ],
)
def test_arguments_fit(arguments: list[str], expected: list[str], tmp_path: Path) -> None:
    found = findings(tmp_path, bot("messages.list", *arguments))
    assert [each.replace("[bots.it]", "it") for each in found] == expected


@pytest.mark.parametrize(
    "arguments",
    [
        ["channel_id = 1234567890"],
        ['channel = "1"', 'guild_id = "2"', "limit = 5"],
        ['channel_id = "1"', 'server_id = "2"'],
        ['channel_id = "{{ vars.channel }}"', 'limit = "{{ vars.limit }}"'],
        ['channel_id = "${CHANNEL}"', 'around = "$MESSAGE"'],
        ["channel_id = \"{{ '12' }}\"", 'limit = "{{ 5 }}"'],
        ['channel_id = "1"', "required = true", 'cache_duration = "5m"', 'x-note = "mine"'],
    ],
)
def test_fitting_arguments_are_left_alone(arguments: list[str], tmp_path: Path) -> None:
    assert findings(tmp_path, bot("messages.list", *arguments)) == []


def test_fields_of_records_within_arguments(tmp_path: Path) -> None:
    section = bot(
        "messages.send",
        'channel_id = "1"',
        'embeds = [{ titel = "Hi" }, { title = 5 }, { title = "Hi", color = "{{ vars.c }}" }]',
    )
    assert findings(tmp_path, section, ALLOWED) == ["BOT604 12: titel", "BOT604 12: 5"]


def test_commands_in_place_are_checked_as_those_by_name(tmp_path: Path) -> None:
    acts = """
[acts.a]
inputs = [
  { platform = "discord", command = "messages.lst", args = { channel_id = "1" } },
  { platform = "discord", command = "messages.list", args = { channel = "1", limt = 2 } },
]
"""
    text = '[narrative]\nname = "main"\ntoc = ["a"]\n' + acts
    assert described(check(tmp_path, {"main.toml": text})) == [
        'BOT603 7: "messages.lst"',
        "BOT604 8: limt",
    ]


# Policies


def test_a_write_needs_a_policy_and_a_read_needs_none(tmp_path: Path) -> None:
    write = bot("messages.send", 'channel_id = "1"', 'content = "Hi"')
    assert findings(tmp_path, write) == ['BOT601 10: "messages.send"']
    read = bot("messages.list", 'channel_id = "1"')
    assert findings(tmp_path, read) == []


@pytest.mark.parametrize("called", ["messages.send", "channels.create_message"])
@pytest.mark.parametrize(
    "allowed", ["messages.send", "discord.messages.send", "channels.create_message"]
)
def test_any_name_of_a_command_allows_it(called: str, allowed: str, tmp_path: Path) -> None:
    write = bot(called, 'channel_id = "1"', 'content = "Hi"')
    policy = f'[security.policy]\nallowed_commands = ["{allowed}"]\n'
    assert findings(tmp_path, write, policy) == []


def test_a_denial_wins_and_is_shown(tmp_path: Path) -> None:
    write = bot("messages.send", 'channel_id = "1"', 'content = "Hi"')
    denial = 'denied_commands = ["discord.messages.send"]\n'
    text = narrative('"a"', 'a = "bots.it"', write, ALLOWED, denial)
    [found] = check(tmp_path, {"main.toml": text})
    assert described([found]) == ['BOT602 10: "messages.send"']
    assert [label.message for label in found.labels] == ["denied here"]


def test_reads_can_be_denied(tmp_path: Path) -> None:
    read = bot("messages.list", 'channel_id = "1"')
    denial = '[security.policy]\ndenied_commands = ["messages.list"]\n'
    assert findings(tmp_path, read, denial) == ['BOT602 10: "messages.list"']


def test_names_in_policies_are_known(tmp_path: Path) -> None:
    policy = """
[security.policy]
allowed_commands = ["discord.messages.sendd", "messages.send", "insert", "http.post"]
denied_commands = ["chanels.delete"]
require_confirmation = ["database.inserts", "channels.create_message"]
"""
    read = bot("messages.list", 'channel_id = "1"')
    assert findings(tmp_path, read, policy) == [
        'BOT603 14: "discord.messages.sendd"',
        'BOT603 15: "chanels.delete"',
        'BOT603 16: "database.inserts"',
    ]


@pytest.mark.parametrize(
    ("table", "security", "expected"),
    [
        ('"posts"', "", ['BOT601 10: "insert"']),
        ('"posts"', 'policy = { allowed_commands = ["insert"] }', ['BOT601 11: "posts"']),
        (
            '"posts"',
            'policy = { allowed_commands = ["insert"] }\ntables = { write = ["others"] }',
            ['BOT601 11: "posts"'],
        ),
        (
            '"posts"',
            'policy = { allowed_commands = ["insert"] }\ntables = { write = ["posts"] }',
            [],
        ),
        ('"{{ vars.table }}"', 'policy = { allowed_commands = ["insert"] }', []),
    ],
)
def test_the_database_writes_only_named_tables(
    table: str, security: str, expected: list[str], tmp_path: Path
) -> None:
    write = bot("insert", f"table = {table}", "values = { a = 1 }", platform="database")
    assert findings(tmp_path, write, f"[security]\n{security}\n") == expected


CALLER = """
[narrative]
name = "caller"
toc = ["call"]
[acts.call]
narrative = "main"
"""


def test_a_command_must_be_allowed_where_it_stands(tmp_path: Path) -> None:
    write = bot("messages.send", 'channel_id = "1"', 'content = "Hi"')
    files = {"main.toml": narrative('"a"', 'a = "bots.it"', write), "caller.toml": CALLER + ALLOWED}
    assert described(check(tmp_path, files)) == ['BOT601 10: "messages.send"']


def test_a_caller_denies_what_it_calls_once(tmp_path: Path) -> None:
    write = bot("messages.send", 'channel_id = "1"', 'content = "Hi"')
    denial = '[security.policy]\ndenied_commands = ["messages.send"]\n'
    between = CALLER.replace("caller", "between")
    files = {
        "main.toml": narrative('"a"', 'a = "bots.it"', write, ALLOWED),
        "between.toml": between,
        "caller.toml": CALLER.replace('"main"', '"between"') + denial,
    }
    [found] = check(tmp_path, files)
    assert described([found]) == ['BOT602 6: "between"']
    assert found.location.source.path.endswith("caller.toml")
    places = [label.location.source.path.rpartition("/")[2] for label in found.labels]
    assert places == ["caller.toml", "main.toml"]


def test_narratives_that_run_in_a_circle_with_policies_end(tmp_path: Path) -> None:
    names = ["n0", "n1", "n2"]
    files = {
        f"{name}.toml": CALLER.replace("caller", name).replace("main", names[i - 1])
        + '[security.policy]\ndenied_commands = ["messages.send"]\n'
        for i, name in enumerate(names)
    }
    assert described(check(tmp_path, files)) == []


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("main.toml", "", '\n[security.policy]\nallowed_commands = ["messages.send"]\n'),
        (
            "main.toml",
            '[security.policy]\nallowed_commands = ["messages.pin"]\n',
            '[security.policy]\nallowed_commands = ["messages.pin", "messages.send"]\n',
        ),
        (
            "main.toml",
            "[security.policy]\nallowed_commands = []\n",
            '[security.policy]\nallowed_commands = ["messages.send"]\n',
        ),
        (
            "main.toml",
            '[security.policy]\ndenied_commands = ["messages.pin"]\n',
            ALLOWED.lstrip() + 'denied_commands = ["messages.pin"]\n',
        ),
    ],
)
def test_the_fix_writes_the_permission(name: str, before: str, after: str, tmp_path: Path) -> None:
    write = bot("messages.send", 'channel_id = "1"', 'content = "Hi"')
    text = narrative('"a"', 'a = "bots.it"', write)
    [found] = check(tmp_path, {name: text + before})
    assert found.fix is not None
    assert not found.fix.safe
    [edit] = found.fix.edits
    span = edit.location.span
    mended = (text + before)[: span.start] + edit.text + (text + before)[span.end :]
    assert mended == text + after
    assert check(tmp_path, {name: mended}) == []


YAML = """\
narrative:
  name: main
  toc: [a]
acts:
  a: bots.it
bots:
  it:
    platform: discord
    command: messages.send
    args:
      channel_id: general
      content: Hi
"""


def test_yaml_is_checked_and_mended_alike(tmp_path: Path) -> None:
    found = check(tmp_path, {"main.yaml": YAML})
    assert described(found) == ["BOT601 9: messages.send", "BOT604 11: general"]
    assert found[0].fix is not None
    [edit] = found[0].fix.edits
    mended = YAML + edit.text
    assert described(check(tmp_path, {"main.yaml": mended})) == ["BOT604 11: general"]
