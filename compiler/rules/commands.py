"""Rules on commands themselves: of a known platform, known there, and with fitting arguments."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from botticelli.compiler.diagnostics import Edit, Fix, Label, Location
from botticelli.compiler.flow.commands import (
    Performed,
    commands_of_file,
    installed_platforms,
    is_platform,
)
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.narrative.model import Command
from botticelli.compiler.nearest import listing, nearest
from botticelli.compiler.renaming import is_slip, renaming
from botticelli.compiler.rules.subject import Subject
from botticelli.compiler.semantics import commands as registry
from botticelli.compiler.semantics.commands.model import Argument
from botticelli.compiler.semantics.commands.model import Command as Specification
from botticelli.compiler.semantics.policies import DATABASE, TABLE
from botticelli.compiler.semantics.templates import has_tags
from botticelli.compiler.syntax.nodes import Array, Node, Scalar, Table
from botticelli.grammar import catalogue

if TYPE_CHECKING:
    from botticelli.compiler.semantics.commands.values import Mismatch

_QUOTED = re.compile(r"`([^`]+)`")


def check_commands(subject: Subject) -> None:
    """Check every command that the file writes down, run or not."""
    for command in commands_of_file(subject.file):
        if command.platform is None or not is_platform(command.platform.value):
            _unknown_platform(command, subject)
        elif command.command is not None:
            known = registry.find(command.platform.value, command.command.value)
            if known is not None:
                _check_arguments(command, known, subject)
            elif command.platform.value in registry.platforms():
                _unknown_command(command.platform.value, command.command, subject)


def _unknown_platform(command: Command, subject: Subject) -> None:
    platform = command.platform
    if platform is None or not platform.value or has_tags(platform.value):
        return
    known = sorted({*registry.platforms(), *installed_platforms()})
    guess = nearest(platform.value, known)
    subject.reporter.report(
        catalogue.UNKNOWN_PLATFORM,
        platform.location,
        f"there is no platform `{platform.value}`",
        note=f"did you mean `{guess}`?" if guess else "not a platform",
        help=None if guess else f"platforms are {listing(known)}",
        fix=rename(platform, guess),
    )


def _unknown_command(platform: str, name: Text, subject: Subject) -> None:
    guess = registry.nearest(platform, name.value)
    prefix = f"{platform}." if name.value.startswith(f"{platform}.") else ""
    meant = prefix + guess if guess else None
    subject.reporter.report(
        catalogue.UNKNOWN_COMMAND,
        name.location,
        f"{platform} has no command `{name.value}`",
        note=f"did you mean `{meant}`?" if meant else "not a command",
        help=None if guess else _commands_like(platform, name.value.removeprefix(f"{platform}.")),
        fix=rename(name, meant),
    )


def _commands_like(platform: str, name: str) -> str:
    """Name the commands of the group that a name speaks of, or the groups."""
    group, dot, _ = name.partition(".")
    every = registry.registry(platform)
    alike = [each for each in every if each.startswith(f"{group}.")] if dot else []
    if alike:
        return f"commands on {group} are {listing(alike, 20)}"
    if not any("." in each for each in every):
        return f"commands of {platform} are {listing(every, 20)}"
    groups = dict.fromkeys(each.partition(".")[0] for each in every)
    return f"commands of {platform} begin with {listing(groups, 20)}"


def rename(name: Text, meant: str | None) -> Fix | None:
    """Put the name that was meant in the place of a misspelt one, quotes left as they are."""
    location = name.part(0, len(name.value)) if name.value else name.location
    return renaming(location, name.value, meant)


# Arguments


def _check_arguments(command: Command, known: Specification, subject: Subject) -> None:
    meant = [_check_argument(name, command, known, subject) for name in command.arguments]
    given = [name for name in meant if name is not None]
    _check_twice(command, known, subject)
    for group in known.missing(given):
        wanted = listing(group).replace(" and ", " or ")
        subject.reporter.report(
            catalogue.BAD_ARGUMENT,
            command.node.location,
            f"`{known.name}` needs the argument {wanted}",
            note=f"{wanted} is missing",
            help=_about(known, group),
        )
    for name in known.unfit([each.name for each in map(known.argument, given) if each]):
        written = next(each for each in command.arguments if _is(known.argument(each), name))
        subject.reporter.report(
            catalogue.BAD_ARGUMENT,
            command.argument_key(written),
            f"`{known.name}` takes no argument `{written}` beside the others that are given",
            note="not with these arguments",
        )


def _check_twice(command: Command, known: Specification, subject: Subject) -> None:
    """BOT106: one argument by two of its names."""
    first: dict[str, str] = {}
    for name in command.arguments:
        argument = known.argument(name)
        other = first.setdefault(argument.name, name) if argument is not None else name
        if other != name:
            subject.reporter.report(
                catalogue.CONFLICTING_KEYS,
                command.argument_key(name),
                f"`{name}` and `{other}` are the same argument of `{known.name}`",
                note="given again here",
                labels=[Label(f"`{other}` stands here", command.argument_key(other))],
                help="keep one of the two",
            )


def _is(argument: Argument | None, name: str) -> bool:
    return argument is not None and argument.name == name


def _about(known: Specification, group: Sequence[str]) -> str | None:
    said = [
        f"`{each.name}` is {each.about}"
        for each in known.arguments
        if each.name in group and each.about
    ]
    return "; ".join(said) or None


def _check_argument(
    name: str, command: Command, known: Specification, subject: Subject
) -> str | None:
    """Check one argument. Returns the name that it has or was most likely meant to have."""
    argument = known.argument(name)
    if argument is None:
        return _unknown_argument(name, command, known, subject)
    _check_value(name, argument, command, subject)
    return name


def _unknown_argument(
    name: str, command: Command, known: Specification, subject: Subject
) -> str | None:
    names = [each.name for each in known.arguments]
    guess = nearest(name, [*names, *(alias for each in known.arguments for alias in each.aliases)])
    if guess in command.arguments:
        guess = None
    location = command.argument_key(name)
    fix = None
    if guess is not None and _is_bare(location, name):
        fix = Fix(safe=is_slip(name, guess), edits=(Edit(location, guess),))
    subject.reporter.report(
        catalogue.BAD_ARGUMENT,
        location,
        f"`{known.name}` takes no argument `{name}`",
        note=f"did you mean `{guess}`?" if guess else "not an argument of this command",
        help=None if guess else f"its arguments are {listing(names, 20)}" if names else None,
        fix=fix,
    )
    return guess


def _is_bare(location: Location, name: str) -> bool:
    span = location.span
    return location.source.text[span.start : span.end] == name


def _check_value(name: str, argument: Argument, command: Command, subject: Subject) -> None:
    from botticelli.compiler.semantics.commands.values import converted, mismatches

    node = command.arguments[name]
    value, computed = known_value(node)
    faults = converted(argument.type, value)[1] if computed else mismatches(argument.type, value)
    for fault in faults:
        location, is_key = _place(node, fault)
        shown = name + "".join(_step(key) for key in fault.path[:-1] if is_key)
        if is_key:
            _unknown_field(shown, str(fault.path[-1]), fault.expected, location, subject)
            continue
        shown += "".join(_step(key) for key in fault.path)
        found = "another value" if argument.secret else fault.found
        subject.reporter.report(
            catalogue.BAD_ARGUMENT,
            location,
            f"`{shown}` takes {fault.expected}, found {found}",
            note=f"expected {fault.expected}",
        )


def _unknown_field(
    shown: str, field: str, expected: str, location: Location, subject: Subject
) -> None:
    guess = nearest(field, _QUOTED.findall(expected))
    subject.reporter.report(
        catalogue.BAD_ARGUMENT,
        location,
        f"`{shown}` has no field `{field}`",
        note=f"did you mean `{guess}`?" if guess else "not a field",
        help=None if guess else f"expected {expected}",
        fix=Fix(is_slip(field, guess), (Edit(location, guess),))
        if guess and _is_bare(location, field)
        else None,
    )


def _step(key: str | int) -> str:
    return f"[{key}]" if isinstance(key, int) else f".{key}"


def _place(node: Node, fault: "Mismatch") -> tuple[Location, bool]:
    """Return where the part of an argument stands that does not fit; of a field that does not
    exist, its key, and that it is one."""
    is_key = bool(fault.path) and fault.found == f"`{fault.path[-1]}`"
    for key in fault.path[:-1] if is_key else fault.path:
        if isinstance(node, Table) and isinstance(key, str) and key in node.entries:
            node = node.entries[key]
        elif isinstance(node, Array) and isinstance(key, int) and key < len(node.items):
            node = node.items[key]
    if is_key and isinstance(node, Table):
        return node.key_location(str(fault.path[-1])), True
    return node.location, is_key


def table_of(performed: Performed) -> Text | None:
    """Return the table that a command on the database names, if the file tells."""
    if performed.platform != DATABASE:
        return None
    for name, node in performed.command.arguments.items():
        argument = performed.known.argument(name)
        if argument is not None and argument.name == TABLE and isinstance(node, Scalar):
            known = constant_text(node.value) if isinstance(node.value, str) else None
            return None if known is None else Text(known, node)
    return None


def known_value(node: Node) -> tuple[Any, bool]:
    """Return the value of an argument as far as the file tells it, with DYNAMIC for the rest, and
    whether it is the text that a template without names always renders to."""
    from botticelli.compiler.semantics.commands.values import DYNAMIC

    if isinstance(node, Table):
        return {key: known_value(item)[0] for key, item in node}, False
    if isinstance(node, Array):
        return [known_value(item)[0] for item in node.items], False
    assert isinstance(node, Scalar)
    if not isinstance(node.value, str):
        return node.value, False
    text = constant_text(node.value)
    return (DYNAMIC, False) if text is None else (text, text != node.value)


@lru_cache(4096)
def constant_text(text: str) -> str | None:
    """Return what a template always renders to, or None where that depends on the run."""
    if not has_tags(text) and "$" not in text:
        return text
    from botticelli.compiler.templates.checking import check_value
    from botticelli.compiler.templates.scope import Names

    analysis = check_value(text, Names({}))
    if analysis.faults or analysis.uses or analysis.extent.flows:
        return None
    certain = "".join(piece for piece in analysis.certain if isinstance(piece, str))
    size = len(certain.encode("utf-8", "surrogatepass"))
    return certain if analysis.extent.constant == size else None
