"""Schemas as types: each schema's fields resolved, and schemas that hold themselves refused.

Records are held by value in the IR. A schema that contains itself has no finite value, and one that
grows beyond bounds would have an enormous one, so both are refused where the reference stands.
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from botticelli.compiler.faults import Fault
from botticelli.compiler.ir import types as ir
from botticelli.compiler.languages import ast
from botticelli.compiler.languages.types import names_in, resolve
from botticelli.grammar.catalogue import BAD_VALUE

MAX_LEVELS = 20
"""Levels of records within records."""
MAX_FIELDS = 2_000
"""Fields of a record, those of the records in it included."""


class FieldFault(Struct, frozen=True):
    """A fault in the type that a field of a schema is declared with."""

    schema: str
    field: str
    fault: Fault


Definition = Mapping[str, ast.TypeExpression | None]
"""The fields of a schema; None where a field's type could not be read."""


def resolve_schemas(
    definitions: Mapping[str, Definition],
) -> tuple[dict[str, ir.Record], list[FieldFault]]:
    """Return every schema as a record, and what is wrong with the types of their fields."""
    known = {name: ir.Record((), name) for name in definitions}
    sizes: dict[str, _Size] = {}
    faults: list[FieldFault] = []
    for name in _innermost_first(definitions):
        fields: list[ir.Field] = []
        size = _Size(1, 0)
        for field, tree in definitions[name].items():
            if tree is None:
                fields.append(ir.Field(field, ir.Unknown()))
                continue
            used = _schemas_in(tree, definitions)
            grown = size.with_field([sizes[part.value] for part in used if part.value in sizes])
            if refused := _refused(name, used, grown, definitions, sizes):
                faults.append(FieldFault(name, field, refused))
                fields.append(ir.Field(field, ir.Unknown()))
                continue
            resolved, found = resolve(tree, known)
            faults += [FieldFault(name, field, fault) for fault in found]
            fields.append(field_of(field, resolved))
            size = grown
        known[name] = ir.Record(tuple(fields), name)
        sizes[name] = size
    return known, faults


def field_of(name: str, kind: ir.Type) -> ir.Field:
    """Return a record's field of a type: `T?` makes it one that may be absent."""
    if isinstance(kind, ir.Optional):
        return ir.Field(name, kind.of, optional=True)
    return ir.Field(name, kind)


class _Size(Struct, frozen=True):
    levels: int
    fields: int

    def with_field(self, held: list["_Size"]) -> "_Size":
        levels = max([self.levels, *(size.levels + 1 for size in held)])
        return _Size(levels, self.fields + 1 + sum(size.fields for size in held))


def _schemas_in(tree: ast.TypeExpression, definitions: Mapping[str, Definition]) -> list[ast.Part]:
    return [part for part in names_in(tree) if part.value in definitions]


def _refused(
    name: str,
    used: list[ast.Part],
    size: _Size,
    definitions: Mapping[str, Definition],
    sizes: Mapping[str, _Size],
) -> Fault | None:
    for part in used:
        if part.value not in sizes:
            way = " → ".join(f"`{step}`" for step in _way(part.value, name, definitions))
            message = f"a record cannot hold itself: `{name}` → {way}"
            return Fault(
                rule=BAD_VALUE,
                start=part.start,
                end=part.end,
                message=message,
                help="`json` holds values of any depth",
            )
        if size.levels > MAX_LEVELS or size.fields > MAX_FIELDS:
            return Fault(
                rule=BAD_VALUE,
                start=part.start,
                end=part.end,
                message=f"with this field the record has more than {MAX_LEVELS} levels "
                f"or {MAX_FIELDS:,} fields",
            )
    return None


def _way(start: str, goal: str, definitions: Mapping[str, Definition]) -> list[str]:
    """Return the schemas on a shortest way from one to another that it holds."""
    came_from: dict[str, str | None] = {start: None}
    queue = [start]
    for name in queue:
        if name == goal:
            break
        for tree in definitions[name].values():
            for part in _schemas_in(tree, definitions) if tree is not None else ():
                if part.value not in came_from:
                    came_from[part.value] = name
                    queue.append(part.value)
    way: list[str] = []
    step: str | None = goal
    while step is not None:
        way.append(step)
        step = came_from[step]
    return way[::-1]


def _innermost_first(definitions: Mapping[str, Definition]) -> Iterator[str]:
    """Yield every schema after those that it holds, as far as there is no circle."""
    seen: set[str] = set()
    for root in definitions:
        if root in seen:
            continue
        seen.add(root)
        stack = [(root, _held(root, definitions))]
        while stack:
            name, held = stack[-1]
            inner = next((each for each in held if each not in seen), None)
            if inner is None:
                stack.pop()
                yield name
            else:
                seen.add(inner)
                stack.append((inner, _held(inner, definitions)))


def _held(name: str, definitions: Mapping[str, Definition]) -> Iterator[str]:
    for tree in definitions[name].values():
        for part in _schemas_in(tree, definitions) if tree is not None else ():
            yield part.value
