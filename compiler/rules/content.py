"""BOT608: known values of commands against `[security.constraints]` and `[security.content]`."""

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from botticelli.compiler.diagnostics import Label, Location
from botticelli.compiler.flow.called import Deed
from botticelli.compiler.flow.commands import Performed, performed_by
from botticelli.compiler.flow.runs import texts_in
from botticelli.compiler.flow.security import Rules, rules_of
from botticelli.compiler.ir.program import ContentRules
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.rules.commands import constant_text
from botticelli.compiler.rules.policies import calls_leading, rules_of_callers
from botticelli.compiler.rules.subject import Subject
from botticelli.compiler.semantics.policies import (
    DOMAINS,
    TextFault,
    constraint_faults,
    content_rules,
    outgoing,
    pattern_fault,
    text_faults,
)
from botticelli.compiler.syntax.nodes import Node, Scalar, Table
from botticelli.compiler.workspace.workspace import NarrativeAt
from botticelli.grammar import catalogue

_LONGEST = 20_000
"""Code points of a text that are looked at: patterns can take more than linear time."""
_MAY_TAKE_LONG = re.compile(r"\((?:[^()\\]|\\.)*[*+}](?:[^()\\]|\\.)*\)[*+{]")
_LOOKS_AROUND = re.compile(r"[\^$]|\\[AZbB]|\(\?")


class Violation(Struct, frozen=True):
    """A value that breaks a rule: the section of `[security]` and its key that hold the rule."""

    section: str
    key: str
    location: Location
    message: str
    note: str

    @property
    def identity(self) -> tuple[str, str, Location]:
        return (self.section, self.key, self.location)


def check_content(subject: Subject) -> None:
    """Check the values of all commands that the file's narratives perform, calls included."""
    for narrative in subject.file.narratives:
        rules = rules_of(narrative, subject.file)
        if rules.restrict:
            for performed in performed_by(narrative, subject.file):
                for violation in _violations(performed, rules):
                    _report(violation, rules, subject)
    for rules, callers in rules_of_callers(subject):
        if rules.restrict:
            _check_called(callers, rules, subject)


def _check_called(callers: list[NarrativeAt], rules: Rules, subject: Subject) -> None:
    """What a caller constrains holds for what it calls: said at the call, unless it is said where
    the command stands."""
    deeds = subject.workspace.provenance.deeds_by_values
    ways = deeds.objectionable(rules, lambda deed: any(_unsaid(deed, rules)))
    for call, deed in calls_leading(ways, callers, subject):
        for violation in _unsaid(deed, rules):
            subject.reporter.report(
                catalogue.CONSTRAINT_VIOLATION,
                call.location,
                f"`{call.name}` performs `{deed.performed.full_name}`: {violation.message}",
                note="a call lifts no constraint of its caller",
                labels=[_rule(violation, rules), Label(violation.note, violation.location)],
            )


def _unsaid(deed: Deed, rules: Rules) -> Iterator[Violation]:
    """Yield what breaks a caller's rules and is not said where the command stands."""
    own = {each.identity for each in _violations(deed.performed, deed.rules)}
    for violation in _violations(deed.performed, rules):
        if violation.identity not in own:
            yield violation


def _report(violation: Violation, rules: Rules, subject: Subject) -> None:
    subject.reporter.report(
        catalogue.CONSTRAINT_VIOLATION,
        violation.location,
        violation.message,
        note=violation.note,
        labels=[_rule(violation, rules)],
    )


def _rule(violation: Violation, rules: Rules) -> Label:
    """Point to the rule in the nearest section that holds it; where it is misspelt, to the nearest
    section there is."""
    for level in rules.levels:
        table = level.node.entries.get(violation.section)
        if isinstance(table, Table) and violation.key in table.entries:
            return Label("the rule stands here", table.key_location(violation.key))
    return Label("the rule stands here", rules.levels[0].node.location)


def _violations(performed: Performed, rules: Rules) -> Iterator[Violation]:
    """Yield what the values of a command break; one that is denied has no values to speak of."""
    if rules.denial(performed) is not None:
        return
    yield from _constraint_violations(performed, rules)
    content = content_rules(rules.lowered, performed.platform, writes=performed.known.writes)
    if content is None:
        return
    said = outgoing(performed.platform, performed.known.name, performed.command.arguments)
    for name, node in said.items():
        for text in texts_in(node):
            for fault in _text_faults(text, rules):
                if not performed.known.writes and fault.rule != DOMAINS:
                    continue
                location = text.part(fault.start, fault.end)
                if fault.rule == "max_length":
                    location = text.location
                yield Violation(
                    "content", fault.rule, location, f"`{name}` {fault.message}", "this"
                )


def _constraint_violations(performed: Performed, rules: Rules) -> Iterator[Violation]:
    values: dict[str, Any] = {}
    nodes: dict[str, Node] = {}
    for name, node in performed.command.arguments.items():
        argument = performed.known.argument(name)
        if isinstance(node, Scalar) and argument is not None and not argument.secret:
            value = constant_text(node.value) if isinstance(node.value, str) else node.value
            if value is not None:
                values[argument.name], nodes[argument.name] = value, node
    command = performed.known.name
    for fault in constraint_faults(rules.lowered, performed.platform, command, values):
        location = nodes[fault.argument].location
        note = "not within the constraint"
        said = f"{fault.message}, and is {str(values[fault.argument])!r}"
        yield Violation("constraints", fault.constraint, location, said, note)


def _text_faults(text: Text, rules: Rules) -> Iterator[TextFault]:
    """Yield what is wrong with a text as far as it is known, each fault where it is first seen."""
    said: set[str] = set()
    for fault in _every_fault(text, rules):
        if fault.message not in said:
            said.add(fault.message)
            yield fault


def _every_fault(text: Text, rules: Rules) -> Iterator[TextFault]:
    """Look at the whole of a text, or at what a template says beside its values."""
    known = constant_text(text.value)
    if known is not None:
        for fault in _bounded(known, rules, whole=True):
            as_written = known == text.value
            yield fault if as_written else replace(fault, start=0, end=len(text.value))
        return
    ranges = list(_literal_ranges(text.value))
    yield from _certain_length(text.value, ranges, rules)
    for start, end in ranges:
        piece = text.value[start:end]
        for fault in _bounded(piece, rules, whole=False):
            opens = start + fault.end == end < len(text.value)
            unfinished = fault.rule == "allowed_domains" and piece.count("/", fault.start) < 3
            if not (opens and (unfinished or fault.rule == "block_mass_mentions")):
                yield replace(fault, start=start + fault.start, end=start + fault.end)


def _certain_length(
    template: str, ranges: list[tuple[int, int]], rules: Rules
) -> Iterator[TextFault]:
    """A template without statements renders to no less than its own text."""
    content = rules.lowered.content
    if content is None or content.max_length is None or "{%" in template:
        return
    length = sum(end - start for start, end in ranges)
    if length > content.max_length:
        said = f"has {length:,} characters at least, and max_length is {content.max_length:,}"
        yield TextFault("max_length", said, 0, len(template))


def _bounded(text: str, rules: Rules, *, whole: bool) -> Iterator[TextFault]:
    """Apply the rules, those patterns left out that do not compile, as is said of them, that could
    take long, or that look at what stands around a piece."""
    content = rules.lowered.content
    assert content is not None
    patterns = [
        each
        for each in content.prohibited_patterns
        if pattern_fault(each) is None
        and not _MAY_TAKE_LONG.search(each)
        and (whole or not _LOOKS_AROUND.search(each))
    ]
    length = content.max_length if whole else None
    if len(text) > _LONGEST:
        yield from text_faults(replace(content, max_length=length, prohibited_patterns=()), text)
        judged = ContentRules(prohibited_patterns=tuple(patterns))
    else:
        judged = replace(content, max_length=length, prohibited_patterns=tuple(patterns))
    # What could not be decided is left to the run, whose texts these are not yet.
    yield from (each for each in text_faults(judged, text[:_LONGEST]) if not each.undecided)


def _literal_ranges(template: str) -> Iterator[tuple[int, int]]:
    """Yield the ranges of a template that are text as they stand."""
    if "\r" in template:
        return
    from botticelli.compiler.templates.dollar import find_forms
    from botticelli.compiler.templates.parsing import data_ranges

    for start, end in data_ranges(template):
        position = start
        for form in find_forms(template, data=[(start, end)]):
            yield position, form.start
            position = form.end
        yield position, end
