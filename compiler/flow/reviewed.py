"""Whether a filter lets only rows pass that a person has reviewed."""

from botticelli.compiler.languages import ast


def implies_approved(node: ast.Expression, *, negated: bool = False) -> bool:
    """Tell whether only rows with `review_status = 'approved'` can pass a filter, or its denial."""
    match node:
        case ast.Not(operand=operand):
            return implies_approved(operand, negated=not negated)
        case ast.Logical(operator=operator, operands=operands):
            parts = [implies_approved(each, negated=negated) for each in operands]
            return any(parts) if (operator == "and") != negated else all(parts)
        case ast.Compare(operator=operator, left=left, right=right):
            wanted = {"!=", "<>"} if negated else {"="}
            pair = [left, right] if isinstance(left, ast.Column) else [right, left]
            return operator.value in wanted and _is_status(pair[0]) and _is_approved(pair[1])
        case ast.Within(value=value, options=options, negated=denied):
            return denied == negated and _is_status(value) and all(map(_is_approved, options))
        case _:
            return False


def _is_status(node: ast.Expression) -> bool:
    return isinstance(node, ast.Column) and node.name.casefold() == "review_status"


def _is_approved(node: ast.Expression) -> bool:
    return isinstance(node, ast.Literal) and node.value == "approved"
