"""Commands on a server as a whole, which the API calls a guild."""

from msgspec.structs import replace

from botticelli.compiler.ir.types import Bool, Enum, Int, List, Text, Timestamp
from botticelli.compiler.semantics.commands.discord import bodies
from botticelli.compiler.semantics.commands.discord.arguments import (
    AFTER,
    BEFORE,
    GUILD,
    ID,
    REASON,
    body,
    command,
    delete,
    get,
    nullable,
    patch,
    post,
    query,
)
from botticelli.compiler.semantics.commands.discord.results import guild
from botticelli.compiler.semantics.commands.discord.results.shapes import INT, TEXT, record
from botticelli.compiler.semantics.commands.kinds import choice

_SERVER = "/guilds/{guild_id}"
_LOCALES = (
    *("ar", "bg", "cs", "da", "de", "el", "en-GB", "en-US", "es-419", "es-ES", "fi", "fr"),
    *("he", "hi", "hr", "hu", "id", "it", "ja", "ko", "lt", "nl", "no", "pl", "pt-BR", "ro"),
    *("ru", "sv-SE", "th", "tr", "uk", "vi", "zh-CN", "zh-TW"),
)
_STATS = record(
    guild_id=ID,
    name=TEXT,
    member_count=INT,
    online_count=INT,
    channel_count=INT,
    text_channel_count=INT,
    voice_channel_count=INT,
    category_count=INT,
    forum_count=INT,
    role_count=INT,
    emoji_count=INT,
    sticker_count=INT,
    boost_level=INT,
    boost_count=INT,
    verification_level=INT,
    owner_id=ID,
    features=List(TEXT),
    created_at=Timestamp(),
)
_ROLES = query("include_roles", List(ID), "roles whose members count too")
_SETTINGS = (
    body("description", Text(maximum=300), "what it is about"),
    body("region", Text(), "its voice region"),
    body("icon", Text(), "an image as a data URI"),
    body("splash", Text(), "an image as a data URI"),
    body("banner", Text(), "an image as a data URI"),
    body("discovery_splash", Text(), "an image as a data URI"),
    body("home_header", Text(), "an image as a data URI"),
    body(
        "verification_level",
        choice(none=0, low=1, medium=2, high=3, very_high=4),
        "what members must have done before they may write",
    ),
    body(
        "default_message_notifications",
        choice(all_messages=0, only_mentions=1),
        "what members are notified of",
    ),
    body(
        "explicit_content_filter",
        choice(disabled=0, members_without_roles=1, all_members=2),
        "whose media are scanned",
    ),
    body("preferred_locale", Enum(_LOCALES), "its language"),
    body(
        "afk_timeout",
        choice(
            one_minute=60, five_minutes=300, fifteen_minutes=900, thirty_minutes=1800, one_hour=3600
        ),
        "after how long the silent are moved",
    ),
    body("afk_channel_id", ID, "where the silent are moved"),
    body("system_channel_id", ID, "where the system writes"),
    body("system_channel_flags", bodies.PERMISSIONS, "what the system does not write"),
    body("rules_channel_id", ID, "where the rules stand"),
    body("safety_alerts_channel_id", ID, "where alerts go"),
    body("public_updates_channel_id", ID, "where Discord writes to the moderators"),
    body("features", List(Text()), "features to have"),
    body("premium_progress_bar_enabled", Bool(), "whether the boost bar is shown"),
)

COMMANDS = (
    command(
        "server.list",
        "list the servers that the bot is in",
        get("list_my_guilds", "/users/@me/guilds"),
        BEFORE,
        AFTER,
        query("limit", Int(1, 200), "how many, 200 if not said"),
        query("with_counts", Bool(), "whether to count members"),
        result=List(guild.MY_SERVER),
    ),
    command(
        "server.get",
        "get a server",
        get("get_guild", _SERVER),
        GUILD,
        query("with_counts", Bool(), "whether to count members"),
        result=guild.SERVER,
    ),
    command(
        "server.get_stats",
        "count the members, channels, roles and more of a server",
        (),
        GUILD,
        steps=("server.get", "channels.list"),
        writes=False,
        idempotent=True,
        result=_STATS,
    ),
    command(
        "server.get_preview",
        "get what people outside may see of a server",
        get("get_guild_preview", f"{_SERVER}/preview"),
        GUILD,
        result=guild.SERVER_PREVIEW,
    ),
    command(
        "server.get_vanity_url",
        "get the server's own invite",
        get("get_guild_vanity_url", f"{_SERVER}/vanity-url"),
        GUILD,
        result=guild.VANITY_URL,
    ),
    command(
        "server.get_welcome_screen",
        "get the welcome screen",
        get("get_guild_welcome_screen", f"{_SERVER}/welcome-screen"),
        GUILD,
        result=guild.WELCOME_SCREEN,
    ),
    command(
        "server.edit_welcome_screen",
        "change the welcome screen",
        patch("update_guild_welcome_screen", f"{_SERVER}/welcome-screen"),
        GUILD,
        nullable(body("description", Text(maximum=140), "what it says")),
        nullable(
            body("welcome_channels", List(bodies.WELCOME_CHANNEL), "up to five channels to show")
        ),
        body("enabled", Bool(), "whether it is shown"),
        REASON,
        result=guild.WELCOME_SCREEN,
    ),
    command(
        "server.get_audit_log",
        "get entries of the audit log",
        get("list_guild_audit_log_entries", f"{_SERVER}/audit-logs"),
        GUILD,
        query("user_id", ID, "only by this user"),
        query("target_id", ID, "only on this target"),
        query("action_type", Int(1), "only of this kind"),
        BEFORE,
        AFTER,
        query("limit", Int(1, 100), "how many, 50 if not said"),
        result=guild.AUDIT_LOG,
    ),
    command(
        "server.edit",
        "change a server",
        patch("update_guild", _SERVER),
        GUILD,
        body("name", Text(2, 100), "its name"),
        *map(nullable, _SETTINGS),
        REASON,
        result=guild.EDITED_SERVER,
    ),
    command(
        "server.preview_prune",
        "count the members who were not there for some days",
        get("preview_prune_guild", f"{_SERVER}/prune"),
        GUILD,
        query("days", Int(1, 30), "how many days, 7 if not said"),
        _ROLES,
        result=guild.PRUNE,
    ),
    command(
        "server.prune",
        "remove the members who were not there for some days",
        post("prune_guild", f"{_SERVER}/prune"),
        GUILD,
        body("days", Int(1, 30), "how many days, 7 if not said"),
        body("compute_prune_count", Bool(), "whether to count them"),
        replace(_ROLES, location="body"),
        REASON,
        result=guild.PRUNE,
    ),
    command(
        "server.leave",
        "leave a server",
        delete("leave_guild", "/users/@me/guilds/{guild_id}"),
        GUILD,
    ),
)
