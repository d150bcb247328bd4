"""Syntax trees of the small languages. Every node knows its code points in the string's value.

The trees follow the text and not its meaning: a name is as it was written, and what an operand
lacked where the text did not parse is `Broken`, so that the rest can still be checked.
"""

from collections.abc import Iterator

from msgspec import Struct


class Node(Struct, frozen=True):
    """What all nodes share: the half-open range of code points that they were read from."""

    start: int
    end: int

    @property
    def children(self) -> "tuple[Expression, ...]":
        """The operands, in the order written."""
        return ()


class Part(Node, frozen=True):
    """A word with its place: a name, a step of a path, an operator."""

    value: str


class Step(Node, frozen=True):
    """A step into a record (a name) or a list (an index, negative from its end)."""

    value: str | int


class Literal(Node, frozen=True):
    value: str | int | float | bool | None


class DateLiteral(Node, frozen=True):
    value: str


class TimestampLiteral(Node, frozen=True):
    value: str


class IntervalLiteral(Node, frozen=True):
    months: int
    seconds: int


class Column(Node, frozen=True):
    name: str
    quoted: bool = False


class Name(Node, frozen=True):
    """A name of the run and the steps into it."""

    root: Part
    steps: tuple[Step, ...] = ()


class Placeholder(Node, frozen=True):
    """`{{ source }}`, or one of the older forms of it, `${…}`, as it is ``written``."""

    source: str
    written: str

    @property
    def is_older(self) -> bool:
        return self.written.startswith("$")


class Broken(Node, frozen=True):
    """An operand that could not be read; a fault has been reported for it."""


class Compare(Node, frozen=True):
    operator: Part
    left: "Expression"
    right: "Expression"

    @property
    def children(self) -> "tuple[Expression, ...]":
        return (self.left, self.right)


class Between(Node, frozen=True):
    value: "Expression"
    low: "Expression"
    high: "Expression"
    negated: bool = False

    @property
    def children(self) -> "tuple[Expression, ...]":
        return (self.value, self.low, self.high)


class Within(Node, frozen=True):
    """`value [not] in (options…)`."""

    value: "Expression"
    options: "tuple[Expression, ...]"
    negated: bool = False

    @property
    def children(self) -> "tuple[Expression, ...]":
        return (self.value, *self.options)


class WithinList(Node, frozen=True):
    """`value [not] in name`, where the name is a list."""

    value: "Expression"
    container: "Expression"
    negated: bool = False

    @property
    def children(self) -> "tuple[Expression, ...]":
        return (self.value, self.container)


class Like(Node, frozen=True):
    value: "Expression"
    pattern: "Expression"
    ignore_case: bool = False
    negated: bool = False

    @property
    def children(self) -> "tuple[Expression, ...]":
        return (self.value, self.pattern)


class Contains(Node, frozen=True):
    value: "Expression"
    part: "Expression"
    negated: bool = False

    @property
    def children(self) -> "tuple[Expression, ...]":
        return (self.value, self.part)


class IsNull(Node, frozen=True):
    value: "Expression"
    negated: bool = False

    @property
    def children(self) -> "tuple[Expression, ...]":
        return (self.value,)


class Logical(Node, frozen=True):
    """`and` or `or` of two operands or more."""

    operator: str
    operands: "tuple[Expression, ...]"

    @property
    def children(self) -> "tuple[Expression, ...]":
        return self.operands


class Not(Node, frozen=True):
    operand: "Expression"

    @property
    def children(self) -> "tuple[Expression, ...]":
        return (self.operand,)


class Arithmetic(Node, frozen=True):
    operator: Part
    left: "Expression"
    right: "Expression"

    @property
    def children(self) -> "tuple[Expression, ...]":
        return (self.left, self.right)


class Negate(Node, frozen=True):
    operand: "Expression"

    @property
    def children(self) -> "tuple[Expression, ...]":
        return (self.operand,)


class Concatenate(Node, frozen=True):
    left: "Expression"
    right: "Expression"

    @property
    def children(self) -> "tuple[Expression, ...]":
        return (self.left, self.right)


class Call(Node, frozen=True):
    """A function by name; `current_date`, which takes no parentheses, included."""

    function: Part
    arguments: "tuple[Expression, ...]" = ()

    @property
    def children(self) -> "tuple[Expression, ...]":
        return self.arguments


Expression = (
    Literal
    | DateLiteral
    | TimestampLiteral
    | IntervalLiteral
    | Column
    | Name
    | Placeholder
    | Broken
    | Compare
    | Between
    | Within
    | WithinList
    | Like
    | Contains
    | IsNull
    | Logical
    | Not
    | Arithmetic
    | Negate
    | Concatenate
    | Call
)


class OrderTerm(Node, frozen=True):
    column: Column
    descending: bool = False


class Order(Node, frozen=True):
    terms: tuple[OrderTerm, ...]


class Number(Node, frozen=True):
    """The count that follows `limit`, `offset` or `sample`."""

    value: int


class Reference(Node, frozen=True):
    """`bots.N`, `media.N`, `narratives.N` or `narrative:N`; `kind` is what stands before N."""

    kind: str
    name: Part


class TableReference(Node, frozen=True):
    """A resource (`tables.N`) or a table (`table N`), and the clauses that were written.

    What a clause holds is None where the clause is absent or could not be read; `written` has the
    names of all clauses that stand there, as keys of the places of their keywords.
    """

    resource: Part | None = None
    table: Part | None = None
    columns: tuple[Column, ...] | None = None
    where: Expression | None = None
    order: Order | None = None
    limit: Number | None = None
    offset: Number | None = None
    sample: Number | None = None
    alias: Part | None = None
    format: Part | None = None
    consume: Part | None = None
    written: dict[str, Part] = {}


class Bounds(Node, frozen=True):
    minimum: int | None = None
    maximum: int | None = None


class NamedType(Node, frozen=True):
    """A built-in type or a schema, with bounds for `text` and `int`."""

    name: Part
    bounds: Bounds | None = None
    quoted: bool = False


class EnumType(Node, frozen=True):
    values: tuple[str, ...]


class ListType(Node, frozen=True):
    item: "TypeExpression"


class OptionalType(Node, frozen=True):
    of: "TypeExpression"


TypeExpression = NamedType | EnumType | ListType | OptionalType


def walk(tree: Expression) -> Iterator[Expression]:
    """Yield every node of an expression in the order written, without recursion."""
    stack: list[Expression] = [tree]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.children))


def placeholders(tree: Expression) -> Iterator[Placeholder]:
    """Yield the `{{ }}` of an expression, in the order written."""
    return (node for node in walk(tree) if isinstance(node, Placeholder))


def is_sound(tree: Expression) -> bool:
    """Whether every operand of an expression could be read."""
    return not any(isinstance(node, Broken) for node in walk(tree))
