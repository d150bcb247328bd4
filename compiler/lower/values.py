"""Lowering values: arguments of commands and of narratives, with their templates."""

from collections.abc import Container

from botticelli.compiler.ir import program as ir
from botticelli.compiler.lower.places import Places
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.syntax.nodes import Array, Node, Scalar, Table
from botticelli.compiler.templates.dollar import to_jinja

_TAGS = ("{{", "{%", "{#")


def lower_value(node: Node, places: Places, acts: Container[str] = ()) -> ir.Value:
    """Lower a value as it stands in `args`: its strings are templates, `${…}` included."""
    if isinstance(node, Table):
        return ir.RecordValue({key: lower_value(value, places, acts) for key, value in node})
    if isinstance(node, Array):
        return ir.ListValue(tuple(lower_value(item, places, acts) for item in node.items))
    assert isinstance(node, Scalar)
    value = node.value
    if isinstance(value, str):
        template = lower_older_template(Text(value, node), places, acts)
        return template if _has_tag(template.source) else ir.Constant(value)
    if value is None or isinstance(value, int | float | bool):
        return ir.Constant(value)
    return ir.Constant(value.isoformat())


def lower_older_template(text: Text, places: Places, acts: Container[str] = ()) -> ir.Template:
    """Lower a string in which the older `${…}` forms count as well, written as Jinja.

    ``acts`` are the names that `${NAME}` means before it means the environment.
    """
    source = text.value
    if "$" in source:
        data = None
        if _has_tag(source):
            from botticelli.compiler.templates.parsing import data_ranges

            data = data_ranges(source)
        source = to_jinja(source, acts, data).text
    return ir.Template(source, places.at(text.part(0, 0)))


def _has_tag(source: str) -> bool:
    return any(tag in source for tag in _TAGS)
