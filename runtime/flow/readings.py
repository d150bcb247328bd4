"""Which keys of the state an act's templates read, before any of them is rendered."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from botticelli.compiler.ir.expressions import ExpressionNode
from botticelli.compiler.ir.program import Act, Place, Template
from botticelli.compiler.semantics.templates import has_tags
from botticelli.runtime.flow.values import parameters_of

if TYPE_CHECKING:
    from jinja2 import nodes

NAME = "state"
_GUARDING_TESTS = frozenset({"defined", "undefined", "none"})
_GUARDING_FILTERS = frozenset({"default", "d"})


def state_keys(act: Act) -> Iterator[tuple[Place, tuple[str, ...]]]:
    """Yield each key that must be there when a template of an act is rendered, by its parts.

    Keys that only are asked for with `is defined` or `default`, or by a value, are left out, and so
    are those of conditions, in which what is not there is null.
    """
    for field in ("system", "arguments", "inputs"):
        for template in _templates(getattr(act, field), act.place):
            for path in _paths(template.source):
                yield template.place, path


def _templates(part: object, place: Place) -> Iterator[Template]:
    if isinstance(part, Template):
        yield part
    elif isinstance(part, ExpressionNode):
        for source in parameters_of(part):  # type: ignore[arg-type]
            yield Template("{{ " + source + " }}", place)
    elif isinstance(part, Struct):
        inner = getattr(part, "place", place)
        for name in part.__struct_fields__:
            yield from _templates(getattr(part, name), inner)
    else:
        several: Iterable[object] = part.values() if isinstance(part, dict) else ()
        for each in part if isinstance(part, tuple) else several:
            yield from _templates(each, place)


def _paths(source: str) -> Iterator[tuple[str, ...]]:
    if NAME not in source or not has_tags(source):
        return
    from jinja2 import TemplateSyntaxError, nodes

    from botticelli.compiler.semantics.sandbox import environment

    try:
        tree = environment().parse(source)
    except TemplateSyntaxError:
        return
    steps: list[nodes.Getattr | nodes.Getitem] = [
        *tree.find_all(nodes.Getattr),
        *tree.find_all(nodes.Getitem),
    ]
    inner = {id(step.node) for step in steps}
    paths = {_path(step) for step in steps if id(step) not in inner}
    tests = [each for each in tree.find_all(nodes.Test) if each.name in _GUARDING_TESTS]
    filters = [each for each in tree.find_all(nodes.Filter) if each.name in _GUARDING_FILTERS]
    guarded = {*(_path(each.node) for each in tests), *(_path(each.node) for each in filters)}
    for path in sorted(each for each in paths if each is not None):
        if not any(guard is not None and path[: len(guard)] == guard for guard in guarded):
            yield path


def _path(node: "nodes.Node | None") -> tuple[str, ...] | None:
    """Return the steps from `state` to a node; None for one that does not begin there, or goes on
    by a value."""
    from jinja2 import nodes

    steps: list[str] = []
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        if isinstance(node, nodes.Getattr):
            steps.append(node.attr)
        elif isinstance(node.arg, nodes.Const):
            steps.append(str(node.arg.value))
        else:
            return None
        node = node.node
    is_state = isinstance(node, nodes.Name) and node.name == NAME
    return tuple(reversed(steps)) if is_state and steps else None
