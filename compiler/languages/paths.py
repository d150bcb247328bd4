"""Steps into records and lists: `draft.title`, `posts[0].tags`."""

from botticelli.compiler.faults import Fault, Mark, Replacement
from botticelli.compiler.ir import types as ir
from botticelli.compiler.languages import ast
from botticelli.compiler.languages.functions import shortened
from botticelli.compiler.languages.kinds import bare, describe, is_nullable, optional
from botticelli.compiler.nearest import listing, nearest
from botticelli.grammar.catalogue import FIELD_OF_TEXT, NO_SUCH_FIELD


def type_at(root: ir.Type, name: ast.Name) -> ir.Type | Fault:
    """Return the type that a name's steps lead to from the type of its root."""
    kind = root
    nullable = False
    start = name.root
    for step in name.steps:
        nullable = nullable or is_nullable(kind)
        inner = bare(kind)
        if isinstance(inner, ir.Unknown | ir.Json | ir.Null):
            return ir.Unknown()
        found = _step(inner, step, start)
        if isinstance(found, Fault):
            return found
        kind = found
    return optional(kind, when=nullable)


def _step(kind: ir.Type, step: ast.Step, root: ast.Part) -> ir.Type | Fault:
    if isinstance(kind, ir.List) and isinstance(step.value, int):
        return optional(kind.item)
    if isinstance(kind, ir.Record) and isinstance(step.value, str):
        for field in kind.fields:
            if field.name == step.value:
                return optional(field.type, when=field.optional)
        return _no_field(kind, step, step.value)
    if isinstance(kind, ir.Text):
        return Fault(
            rule=FIELD_OF_TEXT,
            start=step.start,
            end=step.end,
            message=f"`{shortened(str(step.value))}` is asked of plain text, which has no fields",
            marks=(Mark("this is text", root.start, root.end),),
            help="declare `output` where the text comes from, so that it has fields",
        )
    what = "an index" if isinstance(step.value, int) else f"a field `{shortened(step.value)}`"
    advice = "an element is taken by its index: `name[0]`" if isinstance(kind, ir.List) else None
    return Fault(
        rule=NO_SUCH_FIELD,
        start=step.start,
        end=step.end,
        message=f"a value of type {describe(kind)} does not have {what}",
        help=advice,
    )


def _no_field(kind: ir.Record, step: ast.Step, written: str) -> Fault:
    fields = [field.name for field in kind.fields]
    meant = nearest(written, fields)
    mendable = meant is not None and meant.isidentifier() and step.end - step.start == len(written)
    return Fault(
        rule=NO_SUCH_FIELD,
        start=step.start,
        end=step.end,
        message=f"{describe(kind)} has no field `{shortened(written)}`",
        note=f"did you mean `{meant}`?" if meant else "no such field",
        help=f"its fields are {listing(fields)}" if fields else None,
        edits=(Replacement(step.start, step.end, meant),) if meant and mendable else (),
    )
