"""Answers about channels, threads and what is said in them."""

from botticelli.compiler.ir.types import List, Optional
from botticelli.compiler.semantics.commands.discord.results.people import MEMBER, USER
from botticelli.compiler.semantics.commands.discord.results.shapes import (
    BOOL,
    FLOAT,
    ID,
    INT,
    JSON,
    TEXT,
    TIMESTAMP,
    record,
)

EMOJI = record(
    id=ID,
    name=TEXT,
    user=Optional(USER),
    roles=List(ID),
    require_colons=BOOL,
    managed=BOOL,
    animated=BOOL,
    available=BOOL,
)

STICKER = record(
    id=ID,
    name=TEXT,
    tags=TEXT,
    type=INT,
    format_type=Optional(INT),
    description=Optional(TEXT),
    available=BOOL,
    guild_id=ID,
    user=Optional(USER),
)

FORUM_TAG = record(
    id=ID,
    name=TEXT,
    moderated=BOOL,
    emoji_id=Optional(ID),
    emoji_name=Optional(TEXT),
)

OVERWRITE = record(
    id=ID,
    type=INT,
    allow=TEXT,
    deny=TEXT,
)

THREAD_METADATA = record(
    archived=BOOL,
    archive_timestamp=Optional(TIMESTAMP),
    auto_archive_duration=INT,
    locked=BOOL,
    create_timestamp=Optional(TIMESTAMP),
    invitable=Optional(BOOL),
)

THREAD_MEMBER = record(
    id=ID,
    user_id=ID,
    join_timestamp=TIMESTAMP,
    flags=INT,
    member=Optional(MEMBER),
)

THREAD = record(
    id=ID,
    type=INT,
    last_message_id=Optional(ID),
    flags=INT,
    last_pin_timestamp=Optional(TIMESTAMP),
    guild_id=ID,
    name=TEXT,
    parent_id=Optional(ID),
    rate_limit_per_user=Optional(INT),
    bitrate=Optional(INT),
    user_limit=Optional(INT),
    rtc_region=Optional(TEXT),
    video_quality_mode=Optional(INT),
    permissions=Optional(TEXT),
    owner_id=ID,
    thread_metadata=THREAD_METADATA,
    message_count=INT,
    member_count=INT,
    total_message_sent=INT,
    applied_tags=Optional(List(ID)),
    member=Optional(THREAD_MEMBER),
)

GUILD_CHANNEL = record(
    id=ID,
    type=INT,
    last_message_id=Optional(ID),
    flags=INT,
    last_pin_timestamp=Optional(TIMESTAMP),
    guild_id=ID,
    name=TEXT,
    parent_id=Optional(ID),
    rate_limit_per_user=Optional(INT),
    bitrate=Optional(INT),
    user_limit=Optional(INT),
    rtc_region=Optional(TEXT),
    video_quality_mode=Optional(INT),
    permissions=Optional(TEXT),
    topic=Optional(TEXT),
    default_auto_archive_duration=Optional(INT),
    default_thread_rate_limit_per_user=Optional(INT),
    position=INT,
    permission_overwrites=Optional(List(OVERWRITE)),
    nsfw=Optional(BOOL),
    available_tags=Optional(List(FORUM_TAG)),
    default_reaction_emoji=Optional(JSON),
    default_sort_order=Optional(INT),
    default_forum_layout=Optional(INT),
    default_tag_setting=Optional(TEXT),
)

CHANNEL = record(
    id=ID,
    type=INT,
    last_message_id=Optional(ID),
    flags=INT,
    last_pin_timestamp=Optional(TIMESTAMP),
    guild_id=Optional(ID),
    name=Optional(TEXT),
    parent_id=Optional(ID),
    rate_limit_per_user=Optional(INT),
    bitrate=Optional(INT),
    user_limit=Optional(INT),
    rtc_region=Optional(TEXT),
    video_quality_mode=Optional(INT),
    permissions=Optional(TEXT),
    topic=Optional(TEXT),
    default_auto_archive_duration=Optional(INT),
    default_thread_rate_limit_per_user=Optional(INT),
    position=Optional(INT),
    permission_overwrites=Optional(List(OVERWRITE)),
    nsfw=Optional(BOOL),
    available_tags=Optional(List(FORUM_TAG)),
    default_reaction_emoji=Optional(JSON),
    default_sort_order=Optional(INT),
    default_forum_layout=Optional(INT),
    default_tag_setting=Optional(TEXT),
    owner_id=Optional(ID),
    thread_metadata=Optional(THREAD_METADATA),
    message_count=Optional(INT),
    member_count=Optional(INT),
    total_message_sent=Optional(INT),
    applied_tags=Optional(List(ID)),
    member=Optional(THREAD_MEMBER),
    recipients=Optional(List(USER)),
    icon=Optional(TEXT),
    managed=Optional(BOOL),
    application_id=Optional(ID),
)

ATTACHMENT = record(
    id=ID,
    filename=TEXT,
    size=INT,
    url=TEXT,
    proxy_url=TEXT,
    width=Optional(INT),
    height=Optional(INT),
    duration_secs=Optional(FLOAT),
    waveform=Optional(TEXT),
    description=Optional(TEXT),
    content_type=Optional(TEXT),
    ephemeral=Optional(BOOL),
    flags=Optional(INT),
    placeholder=Optional(TEXT),
    placeholder_version=Optional(INT),
    title=Optional(TEXT),
    application=Optional(JSON),
    clip_created_at=Optional(TIMESTAMP),
    clip_participants=Optional(List(USER)),
)

EMBED = record(
    type=TEXT,
    url=Optional(TEXT),
    title=Optional(TEXT),
    description=Optional(TEXT),
    color=Optional(INT),
    timestamp=Optional(TIMESTAMP),
    fields=Optional(List(record(name=TEXT, value=TEXT, inline=BOOL))),
    author=Optional(JSON),
    provider=Optional(JSON),
    image=Optional(JSON),
    thumbnail=Optional(JSON),
    video=Optional(JSON),
    footer=Optional(JSON),
    flags=Optional(INT),
    components=Optional(List(JSON)),
)

REACTION = record(
    emoji=JSON,
    count=INT,
    count_details=JSON,
    burst_colors=List(TEXT),
    me_burst=BOOL,
    me=BOOL,
)

MESSAGE = record(
    type=INT,
    content=TEXT,
    mentions=List(USER),
    mention_roles=List(ID),
    attachments=List(ATTACHMENT),
    embeds=List(EMBED),
    timestamp=TIMESTAMP,
    edited_timestamp=Optional(TIMESTAMP),
    flags=INT,
    components=List(JSON),
    stickers=Optional(List(JSON)),
    sticker_items=Optional(List(JSON)),
    id=ID,
    channel_id=ID,
    author=USER,
    pinned=BOOL,
    mention_everyone=BOOL,
    tts=BOOL,
    call=Optional(JSON),
    activity=Optional(JSON),
    application=Optional(JSON),
    application_id=Optional(ID),
    interaction=Optional(JSON),
    nonce=Optional(JSON),
    webhook_id=Optional(ID),
    message_reference=Optional(JSON),
    thread=Optional(THREAD),
    mention_channels=Optional(List(JSON)),
    role_subscription_data=Optional(JSON),
    purchase_notification=Optional(JSON),
    position=Optional(INT),
    resolved=Optional(JSON),
    poll=Optional(JSON),
    shared_client_theme=Optional(JSON),
    interaction_metadata=Optional(JSON),
    message_snapshots=Optional(List(JSON)),
    lobby_member=Optional(JSON),
    reactions=Optional(List(REACTION)),
    referenced_message=Optional(JSON),
)

PIN = record(
    pinned_at=TIMESTAMP,
    message=MESSAGE,
)

PINS = record(
    items=List(PIN),
    has_more=BOOL,
)

THREADS = record(
    threads=List(THREAD),
    members=List(THREAD_MEMBER),
    has_more=BOOL,
    first_messages=Optional(List(MESSAGE)),
)

THREAD_SEARCH = record(
    threads=List(THREAD),
    members=List(THREAD_MEMBER),
    has_more=BOOL,
    first_messages=Optional(List(MESSAGE)),
    total_results=INT,
)

MESSAGE_SEARCH = record(
    messages=List(List(JSON)),
    doing_deep_historical_index=BOOL,
    total_results=INT,
    threads=Optional(List(THREAD)),
    members=Optional(List(THREAD_MEMBER)),
    documents_indexed=Optional(INT),
)

CHANNEL_FOLLOWER = record(
    channel_id=ID,
    webhook_id=ID,
)
