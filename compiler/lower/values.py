"""Lowering values: arguments of commands and of narratives, with their templates."""

from botticelli.compiler.ir import program as ir
from botticelli.compiler.lower.places import Places
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.syntax.nodes import Array, Node, Scalar, Table
from botticelli.compiler.templates.dollar import to_jinja

_TAGS = ("{{", "{%", "{#")


def lower_value(node: Node, places: Places) -> ir.Value:
    """Lower a value as it stands in `args`: its strings are templates, `${…}` included."""
    if isinstance(node, Table):
        return ir.RecordValue({key: lower_value(value, places) for key, value in node})
    if isinstance(node, Array):
        return ir.ListValue(tuple(lower_value(item, places) for item in node.items))
    assert isinstance(node, Scalar)
    value = node.value
    if isinstance(value, str):
        template = lower_older_template(Text(value, node), places)
        return template if any(tag in template.source for tag in _TAGS) else ir.Constant(value)
    if value is None or isinstance(value, int | float | bool):
        return ir.Constant(value)
    return ir.Constant(value.isoformat())


def lower_older_template(text: Text, places: Places) -> ir.Template:
    """Lower a string in which the older `${…}` forms count as well, written as Jinja."""
    return ir.Template(to_jinja(text.value), places.at(text.part(0, 0)))
