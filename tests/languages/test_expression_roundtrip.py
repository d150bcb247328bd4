"""What is written reads back as itself, and no text makes a parser or the checker raise."""

from expression_text import (
    columns,
    dates,
    expressions,
    intervals,
    literals,
    moments,
    names,
    parameters,
    paths,
    written,
)
from hypothesis import given
from hypothesis import strategies as st

from botticelli.compiler.faults import Fault
from botticelli.compiler.ir import expressions as ir
from botticelli.compiler.ir import types
from botticelli.compiler.languages import lower
from botticelli.compiler.languages.ast import walk
from botticelli.compiler.languages.checking import check_condition, check_filter, check_reference
from botticelli.compiler.languages.conditions import parse_condition
from botticelli.compiler.languages.filters import parse_filter
from botticelli.compiler.languages.orders import parse_order
from botticelli.compiler.languages.references import parse_reference
from botticelli.compiler.languages.types import parse_type, resolve

filter_leaves = literals | columns | dates | moments | intervals | parameters
condition_leaves = literals | dates | moments | st.builds(ir.Name, names, paths)

WORDS = [
    *("a", "b.c", "status", '"odd"', "'x'", "''", "'it''s'", "3", "4.5", "1e9", "{{ x }}", "{{"),
    *("and", "OR", "not", "in", "is", "null", "true", "like", "ilike", "between", "contains"),
    *("(", ")", "[", "]", ",", ".", "..", "?", "=", "!=", "<>", "<", ">=", "==", "&&", "||"),
    *(
        "+",
        "-",
        "*",
        "/",
        "--",
        "/*",
        ";",
        "::",
        "'",
        '"',
        "`",
        "$1",
        "\\",
        "\0",
        "é",
        "\U0001f600",
    ),
    *("where", "order", "by", "limit", "offset", "sample", "as", "format", "consume", "desc"),
    *("interval '3 days'", "date '2026-01-01'", "timestamp 'x'", "now()", "lower(", "count(*)"),
    *("text", "int(", "enum(", "list[", "table posts", "tables.x", "select", "union", "{%"),
]
token_soup = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
any_text = token_soup | token_soup.map(lambda text: text.replace(" ", "")) | st.text(max_size=40)
KNOWN = {"a": types.Int(1, 5), "status": types.Optional(types.Enum(("x", "y")))}


@given(expressions(filter_leaves))
def test_filters_read_back_as_themselves(expression: ir.Expression) -> None:
    parsed = parse_filter(written(expression))
    assert parsed.faults == ()
    assert parsed.tree is not None
    assert lower.expression(parsed.tree) == expression


@given(expressions(condition_leaves))
def test_conditions_read_back_as_themselves(expression: ir.Expression) -> None:
    parsed = parse_condition(written(expression))
    assert parsed.faults == ()
    assert parsed.tree is not None
    assert lower.expression(parsed.tree) == expression


@given(any_text)
def test_any_text_is_parsed_as_a_filter(text: str) -> None:
    parsed = parse_filter(text)
    holds_together(text, parsed.faults)
    if parsed.tree is not None:
        within(text, parsed.tree)
        holds_together(text, check_filter(parsed.tree, KNOWN))
        holds_together(text, check_filter(parsed.tree, None))
    if not parsed.faults:
        assert parsed.tree is not None
        lower.expression(parsed.tree)


@given(any_text)
def test_any_text_is_parsed_as_a_condition(text: str) -> None:
    parsed = parse_condition(text)
    holds_together(text, parsed.faults)
    if parsed.tree is not None:
        within(text, parsed.tree)
        holds_together(text, check_condition(parsed.tree, lambda _: types.Text()))
    if not parsed.faults:
        assert parsed.tree is not None
        lower.expression(parsed.tree)


@given(any_text)
def test_any_text_is_parsed_as_an_order(text: str) -> None:
    parsed = parse_order(text)
    holds_together(text, parsed.faults)
    assert parsed.faults or parsed.tree is not None


@given(any_text)
def test_any_text_is_parsed_as_a_type(text: str) -> None:
    parsed = parse_type(text)
    holds_together(text, parsed.faults)
    assert parsed.faults or parsed.tree is not None
    if parsed.tree is not None:
        holds_together(text, resolve(parsed.tree, {})[1])


@given(any_text.map(lambda rest: f"tables.recent where {rest}"))
def test_any_text_is_parsed_as_a_reference(text: str) -> None:
    parsed = parse_reference(text)
    holds_together(text, parsed.faults)
    if parsed.tree is not None:
        holds_together(text, check_reference(parsed.tree, KNOWN))  # type: ignore[arg-type]


def holds_together(text: str, faults: tuple[Fault, ...]) -> None:
    """Every place of every fault lies in the text, and no two faults say the same."""
    assert len({(fault.start, fault.end, fault.message) for fault in faults}) == len(faults)
    for fault in faults:
        places = [fault, *fault.marks, *fault.edits]
        assert all(0 <= place.start <= place.end <= len(text) for place in places)
        assert fault.message
        assert "\n" not in fault.message
        assert fault.message.isprintable()


def within(text: str, tree) -> None:
    for node in walk(tree):
        assert 0 <= node.start <= node.end <= len(text)
