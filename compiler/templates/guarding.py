"""What a test of a template proves to be there, or not to be: `is defined` and `is not none`.

Truth is no such test: a name that is missing fails where it is asked whether it is true.
"""

from jinja2 import nodes
from msgspec import Struct

Path = tuple[str | int, ...]
"""A name with the constant keys that follow it."""


class Proved(Struct, frozen=True):
    """Names and fields that are certainly there, and names that certainly are not."""

    present: frozenset[Path] = frozenset()
    missing: frozenset[str] = frozenset()

    def __or__(self, other: "Proved") -> "Proved":
        """Both of two things are proved."""
        return Proved(self.present | other.present, self.missing | other.missing)

    def __and__(self, other: "Proved") -> "Proved":
        """One of two things is proved: what is so in either case."""
        return Proved(self.present & other.present, self.missing & other.missing)


_NOTHING = Proved()


class Tested(Struct, frozen=True):
    """What is proved where a test holds, and where it does not."""

    when_true: Proved = _NOTHING
    when_false: Proved = _NOTHING


def tested(test: nodes.Node) -> Tested:
    """Return what a test proves."""
    if isinstance(test, nodes.Test):
        path = constant_path(test.node)
        return _tested(test.name, path) if path is not None else Tested()
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


def _tested(name: str, path: Path) -> Tested:
    present = Proved(present=frozenset({path}))
    missing = Proved(missing=frozenset({str(path[0])})) if len(path) == 1 else _NOTHING
    match name:
        case "defined":
            return Tested(present, missing)
        case "undefined":
            return Tested(missing, present)
        case "none":
            return Tested(when_false=present)
        case _:
            return Tested()


def constant_path(node: nodes.Node) -> Path | None:
    """Return a name with the keys that follow it, or None for what is none of the kind."""
    keys: list[str | int] = []
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        key = node.attr if isinstance(node, nodes.Getattr) else constant_key(node)
        if key is None:
            return None
        keys.append(key)
        node = node.node
    return (node.name, *reversed(keys)) if isinstance(node, nodes.Name) else None


def constant_key(node: nodes.Getitem) -> str | int | None:
    """Return the key in `[…]` if it is written there."""
    key: object = node.arg.value if isinstance(node.arg, nodes.Const) else None
    return key if isinstance(key, str | int) and not isinstance(key, bool) else None
