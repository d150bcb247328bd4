"""Commands on a server's own stickers."""

from msgspec.structs import replace

from botticelli.compiler.ir.types import List, Text
from botticelli.compiler.semantics.commands.discord.arguments import (
    GUILD,
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
from botticelli.compiler.semantics.commands.kinds import Base64
from botticelli.compiler.semantics.commands.model import Argument

_STICKERS = "/guilds/{guild_id}/stickers"
_STICKER = f"{_STICKERS}/{{sticker_id}}"
_ID = path_id("sticker_id", "the sticker")
_NAME = body("name", Text(2, 30), "its name")
_TAGS = body("tags", Text(1, 200), "words that suggest it")
_DESCRIPTION = body("description", Text(maximum=100), "what it shows")

COMMANDS = (
    command(
        "stickers.list",
        "list the stickers of a server",
        get("list_guild_stickers", _STICKERS),
        GUILD,
        result=List(talk.STICKER),
    ),
    command(
        "stickers.get",
        "get a sticker",
        get("get_guild_sticker", _STICKER),
        GUILD,
        _ID,
        result=talk.STICKER,
    ),
    command(
        "stickers.create",
        "add a sticker to a server",
        post("create_guild_sticker", _STICKERS),
        GUILD,
        replace(required(_NAME), location="form"),
        replace(required(_TAGS), location="form"),
        replace(_DESCRIPTION, location="form"),
        Argument(
            "file",
            Base64(),
            "form",
            required=True,
            aliases=("image",),
            about="a PNG, APNG, GIF or Lottie file in base64",
        ),
        REASON,
        result=talk.STICKER,
    ),
    command(
        "stickers.edit",
        "change a sticker",
        patch("update_guild_sticker", _STICKER),
        GUILD,
        _ID,
        _NAME,
        _TAGS,
        nullable(_DESCRIPTION),
        REASON,
        result=talk.STICKER,
    ),
    command(
        "stickers.delete",
        "delete a sticker",
        delete("delete_guild_sticker", _STICKER),
        GUILD,
        _ID,
        REASON,
    ),
)
