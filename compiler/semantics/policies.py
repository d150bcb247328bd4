"""What commands may do: the rules of `[security]`, applied to known values.

The checker applies them to values that the source shows, the runtime to the final ones, and both
through `violations`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from botticelli.compiler.ir.program import ContentRules, JsonScalar, Security
from botticelli.compiler.semantics.commands import canonical, find

_URL = re.compile(r"https?://[^\s<>\"'`)\]}]+", re.IGNORECASE)
_MASS_MENTION = re.compile(r"@(everyone|here)\b")
_PREFIX = "_prefix"


def names_command(name: str, platform: str, command: str) -> bool:
    """Tell whether a name of a policy means a command.

    Both may have the platform in front (`messages.send`, `discord.messages.send`), and both may be
    one of the command's other names: a rule holds for a command however it is called.
    """
    return canonical(platform, name) == canonical(platform, command)


def by_name(platform: str, command: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments under their present names, also those that were given by another."""
    known = find(platform, command)
    named: dict[str, Any] = {}
    for name, value in arguments.items():
        argument = known.argument(name) if known is not None else None
        named[name if argument is None else argument.name] = value
    return named


def violations(
    rules: Sequence[Security],
    platform: str,
    command: str,
    arguments: Mapping[str, Any],
    *,
    writes: bool,
) -> Iterator[str]:
    """Yield what speaks against a command with these arguments, as sentences for people.

    `rules` are those of the narratives that lead to it, its own last: it must be allowed where it
    stands, and denials, constraints and rules on text hold from all of them.
    """
    command = canonical(platform, command)
    arguments = by_name(platform, command, arguments)
    qualified = f"{platform}.{command}"
    if any(_names(each.denied_commands, platform, command) for each in rules):
        yield f"{qualified} is denied by [security.policy]"
        return
    if writes and not (rules and _names(rules[-1].allowed_commands, platform, command)):
        yield f"{qualified} writes, and [security.policy] does not allow it"
        return
    for each in rules:
        for name, allowed in each.constraints.items():
            yield from _constraint(name, allowed, command, arguments)
        if writes and each.content is not None:
            for argument, text in texts(arguments):
                yield from content_violations(each.content, argument, text)


def needs_confirmation(rules: Sequence[Security], platform: str, command: str) -> bool:
    """Tell whether a person must agree before the command is performed."""
    return any(_names(each.require_confirmation, platform, command) for each in rules)


def _names(names: tuple[str, ...], platform: str, command: str) -> bool:
    return any(names_command(name, platform, command) for name in names)


def _constraint(
    name: str,
    allowed: JsonScalar | tuple[JsonScalar, ...],
    command: str,
    arguments: Mapping[str, Any],
) -> Iterator[str]:
    options = [str(each) for each in (allowed if isinstance(allowed, tuple) else (allowed,))]
    for argument in constrained(name, command, arguments):
        value = str(arguments[argument])
        if name.endswith(_PREFIX):
            if not any(value.startswith(option) for option in options):
                yield f"{argument} must start with {_either(options)}, and is {value!r}"
        elif value not in options:
            yield f"{argument} must be {_either(options)}, and is {value!r}"


def constrained(name: str, command: str, arguments: Mapping[str, Any]) -> list[str]:
    """Return the arguments that a constraint holds for.

    `X` holds for the argument X; `X_prefix` for the arguments X and `X_name`, and for `name` in
    the commands of the group `Xs` (`channel_prefix`, `channels.create`).
    """
    if not name.endswith(_PREFIX):
        return [name] if name in arguments else []
    thing = name.removesuffix(_PREFIX)
    candidates = [thing, f"{thing}_name"]
    if command.partition(".")[0] == f"{thing}s":
        candidates.append("name")
    return [each for each in candidates if each in arguments]


def _either(options: list[str]) -> str:
    return " or ".join(repr(option) for option in options)


def texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text within a value, with the path to it."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from texts(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from texts(inner, f"{path}[{index}]")


def content_violations(rules: ContentRules, argument: str, text: str) -> Iterator[str]:
    """Yield which rules on outgoing text a text breaks. The text itself is not repeated."""
    if rules.max_length is not None and len(text) > rules.max_length:
        yield f"{argument} has {len(text):,} characters, and max_length is {rules.max_length:,}"
    if rules.block_mass_mentions and (mention := _MASS_MENTION.search(text)):
        yield f"{argument} mentions {mention.group()}, and block_mass_mentions is set"
    for pattern in rules.prohibited_patterns:
        if _matches(pattern, text):
            yield f"{argument} matches the prohibited pattern {pattern!r}"
    if rules.allowed_domains:
        for domain in _domains(text):
            if not _within(domain, rules.allowed_domains):
                yield f"{argument} links to {domain}, which is not in allowed_domains"


def _matches(pattern: str, text: str) -> bool:
    """A pattern that does not compile prohibits everything, as its author wanted something kept."""
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return True


def _domains(text: str) -> Iterator[str]:
    for url in _URL.findall(text):
        try:
            yield (urlsplit(url).hostname or url).lower()
        except ValueError:
            yield url


def _within(domain: str, allowed: tuple[str, ...]) -> bool:
    return any(domain == each.lower() or domain.endswith(f".{each.lower()}") for each in allowed)
