"""Conditions and filters written as people write them, from the nodes of the program."""

from botticelli.compiler.ir import expressions as ir

_LOOSEST, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _TIGHTEST = range(7)
_LOGICAL = {"or": _LOOSEST, "and": _AND}
_ARITHMETIC = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT}
_SECONDS = {"day": 86_400, "hour": 3_600, "minute": 60, "second": 1}


def written(node: ir.Expression) -> str:
    """Return an expression as text, with brackets only where they are needed."""
    return _at(node, _LOOSEST)


def _at(node: ir.Expression, level: int) -> str:
    text, own = _operation(node)
    return f"({text})" if own < level else text


def _operation(node: ir.Expression) -> tuple[str, int]:
    """Write a node; the number says how tightly it binds."""
    match node:
        case ir.Logical(operator=operator, operands=operands):
            own = _LOGICAL[operator]
            return f" {operator} ".join(_at(each, own + 1) for each in operands), own
        case ir.Not(operand=operand):
            return f"not {_at(operand, _NOT)}", _NOT
        case ir.Arithmetic(operator=operator, left=left, right=right):
            own = _ARITHMETIC[operator]
            return f"{_at(left, own)} {operator} {_at(right, own + 1)}", own
        case ir.Concatenate(left=left, right=right):
            return f"{_at(left, _SUM)} || {_at(right, _PRODUCT)}", _SUM
        case ir.Negate(operand=operand):
            return f"-{_at(operand, _TIGHTEST)}", _TIGHTEST
    comparison = _comparison(node)
    return (_term(node), _TIGHTEST) if comparison is None else (comparison, _COMPARISON)


def _comparison(node: ir.Expression) -> str | None:
    def operand(each: ir.Expression) -> str:
        return _at(each, _SUM)

    match node:
        case ir.Compare(operator=operator, left=left, right=right):
            return f"{operand(left)} {operator} {operand(right)}"
        case ir.Between(value=value, low=low, high=high, negated=negated):
            between = f"{_not(negated)}between {operand(low)} and {operand(high)}"
            return f"{operand(value)} {between}"
        case ir.Within(value=value, options=options, negated=negated):
            listed = ", ".join(map(written, options))
            return f"{operand(value)} {_not(negated)}in ({listed})"
        case ir.Like(value=value, pattern=pattern, ignore_case=ignore_case, negated=negated):
            word = "ilike" if ignore_case else "like"
            return f"{operand(value)} {_not(negated)}{word} {operand(pattern)}"
        case ir.Contains(value=value, part=part):
            return f"{operand(value)} contains {operand(part)}"
        case ir.IsNull(value=value, negated=negated):
            return f"{operand(value)} is {_not(negated)}null"
    return None


def _term(node: ir.Expression) -> str:
    match node:
        case ir.Literal(value=value):
            return _literal(value)
        case ir.DateLiteral(value=value):
            return f"date '{value}'"
        case ir.TimestampLiteral(value=value):
            return f"timestamp '{value}'"
        case ir.IntervalLiteral(months=months, seconds=seconds):
            return f"interval '{_interval(months, seconds)}'"
        case ir.Column(name=name):
            return name
        case ir.Name(root=root, path=path):
            return root + "".join(
                f"[{step}]" if isinstance(step, int) else f".{step}" for step in path
            )
        case ir.Parameter(source=source):
            return "{{ " + source.strip() + " }}"
        case ir.Call(function="current_date"):
            return "current_date"
        case ir.Call(function=function, arguments=arguments):
            return f"{function}({', '.join(map(written, arguments))})"
    raise AssertionError(node)


def _not(negated: bool) -> str:
    return "not " if negated else ""


def _literal(value: str | float | bool | None) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value)


def _interval(months: int, seconds: int) -> str:
    if months:
        return f"{months} month{'s' if abs(months) != 1 else ''}"
    for unit, size in _SECONDS.items():
        if seconds % size == 0:
            count = seconds // size
            return f"{count} {unit}{'s' if abs(count) != 1 else ''}"
    return f"{seconds} seconds"
