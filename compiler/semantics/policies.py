"""What commands may do: the rules of `[security]`, applied to known values.

The runtime applies them to final values through `violations`, the checker to those that the source
shows through the parts that it is made of, since it also says where.
"""

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from msgspec import Struct

from botticelli.compiler.ir.program import ContentRules, Security
from botticelli.compiler.ir.types import List, Optional, Type
from botticelli.compiler.semantics.commands import canonical, find
from botticelli.compiler.semantics.commands.kinds import Filter, Id, Order

if TYPE_CHECKING:
    import regex

_URL = re.compile(r"https?://[^\s<>\"'`)\]}]+", re.IGNORECASE)
_MASS_MENTION = re.compile(r"@(everyone|here)\b")
_PREFIX = "_prefix"

SECONDS = 0.5
"""The longest that one prohibited pattern may look through one text, of the processor's time."""

DOMAINS = "allowed_domains"
"""The rule of `[security.content]` on where a text may lead."""

A = TypeVar("A")


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


class ConstraintFault(Struct, frozen=True):
    """An argument, by its present name, whose value a constraint does not admit. `message` does not
    hold the value, which may be a secret where it is final."""

    constraint: str
    argument: str
    message: str


class TextFault(Struct, frozen=True):
    """A rule on outgoing text that `text[start:end]` breaks; `rule` is its key.

    `message` completes a sentence that begins with what the text is. `undecided`: whether it breaks
    the rule could not be found out in time, so that it counts as breaking it.
    """

    rule: str
    message: str
    start: int
    end: int
    undecided: bool = False


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
    if any(is_denied(each, platform, command) for each in rules):
        yield f"{qualified} is denied by [security.policy]"
        return
    if writes and not (rules and is_allowed(rules[-1], platform, command)):
        yield f"{qualified} writes, and [security.policy] does not allow it"
        return
    if writes and platform == DATABASE and not may_write(rules[-1], arguments.get(TABLE)):
        yield f"{qualified} writes a table that is not named in [security.tables]"
        return
    for each in rules:
        for fault in constraint_faults(each, platform, command, arguments):
            yield fault.message
        content = content_rules(each, platform, writes=writes)
        if content is not None:
            yield from _said_against(content, outgoing(platform, command, arguments))
            if platform == "http" and not leads_within(arguments.get(URL), content):
                yield f"{URL} does not lead to a host of allowed_domains"


def _said_against(rules: ContentRules, arguments: Mapping[str, Any]) -> Iterator[str]:
    for argument, text in texts(arguments):
        for fault in text_faults(rules, text):
            yield f"{argument} {fault.message}"
            if fault.undecided:
                return  # one such text is patience enough


def content_rules(rules: Security, platform: str, *, writes: bool) -> ContentRules | None:
    """Return the rules on outgoing text that hold for a command. What is fetched from an address is
    asked for there, so that the addresses of reads are held to the domains as well."""
    content = rules.content
    if content is None or writes:
        return content
    return ContentRules(allowed_domains=content.allowed_domains) if platform == "http" else None


def leads_within(url: object, rules: ContentRules) -> bool:
    """Tell whether an address is within the domains: by its host, however the rest is written."""
    return not rules.allowed_domains or _within(_domain(str(url)), rules.allowed_domains)


URL = "url"
"""The argument of the platform `http` that is the address."""

DATABASE = "database"
TABLE = "table_name"
"""The platform whose commands write tables, and its argument that names one."""


def is_denied(rules: Security, platform: str, command: str) -> bool:
    return _names(rules.denied_commands, platform, command)


def is_allowed(rules: Security, platform: str, command: str) -> bool:
    return _names(rules.allowed_commands, platform, command)


def may_write(rules: Security, table: object) -> bool:
    """Tell whether commands may write a table."""
    return table in rules.write_tables


def needs_confirmation(rules: Sequence[Security], platform: str, command: str) -> bool:
    """Tell whether a person must agree before the command is performed."""
    return any(_names(each.require_confirmation, platform, command) for each in rules)


def _names(names: tuple[str, ...], platform: str, command: str) -> bool:
    return any(names_command(name, platform, command) for name in names)


def constraint_faults(
    rules: Security, platform: str, command: str, arguments: Mapping[str, Any]
) -> Iterator[ConstraintFault]:
    """Yield the constraints that arguments under their present names break."""
    for name, allowed in rules.constraints.items():
        options = [str(each) for each in (allowed if isinstance(allowed, tuple) else (allowed,))]
        for argument in constrained(name, platform, command, arguments):
            value = str(arguments[argument])
            if name.endswith(_PREFIX):
                if not any(value.startswith(option) for option in options):
                    said = f"{argument} must start with {_either(options)}"
                    yield ConstraintFault(name, argument, said)
            elif value not in options:
                said = f"{argument} must be {_either(options)}"
                yield ConstraintFault(name, argument, said)


def constrained(name: str, platform: str, command: str, arguments: Mapping[str, Any]) -> list[str]:
    """Return the arguments, by their present names, that a constraint holds for.

    `X` holds for the argument X, by any of its names; `X_prefix` for the arguments X and `X_name`,
    and for `name` in the commands of the group `Xs` (`channel_prefix`, `channels.create`).
    """
    if not name.endswith(_PREFIX):
        candidates = list(by_name(platform, command, {name: None}))
    else:
        thing = name.removesuffix(_PREFIX)
        candidates = [thing, f"{thing}_name"]
        if command.partition(".")[0] == f"{thing}s":
            candidates.append("name")
    return [each for each in candidates if each in arguments]


def _either(options: list[str]) -> str:
    return " or ".join(repr(option) for option in options) or "nothing at all"


def outgoing(platform: str, command: str, arguments: Mapping[str, A]) -> dict[str, A]:
    """Return the arguments that say something; ids only say where to, filters which rows."""
    known = find(platform, command)
    found = {name: known.argument(name) if known is not None else None for name in arguments}
    return {
        name: value
        for name, value in arguments.items()
        if (argument := found[name]) is None or not _only_directs(argument.type)
    }


def _only_directs(kind: Type) -> bool:
    while isinstance(kind, Optional | List):
        kind = kind.of if isinstance(kind, Optional) else kind.item
    return isinstance(kind, Id | Filter | Order)


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


def text_faults(rules: ContentRules, text: str) -> Iterator[TextFault]:
    """Yield which rules on outgoing text a text breaks, and where; each rule once, each address by
    itself."""
    if rules.max_length is not None and len(text) > rules.max_length:
        said = f"has {len(text):,} characters, and max_length is {rules.max_length:,}"
        yield TextFault("max_length", said, 0, len(text))
    if rules.block_mass_mentions and (mention := _MASS_MENTION.search(text)):
        said = f"mentions {mention.group()}, and block_mass_mentions is set"
        yield TextFault("block_mass_mentions", said, *mention.span())
    for pattern in rules.prohibited_patterns:
        try:
            span = _match(pattern, text)
        except TimeoutError:
            said = f"is not told from the prohibited pattern {pattern!r} within {SECONDS:g} s"
            yield TextFault("prohibited_patterns", said, 0, len(text), undecided=True)
            return
        if span is not None:
            said = f"matches the prohibited pattern {pattern!r}"
            yield TextFault("prohibited_patterns", said, *span)
    if rules.allowed_domains:
        for url in _URL.finditer(text):
            domain = _domain(url.group())
            if not _within(domain, rules.allowed_domains):
                said = f"links to {domain}, which is not in allowed_domains"
                yield TextFault(DOMAINS, said, *url.span())


def pattern_fault(pattern: str) -> str | None:
    """Say what is wrong with a prohibited pattern; None when it is a regular expression."""
    compiled = _compiled(pattern)
    return compiled if isinstance(compiled, str) else None


@cache
def _compiled(pattern: str) -> "regex.Pattern[str] | str":
    """Compile a pattern, or say why it cannot be. What is to change in later versions is no fault
    of it."""
    import regex

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return regex.compile(pattern)
        except (regex.error, RecursionError, OverflowError) as error:
            return str(error)


def _match(pattern: str, text: str) -> tuple[int, int] | None:
    """A pattern that does not compile prohibits everything, as its author wanted something kept.

    Raises TimeoutError: patterns can take more than linear time, and texts come from anywhere.
    """
    compiled = _compiled(pattern)
    if isinstance(compiled, str):
        return 0, len(text)
    found = compiled.search(text, timeout=SECONDS)
    return found.span() if found else None


def _domain(url: str) -> str:
    try:
        return (urlsplit(url).hostname or url).lower().rstrip(".")
    except ValueError:
        return url


def _within(domain: str, allowed: tuple[str, ...]) -> bool:
    return any(domain == each.lower() or domain.endswith(f".{each.lower()}") for each in allowed)
