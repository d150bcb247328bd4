"""Answers about a server as a whole and what hangs on it."""

from botticelli.compiler.ir.types import List, Optional
from botticelli.compiler.semantics.commands.discord.results.people import MEMBER, ROLE, USER
from botticelli.compiler.semantics.commands.discord.results.shapes import (
    BOOL,
    ID,
    INT,
    JSON,
    TEXT,
    TIMESTAMP,
    record,
    without,
)
from botticelli.compiler.semantics.commands.discord.results.talk import EMOJI, STICKER, THREAD

SERVER = record(
    id=ID,
    name=TEXT,
    icon=Optional(TEXT),
    description=Optional(TEXT),
    home_header=Optional(TEXT),
    splash=Optional(TEXT),
    discovery_splash=Optional(TEXT),
    features=List(TEXT),
    banner=Optional(TEXT),
    owner_id=ID,
    application_id=Optional(ID),
    region=TEXT,
    afk_channel_id=Optional(ID),
    afk_timeout=INT,
    system_channel_id=Optional(ID),
    system_channel_flags=INT,
    widget_enabled=BOOL,
    widget_channel_id=Optional(ID),
    verification_level=INT,
    roles=List(ROLE),
    default_message_notifications=INT,
    mfa_level=INT,
    explicit_content_filter=INT,
    max_presences=Optional(INT),
    max_members=INT,
    max_stage_video_channel_users=INT,
    max_video_channel_users=INT,
    vanity_url_code=Optional(TEXT),
    premium_tier=INT,
    premium_subscription_count=INT,
    preferred_locale=TEXT,
    rules_channel_id=Optional(ID),
    safety_alerts_channel_id=Optional(ID),
    public_updates_channel_id=Optional(ID),
    premium_progress_bar_enabled=BOOL,
    premium_progress_bar_enabled_user_updated_at=Optional(TIMESTAMP),
    nsfw=BOOL,
    nsfw_level=INT,
    emojis=List(EMOJI),
    stickers=List(STICKER),
    incidents_data=Optional(JSON),
    approximate_member_count=Optional(INT),
    approximate_presence_count=Optional(INT),
)

EDITED_SERVER = without(SERVER, "approximate_member_count", "approximate_presence_count")

MY_SERVER = record(
    id=ID,
    name=TEXT,
    icon=Optional(TEXT),
    banner=Optional(TEXT),
    owner=BOOL,
    permissions=TEXT,
    features=List(TEXT),
    approximate_member_count=Optional(INT),
    approximate_presence_count=Optional(INT),
)

SERVER_PREVIEW = record(
    id=ID,
    name=TEXT,
    icon=Optional(TEXT),
    description=Optional(TEXT),
    home_header=Optional(TEXT),
    splash=Optional(TEXT),
    discovery_splash=Optional(TEXT),
    features=List(TEXT),
    approximate_member_count=INT,
    approximate_presence_count=INT,
    emojis=List(EMOJI),
    stickers=List(STICKER),
)

PRUNE = record(
    pruned=Optional(INT),
)

VANITY_URL = record(
    code=Optional(TEXT),
    uses=INT,
    error=Optional(JSON),
)

AUDIT_LOG = record(
    audit_log_entries=List(JSON),
    users=List(USER),
    integrations=List(JSON),
    webhooks=List(JSON),
    guild_scheduled_events=List(JSON),
    threads=List(THREAD),
    application_commands=List(JSON),
    auto_moderation_rules=List(JSON),
)

INVITE = record(
    type=INT,
    code=TEXT,
    inviter=Optional(USER),
    max_age=Optional(INT),
    created_at=Optional(TIMESTAMP),
    expires_at=Optional(TIMESTAMP),
    friends_count=Optional(INT),
    channel=Optional(JSON),
    is_contact=Optional(BOOL),
    uses=Optional(INT),
    max_uses=Optional(INT),
    flags=Optional(INT),
    approximate_member_count=Optional(INT),
    guild=Optional(JSON),
    guild_id=Optional(ID),
    target_type=Optional(INT),
    target_user=Optional(USER),
    target_application=Optional(JSON),
    guild_scheduled_event=Optional(JSON),
    target_channel_id=Optional(ID),
    target_message_id=Optional(ID),
    liveliness=Optional(JSON),
    temporary=Optional(BOOL),
    approximate_presence_count=Optional(INT),
    is_nickname_changeable=Optional(BOOL),
    roles=Optional(List(JSON)),
)

WEBHOOK = record(
    application_id=Optional(ID),
    avatar=Optional(TEXT),
    channel_id=Optional(ID),
    guild_id=Optional(ID),
    id=ID,
    name=TEXT,
    type=INT,
    user=Optional(USER),
    source_guild=Optional(JSON),
    source_channel=Optional(JSON),
    token=Optional(TEXT),
    url=Optional(TEXT),
)

NEW_WEBHOOK = without(WEBHOOK, "source_guild", "source_channel")

INTEGRATION = record(
    type=TEXT,
    name=Optional(TEXT),
    account=JSON,
    enabled=BOOL,
    id=TEXT,
    application=Optional(JSON),
    scopes=Optional(List(TEXT)),
    user=Optional(USER),
    revoked=Optional(BOOL),
    expire_behavior=Optional(INT),
    expire_grace_period=Optional(INT),
    subscriber_count=Optional(INT),
    synced_at=Optional(TIMESTAMP),
    role_id=Optional(ID),
    syncing=Optional(BOOL),
    enable_emoticons=Optional(BOOL),
)

EVENT = record(
    id=ID,
    guild_id=ID,
    name=TEXT,
    description=Optional(TEXT),
    channel_id=Optional(ID),
    creator_id=Optional(ID),
    creator=Optional(USER),
    image=Optional(TEXT),
    scheduled_start_time=TIMESTAMP,
    scheduled_end_time=Optional(TIMESTAMP),
    status=INT,
    entity_type=INT,
    entity_id=Optional(ID),
    recurrence_rule=Optional(JSON),
    user_count=Optional(INT),
    privacy_level=INT,
    user_rsvp=Optional(JSON),
    guild_scheduled_event_exceptions=List(JSON),
    entity_metadata=Optional(JSON),
)

EVENT_USER = record(
    guild_scheduled_event_id=ID,
    guild_scheduled_event_exception_id=Optional(ID),
    user_id=ID,
    user=Optional(USER),
    member=Optional(MEMBER),
    response=INT,
)

VOICE_REGION = record(
    id=TEXT,
    name=TEXT,
    custom=BOOL,
    deprecated=BOOL,
    optimal=BOOL,
)

WELCOME_SCREEN = record(
    description=Optional(TEXT),
    welcome_channels=List(JSON),
)
