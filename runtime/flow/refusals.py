"""What a program holds that cannot be run: found before anything is sent, with its place."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from botticelli.compiler.ir.program import (
    Act,
    Branch,
    CommandInput,
    FilterValue,
    Input,
    ListValue,
    MediaInput,
    Narrative,
    NarrativeInput,
    Parallel,
    Place,
    Program,
    RecordValue,
    Repeat,
    RunAct,
    Sequence,
    Step,
    TableInput,
    Template,
    TextInput,
    Value,
)
from botticelli.compiler.semantics.templates import has_tags
from botticelli.runtime.flow.values import parameters_of

TRIGGER = "trigger"


class Refusal(Struct, frozen=True, order=True):
    """A construct that this version cannot run, and where it stands."""

    path: str
    line: int
    column: int
    what: str


def refusals(program: Program) -> list[Refusal]:
    """Return everything that the program's entry leads to and that cannot be run."""
    found: set[Refusal] = set()
    for narrative in reachable(program):
        for place, what in _in_narrative(narrative):
            found.add(Refusal(place.path, place.line, place.column, what))
    return sorted(found)


def reachable(program: Program) -> list[Narrative]:
    """Return the entry and all that it runs, each once."""
    seen: dict[str, Narrative] = {}
    waiting = [program.entry]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        narrative = seen[name] = program.narratives[name]
        for act in acts_of(narrative):
            if act.narrative is not None:
                waiting.append(act.narrative)
            waiting.extend(
                source.narrative for source in act.inputs if isinstance(source, NarrativeInput)
            )
    return list(seen.values())


def acts_of(narrative: Narrative) -> list[Act]:
    """Return the acts that a narrative's order leads to, each once, in written order."""
    names = dict.fromkeys(_act_names(narrative.order))
    return [narrative.acts[name] for name in names]


def commands_of(program: Program) -> list[tuple[str, str]]:
    """Return the commands that the program performs, each with its platform before it."""
    found = {
        (source.platform, source.command): None
        for narrative in reachable(program)
        for act in acts_of(narrative)
        for source in act.inputs
        if isinstance(source, CommandInput)
    }
    return list(found)


def platforms_of(program: Program) -> dict[str, Place]:
    """Return the platforms whose commands the program performs, each with its first place."""
    found: dict[str, Place] = {}
    for narrative in reachable(program):
        for act in acts_of(narrative):
            for source in act.inputs:
                if isinstance(source, CommandInput):
                    found.setdefault(source.platform, source.place)
    return found


def _steps(step: Step) -> Iterator[Step]:
    yield step
    match step:
        case Sequence(steps=steps) | Parallel(steps=steps):
            inner = steps
        case Repeat(body=body):
            inner = (body,)
        case Branch(then=then, otherwise=otherwise):
            inner = (then,) if otherwise is None else (then, otherwise)
        case RunAct():
            inner = ()
    for each in inner:
        yield from _steps(each)


def _act_names(step: Step) -> Iterator[str]:
    for each in _steps(step):
        if isinstance(each, RunAct):
            yield each.act


def _in_narrative(narrative: Narrative) -> Iterator[tuple[Place, str]]:
    for act in acts_of(narrative):
        yield from _in_act(act)


def _in_act(act: Act) -> Iterator[tuple[Place, str]]:
    if act.system is not None:
        yield from _in_template(act.system)
    yield from _in_values(act.arguments.values())
    for source in act.inputs:
        yield from _in_input(source)


def _in_input(source: Input) -> Iterator[tuple[Place, str]]:
    match source:
        case TableInput(table=table):
            if source.consume:
                yield source.place, "consuming reads"
            yield from _in_template(table)
            for parameter in parameters_of(source.where):
                yield from _in_template(Template("{{ " + parameter + " }}", source.place))
        case MediaInput(url=url, file=file):
            yield from _in_values(each for each in (url, file) if each is not None)
        case TextInput(template=template):
            yield from _in_template(template)
        case CommandInput(arguments=arguments):
            yield from _in_values(arguments.values())
        case NarrativeInput():
            pass


def _in_values(values: Iterable[Value]) -> Iterator[tuple[Place, str]]:
    for value in values:
        yield from _in_value(value)


def _in_value(value: Value) -> Iterator[tuple[Place, str]]:
    match value:
        case Template():
            yield from _in_template(value)
        case ListValue(items=items):
            yield from _in_values(items)
        case RecordValue(fields=fields):
            yield from _in_values(fields.values())
        case FilterValue(where=where, place=place):
            for parameter in parameters_of(where):
                yield from _in_template(Template("{{ " + parameter + " }}", place))
        case _:
            pass


def _in_template(template: Template) -> Iterator[tuple[Place, str]]:
    if not has_tags(template.source):
        return
    if TRIGGER in template.source and TRIGGER in _names(template.source):
        yield template.place, "`trigger` in templates, which only a trigger fills,"


def _names(source: str) -> set[str]:
    from jinja2 import TemplateSyntaxError, meta

    from botticelli.compiler.semantics.sandbox import environment

    try:
        return meta.find_undeclared_variables(environment().parse(source))
    except TemplateSyntaxError:
        return set()
