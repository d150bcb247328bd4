"""From syntax trees to the expressions of the IR. Only trees without faults are lowered."""

from botticelli.compiler.ir import expressions as ir
from botticelli.compiler.languages import ast


def expression(tree: ast.Expression) -> ir.Expression:
    """Return what a filter or a condition means, as the runtime evaluates it."""
    match tree:
        case ast.Literal(value=value):
            return ir.Literal(value)
        case ast.DateLiteral(value=text):
            return ir.DateLiteral(text)
        case ast.TimestampLiteral(value=text):
            return ir.TimestampLiteral(text)
        case ast.IntervalLiteral(months=months, seconds=seconds):
            return ir.IntervalLiteral(months, seconds)
        case ast.Column(name=name):
            return ir.Column(name)
        case ast.Name(root=root, steps=steps):
            return ir.Name(root.value, tuple(step.value for step in steps))
        case ast.Placeholder(source=source):
            return ir.Parameter(source.strip())
        case ast.Call(function=function, arguments=arguments):
            return ir.Call(function.value, _all(arguments))
    return _operation(tree)


def order(tree: ast.Order) -> tuple[ir.OrderTerm, ...]:
    """Return the terms of an order."""
    return tuple(ir.OrderTerm(term.column.name, term.descending) for term in tree.terms)


def both(first: ir.Expression | None, second: ir.Expression | None) -> ir.Expression | None:
    """Return the conjunction of two filters, either of which may be absent."""
    if first is None or second is None:
        return second if first is None else first
    operands: list[ir.Expression] = []
    for part in (first, second):
        joined = isinstance(part, ir.Logical) and part.operator == "and"
        operands += part.operands if isinstance(part, ir.Logical) and joined else (part,)
    return ir.Logical("and", tuple(operands))


def _all(trees: tuple[ast.Expression, ...]) -> tuple[ir.Expression, ...]:
    return tuple(expression(tree) for tree in trees)


def _operation(tree: ast.Expression) -> ir.Expression:
    match tree:
        case ast.Logical():
            return ir.Logical(tree.operator, _all(tree.operands))
        case ast.Not():
            return ir.Not(expression(tree.operand))
        case ast.Arithmetic():
            left, right = _all(tree.children)
            return ir.Arithmetic(tree.operator.value, left, right)
        case ast.Negate():
            return ir.Negate(expression(tree.operand))
        case ast.Concatenate():
            left, right = _all(tree.children)
            return ir.Concatenate(left, right)
    return _comparison(tree)


def _comparison(tree: ast.Expression) -> ir.Expression:
    match tree:
        case ast.Compare():
            left, right = _all(tree.children)
            return ir.Compare(tree.operator.value, left, right)
        case ast.Between():
            value, low, high = _all(tree.children)
            return ir.Between(value, low, high, tree.negated)
        case ast.Within() | ast.WithinList():
            value, *options = _all(tree.children)
            return ir.Within(value, tuple(options), tree.negated)
        case ast.Like():
            value, pattern = _all(tree.children)
            return ir.Like(value, pattern, tree.ignore_case, tree.negated)
        case ast.Contains():
            value, part = _all(tree.children)
            contains = ir.Contains(value, part)
            return ir.Not(contains) if tree.negated else contains
        case ast.IsNull():
            return ir.IsNull(expression(tree.value), tree.negated)
    raise AssertionError("a tree with faults is not lowered")
