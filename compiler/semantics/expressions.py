"""What expressions of the IR mean: conditions when they run, and constants when they are checked.

The logic is SQL's, with three values. A comparison or an operation with null is null; `and`, `or`
and `not` know null as "unknown"; only `is [not] null` is always true or false. A condition holds
when it is true, so null counts as false. A step into what has no such field or element is null.

Text is ordered by code points. A moment without an offset is UTC, a date is its midnight. Division
of whole numbers cuts off towards zero, and by zero it is null. `trim` takes off all white space.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from msgspec import Struct

from botticelli.compiler.ir import expressions as ir
from botticelli.compiler.semantics.functions import call
from botticelli.compiler.semantics.intervals import Interval, as_moment, shifted
from botticelli.compiler.semantics.like import matches

Value = Any
"""None, text, a number, a boolean, a date, a datetime, an `Interval`, a list or a dict."""


class EvaluationError(Exception):
    """A value is of a kind that an operation does not take; the message names both."""


class Scope(Struct, frozen=True):
    """Where an expression's values come from.

    `names` are those of a condition, `row` and `parameters` (by their source) those of a filter.
    `now` is the moment that `now()` and `current_date` give, with its offset; without it they
    raise LookupError, as a missing column or parameter does. A missing name is null.
    """

    names: Mapping[str, Value] = {}
    row: Mapping[str, Value] = {}
    parameters: Mapping[str, Value] = {}
    now: datetime | None = None


def holds(condition: ir.Expression, names: Mapping[str, Value]) -> bool:
    """Whether a condition is true with these names.

    Raises EvaluationError where values do not fit, which only values of unknown type can.
    """
    result = evaluate(condition, Scope(names))
    if result is not None and not isinstance(result, bool):
        raise EvaluationError(f"a condition is true or false, and this one is {_kind(result)}")
    return result is True


def evaluate(expression: ir.Expression, scope: Scope) -> Value:
    """Return an expression's value; recursion is as deep as the expression is nested."""
    match expression:
        case ir.Literal():
            return expression.value
        case ir.Logical():
            return _logical(expression, scope)
        case ir.Not():
            return _negated(_truth(evaluate(expression.operand, scope)))
        case ir.IsNull():
            return (evaluate(expression.value, scope) is None) != expression.negated
        case ir.Within():
            return _within(expression, scope)
        case ir.Call():
            return _call(expression, scope)
    if isinstance(expression, _Leaf):
        return _leaf(expression, scope)
    return _operation(expression, list(_operands(expression, scope)))


_Leaf = (
    ir.DateLiteral | ir.TimestampLiteral | ir.IntervalLiteral | ir.Name | ir.Column | ir.Parameter
)


def _leaf(expression: _Leaf, scope: Scope) -> Value:
    match expression:
        case ir.DateLiteral():
            return date.fromisoformat(expression.value)
        case ir.TimestampLiteral():
            return as_moment(datetime.fromisoformat(expression.value))
        case ir.IntervalLiteral():
            return Interval(expression.months, expression.seconds)
        case ir.Column():
            return scope.row[expression.name]
        case ir.Parameter():
            return scope.parameters[expression.source]
        case ir.Name():
            return _step_into(scope.names.get(expression.root), expression.path)


def _step_into(value: Value, path: tuple[str | int, ...]) -> Value:
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list | tuple) and isinstance(step, int):
            value = value[step] if -len(value) <= step < len(value) else None
        else:
            return None
    return value


def _operands(expression: ir.Expression, scope: Scope) -> Iterator[Value]:
    for field in expression.__struct_fields__:
        part = getattr(expression, field)
        if isinstance(part, ir.ExpressionNode):
            yield evaluate(part, scope)  # type: ignore[arg-type]


def _operation(expression: ir.Expression, values: list[Value]) -> Value:
    match expression:
        case ir.Compare():
            return compare(expression.operator, *values)
        case ir.Between():
            value, low, high = values
            inside = _conjunction([compare(">=", value, low), compare("<=", value, high)])
            return _negated(inside) if expression.negated else inside
    if any(value is None for value in values):
        return None
    match expression:
        case ir.Like():
            text, pattern = (_text(value, "like") for value in values)
            return matches(text, pattern, ignore_case=expression.ignore_case) != expression.negated
        case ir.Contains():
            return _contains(*values)
        case ir.Arithmetic():
            return _arithmetic(expression.operator, *values)
        case ir.Negate():
            return -_number(values[0], "-") if not isinstance(values[0], Interval) else -values[0]
        case ir.Concatenate():
            return "".join(_printed(value) for value in values)
    raise AssertionError(expression)


# Logic


def _logical(expression: ir.Logical, scope: Scope) -> bool | None:
    decisive = expression.operator == "or"
    unknown = False
    for operand in expression.operands:
        value = _truth(evaluate(operand, scope))
        if value is decisive:
            return decisive
        unknown = unknown or value is None
    return None if unknown else not decisive


def _conjunction(values: list[bool | None]) -> bool | None:
    if False in values:
        return False
    return None if None in values else True


def _negated(value: bool | None) -> bool | None:
    return None if value is None else not value


def _truth(value: Value) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise EvaluationError(f"`and`, `or` and `not` take booleans, not {_kind(value)}")


# Comparison


def compare(operator: str, left: Value, right: Value) -> bool | None:
    """Compare two values as SQL does: null when either is null.

    Values of different kinds are unequal, and have no order (EvaluationError).
    """
    if left is None or right is None:
        return None
    first, second = _aligned(left, right)
    if operator in ("=", "!="):
        return (_kind(first) == _kind(second) and first == second) == (operator == "=")
    if _kind(first) != _kind(second) or not isinstance(first, _Ordered):
        raise EvaluationError(f"{_kind(left)} and {_kind(right)} have no order")
    if operator.startswith("<"):
        return bool(first < second or (operator == "<=" and first == second))
    return bool(first > second or (operator == ">=" and first == second))


_Ordered = (str, int, float, datetime)


def _aligned(left: Value, right: Value) -> tuple[Value, Value]:
    """Bring two values to forms that compare: moments with offsets, intervals as seconds.

    What came through JSON as text is a moment when it is compared with one.
    """
    moments = [isinstance(value, date) for value in (left, right)]
    if not any(moments):
        return _seconds(left), _seconds(right)
    aligned = [
        as_moment(value) if is_moment else _moment_of_text(value)
        for value, is_moment in zip((left, right), moments, strict=True)
    ]
    return aligned[0], aligned[1]


def _seconds(value: Value) -> Value:
    return _IntervalSeconds(value.approximate_seconds) if isinstance(value, Interval) else value


class _IntervalSeconds(float):
    """An interval where it is compared: a kind of its own."""


def _moment_of_text(value: Value) -> Value:
    if not isinstance(value, str):
        return value
    try:
        return as_moment(datetime.fromisoformat(value))
    except ValueError:
        return value


def _within(expression: ir.Within, scope: Scope) -> bool | None:
    value = evaluate(expression.value, scope)
    options = [evaluate(option, scope) for option in expression.options]
    if len(options) == 1 and isinstance(options[0], list | tuple):
        options = list(options[0])
    if value is None:
        return None
    found = [compare("=", value, option) for option in options]
    inside = True if True in found else (None if None in found else False)
    return _negated(inside) if expression.negated else inside


def _contains(value: Value, part: Value) -> bool | None:
    if isinstance(value, str):
        return _text(part, "contains") in value
    if not isinstance(value, list | tuple):
        raise EvaluationError(f"`contains` looks into text or a list, not {_kind(value)}")
    return any(compare("=", item, part) is True for item in value)


# Arithmetic


def _arithmetic(operator: str, left: Value, right: Value) -> Value:
    if isinstance(left, date | Interval) or isinstance(right, date | Interval):
        return _calendar(operator, left, right)
    first, second = _number(left, operator), _number(right, operator)
    try:
        if operator == "+":
            return first + second
        if operator == "-":
            return first - second
        if operator == "*":
            return first * second
        return _divided(first, second)
    except OverflowError as error:
        raise EvaluationError(f"a number is too large for `{operator}`") from error


def _divided(dividend: float, divisor: float) -> int | float | None:
    if divisor == 0:
        return None
    if isinstance(dividend, int) and isinstance(divisor, int):
        quotient = abs(dividend) // abs(divisor)
        return quotient if (dividend < 0) == (divisor < 0) else -quotient
    return dividend / divisor


def _calendar(operator: str, left: Value, right: Value) -> Value:
    sign = {"+": 1, "-": -1}.get(operator)
    try:
        match left, right:
            case (Interval(), Interval()) if sign:
                return left + (right if sign > 0 else -right)
            case (date(), Interval()) if sign:
                return shifted(left, right if sign > 0 else -right)
            case (Interval(), date()) if operator == "+":
                return shifted(right, left)
            case (date(), date()) if operator == "-":
                return _difference(left, right)
    except OverflowError as error:
        raise EvaluationError(str(error)) from error
    raise EvaluationError(f"`{operator}` does not take {_kind(left)} and {_kind(right)}")


def _difference(left: date, right: date) -> int | Interval:
    if isinstance(left, datetime) or isinstance(right, datetime):
        return Interval(0, (as_moment(left) - as_moment(right)).total_seconds())
    return (left - right).days


# Functions


def _call(expression: ir.Call, scope: Scope) -> Value:
    if expression.function in ("now", "current_date"):
        if scope.now is None:
            raise LookupError(expression.function)
        return scope.now if expression.function == "now" else scope.now.date()
    arguments = [evaluate(argument, scope) for argument in expression.arguments]
    try:
        return call(expression.function, arguments)
    except TypeError as error:
        kinds = ", ".join(_kind(argument) for argument in arguments)
        raise EvaluationError(f"`{expression.function}` does not take {kinds}") from error


# Kinds


def _kind(value: Value) -> str:
    """Return what kind of value this is, with its article."""
    for kinds, name in _KINDS:
        if isinstance(value, kinds):
            return name
    return "null"


_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "a boolean"),
    ((Interval, _IntervalSeconds), "an interval"),
    ((int, float), "a number"),
    (str, "text"),
    (date, "a moment"),
    (Mapping, "a record"),
    ((list, tuple), "a list"),
)


def _number(value: Value, operator: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise EvaluationError(f"`{operator}` takes numbers, not {_kind(value)}")
    return value


def _text(value: Value, operator: str) -> str:
    if not isinstance(value, str):
        raise EvaluationError(f"`{operator}` takes text, not {_kind(value)}")
    return value


def _printed(value: Value) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _text(value, "||")
