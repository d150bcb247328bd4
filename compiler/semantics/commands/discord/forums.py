"""Commands on forum channels and their posts. A post is a thread with a first message."""

from botticelli.compiler.ir.types import Bool, Int, Json, List, Optional
from botticelli.compiler.semantics.commands.discord.arguments import (
    AUTO_ARCHIVE,
    CHANNEL_NAME,
    CHANNEL_SETTINGS,
    COMPONENTS,
    CONTENT,
    EMBEDS,
    FLAGS,
    GUILD,
    ID,
    MENTIONS,
    NEW_TAGS,
    POLL,
    REASON,
    SAYS_SOMETHING,
    SLOWMODE,
    STICKERS,
    TAGS,
    THREAD_NAME,
    THREAD_SETTINGS,
    body,
    command,
    delete,
    get,
    inside,
    nullable,
    optional,
    patch,
    path_id,
    post,
    required,
)
from botticelli.compiler.semantics.commands.discord.results import talk
from botticelli.compiler.semantics.commands.discord.results.shapes import record
from botticelli.compiler.semantics.commands.model import Argument

_CHANNEL = "/channels/{channel_id}"
_FORUM_TYPE = 15
_FORUM = path_id("forum_id", "the forum", "channel_id", "channel_id")
_POST = path_id("post_id", "the post", "channel_id", "thread_id", "channel_id")
_MESSAGE = Argument("message", Json(), about="the first message as the API takes it")
_POST_RESULT = record(thread=talk.CHANNEL, message=Optional(talk.MESSAGE))

COMMANDS = (
    command(
        "forums.list",
        "list the forums of a server",
        (),
        GUILD,
        steps=("channels.list",),
        writes=False,
        idempotent=True,
        result=List(talk.CHANNEL),
    ),
    command("forums.get", "get a forum", get("get_channel", _CHANNEL), _FORUM, result=talk.CHANNEL),
    command(
        "forums.create",
        "create a forum",
        post("create_guild_channel", "/guilds/{guild_id}/channels"),
        GUILD,
        required(CHANNEL_NAME),
        *CHANNEL_SETTINGS,
        NEW_TAGS,
        REASON,
        fixed={"type": _FORUM_TYPE},
        result=talk.GUILD_CHANNEL,
    ),
    command(
        "forums.edit",
        "change a forum",
        patch("update_channel", _CHANNEL),
        _FORUM,
        CHANNEL_NAME,
        *map(nullable, CHANNEL_SETTINGS),
        TAGS,
        FLAGS,
        REASON,
        result=talk.CHANNEL,
    ),
    command(
        "forums.delete",
        "delete a forum with its posts",
        delete("delete_channel", _CHANNEL),
        _FORUM,
        REASON,
        result=talk.CHANNEL,
    ),
    command(
        "forums.create_post",
        "write a post in a forum",
        post("create_thread", f"{_CHANNEL}/threads"),
        _FORUM,
        required(THREAD_NAME),
        AUTO_ARCHIVE,
        SLOWMODE,
        body("applied_tags", List(ID), "up to five tags of the forum", "tags", "tag_ids"),
        *inside("message", CONTENT, EMBEDS, MENTIONS, STICKERS, COMPONENTS, FLAGS, POLL),
        _MESSAGE,
        REASON,
        one_of=((*SAYS_SOMETHING, "message"),),
        result=talk.THREAD,
    ),
    command(
        "forums.list_posts",
        "list the posts of a forum, active ones first",
        (),
        optional(GUILD),
        _FORUM,
        Argument(
            "archived", Bool(), "client", about="whether archived ones count, false if not said"
        ),
        Argument("limit", Int(2, 100), "client", about="how many archived ones at most"),
        steps=("channels.get", "threads.list_active", "threads.list_archived"),
        writes=False,
        idempotent=True,
        result=List(talk.THREAD),
    ),
    command(
        "forums.get_post",
        "get a post and its first message",
        (),
        _POST,
        steps=("channels.get", "messages.get"),
        writes=False,
        idempotent=True,
        result=_POST_RESULT,
    ),
    command(
        "forums.edit_post",
        "change a post",
        patch("update_channel", _CHANNEL),
        _POST,
        *THREAD_SETTINGS,
        REASON,
        result=talk.CHANNEL,
    ),
    command(
        "forums.delete_post",
        "delete a post",
        delete("delete_channel", _CHANNEL),
        _POST,
        REASON,
        result=talk.CHANNEL,
    ),
)
