"""Commands that take several requests, written in terms of the commands that take one."""

from asyncio import sleep
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Protocol

from msgspec import Meta, Struct, ValidationError, convert

from botticelli.compiler.semantics.commands import Command, find_step
from botticelli.runtime.platforms.arguments import checked_arguments
from botticelli.runtime.platforms.discord.failures import misshapen
from botticelli.runtime.platforms.protocol import PlatformError

WAITS: Final = 5
"""How often one step waits as the API asks before its error becomes that of the command."""
EPOCH: Final = 1_420_070_400_000
"""The beginning of time in ids, in Unix milliseconds: 2015-01-01."""
BULK_DELETABLE: Final = timedelta(days=13, hours=23)
"""The API deletes at once what is younger than 14 days; an hour is left for clocks that differ."""
TEXT, VOICE, CATEGORY, STAGE, FORUM = 0, 2, 4, 13, 15
"""Types of channels."""


Id = Annotated[str, Meta(pattern="^[0-9]{1,20}$")]


class Channel(Struct, frozen=True):
    """What is read of a channel."""

    name: str | None = None
    type: int | None = None
    guild_id: Id | None = None


class Role(Struct, frozen=True):
    name: str | None = None


class Author(Struct, frozen=True):
    id: Id


class Message(Struct, frozen=True):
    """What is read of a message."""

    id: Id
    author: Author


class Thread(Struct, frozen=True):
    id: Id
    parent_id: Id | None = None


class Server(Struct, frozen=True):
    """What is read of a server; what the API leaves out is none."""

    id: Id
    name: str
    owner_id: Id
    approximate_member_count: int | None = None
    approximate_presence_count: int | None = None
    roles: list[Any] | None = None
    emojis: list[Any] | None = None
    stickers: list[Any] | None = None
    features: list[str] | None = None
    premium_tier: int | None = None
    premium_subscription_count: int | None = None
    verification_level: int | None = None


class ThreadMember(Struct, frozen=True):
    id: Id | None = None


class Threads(Struct, frozen=True):
    """What is read of a list of threads."""

    threads: list[Thread]
    members: list[ThreadMember]


class Webhook(Struct, frozen=True):
    token: str | None = None


class Sender(Protocol):
    """What sends the single requests."""

    async def send(
        self, command: Command, values: Mapping[str, Any], idempotency_key: str = ""
    ) -> Any: ...


class Steps:
    """The steps of one composed command, one after another.

    A step that the API asks to wait with is waited for here, since the command as a whole could
    only be begun again. Once a step has written, an error of a later one says so.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self.written = False

    async def run(self, name: str, /, **arguments: Any) -> Any:
        """Perform a command of one request; arguments that are None are left out."""
        command = find_step("discord", name)
        given = {key: value for key, value in arguments.items() if value is not None}
        values = checked_arguments("discord", command, given)
        waits = 0
        while True:
            try:
                result = await self._sender.send(command, values)
            except PlatformError as error:
                waits += 1
                if error.retry_after is None or waits > WAITS:
                    error.had_no_effect = error.had_no_effect and not self.written
                    raise
                await sleep(error.retry_after)
            else:
                self.written = self.written or command.writes
                return result


Composed = Callable[[Steps, Mapping[str, Any]], Awaitable[Any]]


async def get_or_create_channel(steps: Steps, arguments: Mapping[str, Any]) -> Any:
    """Find a channel by its name, and by its type if one is given.

    Names of text channels are compared as the API writes them: in lower case, hyphens for spaces.
    """
    wanted = _channel_name(arguments["name"])
    for channel in await steps.run("channels.list", guild_id=arguments["guild_id"]):
        read = convert(channel, Channel)
        same_type = arguments.get("type") in (None, read.type)
        if same_type and _channel_name(read.name or "") == wanted:
            return channel
    return await steps.run("channels.create", **arguments)


async def get_or_create_role(steps: Steps, arguments: Mapping[str, Any]) -> Any:
    for role in await steps.run("roles.list", guild_id=arguments["guild_id"]):
        if convert(role, Role).name == arguments["name"]:
            return role
    return await steps.run("roles.create", **arguments)


async def clear_messages(steps: Steps, arguments: Mapping[str, Any]) -> Any:
    """Delete the latest messages: the young ones at once, the others one by one."""
    channel, reason = arguments["channel_id"], arguments.get("reason")
    found = await steps.run(
        "messages.list",
        channel_id=channel,
        limit=arguments.get("limit", 100),
        before=arguments.get("before"),
        after=arguments.get("after"),
    )
    author = arguments.get("user_id")
    read = convert(found, list[Message])
    ids = [each.id for each in read if author in (None, each.author.id)]
    youngest = _earliest_id(datetime.now(UTC) - BULK_DELETABLE)
    young = [each for each in ids if int(each) > youngest]
    if len(young) > 1:
        await steps.run("messages.bulk_delete", channel_id=channel, messages=young, reason=reason)
    one_by_one = [each for each in ids if each not in young] if len(young) > 1 else ids
    for message in one_by_one:
        await steps.run("messages.delete", channel_id=channel, message_id=message, reason=reason)
    return {"deleted": len(ids)}


async def list_threads(steps: Steps, arguments: Mapping[str, Any]) -> Any:
    channel = arguments.get("channel_id")
    server = await _server_of(steps, arguments.get("guild_id"), channel)
    found = await steps.run("threads.list_active", guild_id=server)
    read = convert(found, Threads)
    if channel is None:
        return found
    ids = {each.id for each in read.threads if each.parent_id == channel}
    return found | {
        "threads": [each for each in found["threads"] if each["id"] in ids],
        "members": [
            each
            for member, each in zip(read.members, found["members"], strict=True)
            if member.id in ids
        ],
    }


async def list_forums(steps: Steps, arguments: Mapping[str, Any]) -> Any:
    channels = await steps.run("channels.list", guild_id=arguments["guild_id"])
    return [each for each in channels if convert(each, Channel).type == FORUM]


async def list_posts(steps: Steps, arguments: Mapping[str, Any]) -> Any:
    forum = arguments["forum_id"]
    active = await list_threads(steps, {"channel_id": forum, "guild_id": arguments.get("guild_id")})
    posts: list[Any] = active["threads"]
    if arguments.get("archived"):
        archived = await steps.run(
            "threads.list_archived", channel_id=forum, limit=arguments.get("limit")
        )
        convert(archived, Threads)
        posts = posts + archived["threads"]
    return posts


async def get_post(steps: Steps, arguments: Mapping[str, Any]) -> Any:
    """Get the thread and its first message, which bears the thread's id; it may be deleted."""
    post = arguments["post_id"]
    thread = await steps.run("channels.get", channel_id=post)
    try:
        message = await steps.run("messages.get", channel_id=post, message_id=post)
    except PlatformError as error:
        if error.status != 404:
            raise
        message = None
    return {"thread": thread, "message": message}


async def time_out_member(steps: Steps, arguments: Mapping[str, Any]) -> Any:
    until = arguments.get("communication_disabled_until")
    if until is None:
        seconds = arguments.get("duration", 60 * arguments.get("duration_minutes", 0))
        until = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="seconds")
    return await steps.run(
        "members.edit",
        guild_id=arguments["guild_id"],
        user_id=arguments["user_id"],
        communication_disabled_until=until,
        reason=arguments.get("reason"),
    )


async def execute_webhook(steps: Steps, arguments: Mapping[str, Any]) -> Any:
    """Write through a webhook; its token is asked for when the narrative does not give it."""
    if "webhook_token" not in arguments:
        webhook = await steps.run("webhooks.reveal", webhook_id=arguments["webhook_id"])
        token = convert(webhook, Webhook).token
        if not token:
            raise PlatformError("discord.webhooks.execute: the bot may not use this webhook")
        arguments = {**arguments, "webhook_token": token}
    return await steps.run("webhooks.execute_with_token", wait=True, **arguments)


async def count_server(steps: Steps, arguments: Mapping[str, Any]) -> Any:
    found = await steps.run("server.get", guild_id=arguments["guild_id"], with_counts=True)
    server = convert(found, Server)
    channels = await steps.run("channels.list", guild_id=arguments["guild_id"])
    types = [each.type for each in convert(channels, list[Channel])]
    return {
        "guild_id": server.id,
        "name": server.name,
        "member_count": server.approximate_member_count or 0,
        "online_count": server.approximate_presence_count or 0,
        "channel_count": len(types),
        "text_channel_count": types.count(TEXT),
        "voice_channel_count": types.count(VOICE) + types.count(STAGE),
        "category_count": types.count(CATEGORY),
        "forum_count": types.count(FORUM),
        "role_count": len(server.roles or ()),
        "emoji_count": len(server.emojis or ()),
        "sticker_count": len(server.stickers or ()),
        "boost_level": server.premium_tier or 0,
        "boost_count": server.premium_subscription_count or 0,
        "verification_level": server.verification_level or 0,
        "owner_id": server.owner_id,
        "features": server.features or [],
        "created_at": created_at(server.id).isoformat(),
    }


def created_at(identifier: str) -> datetime:
    """Return when the thing of an id was made, which its upper 42 bits tell in milliseconds."""
    return datetime.fromtimestamp(((int(identifier) >> 22) + EPOCH) / 1000, UTC)


async def _server_of(steps: Steps, server: str | None, channel: str | None) -> Any:
    if server is not None:
        return server
    return convert(await steps.run("channels.get", channel_id=channel), Channel).guild_id


def _earliest_id(time: datetime) -> int:
    """Return the smallest id of what is made at a time."""
    return (int(time.timestamp() * 1000) - EPOCH) << 22


def _channel_name(name: str) -> str:
    return name.strip().casefold().replace(" ", "-")


COMPOSED: Final[Mapping[str, Composed]] = {
    "channels.get_or_create": get_or_create_channel,
    "forums.get_post": get_post,
    "forums.list": list_forums,
    "forums.list_posts": list_posts,
    "members.timeout": time_out_member,
    "messages.clear": clear_messages,
    "roles.get_or_create": get_or_create_role,
    "server.get_stats": count_server,
    "threads.list": list_threads,
    "webhooks.execute": execute_webhook,
}


async def compose(sender: Sender, command: Command, values: Mapping[str, Any]) -> Any:
    """Perform a composed command and return its result. `values` are checked arguments.

    Raises PlatformError, also for an answer that lacks what the steps after it need.
    """
    steps = Steps(sender)
    try:
        return await COMPOSED[command.name](steps, values)
    except ValidationError as error:
        raise misshapen(command, str(error), had_no_effect=not steps.written) from None
