"""Commands on webhooks. Their tokens stay on this side: results come without them."""

from botticelli.compiler.ir.types import Bool, List, Text
from botticelli.compiler.semantics.commands.discord import bodies
from botticelli.compiler.semantics.commands.discord.arguments import (
    CHANNEL,
    COMPONENTS,
    CONTENT,
    EMBEDS,
    FLAGS,
    GUILD,
    ID,
    MENTIONS,
    POLL,
    REASON,
    TTS,
    body,
    command,
    delete,
    get,
    nullable,
    optional,
    patch,
    path_id,
    post,
    query,
    required,
)
from botticelli.compiler.semantics.commands.discord.results import guild, talk
from botticelli.compiler.semantics.commands.model import Argument

_WEBHOOK = "/webhooks/{webhook_id}"
_EXECUTE = f"{_WEBHOOK}/{{webhook_token}}"
_ID = path_id("webhook_id", "the webhook")
_TOKEN = Argument(
    "webhook_token",
    Text(1, 200),
    "path",
    required=True,
    aliases=("token",),
    about="its token; if not said, it is asked for as the bot",
    secret=True,
)
_NAME = body("name", Text(1, 80), "its name")
_AVATAR = body("avatar", Text(), "its picture as a data URI")
_SECRETS = ("token", "url")
_WHAT_IS_SAID = (
    CONTENT,
    EMBEDS,
    MENTIONS,
    COMPONENTS,
    FLAGS,
    POLL,
    TTS,
    body("username", Text(1, 80), "the name that it writes under"),
    body("avatar_url", bodies.URL, "the picture that it writes under"),
    body("thread_name", Text(maximum=100), "the post to create, in a forum"),
    body("applied_tags", List(ID), "tags of that post"),
    query("thread_id", ID, "the thread to write to"),
    query("with_components", Bool(), "whether components are respected"),
)
_SAYS_SOMETHING = ("content", "embeds", "components", "poll")

COMMANDS = (
    command(
        "webhooks.list",
        "list the webhooks of a server, or of one channel",
        (
            get("list_channel_webhooks", "/channels/{channel_id}/webhooks"),
            get("get_guild_webhooks", "/guilds/{guild_id}/webhooks"),
        ),
        optional(CHANNEL),
        optional(GUILD),
        one_of=(("guild_id", "channel_id"),),
        withheld=_SECRETS,
        result=List(guild.WEBHOOK),
    ),
    command(
        "webhooks.get",
        "get a webhook",
        get("get_webhook", _WEBHOOK),
        _ID,
        withheld=_SECRETS,
        result=guild.WEBHOOK,
    ),
    command(
        "webhooks.create",
        "create a webhook in a channel",
        post("create_webhook", "/channels/{channel_id}/webhooks"),
        CHANNEL,
        required(_NAME),
        nullable(_AVATAR),
        REASON,
        withheld=_SECRETS,
        result=guild.NEW_WEBHOOK,
    ),
    command(
        "webhooks.edit",
        "change a webhook",
        patch("update_webhook", _WEBHOOK),
        _ID,
        _NAME,
        nullable(_AVATAR),
        body("channel_id", ID, "the channel to move to"),
        REASON,
        withheld=_SECRETS,
        result=guild.WEBHOOK,
    ),
    command("webhooks.delete", "delete a webhook", delete("delete_webhook", _WEBHOOK), _ID, REASON),
    command(
        "webhooks.execute",
        "write a message through a webhook, and wait until it stands",
        (),
        _ID,
        optional(_TOKEN),
        *_WHAT_IS_SAID,
        steps=("webhooks.reveal", "webhooks.execute_with_token"),
        one_of=(_SAYS_SOMETHING,),
        writes=True,
        result=talk.MESSAGE,
    ),
)

STEPS = (
    command(
        "webhooks.reveal",
        "get a webhook with its token",
        get("get_webhook", _WEBHOOK),
        _ID,
        result=guild.WEBHOOK,
    ),
    command(
        "webhooks.execute_with_token",
        "write a message through a webhook whose token is known",
        post("execute_webhook", _EXECUTE),
        _ID,
        _TOKEN,
        query("wait", Bool(), "whether to wait until the message stands"),
        *_WHAT_IS_SAID,
        one_of=(_SAYS_SOMETHING,),
        result=talk.MESSAGE,
    ),
)
