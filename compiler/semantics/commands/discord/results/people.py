"""Answers about people: users, members, roles, bans."""

from botticelli.compiler.ir.types import List, Optional
from botticelli.compiler.semantics.commands.discord.results.shapes import (
    BOOL,
    ID,
    INT,
    JSON,
    TEXT,
    TIMESTAMP,
    record,
)

USER = record(
    id=ID,
    username=TEXT,
    avatar=Optional(TEXT),
    discriminator=TEXT,
    public_flags=INT,
    flags=INT,
    bot=Optional(BOOL),
    system=Optional(BOOL),
    banner=Optional(TEXT),
    accent_color=Optional(INT),
    global_name=Optional(TEXT),
    avatar_decoration_data=Optional(JSON),
    collectibles=Optional(JSON),
    primary_guild=Optional(JSON),
)

MEMBER = record(
    avatar=Optional(TEXT),
    avatar_decoration_data=Optional(JSON),
    banner=Optional(TEXT),
    communication_disabled_until=Optional(TIMESTAMP),
    flags=INT,
    joined_at=TIMESTAMP,
    nick=Optional(TEXT),
    pending=BOOL,
    premium_since=Optional(TIMESTAMP),
    roles=List(ID),
    collectibles=Optional(JSON),
    user=USER,
    mute=BOOL,
    deaf=BOOL,
)

ROLE = record(
    id=ID,
    name=TEXT,
    permissions=TEXT,
    position=INT,
    color=INT,
    colors=JSON,
    hoist=BOOL,
    managed=BOOL,
    mentionable=BOOL,
    icon=Optional(TEXT),
    unicode_emoji=Optional(TEXT),
    tags=Optional(JSON),
    flags=INT,
)

BAN = record(
    user=USER,
    reason=Optional(TEXT),
)

BULK_BAN = record(
    banned_users=List(ID),
    failed_users=List(ID),
)
