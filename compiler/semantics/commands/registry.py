"""Finding commands by name. Data is loaded by region, when a narrative first names a command.

The data of a platform gives its regions (modules of commands, by the first part of the name; the
empty one is the platform's own module) and its aliases (names of the older body, other spellings).
"""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType, ModuleType

from botticelli.compiler.semantics.commands.model import Command

_PLATFORMS = ("discord", "database", "http")


def platforms() -> tuple[str, ...]:
    """Return the names of the platforms whose commands are known."""
    return _PLATFORMS


@cache
def registry(platform: str) -> Mapping[str, Command]:
    """Return every command of a platform by its name; empty for an unknown platform."""
    commands: dict[str, Command] = {}
    for region in _regions(platform):
        commands |= _commands(platform, region)
    return MappingProxyType(commands)


def find(platform: str, name: str) -> Command | None:
    """Find a command by its name, also by an alias or with the platform's name before it."""
    name = canonical(platform, name)
    first, dot, _ = name.partition(".")
    region = first if dot else ""
    return _commands(platform, region).get(name) if region in _regions(platform) else None


def find_step(platform: str, name: str) -> Command:
    """Return a command that a composed one names as a step: also one that only serves as such.

    Raises KeyError when there is none.
    """
    region = name.partition(".")[0]
    module = import_module(f"{__package__}.{platform}.{region}")
    for command in (*module.COMMANDS, *getattr(module, "STEPS", ())):
        if command.name == name:
            found: Command = command
            return found
    raise KeyError(name)


def operations(platform: str, command: Command) -> frozenset[str]:
    """Return the operations of the API that a command may perform, those of its steps included."""
    steps = (find_step(platform, name) for name in command.steps)
    return command.operations.union(*(step.operations for step in steps))


def canonical(platform: str, name: str) -> str:
    """Return the present name of a command: without the platform's prefix, aliases resolved.

    A name that is not known comes back without its prefix.
    """
    name = name.removeprefix(f"{platform}.")
    return aliases(platform).get(name, name)


def aliases(platform: str) -> Mapping[str, str]:
    """Return the other names of a platform's commands, each with the present name."""
    result: Mapping[str, str] = _data(platform).ALIASES if platform in _PLATFORMS else {}
    return result


def nearest(platform: str, name: str) -> str | None:
    """Return the command whose name or alias is closest to a misspelt one, if one is close."""
    from botticelli.compiler.nearest import nearest as closest

    known = [*registry(platform), *aliases(platform)]
    found = closest(name.removeprefix(f"{platform}."), known)
    return None if found is None else canonical(platform, found)


def _data(platform: str) -> ModuleType:
    return import_module(f"{__package__}.{platform}")


def _regions(platform: str) -> tuple[str, ...]:
    regions: tuple[str, ...] = _data(platform).REGIONS if platform in _PLATFORMS else ()
    return regions


@cache
def _commands(platform: str, region: str) -> dict[str, Command]:
    """Load a region; the commands of a platform without regions stand in its own module."""
    path = f"{platform}.{region}" if region else platform
    commands: tuple[Command, ...] = import_module(f"{__package__}.{path}").COMMANDS
    return {command.name: command for command in commands}
