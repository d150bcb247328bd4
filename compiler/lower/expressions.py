"""Lowering what the small languages say, where it is already known to be right."""

from botticelli.compiler.ir.expressions import Expression, Logical, OrderTerm
from botticelli.compiler.languages.conditions import parse_condition
from botticelli.compiler.languages.filters import parse_filter
from botticelli.compiler.languages.lower import expression, order
from botticelli.compiler.languages.orders import parse_order
from botticelli.compiler.narrative.located import Text


def lower_condition(text: Text) -> Expression:
    parsed = parse_condition(text.value)
    assert parsed.tree is not None
    return expression(parsed.tree)


def lower_filter(text: Text) -> Expression:
    parsed = parse_filter(text.value)
    assert parsed.tree is not None
    return expression(parsed.tree)


def lower_order(text: Text) -> tuple[OrderTerm, ...]:
    parsed = parse_order(text.value)
    assert parsed.tree is not None
    return order(parsed.tree)


def both(first: Expression | None, second: Expression | None) -> Expression | None:
    """And two filters, either of which may be absent."""
    if first is None or second is None:
        return first or second
    return Logical("and", (first, second))
