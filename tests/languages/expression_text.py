"""IR expressions written as text, and random ones: the other way from the parser."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from botticelli.compiler.ir import expressions as ir


def written(node: ir.Expression) -> str:  # noqa: C901 - one case for each node
    """Write an expression so that it reads back as itself: every operand in brackets."""
    match node:
        case ir.Literal(value=None):
            return "null"
        case ir.Literal(value=bool() as value):
            return "true" if value else "FALSE"
        case ir.Literal(value=str() as value):
            return text(value)
        case ir.Literal(value=value):
            return repr(value)
        case ir.DateLiteral(value=value):
            return f"date '{value}'"
        case ir.TimestampLiteral(value=value):
            return f"Timestamp '{value}'"
        case ir.IntervalLiteral(months=0, seconds=seconds):
            return f"interval '{seconds} seconds'"
        case ir.IntervalLiteral(months=months):
            return f"interval '{months} months'"
        case ir.Column(name=name):
            return '"' + name.replace('"', '""') + '"'
        case ir.Name(root=root, path=path):
            return root + "".join(step(each) for each in path)
        case ir.Parameter(source=source):
            return "{{ " + source + " }}"
        case ir.Call(function="current_date"):
            return "current_date"
        case ir.Call(function=function, arguments=arguments):
            return f"{function}({', '.join(map(written, arguments))})"
    return operation(node)


def operation(node: ir.Expression) -> str:  # noqa: C901 - one case for each node
    match node:
        case ir.Compare(operator=operator, left=left, right=right):
            return f"{inner(left)} {operator} {inner(right)}"
        case ir.Between(value=value, low=low, high=high, negated=negated):
            return f"{inner(value)}{no(negated)} between {inner(low)} and {inner(high)}"
        case ir.Within(value=value, options=options, negated=negated):
            return f"{inner(value)}{no(negated)} in ({', '.join(map(written, options))})"
        case ir.Like(value=value, pattern=pattern, ignore_case=ignore_case, negated=negated):
            word = "ilike" if ignore_case else "like"
            return f"{inner(value)}{no(negated)} {word} {inner(pattern)}"
        case ir.Contains(value=value, part=part):
            return f"{inner(value)} contains {inner(part)}"
        case ir.IsNull(value=value, negated=negated):
            return f"{inner(value)} is{no(negated)} null"
        case ir.Logical(operator=operator, operands=operands):
            return f" {operator} ".join(map(inner, operands))
        case ir.Not(operand=operand):
            return f"not {inner(operand)}"
        case ir.Arithmetic(operator=operator, left=left, right=right):
            return f"{inner(left)} {operator} {inner(right)}"
        case ir.Negate(operand=operand):
            return f"- {inner(operand)}"
        case ir.Concatenate(left=left, right=right):
            return f"{inner(left)} || {inner(right)}"
    raise AssertionError(node)


def inner(node: ir.Expression) -> str:
    return f"({written(node)})"


def no(negated: bool) -> str:
    return " not" if negated else ""


def text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def step(value: str | int) -> str:
    return f"[{value}]" if isinstance(value, int) else f"[{text(value)}]"


names = st.from_regex(r"[a-z_]{1,8}", fullmatch=True).filter(
    lambda name: (
        name
        not in {
            *("and", "or", "not", "in", "is", "null", "true", "false", "like", "ilike"),
            *("between", "contains", "date", "timestamp", "interval", "current_date"),
        }
    )
)
# A template inside quotes is a fault, so that text holds none.
texts = st.text(max_size=8).filter(lambda value: "{{" not in value)
numbers = st.integers(0, 2**63 - 1) | st.floats(0, 1e15).filter(lambda n: "e" not in repr(n))
literals = st.builds(ir.Literal, texts | numbers | st.booleans() | st.none())
dates = st.dates().map(lambda day: ir.DateLiteral(day.isoformat()))
moments = st.datetimes().map(lambda moment: ir.TimestampLiteral(moment.isoformat()))
seconds = st.integers(-(10**8), 10**8).filter(bool)
intervals = st.builds(ir.IntervalLiteral, st.just(0), seconds)
columns = st.builds(ir.Column, st.text(min_size=1, max_size=6).filter(lambda name: name != "\0"))
paths = st.lists(texts | st.integers(-9, 9), max_size=3).map(tuple)
parameters = st.builds(ir.Parameter, names)


def expressions(leaves: SearchStrategy[ir.Expression]) -> SearchStrategy[ir.Expression]:
    """Return expressions of all kinds that a filter and a condition share."""
    return st.recursive(leaves, operations, max_leaves=12)


def operations(part: SearchStrategy[ir.Expression]) -> SearchStrategy[ir.Expression]:
    several = st.lists(part, min_size=2, max_size=3).map(tuple)
    comparisons = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
    return st.one_of(
        st.builds(ir.Compare, comparisons, part, part),
        st.builds(ir.Between, part, part, part, st.booleans()),
        st.builds(ir.Within, part, several, st.booleans()),
        st.builds(ir.Like, part, part, st.booleans(), st.booleans()),
        st.builds(ir.IsNull, part, st.booleans()),
        st.builds(ir.Logical, st.sampled_from(["and", "or"]), several),
        st.builds(ir.Not, part),
        st.builds(ir.Arithmetic, st.sampled_from("+-*/"), part, part),
        st.builds(ir.Negate, part),
        st.builds(ir.Concatenate, part, part),
        st.builds(ir.Call, st.sampled_from(["lower", "length", "trim"]), st.tuples(part)),
    )
