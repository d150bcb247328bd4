"""What a command's result leaves in the project's state: its ids, each under its keys.

The `id` of what a command is about is also remembered by that thing's name: `channels.create`
leaves `id` and `channel_id`, as narratives of the older body expect it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from botticelli.compiler.semantics.commands import canonical


def is_id(field: str) -> bool:
    """Whether a field of a result is remembered."""
    return field == "id" or field.endswith("_id")


def keys_of(platform: str, command: str, field: str) -> Iterator[str]:
    """Yield the keys of a field: bare, under the command's name as written and under its present
    one."""
    written = command.removeprefix(f"{platform}.")
    present = canonical(platform, command)
    fields = [field, f"{_thing(present)}_id"] if field == "id" else [field]
    for each in fields:
        yield each
        for name in dict.fromkeys((written, present)):
            yield f"{platform}.{name}.{each}"


def _thing(command: str) -> str:
    """Name what the `id` in a command's result is of: of a `channel` in `channels.create`."""
    group, _, action = command.partition(".")
    if action.endswith("_post"):
        return "post"
    return {"server": "guild", "forums": "channel"}.get(group, group.removesuffix("s"))


def remembered(platform: str, command: str, result: Any) -> dict[str, Any]:
    """Return what a result leaves, by key. Only a record's own ids count; null is none."""
    if not isinstance(result, Mapping):
        return {}
    # A field that bears a name of its own wins over the `id` that goes by it as well.
    fields = sorted(result.items(), key=lambda each: each[0] != "id")
    return {
        key: value
        for field, value in fields
        if is_id(field) and isinstance(value, str | int)
        for key in keys_of(platform, command, field)
    }
