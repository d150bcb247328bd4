"""Which names a condition uses, and which it makes certain, for the analysis of the flow."""

from msgspec import Struct

from botticelli.compiler.languages import ast


class Use(Struct, frozen=True):
    """A name where it stands.

    `tested` says that it is the whole operand of `is [not] null`; `guarded`, that an and-ed
    `is not null` of the same root stands beside it.
    """

    name: ast.Name
    tested: bool = False
    guarded: bool = False

    @property
    def root(self) -> str:
        return self.name.root.value


def names_used(tree: ast.Expression) -> tuple[Use, ...]:
    """Return every name of a condition, in the order written."""
    found: list[Use] = []
    stack: list[tuple[ast.Expression, frozenset[str], bool]] = [(tree, frozenset(), False)]
    while stack:
        node, guards, tested = stack.pop()
        if isinstance(node, ast.Name):
            found.append(Use(node, tested, not tested and node.root.value in guards))
            continue
        if isinstance(node, ast.Logical):
            guards |= ensured(node, outcome=node.operator == "and")
        inside_test = isinstance(node, ast.IsNull)
        stack.extend((child, guards, inside_test) for child in reversed(node.children))
    return tuple(found)


def ensured(tree: ast.Expression, *, outcome: bool = True) -> frozenset[str]:
    """Return the roots that are not null when a condition is true (or, else, when it is not).

    `X is not null and …` ensures X where it is true; `X is null or …` where it is false. A
    condition that is null counts as false, and tests of null never are.
    """
    if isinstance(tree, ast.IsNull) and isinstance(tree.value, ast.Name):
        return frozenset({tree.value.root.value}) if tree.negated == outcome else frozenset()
    if isinstance(tree, ast.Not):
        return ensured(tree.operand, outcome=not outcome)
    if isinstance(tree, ast.Logical):
        ways = [ensured(operand, outcome=outcome) for operand in tree.operands]
        together = (tree.operator == "and") == outcome
        return frozenset().union(*ways) if together else frozenset.intersection(*ways)
    return frozenset()
