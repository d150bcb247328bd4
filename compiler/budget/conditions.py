"""Conditions that are decided before anything runs: their branches are certain, or never taken."""

from collections.abc import Iterator

from botticelli.compiler.ir.expressions import (
    Call,
    Expression,
    ExpressionNode,
    Logical,
    Name,
    Parameter,
)
from botticelli.compiler.semantics.expressions import EvaluationError, holds


def decided(condition: Expression) -> bool | None:
    """Tell whether a condition holds, if that follows from what is written in it alone."""
    match condition:
        case Logical(operator=operator, operands=operands):
            # One operand that is false decides `and`, one that is true `or`.
            found = [decided(each) for each in operands]
            deciding = operator == "or"
            if deciding in found:
                return deciding
            return None if None in found else not deciding
    if any(isinstance(each, Name | Parameter) or _is_clock(each) for each in _nodes(condition)):
        return None
    try:
        return holds(condition, {})
    except EvaluationError:
        return None


def _is_clock(node: ExpressionNode) -> bool:
    return isinstance(node, Call) and not node.arguments


def _nodes(node: ExpressionNode) -> Iterator[ExpressionNode]:
    yield node
    for field in node.__struct_fields__:
        value = getattr(node, field)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, ExpressionNode):
                yield from _nodes(part)
