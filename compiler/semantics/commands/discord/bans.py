"""Commands on bans."""

from botticelli.compiler.ir.types import Int, List
from botticelli.compiler.semantics.commands.discord.arguments import (
    AFTER,
    BEFORE,
    GUILD,
    ID,
    REASON,
    USER,
    body,
    command,
    get,
    post,
    put,
    query,
    required,
)
from botticelli.compiler.semantics.commands.discord.results import people
from botticelli.compiler.semantics.commands.model import Request

_BANS = "/guilds/{guild_id}/bans"
_BAN = f"{_BANS}/{{user_id}}"
_SECONDS = body("delete_message_seconds", Int(0, 604800), "delete what was written in these")

COMMANDS = (
    command(
        "bans.list",
        "list the bans of a server",
        get("list_guild_bans", _BANS),
        GUILD,
        BEFORE,
        AFTER,
        query("limit", Int(1, 1000), "how many, 1,000 if not said"),
        result=List(people.BAN),
    ),
    command("bans.get", "get a ban", get("get_guild_ban", _BAN), GUILD, USER, result=people.BAN),
    command(
        "bans.create",
        "ban a user",
        put("ban_user_from_guild", _BAN),
        GUILD,
        USER,
        _SECONDS,
        body("delete_message_days", Int(0, 7), "the same in days"),
        REASON,
    ),
    command(
        "bans.delete",
        "lift a ban",
        Request("unban_user_from_guild", "DELETE", _BAN, wants_body=True),
        GUILD,
        USER,
        REASON,
    ),
    command(
        "bans.bulk_create",
        "ban up to 200 users at once",
        post("bulk_ban_users_from_guild", "/guilds/{guild_id}/bulk-ban"),
        GUILD,
        required(body("user_ids", List(ID), "the users")),
        _SECONDS,
        REASON,
        idempotent=True,
        result=people.BULK_BAN,
    ),
)
