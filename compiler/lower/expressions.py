"""Lowering what the small languages say, where it is already known to be right."""

from collections.abc import Container, Mapping

from botticelli.compiler.ir.expressions import Expression, OrderTerm
from botticelli.compiler.ir.types import Record, Type
from botticelli.compiler.languages import ast
from botticelli.compiler.languages.ast import placeholders
from botticelli.compiler.languages.conditions import parse_condition
from botticelli.compiler.languages.filters import parse_filter
from botticelli.compiler.languages.lower import expression, order
from botticelli.compiler.languages.orders import parse_order
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.narrative.model import OutputFields
from botticelli.compiler.reporter import Reporter
from botticelli.compiler.templates.checking import expand_dollar
from botticelli.compiler.workspace.schemas import resolve_output


def lower_condition(text: Text) -> Expression:
    parsed = parse_condition(text.value)
    assert parsed.tree is not None
    return expression(parsed.tree)


def lower_filter(text: str, names: Container[str]) -> Expression:
    """Lower a filter; ``names`` are those that `${NAME}` means before it means the environment."""
    parsed = parse_filter(text)
    assert parsed.tree is not None
    present = in_present_forms(text, parsed.tree, names)
    return expression(parsed.tree) if present == text else lower_filter(present, names)


def in_present_forms(text: str, where: ast.Expression, names: Container[str]) -> str:
    """Return a text that holds a filter, with the filter's older placeholders as Jinja."""
    older = [each for each in placeholders(where) if each.is_older]
    for each in sorted(older, key=lambda each: each.start, reverse=True):
        text = text[: each.start] + expand_dollar(each.written, names) + text[each.end :]
    return text


def lower_order(text: Text) -> tuple[OrderTerm, ...]:
    parsed = parse_order(text.value)
    assert parsed.tree is not None
    return order(parsed.tree)


def lower_output(output: Text | OutputFields, schemas: Mapping[str, Record]) -> Type:
    return resolve_output(output, schemas, Reporter())
