"""The arguments of a command, checked against the registry with their final values."""

from collections.abc import Mapping
from typing import Any

from botticelli.compiler.semantics.commands import Command
from botticelli.compiler.semantics.commands.values import converted
from botticelli.runtime.databases.records import BoundFilter, BoundOrder
from botticelli.runtime.platforms.protocol import PlatformError


def checked_arguments(
    platform: str, command: Command, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments under their proper names and in the API's form.

    Raises PlatformError for the first that is unknown, missing or of the wrong type; the message
    holds no value, as it may be a secret.
    """
    full_name = f"{platform}.{command.name}"
    values: dict[str, Any] = {}
    for name, value in arguments.items():
        argument = command.argument(name)
        if argument is None:
            raise PlatformError(f"{full_name} has no argument `{name}`")
        if argument.name in values:
            raise PlatformError(f"{full_name} was given `{argument.name}` twice")
        if isinstance(value, BoundFilter | BoundOrder):
            values[argument.name] = value
            continue
        values[argument.name], faults = converted(argument.type, value)
        if faults:
            place = "".join(f"[{key!r}]" for key in faults[0].path)
            raise PlatformError(f"{full_name}: `{name}{place}` must be {faults[0].expected}")
    for group in command.missing(list(values)):
        wanted = " or ".join(f"`{name}`" for name in group)
        raise PlatformError(f"{full_name} needs {wanted}")
    return values
