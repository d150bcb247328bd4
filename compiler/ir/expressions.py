"""Expressions of conditions, filters and orders, as the runtime evaluates or makes SQL of them.

Names are resolved, literals are values, `{{ }}` placeholders are parameters. No node holds text
that is parsed again.
"""

from msgspec import Struct

CompareOperator = str  # "=", "!=", "<", "<=", ">", ">="
ArithmeticOperator = str  # "+", "-", "*", "/"
LogicalOperator = str  # "and", "or"


class ExpressionNode(Struct, frozen=True, tag_field="node"):
    """What all nodes share; a node's kind stands in the field `node` of the encoded form."""


class Literal(ExpressionNode, frozen=True, tag="literal"):
    """Text, a number, a boolean or null."""

    value: str | int | float | bool | None


class DateLiteral(ExpressionNode, frozen=True, tag="date"):
    """A calendar date, ISO 8601."""

    value: str


class TimestampLiteral(ExpressionNode, frozen=True, tag="timestamp"):
    """A moment, ISO 8601; without an offset it is UTC."""

    value: str


class IntervalLiteral(ExpressionNode, frozen=True, tag="interval"):
    """A length of time in calendar months and seconds, kept apart as months differ in length."""

    months: int = 0
    seconds: int = 0


class Name(ExpressionNode, frozen=True, tag="name"):
    """A value of the run and a path into it: `act.field.path`, `state.KEY`, `previous`."""

    root: str
    path: tuple[str | int, ...] = ()


class Column(ExpressionNode, frozen=True, tag="column"):
    """A column of the table that is queried."""

    name: str


class Parameter(ExpressionNode, frozen=True, tag="parameter"):
    """The value of a Jinja expression, bound to the query and never part of its text."""

    source: str


class Compare(ExpressionNode, frozen=True, tag="compare"):
    operator: CompareOperator
    left: "Expression"
    right: "Expression"


class Between(ExpressionNode, frozen=True, tag="between"):
    value: "Expression"
    low: "Expression"
    high: "Expression"
    negated: bool = False


class Within(ExpressionNode, frozen=True, tag="in"):
    """`value [not] in (options…)`; in a condition a single option may be a list."""

    value: "Expression"
    options: "tuple[Expression, ...]"
    negated: bool = False


class Like(ExpressionNode, frozen=True, tag="like"):
    """SQL's `like`: `%` any run, `_` any one character; `ilike` ignores case."""

    value: "Expression"
    pattern: "Expression"
    ignore_case: bool = False
    negated: bool = False


class Contains(ExpressionNode, frozen=True, tag="contains"):
    """Text holds text, or a list holds an element."""

    value: "Expression"
    part: "Expression"


class IsNull(ExpressionNode, frozen=True, tag="is-null"):
    value: "Expression"
    negated: bool = False


class Logical(ExpressionNode, frozen=True, tag="logical"):
    operator: LogicalOperator
    operands: "tuple[Expression, ...]"


class Not(ExpressionNode, frozen=True, tag="not"):
    operand: "Expression"


class Arithmetic(ExpressionNode, frozen=True, tag="arithmetic"):
    operator: ArithmeticOperator
    left: "Expression"
    right: "Expression"


class Negate(ExpressionNode, frozen=True, tag="negate"):
    operand: "Expression"


class Concatenate(ExpressionNode, frozen=True, tag="concatenate"):
    """SQL's `||`."""

    left: "Expression"
    right: "Expression"


class Call(ExpressionNode, frozen=True, tag="call"):
    """One of the few functions that the languages know; `now` and `current_date` included."""

    function: str
    arguments: "tuple[Expression, ...]" = ()


Expression = (
    Literal
    | DateLiteral
    | TimestampLiteral
    | IntervalLiteral
    | Name
    | Column
    | Parameter
    | Compare
    | Between
    | Within
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


class OrderTerm(Struct, frozen=True):
    """One column of an order."""

    column: str
    descending: bool = False
