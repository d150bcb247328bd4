"""From plain dictionaries and lists, as the readers of values give them, to a document's nodes."""

from typing import Any

from botticelli.compiler.syntax.nodes import Array, Document, Node, Scalar, Table

DEEPEST = 128
"""How many levels tables and arrays may stand in each other. No narrative comes near it, and what
walks a tree by recursion need not fear for its stack."""


def fill(document: Document, values: dict[str, Any]) -> Node | None:
    """Give the document's root the nodes of ``values``.

    Returns the first node that stands too deep, if any: such nodes are left empty.
    """
    too_deep: list[Node] = []
    _fill_table(document.root, values, 1, too_deep)
    return too_deep[0] if too_deep else None


def _fill_table(table: Table, values: dict[str, Any], depth: int, too_deep: list[Node]) -> None:
    entries = table.entries
    for key, value in values.items():
        entries[key] = _node(table, key, value, depth, too_deep)


def _node(
    parent: Table | Array, key: str | int, value: Any, depth: int, too_deep: list[Node]
) -> Node:
    kind = type(value)
    if kind is dict:
        table = Table(parent.document, parent, key)
        if depth < DEEPEST:
            _fill_table(table, value, depth + 1, too_deep)
        elif value:
            too_deep.append(table)
        return table
    if kind is list:
        array = Array(parent.document, parent, key)
        if depth < DEEPEST:
            array.items = [
                _node(array, index, item, depth + 1, too_deep) for index, item in enumerate(value)
            ]
        elif value:
            too_deep.append(array)
        return array
    return Scalar(parent.document, parent, key, value)
