"""How long a template's text can be, from what its names stand for where it is rendered."""

from collections.abc import Mapping

from botticelli.compiler.budget.contents import json_bytes, printed_bytes, rows_of
from botticelli.compiler.budget.sizes import (
    BYTES_PER_TOKEN_EXPECTED,
    NOTHING,
    Size,
    Value,
    floor_tokens,
    known,
)
from botticelli.compiler.ir.program import Act, Narrative, TableInput, Variable
from botticelli.compiler.ir.types import Int, Json, List, Text, Type, Unknown
from botticelli.compiler.semantics.templates import normalize_newlines
from botticelli.compiler.semantics.tokens import Family
from botticelli.compiler.templates.extent import Flow
from botticelli.compiler.templates.scope import Bound, Members, Names, Resolution
from botticelli.compiler.templates.values import Analysis, Use

_OUTSIDE = ("env", "state", "trigger")


def names_of(narrative: Narrative, variables: Mapping[str, Variable]) -> Names:
    """The names that templates of a narrative may use, with the types that do not change."""
    declared = {name: Bound(type=each.type or Text()) for name, each in variables.items()}
    known_: dict[str, Resolution] = {
        "previous": Bound(type=Unknown()),
        "env": Members(open_type=Text()),
        "vars": Members(members=declared, open_type=Unknown(), open=True),
        "state": Members(open_type=Unknown(), dotted=True),
        "trigger": Bound(type=Json()),
        "iteration": Bound(type=Int(1)),
    }
    for act in narrative.acts.values():
        for source in act.inputs:
            if isinstance(source, TableInput):
                _add_table(source, known_)
    for act in narrative.acts.values():
        known_[act.name] = Bound(type=output_type(act))
    return Names(known_)


def _add_table(source: TableInput, known_: dict[str, Resolution]) -> None:
    rows = rows_of(source)
    for name in source.names:
        before = known_.get(name)
        bound = Bound(type=List(source.row or Unknown()), table=True, items=rows)
        if isinstance(before, Bound) and before != bound:
            most = max(rows, before.items or rows)
            bound = Bound(type=List(Unknown()), table=True, items=most)
        known_[name] = bound


def output_type(act: Act) -> Type:
    """The type of what an act gives, as far as the program says it."""
    if act.output is not None:
        return act.output
    return Text() if act.asks_model else Unknown()


def rendered(
    source: str, analysis: Analysis | None, values: Mapping[str, Value], family: Family
) -> tuple[Size, str]:
    """Return the size of a template's text, and why it has no bound where it has none.

    ``analysis`` is None for text without tags; ``values`` are what the names stand for.
    """
    if analysis is None:
        return known(normalize_newlines(source), family), ""
    certain = "".join(piece for piece in analysis.certain if isinstance(piece, str))
    constant = analysis.extent.constant
    ceiling = most = constant
    if constant is not None and not source.isascii():
        # How much of the text is constant is known, but not which part of it.
        ceiling = constant * family.growth
    expected = float(family.estimate(certain))
    if constant is not None:
        expected += max(0, constant - len(certain.encode())) / (2 * BYTES_PER_TOKEN_EXPECTED)
    why = "a loop or filter in this template can make its text any length" if most is None else ""
    for flow, factor in analysis.extent.flows.items():
        if flow.as_json and flow.use in analysis.printed:
            continue  # it is printed once, in whichever form its type has
        value = _value(analysis.uses[flow.use], values, family)
        tokens, size = _through(flow, value, analysis, family)
        expected += value.expected * min(factor or 1, 10) if not flow.plain else 2.0
        if factor != 0 and (tokens is None or size is None or factor is None):
            loop = "a loop or filter in this template can make its text any length"
            why = why or (value.why if tokens is None else "") or loop
        ceiling = _plus(ceiling, tokens, factor)
        most = _plus(most, size, factor)
    floor = floor_tokens(certain)
    expected = max(expected, floor) if ceiling is None else max(floor, min(expected, ceiling))
    return Size(floor, expected, ceiling, len(certain.encode()), most), why


def _through(
    flow: Flow, value: Value, analysis: Analysis, family: Family
) -> tuple[int | None, int | None]:
    """The tokens and bytes of one value that flows into a text."""
    if flow.use in analysis.printed:
        return value.ceiling, value.most
    size = value.json if flow.as_json else value.most
    return (None if size is None else size * family.growth), size


def _plus(total: int | None, each: int | None, factor: int | None) -> int | None:
    if factor == 0 or each == 0:
        return total
    if total is None or each is None or factor is None:
        return None
    return total + each * factor


def _value(use: Use, values: Mapping[str, Value], family: Family) -> Value:
    """What a use of a name stands for: the value itself, or a part of it."""
    path = use.path
    if use.name == "vars":
        key = str(path[0]) if path else ""
        why = f"nothing bounds `vars.{key}`; declare its type, for example `text(..200)`"
        value, path = values.get(f"vars.{key}", _unbounded(why)), path[1:]
    elif use.name in _OUTSIDE:
        return _unbounded(f"nothing is known of the length of `{use.name}`")
    else:
        value = values.get(use.name, NOTHING)
    return _part(value, use.type, family) if path or use.computed else value


def _unbounded(why: str) -> Value:
    return Value(expected=20.0, ceiling=None, most=None, json=None, why=why)


def _part(whole: Value, kind: Type, family: Family) -> Value:
    """A part of a value: bounded by its own type and by the whole."""
    most = _least(printed_bytes(kind), whole.json)
    return Value(
        expected=whole.expected / 2,
        ceiling=_least(whole.ceiling, None if most is None else most * family.growth),
        most=most,
        json=_least(json_bytes(kind), whole.json),
        type=kind,
        why=whole.why,
    )


def _least(*bounds: int | None) -> int | None:
    return min((each for each in bounds if each is not None), default=None)
