"""Values that stand for those nobody has yet: of the right type, and saying that they are none."""

from typing import Any

from botticelli.compiler.ir.types import Bool, Enum, Float, Int, List, Record, Text, Type

TEXT = "dry-run"


def placeholder(kind: Type) -> Any:
    """Return a value of a type."""
    match kind:
        case Text():
            return TEXT
        case Int(minimum=minimum):
            return minimum or 0
        case Float():
            return 0.0
        case Bool():
            return False
        case Enum(values=values):
            return values[0] if values else TEXT
        case List(item=item):
            return [placeholder(item)]
        case Record(fields=fields):
            return {each.name: placeholder(each.type) for each in fields}
        case _:
            return None
