"""Where what an act uses comes from, and where what it gives goes to."""

from collections.abc import Iterator, Mapping

from botticelli.compiler.explain import explanation as shown
from botticelli.compiler.explain.order import Before
from botticelli.compiler.explain.templates import NameUse, Templates
from botticelli.compiler.ir import program as ir

_NAMESPACES = {"vars": "variable", "env": "environment", "state": "state"}


def origins(
    act: ir.Act, narrative: ir.Narrative, before: Before, templates: Templates
) -> tuple[shown.Origin, ...]:
    """Return the origin of every name that an act uses, in the order written."""
    tables = {
        name: source.table.source
        for each in narrative.acts.values()
        for source in each.inputs
        if isinstance(source, ir.TableInput)
        for name in source.names
    }
    found: dict[shown.Origin, None] = {}
    for use in _uses(act, templates):
        for origin in _origins(use, narrative.acts, tables, before):
            found[origin] = None
    return tuple(found)


def _origins(
    use: NameUse, acts: Mapping[str, ir.Act], tables: Mapping[str, str], before: Before
) -> Iterator[shown.Origin]:
    def origin(kind: str, source: str) -> shown.Origin:
        return shown.Origin(name=use.written, kind=kind, source=source, via=use.via)

    if use.root == "previous":
        for act in before.previous:
            yield origin("act", act)
    elif use.root in acts:
        yield origin("act", use.root)
    elif use.root in tables:
        yield origin("table", tables[use.root])
    elif use.root in _NAMESPACES:
        path = use.path if use.root == "state" else use.path[:1]
        yield origin(_NAMESPACES[use.root], ".".join(map(str, path)))
    elif use.root in {"iteration", "trigger"}:
        yield origin(use.root, use.root)


def _uses(act: ir.Act, templates: Templates) -> Iterator[NameUse]:
    if act.when is not None:
        yield from templates.uses(act.when, "condition")
    if act.system is not None:
        yield from templates.uses(act.system, "persona")
    for value in act.arguments.values():
        yield from templates.uses(value, "argument")
    for source in act.inputs:
        yield from _used_by(source, templates)


def _used_by(source: ir.Input, templates: Templates) -> Iterator[NameUse]:
    match source:
        case ir.TextInput(template=template):
            yield from templates.uses(template, "prompt")
        case ir.CommandInput(arguments=arguments):
            for value in arguments.values():
                yield from templates.uses(value, "argument")
        case ir.TableInput(table=table, where=where):
            yield from templates.uses(table, "table")
            yield from templates.uses(where, "filter")
        case ir.MediaInput(url=url, file=file):
            yield from templates.uses(url, "media")
            yield from templates.uses(file, "media")


def conditions_of(step: ir.Step, templates: Templates) -> Iterator[NameUse]:
    """Yield the names that the conditions of an order use."""
    match step:
        case ir.Sequence(steps=steps) | ir.Parallel(steps=steps):
            for inner in steps:
                yield from conditions_of(inner, templates)
        case ir.Branch(condition=condition, then=then, otherwise=otherwise):
            yield from templates.uses(condition, "condition")
            yield from conditions_of(then, templates)
            if otherwise is not None:
                yield from conditions_of(otherwise, templates)
        case ir.Repeat(body=body, until=until):
            yield from conditions_of(body, templates)
            yield from templates.uses(until, "condition")


class Destinations:
    """Where the outputs of one narrative's acts go, collected from what uses them."""

    def __init__(self) -> None:
        self._found: dict[str, dict[shown.Destination, None]] = {}

    def add(self, act: str, kind: str, name: str, via: str | None = None) -> None:
        destination = shown.Destination(kind=kind, name=name, via=via)
        self._found.setdefault(act, {})[destination] = None

    def of(self, act: str) -> tuple[shown.Destination, ...]:
        return tuple(self._found.get(act, ()))
