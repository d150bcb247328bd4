"""Commands that take several requests."""

from asyncio import run
from datetime import UTC, datetime, timedelta

import pytest
from servers.discord import TOKEN, WEBHOOK_TOKEN

from botticelli.compiler.semantics.commands import registry
from botticelli.runtime.platforms.discord.composed import COMPOSED, EPOCH
from botticelli.runtime.platforms.protocol import PlatformError

GUILD = "7"


def example(server, operation: str):
    return server.contract.example(server.contract.operations[operation].success[1])


def identifier(age: timedelta, number: int = 0) -> str:
    milliseconds = int((datetime.now(UTC) - age).timestamp() * 1000)
    return str(((milliseconds - EPOCH) << 22) + number)


def messages(server, *ages_in_days: float, author: str = "5"):
    (message,) = example(server, "list_messages")
    return [
        message
        | {
            "id": identifier(timedelta(days=age), number),
            "author": message["author"] | {"id": author},
        }
        for number, age in enumerate(ages_in_days)
    ]


def test_every_command_without_a_request_of_its_own_is_composed():
    assert {name for name, each in registry("discord").items() if not each.requests} == set(
        COMPOSED
    )


@pytest.mark.parametrize(
    ("wanted", "created"), [("general", 0), ("General", 0), ("other", 1)], ids=str
)
def test_a_channel_is_created_only_where_none_has_its_name(server, perform, wanted, created):
    (channel,) = example(server, "list_guild_channels")
    server.reply("list_guild_channels", [channel | {"id": "99", "name": "general"}])

    result = run(perform("channels.get_or_create", guild_id=GUILD, name=wanted, kind="text"))

    assert len(server.received("create_guild_channel")) == created
    assert (result["id"] == "99") is not bool(created)


def test_a_role_is_created_only_where_none_has_its_name(server, perform):
    (role,) = example(server, "list_guild_roles")
    server.reply("list_guild_roles", [role | {"name": "guest"}], times=2)

    run(perform("roles.get_or_create", guild_id=GUILD, name="guest"))
    run(perform("roles.get_or_create", guild_id=GUILD, name="host", color=255))

    (created,) = server.received("create_guild_role")
    assert created.body == {"name": "host", "color": 255}


def test_clearing_deletes_young_messages_at_once_and_old_ones_one_by_one(server, perform):
    found = messages(server, 0, 1, 20, 30)
    server.reply("list_messages", found)

    result = run(perform("messages.clear", channel_id="42", limit=4, reason="tidy · up"))

    (bulk,) = server.received("bulk_delete_messages")
    assert bulk.body == {"messages": [each["id"] for each in found[:2]]}
    assert bulk.headers["x-audit-log-reason"] == "tidy %C2%B7 up"
    assert [each.parameters["message_id"] for each in server.received("delete_message")] == [
        each["id"] for each in found[2:]
    ]
    assert result == {"deleted": 4}


def test_clearing_may_be_for_one_author(server, perform):
    server.reply("list_messages", messages(server, 0) + messages(server, 1, author="6"))

    assert run(perform("messages.clear", channel_id="42", user_id="6")) == {"deleted": 1}
    assert len(server.received("delete_message")) == 1


def test_a_step_that_must_wait_is_waited_for(server, perform):
    server.slow_down("list_guild_channels", 0.05)

    assert run(perform("server.get_stats", guild_id=GUILD))["channel_count"] == 1
    assert len(server.received("get_guild")) == 1


def test_an_error_after_a_step_has_written_tells_that_it_did(server, perform):
    server.reply("list_messages", messages(server, 20, 21))
    server.reply("delete_message", None, status=204)
    server.reply("delete_message", {"message": "Missing Permissions", "code": 50013}, status=403)

    with pytest.raises(PlatformError) as caught:
        run(perform("messages.clear", channel_id="42"))

    assert not caught.value.had_no_effect


def test_a_time_out_ends_after_its_duration(server, perform):
    before = datetime.now(UTC)
    run(perform("members.timeout", guild_id=GUILD, user_id="5", duration=600))
    run(perform("members.remove_timeout", guild_id=GUILD, user_id="5"))

    begun, ended = server.received("update_guild_member")
    until = datetime.fromisoformat(begun.body["communication_disabled_until"])
    assert timedelta(seconds=595) < until - before < timedelta(seconds=610)
    assert ended.body == {"communication_disabled_until": None}


def test_tokens_of_webhooks_are_used_and_never_shown(server, perform):
    (webhook,) = example(server, "list_channel_webhooks")
    secret = {"token": WEBHOOK_TOKEN, "url": f"https://x/{WEBHOOK_TOKEN}"}
    server.reply("list_channel_webhooks", [webhook | secret])

    listed = run(perform("webhooks.list", channel_id="42"))
    sent = run(perform("webhooks.execute", webhook_id="8", content="Hello"))

    assert WEBHOOK_TOKEN not in str(listed)
    assert WEBHOOK_TOKEN not in str(sent)
    (request,) = server.received("execute_webhook")
    assert request.parameters["webhook_token"] == WEBHOOK_TOKEN
    assert request.query["wait"] == ["true"]


def test_tokens_stay_out_of_logs(perform, caplog):
    caplog.set_level("DEBUG")

    run(perform("webhooks.execute", webhook_id="8", content="Hello"))

    assert WEBHOOK_TOKEN not in caplog.text
    assert TOKEN not in caplog.text


def test_posts_are_the_threads_of_their_forum(server, perform):
    threads = example(server, "get_active_guild_threads")
    (thread,) = threads["threads"]
    own, other = thread | {"id": "1", "parent_id": "42"}, thread | {"id": "2", "parent_id": "43"}
    server.reply("get_active_guild_threads", threads | {"threads": [own, other]})

    posts = run(perform("forums.list_posts", forum_id="42", guild_id=GUILD))

    assert [post["id"] for post in posts] == ["1"]


def test_a_post_whose_first_message_is_gone_is_still_found(server, perform):
    server.reply("get_message", {"message": "Unknown Message", "code": 10008}, status=404)

    assert run(perform("forums.get_post", post_id="42"))["message"] is None


def test_emojis_stay_one_segment_of_the_path(server, perform):
    for emoji in ("👍", "<:blob:123>", "a/b?c#d"):
        run(perform("reactions.add", channel_id="1", message_id="2", emoji=emoji))

    sent = [each.parameters["emoji_name"] for each in server.received("add_my_message_reaction")]
    assert sent == ["👍", "blob:123", "a/b?c#d"]


@pytest.mark.parametrize("code", [".", ".."])
def test_a_path_cannot_be_climbed(server, perform, code):
    with pytest.raises(PlatformError, match="is no name"):
        run(perform("invites.delete", code=code))
    assert server.requests == []


def test_a_server_may_leave_out_what_there_is_none_of(server, perform):
    bare = {"id": "1300000000000000007", "name": "Atelier", "owner_id": "5"}
    server.reply("get_guild", bare)

    stats = run(perform("server.get_stats", guild_id=GUILD))

    none = ("boost_count", "boost_level", "role_count", "member_count", "verification_level")
    assert {stats[name] for name in none} == {0}
    assert stats["features"] == []


def test_an_answer_without_what_a_step_needs_is_a_failure_of_the_command(server, perform):
    server.reply("get_guild", {"name": "Atelier"})

    with pytest.raises(PlatformError, match=r"discord\.server\.get_stats is not of the form.*`id`"):
        run(perform("server.get_stats", guild_id=GUILD))
