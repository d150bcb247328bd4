"""Rules on templates: BOT301 to BOT308, by what each act can know when it runs."""

from collections.abc import Iterator

from botticelli.compiler.faults import to_diagnostic
from botticelli.compiler.flow.commands import clauses_of
from botticelli.compiler.flow.outputs import command_of
from botticelli.compiler.flow.points import Flow, Point, Run
from botticelli.compiler.flow.scope import PlaceScope, Surroundings, surround
from botticelli.compiler.flow.shared_map import SharedMap
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.narrative.model import (
    Act,
    Media,
    Narrative,
    NarrativeFile,
    Reference,
    TableQuery,
    TextInput,
)
from botticelli.compiler.rules.resources import acts_of_file
from botticelli.compiler.rules.subject import Subject
from botticelli.compiler.semantics.commands.kinds import Filter
from botticelli.compiler.semantics.templates import has_tags
from botticelli.compiler.syntax.nodes import Array, Node, Scalar, Table
from botticelli.compiler.templates.checking import check_prompt, check_value
from botticelli.compiler.templates.values import Analysis
from botticelli.compiler.workspace.workspace import NarrativeAt
from botticelli.grammar import catalogue

ABOUT_ORDER = frozenset({catalogue.NOT_YET_RUN, catalogue.NO_PREVIOUS, catalogue.MAYBE_NOT_RUN})
"""Rules on what has run where something stands, which nobody knows of what no order reaches."""


def check_templates(subject: Subject) -> None:
    """Check every template in every narrative that runs it, and those that none runs."""
    reached: set[int] = set()
    for narrative in subject.file.narratives:
        around, flow = surroundings(narrative, subject)
        for at in flow.acts:
            reached.add(id(at.act))
            scope = PlaceScope(around, at.point, at.act)
            for text, analysis in analyses(at.act, subject.file, scope):
                for fault in analysis.faults:
                    subject.reporter.add(to_diagnostic(fault, text.node))
    unreached = {id(act) for act in acts_of_file(subject.file)} - reached
    for narrative in subject.file.narratives:
        if unreached:
            _check_unreached(narrative, unreached, subject)


def surroundings(narrative: Narrative, subject: Subject) -> tuple[Surroundings, Flow]:
    """Follow a narrative of the file, and gather what is the same at every place of it."""
    if narrative.name not in subject.followed:
        at = NarrativeAt(subject.unit, narrative)
        subject.followed[narrative.name] = surround(at, subject.workspace)
    return subject.followed[narrative.name]


def _check_unreached(narrative: Narrative, unreached: set[int], subject: Subject) -> None:
    """An act that no order reaches is read as if it ran last, where every act has run: what is
    wrong even there is wrong wherever it is put."""
    around, flow = surroundings(narrative, subject)
    end = everything_ran(around, flow)
    for act in around.acts.values():
        if id(act) not in unreached:
            continue
        unreached.discard(id(act))
        for text, analysis in analyses(act, subject.file, PlaceScope(around, end, act)):
            for fault in analysis.faults:
                if fault.rule not in ABOUT_ORDER:
                    subject.reporter.add(to_diagnostic(fault, text.node))


def everything_ran(around: Surroundings, flow: Flow) -> Point:
    """Return what is known at a place where every act of a narrative has run."""
    readers = {alias: act for act, aliases in around.aliases.items() for alias in aliases}
    return Point(
        runs=SharedMap.of({name: Run(act, act.name) for name, act in around.acts.items()}),
        readers=SharedMap.of(readers),
        previous=flow.end.previous,
        previous_certain=True,
        begun=True,
        in_carousel=True,
    )


def analyses(act: Act, file: NarrativeFile, scope: PlaceScope) -> Iterator[tuple[Text, Analysis]]:
    """Yield every template of an act with its analysis in a scope."""
    for text in prompts_of(act, file):
        yield text, check_prompt(text.value, scope)
    for text in values_of(act, file):
        if has_tags(text.value) or "$" in text.value:
            yield text, check_value(text.value, scope)


def prompts_of(act: Act, file: NarrativeFile) -> Iterator[Text]:
    """Yield the templates of an act that go to a model."""
    for item in act.inputs:
        if isinstance(item, TextInput) and item.prompt is not None:
            yield item.prompt
    character = file.characters.get(act.character.value) if act.character else None
    if character is not None and character.persona is not None:
        yield character.persona


def values_of(act: Act, file: NarrativeFile) -> Iterator[Text]:
    """Yield the strings of an act in which the older `${…}` forms count as well."""
    if act.arguments is not None:
        yield from _strings(act.arguments)
    for item in act.inputs:
        command = command_of(item, file)
        if command is not None:
            filters = clauses_of(command, Filter)
            for name, node in command.arguments.items():
                # The values within a filter are looked at with the filter.
                if name not in filters:
                    yield from _strings(node)
        yield from _media_and_tables(item, file)


def _media_and_tables(item: object, file: NarrativeFile) -> Iterator[Text]:
    found = item
    if isinstance(item, Reference) and item.kind == "media" and item.name in file.media:
        found = file.media[item.name].input
    elif isinstance(item, Reference) and item.kind == "tables" and item.name in file.tables:
        found = file.tables[item.name].input
    if isinstance(found, Media):
        yield from (text for text in (found.url, found.file) if text is not None)
    elif isinstance(found, TableQuery):
        name = found.table_name
        if name is not None and not has_tags(name.value):  # a template there is BOT408
            yield name


def _strings(root: Node) -> Iterator[Text]:
    pending = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, Table):
            pending.extend(reversed(list(node.entries.values())))
        elif isinstance(node, Array):
            pending.extend(reversed(node.items))
        elif isinstance(node, Scalar) and isinstance(node.value, str):
            yield Text(node.value, node)
