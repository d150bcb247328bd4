"""Which names a test of a template proves to be there: `is defined` and `is not none`.

Truth is no such test: a name that is missing fails where it is asked whether it is true.
"""

from jinja2 import nodes
from msgspec import Struct


class Tested(Struct, frozen=True):
    """The names that are certainly there where a test holds, and where it does not."""

    when_true: frozenset[str] = frozenset()
    when_false: frozenset[str] = frozenset()


def tested(test: nodes.Node) -> Tested:
    """Return what a test proves."""
    if isinstance(test, nodes.Test) and isinstance(test.node, nodes.Name):
        names = frozenset({test.node.name})
        if test.name == "defined":
            return Tested(when_true=names)
        if test.name in {"undefined", "none"}:
            return Tested(when_false=names)
    if isinstance(test, nodes.Not):
        inner = tested(test.node)
        return Tested(inner.when_false, inner.when_true)
    if isinstance(test, nodes.And):
        left, right = tested(test.left), tested(test.right)
        return Tested(left.when_true | right.when_true, left.when_false & right.when_false)
    if isinstance(test, nodes.Or):
        left, right = tested(test.left), tested(test.right)
        return Tested(left.when_true & right.when_true, left.when_false | right.when_false)
    return Tested()
