"""How types relate where values meet: what compares, what an operation gives, what to call it."""

from botticelli.compiler.ir import types as ir
from botticelli.compiler.languages.functions import shortened

NUMBERS = (ir.Int, ir.Float)
MOMENTS = (ir.Timestamp, ir.Date)
TEXTS = (ir.Text, ir.Enum)
OPEN = (ir.Unknown, ir.Json, ir.Null)
"""Types that fit every place: nothing is known of the value, or it is null."""


def bare(kind: ir.Type) -> ir.Type:
    """Return a type without its `?`."""
    while isinstance(kind, ir.Optional):
        kind = kind.of
    return kind


def is_nullable(kind: ir.Type) -> bool:
    """Whether a value of this type may be null, as far as is known."""
    return isinstance(kind, ir.Optional | ir.Unknown | ir.Json | ir.Null)


def optional(kind: ir.Type, *, when: bool = True) -> ir.Type:
    """Return the type with a `?`, once."""
    return ir.Optional(kind) if when and not is_nullable(kind) else kind


def family(kind: ir.Type) -> str | None:
    """Return the name of what values of a type compare with; None where that is not known."""
    kind = bare(kind)
    if isinstance(kind, OPEN):
        return None
    if isinstance(kind, NUMBERS):
        return "number"
    if isinstance(kind, TEXTS):
        return "text"
    return "moment" if isinstance(kind, MOMENTS) else describe(kind)


def compare_well(first: ir.Type, second: ir.Type) -> bool:
    """Whether values of two types can be compared, as far as is known."""
    families = family(first), family(second)
    return None in families or families[0] == families[1]


def describe(kind: ir.Type) -> str:
    """Write a type as its language does."""
    match kind:
        case ir.Optional(of=of):
            return f"{describe(of)}?"
        case ir.List(item=item):
            return f"list[{describe(item)}]"
        case ir.Record(name=name):
            return shortened(name) if name else "record"
        case ir.Enum(values=values):
            shown = ", ".join(repr(shortened(value)) for value in values[:4])
            return f"enum({shown}{', …' if len(values) > 4 else ''})"
        case ir.Text(minimum=low, maximum=high) | ir.Int(minimum=low, maximum=high):
            if low is None and high is None:
                return kind.__struct_config__.tag  # type: ignore[return-value]
            low_text, high_text = ("" if bound is None else str(bound) for bound in (low, high))
            return f"{kind.__struct_config__.tag}({low_text}..{high_text})"
    return str(kind.__struct_config__.tag)
