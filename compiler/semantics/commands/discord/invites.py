"""Commands on invites."""

from botticelli.compiler.ir.types import Bool, List, Text
from botticelli.compiler.semantics.commands.discord.arguments import (
    CHANNEL,
    GUILD,
    ID,
    REASON,
    command,
    delete,
    get,
    optional,
    query,
)
from botticelli.compiler.semantics.commands.discord.results import guild
from botticelli.compiler.semantics.commands.model import Argument

_INVITE = "/invites/{code}"
_CODE = Argument(
    "code", Text(1, 100), "path", required=True, aliases=("invite_code",), about="its code"
)

COMMANDS = (
    command(
        "invites.list",
        "list the invites of a server, or of one channel",
        (
            get("list_channel_invites", "/channels/{channel_id}/invites"),
            get("list_guild_invites", "/guilds/{guild_id}/invites"),
        ),
        optional(CHANNEL),
        optional(GUILD),
        one_of=(("guild_id", "channel_id"),),
        result=List(guild.INVITE),
    ),
    command(
        "invites.get",
        "get an invite",
        get("invite_resolve", _INVITE),
        _CODE,
        query("with_counts", Bool(), "whether to count members"),
        query("guild_scheduled_event_id", ID, "the event to tell about"),
        query("target_channel_id", ID, "the channel that it leads to"),
        query("target_message_id", ID, "the message that it leads to"),
        result=guild.INVITE,
    ),
    command(
        "invites.delete",
        "revoke an invite",
        delete("invite_revoke", _INVITE),
        _CODE,
        REASON,
        result=guild.INVITE,
    ),
)
