"""Commands on reactions to messages."""

from botticelli.compiler.ir.types import Int, List
from botticelli.compiler.semantics.commands.discord.arguments import (
    AFTER,
    CHANNEL,
    MESSAGE,
    USER,
    command,
    delete,
    get,
    optional,
    put,
    query,
)
from botticelli.compiler.semantics.commands.discord.results import people
from botticelli.compiler.semantics.commands.kinds import Emoji, choice
from botticelli.compiler.semantics.commands.model import Argument

_ALL = "/channels/{channel_id}/messages/{message_id}/reactions"
_EMOJI_PATH = f"{_ALL}/{{emoji_name}}"
_EMOJI = Argument(
    "emoji",
    Emoji(),
    "path",
    required=True,
    field="emoji_name",
    aliases=("emoji_name", "reaction"),
    about="the emoji itself, or name:id of one of a server's",
)

COMMANDS = (
    command(
        "reactions.list",
        "list who reacted with an emoji",
        get("list_message_reactions_by_emoji", _EMOJI_PATH),
        CHANNEL,
        MESSAGE,
        _EMOJI,
        AFTER,
        query("limit", Int(1, 100), "how many, 25 if not said"),
        query("type", choice(normal=0, burst=1), "which kind of reaction"),
        result=List(people.USER),
    ),
    command(
        "reactions.add",
        "react to a message",
        put("add_my_message_reaction", f"{_EMOJI_PATH}/@me"),
        CHANNEL,
        MESSAGE,
        _EMOJI,
    ),
    command(
        "reactions.remove",
        "take back the bot's reaction, or with `user_id` somebody's",
        (
            delete("delete_user_message_reaction", f"{_EMOJI_PATH}/{{user_id}}"),
            delete("delete_my_message_reaction", f"{_EMOJI_PATH}/@me"),
        ),
        CHANNEL,
        MESSAGE,
        _EMOJI,
        optional(USER),
    ),
    command(
        "reactions.clear",
        "remove all reactions from a message, or all with one emoji",
        (
            delete("delete_all_message_reactions_by_emoji", _EMOJI_PATH),
            delete("delete_all_message_reactions", _ALL),
        ),
        CHANNEL,
        MESSAGE,
        optional(_EMOJI),
    ),
)
