"""Lowering values: arguments of commands and of narratives, with their templates."""

from collections.abc import Container

from botticelli.compiler.ir import program as ir
from botticelli.compiler.lower.places import Places
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.semantics.templates import has_tags
from botticelli.compiler.syntax.nodes import Array, Node, Scalar, Table
from botticelli.compiler.templates.checking import expand_dollar


def lower_value(node: Node, places: Places, names: Container[str] = ()) -> ir.Value:
    """Lower a value as it stands in `args`: its strings are templates, `${…}` included."""
    if isinstance(node, Table):
        return ir.RecordValue({key: lower_value(value, places, names) for key, value in node})
    if isinstance(node, Array):
        return ir.ListValue(tuple(lower_value(item, places, names) for item in node.items))
    assert isinstance(node, Scalar)
    value = node.value
    if isinstance(value, str):
        template = lower_older_template(Text(value, node), places, names)
        return template if has_tags(template.source) else ir.Constant(value)
    if value is None or isinstance(value, int | float | bool):
        return ir.Constant(value)
    return ir.Constant(value.isoformat())


def lower_older_template(text: Text, places: Places, names: Container[str] = ()) -> ir.Template:
    """Lower a string in which the older `${…}` forms count as well, written as Jinja.

    ``names`` are those that `${NAME}` means before it means the environment.
    """
    return ir.Template(expand_dollar(text.value, names), places.at(text.part(0, 0)))
