"""Values of the program made into values of the run: templates rendered, records filled."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from botticelli.compiler.ir.expressions import Expression, ExpressionNode, Parameter
from botticelli.compiler.ir.program import (
    Constant,
    FilterValue,
    ListValue,
    OrderValue,
    RecordValue,
    Template,
    Value,
)
from botticelli.compiler.semantics.templates import as_json, compile_expression, compile_template
from botticelli.runtime.databases.records import BoundFilter, BoundOrder

_PLACEHOLDER = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


def render(template: Template, names: Mapping[str, Any]) -> str:
    """Return the text of a template. Raises TemplateError."""
    return compile_template(template.source).render(names)


def evaluate(value: Value, names: Mapping[str, Any]) -> Any:
    """Return a value with all its templates rendered: JSON, or a filter or an order of rows.

    Raises TemplateError.
    """
    match value:
        case Constant(data=data):
            return data
        case Template():
            return render(value, names)
        case ListValue(items=items):
            return [evaluate(item, names) for item in items]
        case RecordValue(fields=fields):
            return {key: evaluate(field, names) for key, field in fields.items()}
        case FilterValue():
            return _bound(value, names)
        case OrderValue(terms=terms, text=text):
            return BoundOrder(terms, text)


def _bound(value: FilterValue, names: Mapping[str, Any]) -> BoundFilter:
    found = {each: compile_expression(each).evaluate(names) for each in parameters_of(value.where)}

    def shown(match: re.Match[str]) -> str:
        given = found.get(match[1].strip())
        if not isinstance(given, str):
            return as_json(given)
        quoted = given.replace("'", "''")
        return f"'{quoted}'"

    return BoundFilter(value.where, found, _PLACEHOLDER.sub(shown, value.text))


def parameters_of(expression: Expression | None) -> Iterator[str]:
    """Yield the sources of an expression's placeholders."""
    if isinstance(expression, Parameter):
        yield expression.source
    elif isinstance(expression, ExpressionNode):
        for field in expression.__struct_fields__:
            value = getattr(expression, field)
            for part in value if isinstance(value, tuple) else (value,):
                if isinstance(part, ExpressionNode):
                    yield from parameters_of(part)  # type: ignore[arg-type]
