"""Records that arguments of Discord's commands take: embeds, polls, permissions and the like."""

from botticelli.compiler.ir.types import (
    Bool,
    Enum,
    Field,
    Int,
    List,
    Record,
    Text,
    Timestamp,
    Type,
)
from botticelli.compiler.semantics.commands.kinds import Bits, Id, choice

ID = Id()
COLOR = Int(0, 0xFFFFFF)
URL = Text(maximum=2048)
DATA_URI = Text()
"""An image as `data:image/png;base64,…`."""
PERMISSIONS = Bits()
"""A set of permissions as the sum of their bits."""

CHANNEL_TYPE = choice(
    text=0, voice=2, category=4, announcement=5, news=5, stage=13, directory=14, forum=15
)
THREAD_TYPE = choice(
    announcement=10,
    news=10,
    announcement_thread=10,
    public=11,
    public_thread=11,
    private=12,
    private_thread=12,
)
ARCHIVE_MINUTES = choice(one_hour=60, one_day=1440, three_days=4320, one_week=10080)
VIDEO_QUALITY = choice(auto=1, full=2)
SORT_ORDER = choice(latest_activity=0, creation_date=1)
FORUM_LAYOUT = choice(default=0, list=1, grid=2)
TAG_SETTING = Enum(("match_all", "match_some"))
SLOWMODE = Int(0, 21600)
"""Seconds between two messages of one member."""


def needs(**fields: Type) -> tuple[Field, ...]:
    """Return fields that must be there."""
    return tuple(Field(name, type_) for name, type_ in fields.items())


def may(**fields: Type) -> tuple[Field, ...]:
    """Return fields that may be absent or null."""
    return tuple(Field(name, type_, optional=True) for name, type_ in fields.items())


_PICTURE = Record(
    may(
        url=URL,
        width=Int(),
        height=Int(),
        placeholder=Text(maximum=64),
        placeholder_version=Int(0, 2147483647),
        is_animated=Bool(),
        description=Text(maximum=4096),
    )
)
EMBED = Record(
    may(
        type=Text(maximum=152133),
        url=URL,
        title=Text(maximum=256),
        color=COLOR,
        timestamp=Timestamp(),
        description=Text(maximum=4096),
        author=Record(may(name=Text(maximum=256), url=URL, icon_url=URL)),
        image=_PICTURE,
        thumbnail=_PICTURE,
        footer=Record(may(text=Text(maximum=2048), icon_url=URL)),
        fields=List(
            Record((*needs(name=Text(maximum=256), value=Text(maximum=1024)), *may(inline=Bool())))
        ),
        provider=Record(may(name=Text(maximum=256), url=URL)),
        video=_PICTURE,
    )
)
ALLOWED_MENTIONS = Record(
    may(
        parse=List(Enum(("users", "roles", "everyone"))),
        users=List(ID),
        roles=List(ID),
        replied_user=Bool(),
    )
)
REFERENCE = Record(
    (
        *needs(message_id=ID),
        *may(guild_id=ID, channel_id=ID, fail_if_not_exists=Bool(), type=choice(default=0)),
    )
)
_POLL_EMOJI = Record(may(id=ID, name=Text(maximum=32), animated=Bool()))
_POLL_MEDIA = Record(may(text=Text(1, 300), emoji=_POLL_EMOJI))
POLL = Record(
    (
        *needs(question=_POLL_MEDIA, answers=List(Record(needs(poll_media=_POLL_MEDIA)))),
        *may(allow_multiselect=Bool(), layout_type=choice(default=1), duration=Int(1, 768)),
    )
)
ATTACHMENT = Record(
    (
        *needs(id=ID),
        *may(
            filename=Text(1, 1024),
            description=Text(maximum=1024),
            title=Text(maximum=1024),
            is_spoiler=Bool(),
        ),
    )
)
OVERWRITE = Record(
    (*needs(id=ID), *may(type=choice(role=0, member=1), allow=PERMISSIONS, deny=PERMISSIONS))
)
REACTION_EMOJI = Record(may(emoji_id=ID, emoji_name=Text(maximum=100)))
NEW_FORUM_TAG = Record(
    (
        *needs(name=Text(maximum=50)),
        *may(emoji_id=ID, emoji_name=Text(maximum=100), moderated=Bool()),
    )
)
FORUM_TAG = Record((*NEW_FORUM_TAG.fields, *may(id=ID)))
ROLE_COLORS = Record(may(primary_color=COLOR, secondary_color=COLOR, tertiary_color=COLOR))
RECURRENCE = Record(
    (
        *needs(start=Timestamp(), frequency=choice(yearly=0, monthly=1, weekly=2, daily=3)),
        *may(
            end=Timestamp(),
            interval=Int(),
            by_weekday=List(
                choice(monday=0, tuesday=1, wednesday=2, thursday=3, friday=4, saturday=5, sunday=6)
            ),
            by_n_weekday=List(Record(needs(n=Int(1, 5), day=Int(0, 6)))),
            by_month=List(Int(1, 12)),
            by_month_day=List(Int(-1, 31)),
            by_year_day=List(Int(-1, 365)),
            count=Int(),
        ),
    )
)
CHANNEL_POSITION = Record(may(id=ID, position=Int(0), parent_id=ID, lock_permissions=Bool()))
ROLE_POSITION = Record(may(id=ID, position=Int()))
WELCOME_CHANNEL = Record(
    (
        *needs(channel_id=ID, description=Text(1, 50)),
        *may(emoji_id=ID, emoji_name=Text(maximum=152133)),
    )
)
