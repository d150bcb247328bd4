"""Rules on what commands may do: named in policies, allowed where they stand, denied by no one."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from botticelli.compiler.diagnostics import Edit, Fix, Label, Location
from botticelli.compiler.flow.called import Deed
from botticelli.compiler.flow.commands import Performed, commands_of_file, performed_by, specify
from botticelli.compiler.flow.security import Rules, is_command, nearest_command, rules_of
from botticelli.compiler.flow.ways import Key
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.narrative.model import NarrativeFile, Security
from botticelli.compiler.rules.commands import rename, table_of
from botticelli.compiler.rules.inserting import below_header, is_toml
from botticelli.compiler.rules.subject import Subject
from botticelli.compiler.semantics import commands as registry
from botticelli.compiler.semantics.policies import (
    is_allowed,
    may_write,
    pattern_fault,
)
from botticelli.compiler.source import Source, Span
from botticelli.compiler.syntax.nodes import Array, Table
from botticelli.compiler.workspace.composition import Call, calls_of
from botticelli.compiler.workspace.workspace import NarrativeAt
from botticelli.grammar import catalogue


def check_policies(subject: Subject) -> None:
    """Names in policies, patterns, permission to write, and denials."""
    for security in _securities(subject.file):
        _check_names(security, subject)
        _check_patterns(security, subject)
    _check_own(subject)
    _check_called(subject)


def _securities(file: NarrativeFile) -> Iterator[Security]:
    if file.security is not None:
        yield file.security
    for narrative in file.narratives:
        if narrative.security is not None:
            yield narrative.security


# What stands in policies


def _check_names(security: Security, subject: Subject) -> None:
    policy = security.policy
    if policy is None:
        return
    for text in (*(policy.allowed or ()), *(policy.denied or ()), *(policy.confirmed or ())):
        if not is_command(text.value):
            _unknown_name(text, subject)


def _unknown_name(text: Text, subject: Subject) -> None:
    name = text.value
    platform, _, rest = name.partition(".")
    guess = nearest_command(name)
    if platform in registry.platforms():
        said = f"{platform} has no command `{rest}`"
    else:
        said = f"no platform has a command `{name}`"
    subject.reporter.report(
        catalogue.UNKNOWN_COMMAND,
        text.location,
        said,
        note=f"did you mean `{guess}`?" if guess else "not a command",
        help=None
        if guess
        else "a policy names each command by itself, as `messages.send` or `discord.messages.send`",
        fix=rename(text, guess),
    )


def _check_patterns(security: Security, subject: Subject) -> None:
    content = security.content
    for text in (content.prohibited_patterns or ()) if content is not None else ():
        fault = pattern_fault(text.value)
        if fault is not None:
            subject.reporter.report(
                catalogue.BAD_VALUE,
                text.location,
                f"a prohibited pattern is a regular expression, and this is none: {fault}",
                note="does not compile",
            )


# What a narrative's own commands may do


def _check_own(subject: Subject) -> None:
    reached: set[int] = set()
    for narrative in subject.file.narratives:
        rules = rules_of(narrative, subject.file)
        for performed in performed_by(narrative, subject.file):
            reached.add(id(performed.command))
            _check_permission(performed, rules, subject)
    _check_unreached(reached, subject)


def _check_unreached(reached: set[int], subject: Subject) -> None:
    """What no order leads to is judged by the kindest of the rules that could hold for it."""
    rules = [rules_of(narrative, subject.file) for narrative in subject.file.narratives]
    for command in commands_of_file(subject.file):
        performed = specify(command) if id(command) not in reached else None
        if performed is not None:
            every = rules or [Rules(None, subject.file.security)]
            kindest = next((each for each in every if _permits(each, performed)), every[0])
            _check_permission(performed, kindest, subject)


def _permits(rules: Rules, performed: Performed) -> bool:
    if rules.denial(performed) is not None:
        return False
    return not performed.known.writes or is_allowed(
        rules.lowered, performed.platform, performed.known.name
    )


def _check_permission(performed: Performed, rules: Rules, subject: Subject) -> None:
    denial = rules.denial(performed)
    if denial is not None:
        subject.reporter.report(
            catalogue.COMMAND_DENIED,
            performed.name.location,
            f"`{performed.full_name}` is denied by the policy",
            note="denied",
            labels=[Label("denied here", denial.location)],
            help="a denial wins over `allowed_commands`; remove it, or the command",
            about=performed.full_name,
        )
    elif performed.known.writes:
        _check_write(performed, rules, subject)


def _check_write(performed: Performed, rules: Rules, subject: Subject) -> None:
    table = table_of(performed)
    if not is_allowed(rules.lowered, performed.platform, performed.known.name):
        wanted = [("policy", "allowed_commands", performed.known.name)]
        if table is not None and not may_write(rules.lowered, table.value):
            wanted.append(("tables", "write", table.value))
        subject.reporter.report(
            catalogue.WRITE_NOT_ALLOWED,
            performed.name.location,
            f"`{performed.full_name}` writes, and no policy allows it",
            note="not allowed",
            help=_lines(wanted, subject),
            fix=_allow(wanted[0], rules, subject),
            about=performed.full_name,
        )
    elif table is not None and not may_write(rules.lowered, table.value):
        wanted = [("tables", "write", table.value)]
        subject.reporter.report(
            catalogue.WRITE_NOT_ALLOWED,
            table.location,
            f"`{performed.full_name}` writes the table `{table.value}`, which is not to be written",
            note="not among the tables to write",
            help=_lines(wanted, subject),
            fix=_allow(wanted[0], rules, subject),
        )


# The lines that would allow it

Wanted = tuple[str, str, str]
"""A section of `[security]`, a key of it, and the value that its list lacks."""


def _lines(wanted: list[Wanted], subject: Subject) -> str:
    if is_toml(subject.unit.document.source):
        parts = [f'[security.{section}]\n{key} = ["{value}"]' for section, key, value in wanted]
    else:
        parts = [f'{section}:\n  {key}: ["{value}"]' for section, key, value in wanted]
        parts = ["security:", *("  " + part.replace("\n", "\n  ") for part in parts)]
    return "if it is meant to, say so:\n" + "\n".join(parts)


def _allow(wanted: Wanted, rules: Rules, subject: Subject) -> Fix | None:
    """Write the value into the list that holds here, or a section with it at the file's end."""
    section, key, value = wanted
    source = subject.unit.document.source
    if not value.isprintable() or '"' in value or "\\" in value:
        return None
    for level in rules.levels:
        table = level.node.entries.get(section)
        if isinstance(table, Table):
            edit = _into_list(table.entries.get(key), value, source)
            if edit is None and key not in table.entries:
                edit = below_header(table, f'{key} = ["{value}"]', source)
            return Fix(safe=False, edits=(edit,)) if edit is not None else None
    end = Location(source, Span(len(source.text), len(source.text)))
    lead = "" if not source.text or source.text.endswith("\n") else "\n"
    if is_toml(source):
        text = f'{lead}\n[security.{section}]\n{key} = ["{value}"]\n'
    elif rules.levels or not _is_block_mapping(source):
        return None
    else:
        text = f'{lead}\nsecurity:\n  {section}:\n    {key}: ["{value}"]\n'
    return Fix(safe=False, edits=(Edit(end, text),))


def _into_list(node: object, value: str, source: Source) -> Edit | None:
    if not isinstance(node, Array):
        return None
    span = node.span
    if source.text[span.start : span.start + 1] != "[":
        return None
    if not node.items:
        return Edit(node.location, f'["{value}"]')
    last = node.items[-1].span.end
    return Edit(Location(source, Span(last, last)), f', "{value}"')


def _is_block_mapping(source: Source) -> bool:
    text = source.text.rstrip()
    return not text.lstrip().startswith("{") and not text.endswith(("...", "---"))


# What callers deny


def _check_called(subject: Subject) -> None:
    """A caller's denial holds for what it calls: said at the call, unless it is said where the
    command stands."""

    for rules, callers in rules_of_callers(subject):
        if not rules.deny:
            continue

        def denied(deed: Deed, rules: Rules = rules) -> bool:
            return bool(rules.denial(deed.performed)) and not deed.rules.denial(deed.performed)

        deeds = subject.workspace.provenance.deeds_by_denial
        for call, deed in calls_leading(deeds.objectionable(rules, denied), callers, subject):
            denial = rules.denial(deed.performed)
            assert denial is not None
            full_name = deed.performed.full_name
            subject.reporter.report(
                catalogue.COMMAND_DENIED,
                call.location,
                f"`{call.name}` performs `{full_name}`, which is denied here",
                note="denied for all that is run from here",
                labels=[
                    Label("denied here", denial.location),
                    Label("performed here", deed.performed.name.location),
                ],
                help="a call lifts no denial of its caller",
                about=full_name,
            )


def rules_of_callers(subject: Subject) -> Iterator[tuple[Rules, list[NarrativeAt]]]:
    """Yield each `[security]` of the file, with the narratives whose calls it holds for."""
    every = [
        NarrativeAt(subject.unit, narrative)
        for narrative in subject.file.narratives
        if any(True for _ in calls_of(subject.file, narrative))
    ]
    if every and subject.file.security is not None:
        yield Rules(None, subject.file.security), every
    for at in every:
        if at.narrative.security is not None:
            yield Rules(at.narrative.security, None), [at]


def calls_leading(
    ways: Iterable[Mapping[Key, Deed]], callers: list[NarrativeAt], subject: Subject
) -> Iterator[tuple[Call, Deed]]:
    """Yield for each sort of command the first call of some narratives that leads to one which they
    do not perform themselves."""
    own = {at.key for at in callers}
    for way in ways:
        leading = (
            (call, deed)
            for at in callers
            for call, target in subject.workspace.provenance.calls(at)
            if target.key not in own
            and (deed := way.get(target.key)) is not None
            and deed.at not in own
        )
        yield from islice(leading, 1)
