"""Commands on a server's own emojis."""

from botticelli.compiler.ir.types import List, Text
from botticelli.compiler.semantics.commands.discord.arguments import (
    GUILD,
    ID,
    REASON,
    body,
    command,
    delete,
    get,
    nullable,
    patch,
    path_id,
    post,
    required,
)
from botticelli.compiler.semantics.commands.discord.results import talk

_EMOJIS = "/guilds/{guild_id}/emojis"
_EMOJI = f"{_EMOJIS}/{{emoji_id}}"
_ID = path_id("emoji_id", "the emoji")
_NAME = body("name", Text(2, 32), "its name")
_ROLES = body("roles", List(ID), "who may use it, everyone if not said")

COMMANDS = (
    command(
        "emojis.list",
        "list the emojis of a server",
        get("list_guild_emojis", _EMOJIS),
        GUILD,
        result=List(talk.EMOJI),
    ),
    command(
        "emojis.get",
        "get an emoji",
        get("get_guild_emoji", _EMOJI),
        GUILD,
        _ID,
        result=talk.EMOJI,
    ),
    command(
        "emojis.create",
        "add an emoji to a server",
        post("create_guild_emoji", _EMOJIS),
        GUILD,
        required(_NAME),
        required(body("image", Text(1), "an image as a data URI")),
        _ROLES,
        REASON,
        result=talk.EMOJI,
    ),
    command(
        "emojis.edit",
        "change an emoji",
        patch("update_guild_emoji", _EMOJI),
        GUILD,
        _ID,
        _NAME,
        nullable(_ROLES),
        REASON,
        result=talk.EMOJI,
    ),
    command(
        "emojis.delete",
        "delete an emoji",
        delete("delete_guild_emoji", _EMOJI),
        GUILD,
        _ID,
        REASON,
    ),
)
