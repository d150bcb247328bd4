"""Arguments that several commands share, and the short forms in which commands are written."""

from collections.abc import Mapping

from msgspec.structs import replace

from botticelli.compiler.ir.types import (
    Bool,
    Int,
    Json,
    List,
    Null,
    Optional,
    Text,
    Timestamp,
    Type,
)
from botticelli.compiler.semantics.commands.discord import bodies
from botticelli.compiler.semantics.commands.kinds import Id
from botticelli.compiler.semantics.commands.model import Argument, Command, JsonConstant, Request

ID = Id()
NOTHING = Null()
"""The result of a command that the API answers without a body."""


def path_id(name: str, about: str, field: str | None = None, *aliases: str) -> Argument:
    """Return a required id that stands in the path."""
    return Argument(name, ID, "path", required=True, field=field, aliases=aliases, about=about)


def query(name: str, type_: Type, about: str = "") -> Argument:
    """Return an optional argument of the query."""
    return Argument(name, type_, "query", about=about)


def body(name: str, type_: Type, about: str = "", *aliases: str) -> Argument:
    """Return an optional argument of the body."""
    return Argument(name, type_, about=about, aliases=aliases)


def optional(argument: Argument) -> Argument:
    """Return the argument as one that may be left out."""
    return replace(argument, required=False)


def required(argument: Argument) -> Argument:
    """Return the argument as one that must be given."""
    return replace(argument, required=True)


def nullable(argument: Argument) -> Argument:
    """Return the argument as one that may be null, which clears what it sets."""
    return replace(argument, type=Optional(argument.type))


def inside(outer: str, *arguments: Argument) -> tuple[Argument, ...]:
    """Return the arguments as fields of an object of the body."""
    return tuple(replace(each, field=f"{outer}.{each.sent_as}") for each in arguments)


GUILD = path_id("guild_id", "the server", None, "server_id")
CHANNEL = path_id("channel_id", "the channel", None, "channel")
THREAD = path_id("thread_id", "the thread", "channel_id", "channel_id")
MESSAGE = path_id("message_id", "the message")
USER = path_id("user_id", "the user", None, "member_id")
ROLE = path_id("role_id", "the role")
SCOPE = Argument(
    "guild_id",
    ID,
    "client",
    aliases=("server_id",),
    about="the server that the command belongs to; the API does not ask for it",
)
REASON = Argument(
    "reason",
    Text(maximum=512),
    "header",
    field="X-Audit-Log-Reason",
    aliases=("audit_log_reason",),
    about="what the server's audit log says about it",
)
BEFORE = query("before", ID, "only what is older than this id")
AFTER = query("after", ID, "only what is newer than this id")
BEFORE_TIME = query("before", Timestamp(), "only what is older than this time")

CONTENT = body("content", Text(maximum=2000), "the text of the message", "text")
EMBEDS = body("embeds", List(bodies.EMBED), "up to ten embeds")
MENTIONS = body("allowed_mentions", bodies.ALLOWED_MENTIONS, "who is notified by mentions")
COMPONENTS = body("components", List(Json()), "buttons, menus and layout")
STICKERS = body("sticker_ids", List(ID), "up to three stickers of the server")
FLAGS = body(
    "flags", bodies.PERMISSIONS, "bits that the API documents, as 4 for a message without previews"
)
POLL = body("poll", bodies.POLL, "a poll to vote in")
TTS = body("tts", Bool(), "whether it is read aloud")
ATTACHMENTS = body("attachments", List(bodies.ATTACHMENT), "the attachments to keep")

SAYS_SOMETHING = ("content", "embeds", "sticker_ids", "components", "poll")


def command(
    name: str,
    about: str,
    requests: Request | tuple[Request, ...],
    *arguments: Argument,
    result: Type = NOTHING,
    writes: bool | None = None,
    keyed: bool = False,
    idempotent: bool | None = None,
    one_of: tuple[tuple[str, ...], ...] = (),
    steps: tuple[str, ...] = (),
    fixed: Mapping[str, JsonConstant] | None = None,
    withheld: tuple[str, ...] = (),
) -> Command:
    """Return a command. What is not said follows from the method: all but GET write, and POST is
    not idempotent. Every command takes `guild_id`."""
    several = (requests,) if isinstance(requests, Request) else requests
    methods = {request.method for request in several}
    if all(each.name != "guild_id" for each in arguments):
        arguments = (*arguments, SCOPE)
    return Command(
        name=name,
        about=about,
        requests=several,
        arguments=arguments,
        result=result,
        writes=methods != {"GET"} if writes is None else writes,
        keyed=keyed,
        idempotent="POST" not in methods if idempotent is None else idempotent,
        one_of=one_of,
        steps=steps,
        fixed=fixed or {},
        withheld=withheld,
    )


def get(operation: str, path: str) -> Request:
    return Request(operation, "GET", path)


def post(operation: str, path: str) -> Request:
    return Request(operation, "POST", path)


def put(operation: str, path: str) -> Request:
    return Request(operation, "PUT", path)


def patch(operation: str, path: str) -> Request:
    return Request(operation, "PATCH", path)


def delete(operation: str, path: str) -> Request:
    return Request(operation, "DELETE", path)


KINDS = ("channel_type", "kind")
"""Other names of what the API calls `type`."""
AUTO_ARCHIVE = body(
    "auto_archive_duration", bodies.ARCHIVE_MINUTES, "minutes of rest until it is archived"
)
SLOWMODE = body(
    "rate_limit_per_user", bodies.SLOWMODE, "seconds between a member's messages", "slowmode"
)
CHANNEL_NAME = body("name", Text(1, 100), "its name", "channel_name")
CHANNEL_TYPE = body("type", bodies.CHANNEL_TYPE, "its kind, text if not said", *KINDS)
CHANNEL_SETTINGS = (
    body("topic", Text(maximum=4096), "what it is about", "description"),
    body("position", Int(0), "its place in the list"),
    body("parent_id", ID, "the category that it stands in", "category_id"),
    body("nsfw", Bool(), "whether it is age-restricted"),
    SLOWMODE,
    body("permission_overwrites", List(bodies.OVERWRITE), "who may do what"),
    body("bitrate", Int(8000), "bits a second, in a voice channel"),
    body("user_limit", Int(0), "how many may be in it, 0 for any number"),
    body("rtc_region", Text(), "its voice region"),
    body("video_quality_mode", bodies.VIDEO_QUALITY, "the quality of video"),
    body(
        "default_auto_archive_duration",
        bodies.ARCHIVE_MINUTES,
        "minutes of rest until its threads are archived",
    ),
    body("default_thread_rate_limit_per_user", bodies.SLOWMODE, "the same, in its threads"),
    body("default_reaction_emoji", bodies.REACTION_EMOJI, "the reaction offered on posts"),
    body("default_sort_order", bodies.SORT_ORDER, "how posts are ordered"),
    body("default_forum_layout", bodies.FORUM_LAYOUT, "how posts are laid out"),
    body("default_tag_setting", bodies.TAG_SETTING, "whether all tags must be there, or some"),
)
NEW_TAGS = body("available_tags", List(bodies.NEW_FORUM_TAG), "tags for posts, 20 at most")
TAGS = body("available_tags", List(bodies.FORUM_TAG), "all tags for posts, 20 at most")
THREAD_NAME = body("name", Text(1, 100), "its name", "title", "thread_name")
THREAD_SETTINGS = (
    THREAD_NAME,
    body("archived", Bool(), "whether it is archived"),
    body("locked", Bool(), "whether only moderators may open it again"),
    body("invitable", Bool(), "whether members may add others"),
    AUTO_ARCHIVE,
    SLOWMODE,
    FLAGS,
    nullable(body("applied_tags", List(ID), "up to five tags of the forum", "tags", "tag_ids")),
)
