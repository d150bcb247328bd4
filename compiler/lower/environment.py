"""What a lowered narrative reads under `env` and `vars`: a run misses it before it starts."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from botticelli.compiler.ir import program as ir
from botticelli.compiler.ir.expressions import ExpressionNode, IsNull, Name, Parameter

_GUARDING_TESTS = frozenset({"defined", "undefined", "none"})
_GUARDING_FILTERS = frozenset({"default", "d"})


def names_under(root: str, lowered: object) -> dict[str, bool]:
    """Return the names under ``root`` that templates and expressions read, in the order of first
    use, and whether one may be missing, since each that reads it says what then."""
    found: dict[str, bool] = {}
    for name, guarded in _uses(root, lowered):
        found[name] = guarded and found.get(name, True)
    return found


def undeclared(
    narratives: dict[str, ir.Narrative],
    needed: dict[str, dict[str, bool]],
    entry: str,
    declared: Iterable[str],
) -> dict[str, ir.Variable]:
    """Return the variables that are read, but neither declared nor handed over by every call: they
    come from the command line.

    ``needed`` are those that each narrative reads itself, and whether each is guarded wherever it
    is read; those that it needs for others are added.
    """
    callers: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for key, narrative in narratives.items():
        for called, handed in _calls(narrative):
            callers.setdefault(called, []).append((key, handed))
    waiting = [*narratives]
    while waiting:
        called = waiting.pop()
        for caller, handed in callers.get(called, ()):
            if _add(needed[called], needed[caller], handed):
                waiting.append(caller)
    given = frozenset(declared)
    return {
        name: ir.Variable(required=not guarded)
        for name, guarded in needed[entry].items()
        if name not in given
    }


def _add(needed: dict[str, bool], caller: dict[str, bool], handed: frozenset[str]) -> bool:
    """Add what a callee needs to the needs of its caller; tell whether that changed them."""
    changed = False
    for name, guarded in needed.items():
        if name not in handed and caller.get(name) not in {guarded, False}:
            caller[name] = guarded
            changed = True
    return changed


def _calls(narrative: ir.Narrative) -> Iterator[tuple[str, frozenset[str]]]:
    for act in narrative.acts.values():
        if act.narrative is not None:
            yield act.narrative, frozenset(act.arguments)
        for item in act.inputs:
            if isinstance(item, ir.NarrativeInput):
                yield item.narrative, frozenset()


def _uses(root: str, lowered: object) -> Iterator[tuple[str, bool]]:
    match lowered:
        case ir.Template(source=source):
            yield from _in_template(root, source)
        case ExpressionNode():
            yield from _in_expression(root, lowered)
        case Struct():
            for field in lowered.__struct_fields__:
                yield from _uses(root, getattr(lowered, field))
        case dict():
            for each in lowered.values():
                yield from _uses(root, each)
        case tuple() | list():
            for each in lowered:
                yield from _uses(root, each)


def _in_expression(root: str, expression: ExpressionNode) -> Iterator[tuple[str, bool]]:
    nodes = [*_nodes(expression)]
    guarded = {node.value for node in nodes if isinstance(node, IsNull)}
    for node in nodes:
        match node:
            case Parameter(source=source):
                yield from _in_template(root, "{{ " + source + " }}")
            case Name(root=found, path=(str(name), *_)) if found == root:
                yield name, node in guarded


def _nodes(part: object) -> Iterator[ExpressionNode]:
    if isinstance(part, ExpressionNode):
        yield part
        for field in part.__struct_fields__:
            yield from _nodes(getattr(part, field))
    elif isinstance(part, tuple):
        for each in part:
            yield from _nodes(each)


def _in_template(root: str, source: str) -> Iterator[tuple[str, bool]]:
    if root not in source:
        return
    from jinja2 import Environment, TemplateSyntaxError, nodes

    try:
        tree = Environment(autoescape=False).parse(source)  # noqa: S701 - parsed, never rendered
    except TemplateSyntaxError:
        return

    def named(node: nodes.Node | None) -> str | None:
        if isinstance(node, nodes.Getattr | nodes.Getitem):
            of = node.node
            if isinstance(of, nodes.Name) and of.name == root:
                if isinstance(node, nodes.Getattr):
                    return node.attr
                return str(node.arg.value) if isinstance(node.arg, nodes.Const) else None
        return None

    guards = [
        *(each for each in tree.find_all(nodes.Test) if each.name in _GUARDING_TESTS),
        *(each for each in tree.find_all(nodes.Filter) if each.name in _GUARDING_FILTERS),
    ]
    guarded = {named(each.node) for each in guards}
    for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
        name = named(node)
        if name is not None:
            yield name, name in guarded
