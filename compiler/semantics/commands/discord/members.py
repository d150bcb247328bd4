"""Commands on the members of a server."""

from msgspec.structs import replace

from botticelli.compiler.ir.types import Bool, Int, Json, List, Text, Timestamp
from botticelli.compiler.semantics.commands.discord.arguments import (
    FLAGS,
    GUILD,
    ID,
    REASON,
    USER,
    body,
    command,
    delete,
    get,
    nullable,
    patch,
    query,
    required,
)
from botticelli.compiler.semantics.commands.discord.results import people
from botticelli.compiler.semantics.commands.model import Argument

_MEMBERS = "/guilds/{guild_id}/members"
_MEMBER = f"{_MEMBERS}/{{user_id}}"
_UNTIL = body("communication_disabled_until", Timestamp(), "until when", "until", "timeout_until")

COMMANDS = (
    command(
        "members.list",
        "list the members of a server",
        get("list_guild_members", _MEMBERS),
        GUILD,
        query("limit", Int(1, 1000), "how many, 1 if not said"),
        query("after", Int(0), "only those with a greater id"),
        result=List(people.MEMBER),
    ),
    command(
        "members.search",
        "find members whose name begins so",
        get("search_guild_members", f"{_MEMBERS}/search"),
        GUILD,
        required(query("query", Text(1, 100), "the beginning of the name")),
        query("limit", Int(1, 1000), "how many, 1 if not said"),
        result=List(people.MEMBER),
    ),
    command(
        "members.get",
        "get a member",
        get("get_guild_member", _MEMBER),
        GUILD,
        USER,
        result=people.MEMBER,
    ),
    command(
        "members.edit",
        "change a member",
        patch("update_guild_member", _MEMBER),
        GUILD,
        USER,
        nullable(body("nick", Text(maximum=32), "the name in this server", "nickname")),
        body("roles", List(ID), "all roles of the member"),
        body("mute", Bool(), "whether silenced in voice channels"),
        body("deaf", Bool(), "whether deafened in voice channels"),
        nullable(body("channel_id", ID, "the voice channel to move to, null to disconnect")),
        nullable(_UNTIL),
        FLAGS,
        REASON,
        result=people.MEMBER,
    ),
    command(
        "members.edit_self",
        "change how the bot appears in a server",
        patch("update_my_guild_member", f"{_MEMBERS}/@me"),
        GUILD,
        nullable(body("nick", Text(maximum=32), "the name in this server", "nickname")),
        nullable(body("bio", Text(maximum=190), "what it says of itself")),
        nullable(body("avatar", Text(), "an image as a data URI")),
        nullable(body("banner", Text(), "an image as a data URI")),
        REASON,
        result=Json(),
    ),
    command(
        "members.kick",
        "remove a member, who may come back",
        delete("delete_guild_member", _MEMBER),
        GUILD,
        USER,
        REASON,
    ),
    command(
        "members.timeout",
        "keep a member from writing and speaking, for a time or until one",
        (),
        GUILD,
        USER,
        replace(_UNTIL, location="client"),
        Argument(
            "duration",
            Int(1, 28 * 86400),
            "client",
            aliases=("duration_seconds", "seconds"),
            about="for how many seconds, 28 days at most",
        ),
        Argument(
            "duration_minutes",
            Int(1, 28 * 1440),
            "client",
            aliases=("minutes",),
            about="for how many minutes",
        ),
        REASON,
        steps=("members.edit",),
        writes=True,
        one_of=(("communication_disabled_until", "duration", "duration_minutes"),),
        result=people.MEMBER,
    ),
    command(
        "members.remove_timeout",
        "end a member's time-out",
        patch("update_guild_member", _MEMBER),
        GUILD,
        USER,
        REASON,
        fixed={"communication_disabled_until": None},
        result=people.MEMBER,
    ),
)
