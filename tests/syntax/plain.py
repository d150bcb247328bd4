"""Nodes as the plain values that they hold, for comparison."""

from typing import Any

from botticelli.compiler.syntax.nodes import Array, Document, Node, Scalar, Table


def values(document: Document) -> dict[str, Any]:
    return {key: plain(node) for key, node in document.root}


def plain(node: Node) -> Any:
    if isinstance(node, Table):
        return {key: plain(below) for key, below in node}
    if isinstance(node, Array):
        return [plain(item) for item in node.items]
    assert isinstance(node, Scalar)
    return node.value


def every(node: Node) -> list[Node]:
    below = node.entries.values() if isinstance(node, Table) else getattr(node, "items", [])
    return [node, *(found for child in below for found in every(child))]


def same(one: Any, other: Any) -> bool:
    """Compare as TOML does: `1` is not `1.0` nor `true`, `nan` is `nan`, and order counts."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float):
        return repr(one) == repr(other)
    return one == other and getattr(one, "tzinfo", None) == getattr(other, "tzinfo", None)
