"""What a command's result leaves in the project's state: its ids, each under its keys."""

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
    yield field
    for name in dict.fromkeys((written, canonical(platform, command))):
        yield f"{platform}.{name}.{field}"


def remembered(platform: str, command: str, result: Any) -> dict[str, Any]:
    """Return what a result leaves, by key. Only a record's own ids count; null is none."""
    if not isinstance(result, Mapping):
        return {}
    return {
        key: value
        for field, value in result.items()
        if is_id(field) and isinstance(value, str | int)
        for key in keys_of(platform, command, field)
    }
