"""What a run was started by: the body of a webhook, or what somebody gave in its place."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Struct

from botticelli.compiler.ir.expressions import Name, Parameter
from botticelli.compiler.ir.program import Place, Program, Template
from botticelli.compiler.semantics.templates import has_tags
from botticelli.runtime.flow.reach import acts_of, reachable

NAME = "trigger"


class Body(Struct, frozen=True):
    """JSON values, null for a schedule. They are nobody's own words and never looked into for
    templates."""

    value: Any


def body_of(program: Program, given: str | None) -> Body | None:
    """Return what stands under `trigger`: JSON that was given, else what a schedule sends."""
    if given is not None:
        return Body(msgspec.json.decode(given))
    scheduled = any(trigger.schedule is not None for trigger in program.triggers)
    return Body(None) if scheduled else None


def reads_trigger(program: Program) -> Place | None:
    """Return the first place that names `trigger`, of all that the program's entry leads to."""
    for narrative in reachable(program):
        for part in (narrative.order, *acts_of(narrative)):
            for place in _places(part, narrative.place):
                return place
    return None


def _places(part: object, place: Place) -> Iterator[Place]:
    if isinstance(part, Struct):
        place = getattr(part, "place", place)
        if _is_reading(part):
            yield place
        inner: Iterable[object] = (getattr(part, name) for name in part.__struct_fields__)
    else:
        inner = part.values() if isinstance(part, dict) else part if isinstance(part, tuple) else ()
    for each in inner:
        yield from _places(each, place)


def _is_reading(part: Struct) -> bool:
    match part:
        case Template(source=source):
            return _names_it(source)
        case Parameter(source=source):
            return _names_it("{{ " + source + " }}")
        case Name(root=root):
            return root == NAME
    return False


def _names_it(source: str) -> bool:
    if NAME not in source or not has_tags(source):
        return False
    from jinja2 import TemplateSyntaxError, meta

    from botticelli.compiler.semantics.sandbox import environment

    try:
        return NAME in meta.find_undeclared_variables(environment().parse(source))
    except TemplateSyntaxError:
        return False
