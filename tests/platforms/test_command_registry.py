"""The registry as the checker asks it: names, aliases, arguments, values."""

import subprocess
import sys

import pytest

from botticelli.compiler.ir import types
from botticelli.compiler.semantics.commands import aliases, find, nearest, platforms, registry
from botticelli.compiler.semantics.commands.kinds import Bits, Emoji, Id, choice
from botticelli.compiler.semantics.commands.values import DYNAMIC, converted, mismatches

REGIONS = {
    "channels": "list get create edit delete get_or_create create_invite typing",
    "messages": "list get send edit delete bulk_delete clear pin unpin",
    "reactions": "list add remove clear",
    "threads": "list get create edit delete join leave add_member remove_member",
    "forums": "list get create edit delete create_post list_posts get_post",
    "members": "list get edit kick ban unban timeout remove_timeout",
    "roles": "list get create edit delete assign remove get_or_create",
    "emojis": "list get create edit delete",
    "stickers": "list get create edit delete",
    "events": "list get create edit delete",
    "invites": "list get create delete",
    "webhooks": "list get create edit delete execute",
    "bans": "list get create delete",
    "integrations": "list delete",
    "voice_regions": "list",
    "server": "get get_stats edit list get_channels get_roles get_members get_emoji",
    "guilds": "list get edit leave",
}
READING = ("list", "get", "search", "preview", "count")


@pytest.mark.parametrize("region", REGIONS)
def test_every_region_has_its_actions(region):
    for action in REGIONS[region].split():
        assert find("discord", f"{region}.{action}") is not None


def test_the_older_name_of_sending_is_sending():
    assert find("discord", "channels.create_message") is find("discord", "messages.send")
    assert find("discord", "discord.messages.send") is find("discord", "messages.send")


@pytest.mark.parametrize("platform", platforms())
def test_aliases_lead_to_commands_and_hide_none(platform):
    known = registry(platform)
    assert set(aliases(platform).values()) <= known.keys()
    assert known.keys().isdisjoint(aliases(platform))


@pytest.mark.parametrize("platform", platforms())
def test_names_of_arguments_are_unambiguous(platform):
    for command in registry(platform).values():
        own = [argument.name for argument in command.arguments]
        assert len(own) == len(set(own)), command.name
        others = [alias for argument in command.arguments for alias in argument.aliases]
        assert len(others) == len(set(others)), command.name


def test_every_discord_command_takes_the_server():
    for command in registry("discord").values():
        argument = command.argument("guild_id")
        assert argument is not None
        assert isinstance(argument.type, Id)


def test_commands_that_only_read_are_those_that_say_so():
    for name, command in registry("discord").items():
        action = name.partition(".")[2]
        reads = action.startswith(READING) and not action.endswith("or_create")
        assert command.writes is not reads, name


def test_only_what_the_platform_does_once_per_key_is_keyed():
    assert [each.name for each in registry("discord").values() if each.keyed] == ["messages.send"]


@pytest.mark.parametrize(
    ("platform", "name"),
    [("discord", "messages.sned"), ("discord", "message.send"), ("database", "inserts")],
)
def test_unknown_names_are_not_found_but_have_a_nearest(platform, name):
    assert find(platform, name) is None
    assert nearest(platform, name) in ("messages.send", "insert")


@pytest.mark.parametrize(
    "name", ["", ".", "messages", "messages.", "kinds.x", "arguments.x", "a.b"]
)
def test_nonsense_is_no_command(name):
    assert find("discord", name) is None
    assert find("telegraph", name) is None


def test_missing_arguments_come_in_groups_of_which_one_is_needed():
    send = find("discord", "messages.send")
    assert send.missing(["channel_id", "text"]) == ()
    assert send.missing(["content"]) == (("channel_id",),)
    assert send.missing(["channel"])[0][:2] == ("content", "embeds")


def test_arguments_of_one_request_do_not_go_with_another():
    create = find("discord", "threads.create")
    assert create.unfit(["channel_id", "name", "invitable"]) == ()
    assert create.unfit(["channel_id", "message_id", "name", "invitable"]) == ("invitable",)


KIND = choice(text=0, voice=2)
POINT = types.Record(
    (types.Field("x", types.Int(0, 9)), types.Field("label", types.Text(), optional=True))
)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (Id(), "1234567890"),
        (Id(), 1234567890),
        (KIND, 2),
        (KIND, "voice"),
        (KIND, "VOICE"),
        (Bits(), "1024"),
        (Emoji(), "<a:dance:1>"),
        (types.Text(maximum=3), "äöü"),
        (types.Optional(types.Int()), None),
        (types.List(POINT), [{"x": 1}, {"x": 2, "label": None}]),
        (types.List(types.Int()), [1, DYNAMIC]),
        (POINT, DYNAMIC),
        (types.Timestamp(), "2030-01-31T12:00:00Z"),
        (types.Json(), {"any": ["thing"]}),
    ],
)
def test_values_that_fit(type_, value):
    assert list(mismatches(type_, value)) == []


@pytest.mark.parametrize(
    ("type_", "value", "path", "expected"),
    [
        (Id(), "general", (), "an id: text of digits"),
        (Id(), True, (), "an id: text of digits"),
        (Id(), "9" * 5000, (), "an id: text of digits"),
        (Id(), -1, (), "an id: text of digits"),
        (KIND, "forum", (), 'one of "text" (0), "voice" (2)'),
        (KIND, 1, (), 'one of "text" (0), "voice" (2)'),
        (types.Int(1, 100), 101, (), "a whole number from 1 to 100"),
        (types.Int(1, 100), "50", (), "a whole number from 1 to 100"),
        (types.Int(), 1.5, (), "a whole number"),
        (types.Int(), True, (), "a whole number"),
        (types.Bool(), "yes", (), "true or false"),
        (types.Text(maximum=3), "four", (), "text of at most 3 characters"),
        (types.Text(), 3, (), "text"),
        (types.Int(), None, (), "a whole number"),
        (types.Timestamp(), "tomorrow", (), "a timestamp, as 2030-01-31T12:00:00Z"),
        (types.Enum(("a", "b")), "c", (), 'one of "a", "b"'),
        (types.List(POINT), [{"x": 1}, {"x": 10}], (1, "x"), "a whole number from 0 to 9"),
        (POINT, {"x": 1, "z": 2}, ("z",), "one of `x`, `label`"),
        (POINT, {}, (), "a record with the field `x`"),
        (POINT, [1], (), "a record with the fields `x`, `label`"),
    ],
)
def test_values_that_do_not_fit_are_shown_with_their_place(type_, value, path, expected):
    (fault,) = mismatches(type_, value)

    assert (fault.path, fault.expected) == (path, expected)
    assert len(fault.found) < 60


@pytest.mark.parametrize(
    ("type_", "rendered", "sent"),
    [
        (types.Int(), " 42 ", 42),
        (types.Bool(), "True", True),
        (types.Float(), "0.5", 0.5),
        (Id(), " 42\n", "42"),
        (KIND, "voice", 2),
        (Emoji(), "<:blob:12>", "blob:12"),
        (types.Text(), 42, "42"),
        (POINT, '{"x": 3}', {"x": 3}),
        (types.List(Id()), "[1, 2]", ["1", "2"]),
        (types.List(types.Json()), '[{"type": 1}]', [{"type": 1}]),
    ],
)
def test_what_templates_made_is_sent_as_the_asked_type(type_, rendered, sent):
    assert converted(type_, rendered) == (sent, [])


@pytest.mark.parametrize(
    ("type_", "rendered"),
    [
        (types.Int(), "1_000"),
        (types.Int(), "4.5"),
        (types.Int(), "inf"),
        (types.Float(), "nan"),
        (types.List(types.Json()), "[" * 100_000),
        (POINT, "{'x': 1}"),
        (Id(), "٤٢"),
    ],
)
def test_text_that_is_not_quite_the_type_is_refused(type_, rendered):
    assert converted(type_, rendered)[1] != []


def test_finding_a_command_imports_no_client():
    script = (
        "import sys; from botticelli.compiler.semantics.commands import find; "
        "find('discord', 'messages.send'); "
        "print(sorted({'httpx', 'lark', 'yaml', 'jinja2', 'asyncio'} & set(sys.modules)), "
        "'botticelli.compiler.semantics.commands.discord.events' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["[]", "False"]
