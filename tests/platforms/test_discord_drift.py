"""The registry against Discord's own contract: names, places, types, bounds, results."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from drift import Drift
from servers.contract import Contract, Operation

from botticelli.compiler.ir.types import Null
from botticelli.compiler.semantics.commands import Argument, Command, Request, registry
from botticelli.compiler.semantics.commands.discord import REGIONS

DATA = "botticelli.compiler.semantics.commands.discord"
LEFT_OUT = {
    "nonce": "the client's own",
    "enforce_nonce": "the client's own",
    "attachments": "files cannot be sent along",
    "shared_client_theme": "of no use to a narrative",
    "target_users_file": "files cannot be sent along",
    "recipients": "group messages are not a bot's",
    "owner": "group messages are not a bot's",
    "access_tokens": "group messages are not a bot's",
    "nicks": "group messages are not a bot's",
}


def commands() -> list[Command]:
    steps = [
        command
        for region in REGIONS
        for command in getattr(import_module(f"{DATA}.{region}"), "STEPS", ())
    ]
    return [*registry("discord").values(), *steps]


REQUESTS = [
    pytest.param(command, request, id=f"{command.name}-{request.operation}")
    for command in commands()
    for request in command.requests
]


@pytest.mark.parametrize(("command", "request_"), REQUESTS)
def test_a_command_agrees_with_its_operation(
    contract: Contract, command: Command, request_: Request
):
    assert list(differences(contract, command, request_)) == []


def differences(contract: Contract, command: Command, request: Request) -> Iterator[str]:
    operation = contract.operations.get(request.operation)
    if operation is None:
        yield f"the contract has no operation {request.operation}"
        return
    if (operation.method, operation.path) != (request.method, request.path):
        yield f"is {operation.method} {operation.path}"
    arguments = [
        each
        for each in command.arguments
        if not each.operations or request.operation in each.operations
    ]
    yield from _parameters(contract, operation, request, arguments)
    yield from _body(contract, operation, command, request, arguments)
    yield from _result(contract, operation, command)


def _parameters(
    contract: Contract, operation: Operation, request: Request, arguments: list[Argument]
) -> Iterator[str]:
    drift = Drift(contract)
    for location in ("path", "query"):
        theirs = operation.named(location)
        mine = {each.sent_as: each for each in arguments if each.location == location}
        if location == "path":
            mine = {name: each for name, each in mine.items() if name in request.parameters}
        yield from (f"`{name}` is missing" for name in theirs.keys() - mine.keys())
        yield from (f"`{name}` is not in the contract" for name in mine.keys() - theirs.keys())
        for name in mine.keys() & theirs.keys():
            if location == "query" and bool(theirs[name].get("required")) != mine[name].required:
                yield f"`{name}` is needed in one place only"
            for fault in drift.argument(mine[name].type, theirs[name]["schema"]):
                yield f"`{name}` {fault}"


def _body(
    contract: Contract,
    operation: Operation,
    command: Command,
    request: Request,
    arguments: list[Argument],
) -> Iterator[str]:
    drift = Drift(contract)
    form = any(each.location == "form" for each in arguments)
    kind = "multipart/form-data" if form else "application/json"
    schema = operation.body_types.get(kind, {}).get("schema")
    mine = {each.sent_as: each for each in arguments if each.location in ("body", "form")}
    if schema is None:
        yield from (f"`{name}` goes into no body" for name in mine)
        return
    if "*" in mine:
        yield from drift.argument(mine["*"].type, schema)
        return
    if operation.definition["requestBody"].get("required") and not (
        mine or command.fixed or request.wants_body
    ):
        yield "the body is missing"
    theirs = contract.properties(schema)
    for name, argument in mine.items():
        outer, _, inner = name.partition(".")
        schemas = theirs.get(outer, [])
        if inner:
            schemas = [each for s in schemas for each in contract.properties(s).get(inner, [])]
        found = [list(drift.argument(argument.type, each)) for each in drift.united(schemas)]
        if not found:
            yield f"`{name}` is not in the contract"
        else:
            yield from (f"`{name}` {fault}" for fault in min(found, key=len))
    given = {name.partition(".")[0] for name in mine} | set(command.fixed) | set(LEFT_OUT)
    given |= NARROWER.get(command.name, set())
    yield from (f"`{name}` is missing" for name in sorted(theirs.keys() - given))
    yield from _needed(contract, schema, command, mine)


def _needed(
    contract: Contract, schema: Any, command: Command, mine: dict[str, Argument]
) -> Iterator[str]:
    """Compare what must be given; a body's alternatives may ask for more than is common to all."""
    schema = contract.resolve(schema)
    kinds = schema.get("anyOf") or schema.get("oneOf") or [schema]
    needs = [set(contract.resolve(each).get("required", ())) for each in kinds]
    given = {name.partition(".")[0] for name, each in mine.items() if each.required}
    always = set.intersection(*needs) - set(command.fixed)
    yield from (f"`{name}` is needed" for name in sorted(always - given))
    yield from (f"`{name}` is not needed" for name in sorted(given - set.union(*needs)))


def _result(contract: Contract, operation: Operation, command: Command) -> Iterator[str]:
    schemas = [
        answer["content"]["application/json"]["schema"]
        for status, answer in operation.definition["responses"].items()
        if status in ("200", "201") and "application/json" in answer.get("content", {})
    ]
    if isinstance(command.result, Null):
        if schemas and operation.id != "trigger_typing_indicator":
            yield "the answer is not told"
    elif not schemas:
        yield "there is no answer"
    else:
        yield from (f"answer {fault}" for fault in Drift(contract).result(command.result, schemas))


_OF_CHANNELS = {
    *("topic", "position", "nsfw", "parent_id", "permission_overwrites", "default_sort_order"),
    *("default_auto_archive_duration", "default_reaction_emoji", "default_forum_layout"),
    *("default_thread_rate_limit_per_user", "default_tag_setting", "available_tags", "type"),
}
_OF_VOICE = {"bitrate", "user_limit", "rtc_region", "video_quality_mode"}
_OF_THREADS = {"applied_tags", "archived", "auto_archive_duration", "invitable", "locked"}
NARROWER: dict[str, set[str]] = {
    "channels.edit": {"icon", *_OF_THREADS},
    "forums.edit": {"icon", "type", *_OF_THREADS},
    "threads.edit": {"icon", *_OF_CHANNELS, *_OF_VOICE},
    "forums.edit_post": {"icon", *_OF_CHANNELS, *_OF_VOICE},
    "threads.create": {"message", "applied_tags"},
    "forums.create_post": {"type", "invitable"},
    "members.remove_timeout": {"nick", "roles", "mute", "deaf", "channel_id", "flags"},
}
"""What commands leave out that their operation takes for other kinds of channels, or other aims."""
