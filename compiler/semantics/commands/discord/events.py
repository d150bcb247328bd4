"""Commands on scheduled events."""

from botticelli.compiler.ir.types import Bool, Int, Json, List, Text, Timestamp
from botticelli.compiler.semantics.commands.discord import bodies
from botticelli.compiler.semantics.commands.discord.arguments import (
    AFTER,
    BEFORE,
    GUILD,
    ID,
    KINDS,
    REASON,
    body,
    command,
    delete,
    get,
    nullable,
    patch,
    path_id,
    post,
    query,
    required,
)
from botticelli.compiler.semantics.commands.discord.results import guild
from botticelli.compiler.semantics.commands.kinds import choice
from botticelli.compiler.semantics.commands.model import Argument

_EVENTS = "/guilds/{guild_id}/scheduled-events"
_EVENT = f"{_EVENTS}/{{guild_scheduled_event_id}}"
_ID = path_id("event_id", "the event", "guild_scheduled_event_id", "guild_scheduled_event_id")
_WITH_COUNT = query("with_user_count", Bool(), "whether to count who is interested")
_NAME = body("name", Text(1, 100), "its name")
_TYPE = body("entity_type", choice(stage=1, voice=2, external=3), "where it is held", *KINDS)
_START = body("scheduled_start_time", Timestamp(), "when it begins", "start_time")
_SETTINGS = (
    body("description", Text(maximum=1000), "what it is about"),
    body("scheduled_end_time", Timestamp(), "when it ends", "end_time"),
    body("channel_id", ID, "where it is held, unless it is external"),
    body("image", Text(), "its cover as a data URI"),
    body("recurrence_rule", bodies.RECURRENCE, "how it repeats"),
)
_LOCATION = Argument(
    "location", Text(1, 100), field="entity_metadata.location", about="where an external one is"
)
_METADATA = body("entity_metadata", Json(), "the place as the API takes it")
_PRIVACY = body("privacy_level", choice(guild_only=2), "who may see it")

COMMANDS = (
    command(
        "events.list",
        "list the scheduled events of a server",
        get("list_guild_scheduled_events", _EVENTS),
        GUILD,
        _WITH_COUNT,
        result=List(guild.EVENT),
    ),
    command(
        "events.get",
        "get a scheduled event",
        get("get_guild_scheduled_event", _EVENT),
        GUILD,
        _ID,
        _WITH_COUNT,
        result=guild.EVENT,
    ),
    command(
        "events.create",
        "schedule an event",
        post("create_guild_scheduled_event", _EVENTS),
        GUILD,
        required(_NAME),
        required(_TYPE),
        required(_START),
        *_SETTINGS,
        _PRIVACY,
        _METADATA,
        _LOCATION,
        REASON,
        fixed={"privacy_level": 2},
        result=guild.EVENT,
    ),
    command(
        "events.edit",
        "change a scheduled event",
        patch("update_guild_scheduled_event", _EVENT),
        GUILD,
        _ID,
        _NAME,
        _TYPE,
        body("status", choice(scheduled=1, active=2, completed=3, canceled=4), "begin or end it"),
        _START,
        *map(nullable, _SETTINGS),
        _PRIVACY,
        _METADATA,
        _LOCATION,
        REASON,
        result=guild.EVENT,
    ),
    command(
        "events.delete",
        "delete a scheduled event",
        delete("delete_guild_scheduled_event", _EVENT),
        GUILD,
        _ID,
        REASON,
    ),
    command(
        "events.list_users",
        "list who is interested in an event",
        get("list_guild_scheduled_event_users", f"{_EVENT}/users"),
        GUILD,
        _ID,
        query("with_member", Bool(), "whether the server's members come with them"),
        BEFORE,
        AFTER,
        query("limit", Int(1, 100), "how many"),
        result=List(guild.EVENT_USER),
    ),
)
