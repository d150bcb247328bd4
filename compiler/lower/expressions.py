"""Lowering what the small languages say, where it is already known to be right."""

from collections.abc import Mapping

from botticelli.compiler.ir.expressions import Expression, OrderTerm
from botticelli.compiler.ir.types import Record, Type
from botticelli.compiler.languages.conditions import parse_condition
from botticelli.compiler.languages.filters import parse_filter
from botticelli.compiler.languages.lower import expression, order
from botticelli.compiler.languages.orders import parse_order
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.narrative.model import OutputFields
from botticelli.compiler.reporter import Reporter
from botticelli.compiler.workspace.schemas import resolve_output


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


def lower_output(output: Text | OutputFields, schemas: Mapping[str, Record]) -> Type:
    return resolve_output(output, schemas, Reporter())
