"""Values of the program made into values of the run: templates rendered, records filled."""

from collections.abc import Mapping
from typing import Any

from botticelli.compiler.ir.program import Constant, ListValue, RecordValue, Template, Value
from botticelli.compiler.semantics.templates import compile_template
from botticelli.runtime.platforms.protocol import Json


def render(template: Template, names: Mapping[str, Any]) -> str:
    """Return the text of a template. Raises TemplateError."""
    return compile_template(template.source).render(names)


def evaluate(value: Value, names: Mapping[str, Any]) -> Json:
    """Return a value with all its templates rendered. Raises TemplateError."""
    match value:
        case Constant(data=data):
            return data
        case Template():
            return render(value, names)
        case ListValue(items=items):
            return [evaluate(item, names) for item in items]
        case RecordValue(fields=fields):
            return {key: evaluate(field, names) for key, field in fields.items()}
