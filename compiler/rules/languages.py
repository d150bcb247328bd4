"""Rules on the small languages: conditions, filters, orders and types that do not parse."""

from collections.abc import Callable, Iterator
from typing import Any

from botticelli.compiler.faults import to_diagnostic
from botticelli.compiler.languages.conditions import parse_condition
from botticelli.compiler.languages.filters import parse_filter
from botticelli.compiler.languages.orders import parse_order
from botticelli.compiler.languages.parsing import Parsed
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.narrative.model import (
    BranchStep,
    ParallelStep,
    RepeatStep,
    SequenceStep,
    Step,
    TableQuery,
)
from botticelli.compiler.rules.resources import acts_of_file
from botticelli.compiler.rules.subject import Subject
from botticelli.compiler.workspace.schemas import resolve_output


def check_languages(subject: Subject) -> None:
    """BOT401 and its kin: what cannot be read in the strings that hold a language of their own."""
    for text in conditions_of(subject):
        _check(text, parse_condition, subject)
    for query in queries_of(subject):
        if query.where is not None:
            _check(query.where, parse_filter, subject)
        if query.order_by is not None:
            _check(query.order_by, parse_order, subject)
    _check_types(subject)


def _check(text: Text, parse: Callable[[str], Parsed[Any]], subject: Subject) -> None:
    subject.reporter.extend(to_diagnostic(fault, text.node) for fault in parse(text.value).faults)


def conditions_of(subject: Subject) -> Iterator[Text]:
    """Yield every condition of a file: of acts, branches and repetitions."""
    for act in acts_of_file(subject.file):
        if act.when is not None:
            yield act.when
    seen = set()
    for narrative in subject.file.narratives:
        if narrative.order is not None and id(narrative.order) not in seen:
            seen.add(id(narrative.order))
            yield from _conditions_in(narrative.order.body)


def _conditions_in(step: Step) -> Iterator[Text]:
    match step:
        case SequenceStep(steps=steps) | ParallelStep(steps=steps):
            for inner in steps:
                yield from _conditions_in(inner)
        case BranchStep(condition=condition, then=then, otherwise=otherwise):
            yield condition
            yield from _conditions_in(then)
            if otherwise is not None:
                yield from _conditions_in(otherwise)
        case RepeatStep(body=body, until=until):
            yield from _conditions_in(body)
            if until is not None:
                yield until


def queries_of(subject: Subject) -> Iterator[TableQuery]:
    """Yield every table query of a file, by name and in place."""
    for resource in subject.file.tables.values():
        if isinstance(resource.input, TableQuery):
            yield resource.input
    for act in acts_of_file(subject.file):
        yield from (item for item in act.inputs if isinstance(item, TableQuery))


def _check_types(subject: Subject) -> None:
    if subject.file.schemas:
        for found in subject.workspace.types.faults:
            if found.text.node.document is subject.unit.document:
                subject.reporter.add(to_diagnostic(found.fault, found.text.node))
    for act in acts_of_file(subject.file):
        if act.output is not None:
            resolve_output(act.output, subject.workspace.types.records, subject.reporter)
