"""Commands on messages."""

from botticelli.compiler.ir.types import Int, List
from botticelli.compiler.semantics.commands.discord import bodies
from botticelli.compiler.semantics.commands.discord.arguments import (
    AFTER,
    BEFORE,
    CHANNEL,
    COMPONENTS,
    CONTENT,
    EMBEDS,
    FLAGS,
    ID,
    MENTIONS,
    MESSAGE,
    POLL,
    SAYS_SOMETHING,
    STICKERS,
    TTS,
    body,
    command,
    get,
    post,
    query,
)
from botticelli.compiler.semantics.commands.discord.results import messages as answers

_MESSAGES = "/channels/{channel_id}/messages"
_MESSAGE = "/channels/{channel_id}/messages/{message_id}"
_PIN = "/channels/{channel_id}/messages/pins/{message_id}"
_REFERENCE = body("message_reference", bodies.REFERENCE, "the message that this one answers")

COMMANDS = (
    command(
        "messages.list",
        "list messages of a channel, newest first",
        get("list_messages", _MESSAGES),
        CHANNEL,
        query("around", ID, "only what stands around this id"),
        BEFORE,
        AFTER,
        query("limit", Int(1, 100), "how many, 50 if not said"),
        result=List(answers.MESSAGE),
    ),
    command(
        "messages.get",
        "get a message",
        get("get_message", _MESSAGE),
        CHANNEL,
        MESSAGE,
        result=answers.MESSAGE,
    ),
    command(
        "messages.send",
        "send a message to a channel",
        post("create_message", _MESSAGES),
        CHANNEL,
        CONTENT,
        EMBEDS,
        MENTIONS,
        STICKERS,
        COMPONENTS,
        FLAGS,
        POLL,
        TTS,
        _REFERENCE,
        one_of=(SAYS_SOMETHING,),
        keyed=True,
        result=answers.MESSAGE,
    ),
)
