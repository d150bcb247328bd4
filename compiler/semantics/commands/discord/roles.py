"""Commands on roles."""

from botticelli.compiler.ir.types import Bool, Json, List, Text
from botticelli.compiler.semantics.commands.discord import bodies
from botticelli.compiler.semantics.commands.discord.arguments import (
    GUILD,
    REASON,
    ROLE,
    USER,
    body,
    command,
    delete,
    get,
    nullable,
    patch,
    post,
    put,
    required,
)
from botticelli.compiler.semantics.commands.discord.results import people
from botticelli.compiler.semantics.commands.model import Argument

_ROLES = "/guilds/{guild_id}/roles"
_ROLE = f"{_ROLES}/{{role_id}}"
_OF_MEMBER = "/guilds/{guild_id}/members/{user_id}/roles/{role_id}"
_NAME = body("name", Text(1, 100), "its name", "role_name")
_SETTINGS = (
    body("permissions", bodies.PERMISSIONS, "what it allows, as a sum of bits"),
    body("color", bodies.COLOR, "its colour as a number", "colour"),
    body("colors", bodies.ROLE_COLORS, "the colours of its gradient"),
    body("hoist", Bool(), "whether its members are shown apart"),
    body("mentionable", Bool(), "whether everyone may mention it"),
    body("icon", Text(), "an image as a data URI"),
    body("unicode_emoji", Text(maximum=100), "an emoji for an icon"),
)

COMMANDS = (
    command(
        "roles.list",
        "list the roles of a server",
        get("list_guild_roles", _ROLES),
        GUILD,
        result=List(people.ROLE),
    ),
    command(
        "roles.get", "get a role", get("get_guild_role", _ROLE), GUILD, ROLE, result=people.ROLE
    ),
    command(
        "roles.count_members",
        "count the members of each role",
        get("guild_role_member_counts", f"{_ROLES}/member-counts"),
        GUILD,
        result=Json(),
    ),
    command(
        "roles.create",
        "create a role",
        post("create_guild_role", _ROLES),
        GUILD,
        _NAME,
        *_SETTINGS,
        REASON,
        result=people.ROLE,
    ),
    command(
        "roles.get_or_create",
        "get the role of a name, or create it where there is none",
        (),
        GUILD,
        required(_NAME),
        *_SETTINGS,
        REASON,
        steps=("roles.list", "roles.create"),
        writes=True,
        idempotent=True,
        result=people.ROLE,
    ),
    command(
        "roles.edit",
        "change a role",
        patch("update_guild_role", _ROLE),
        GUILD,
        ROLE,
        _NAME,
        *map(nullable, _SETTINGS),
        REASON,
        result=people.ROLE,
    ),
    command(
        "roles.delete",
        "delete a role",
        delete("delete_guild_role", _ROLE),
        GUILD,
        ROLE,
        REASON,
    ),
    command(
        "roles.reorder",
        "move roles of a server",
        patch("bulk_update_guild_roles", _ROLES),
        GUILD,
        Argument(
            "positions",
            List(bodies.ROLE_POSITION),
            required=True,
            field="*",
            about="the roles with their positions",
        ),
        REASON,
        result=List(people.ROLE),
    ),
    command(
        "roles.assign",
        "give a role to a member",
        put("add_guild_member_role", _OF_MEMBER),
        GUILD,
        USER,
        ROLE,
        REASON,
    ),
    command(
        "roles.remove",
        "take a role from a member",
        delete("delete_guild_member_role", _OF_MEMBER),
        GUILD,
        USER,
        ROLE,
        REASON,
    ),
)
