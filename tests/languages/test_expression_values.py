"""Expressions evaluate as SQLite evaluates them, and what is called constant is constant."""

import sqlite3
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botticelli.compiler.ir import expressions as ir
from botticelli.compiler.ir import types
from botticelli.compiler.languages import lower
from botticelli.compiler.languages.checking import check_filter
from botticelli.compiler.languages.conditions import parse_condition
from botticelli.compiler.languages.filters import parse_filter
from botticelli.compiler.semantics.expressions import EvaluationError, Scope, evaluate, holds
from botticelli.compiler.semantics.intervals import Interval
from botticelli.compiler.semantics.like import matches

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)

small = st.integers(0, 9).map(str)
words = st.text("ab%_ ", max_size=4).map(lambda text: f"'{text}'")


def combined(*, numbers, texts, truths):
    """Return filters over numbers, texts and booleans, well typed, as text."""
    number = st.recursive(
        numbers,
        lambda part: st.one_of(
            st.tuples(part, st.sampled_from("+-*/"), part).map(lambda p: f"({' '.join(p)})"),
            part.map(lambda p: f"(- {p})"),
            part.map(lambda p: f"abs({p})"),
            texts.map(lambda p: f"length({p})"),
            st.tuples(part, part).map(lambda p: f"coalesce({p[0]}, {p[1]})"),
        ),
        max_leaves=4,
    )
    text = st.recursive(
        texts,
        lambda part: st.one_of(
            st.tuples(part, part).map(lambda p: f"({p[0]} || {p[1]})"),
            part.map(lambda p: f"upper({p})"),
        ),
        max_leaves=3,
    )
    operator = st.sampled_from(["=", "!=", "<>", "<", "<=", ">", ">="])
    negation = st.sampled_from(["", " not"])
    leaf = st.one_of(
        truths,
        st.tuples(number, operator, number).map(" ".join),
        st.tuples(text, operator, text).map(" ".join),
        st.tuples(number, negation, number, number).map(
            lambda p: f"{p[0]}{p[1]} between {p[2]} and {p[3]}"
        ),
        st.tuples(number, negation, number, number).map(
            lambda p: f"{p[0]}{p[1]} in ({p[2]}, {p[3]})"
        ),
        st.tuples(text, negation, text).map(lambda p: f"{p[0]}{p[1]} like {p[2]}"),
        st.tuples(number | text, negation).map(lambda p: f"{p[0]} is{p[1]} null"),
    )
    return st.recursive(
        leaf,
        lambda part: st.one_of(
            part.map(lambda p: f"not ({p})"),
            st.lists(part, min_size=2, max_size=3).map(lambda p: "(" + ") and (".join(p) + ")"),
            st.lists(part, min_size=2, max_size=3).map(lambda p: "(" + ") or (".join(p) + ")"),
        ),
        max_leaves=5,
    )


rows = st.fixed_dictionaries(
    {
        "n": st.none() | st.integers(-3, 9),
        "m": st.integers(1, 5),
        "t": st.none() | st.text("abAB%_", max_size=4),
        "s": st.sampled_from(["a", "b"]),
    }
)
filters = combined(
    numbers=small | st.sampled_from(["n", "m"]) | st.just("null"),
    texts=words | st.sampled_from(["t", "s"]),
    truths=st.sampled_from(["true", "false", "n > m", "s = 'a'"]),
)
KINDS = {
    "n": types.Optional(types.Int()),
    "m": types.Int(1, 5),
    "t": types.Optional(types.Text(0, 4)),
    "s": types.Enum(("a", "b")),
}
# Shaped so that ranges, equalities and enums often exclude or exhaust one another.
close = combined(
    numbers=st.integers(0, 6).map(str) | st.sampled_from(["n", "m", "m", "m"]),
    texts=st.sampled_from(["'a'", "'b'", "s", "s", "t"]),
    truths=st.sampled_from(["m = 1", "s = 'a'", "m > 5", "n is null"]),
)


def joined(*parts: str):
    """Return filters of such parts, joined and negated."""
    return st.recursive(
        st.sampled_from(parts),
        lambda part: st.one_of(
            part.map(lambda p: f"not ({p})"),
            st.lists(part, min_size=2, max_size=4).map(lambda p: "(" + ") and (".join(p) + ")"),
            st.lists(part, min_size=2, max_size=4).map(lambda p: "(" + ") or (".join(p) + ")"),
        ),
        max_leaves=6,
    )


OF_M = [
    *(f"m {operator} {n}" for operator in ("=", "!=", "<", "<=", ">", ">=") for n in range(1, 6)),
    *("m between 2 and 4", "m not between 2 and 3", "m in (1, 5)", "m not in (2, 3, 4)"),
    *("3 > m", "2.5 < m", "m <= 4.5"),
]
OF_OTHERS = [
    *("n > 3", "n < 3", "n >= 3", "n = 3", "n != 3", "n is null", "n is not null", "n in (1, 3)"),
    *("s = 'a'", "s != 'a'", "s = 'b'", "s in ('a', 'b')", "s like 'a%'", "n > m", "n = n"),
]
overlapping = joined(*OF_M, *OF_OTHERS)


def lowered(text: str) -> ir.Expression:
    parsed = parse_filter(text)
    assert parsed.faults == ()
    assert parsed.tree is not None
    return lower.expression(parsed.tree)


@pytest.fixture(scope="module")
def database():
    connection = sqlite3.connect(":memory:")
    connection.execute("pragma case_sensitive_like = on")
    connection.execute("create table one (n integer, m integer, t text, s text)")
    yield connection
    connection.close()


@given(text=filters, row=rows)
def test_filters_mean_what_sqlite_says(database, text: str, row: dict) -> None:
    database.execute("delete from one")
    database.execute("insert into one values (:n, :m, :t, :s)", row)
    (found,) = database.execute(f"select {text} from one").fetchone()
    value = evaluate(lowered(text), Scope(row=row))
    assert (None if value is None else int(value)) == found


@given(text=close | filters | overlapping, samples=st.lists(rows, min_size=1, max_size=20))
def test_what_is_called_constant_is_constant(text: str, samples: list[dict]) -> None:
    tree = parse_filter(text).tree
    assert tree is not None
    for fault in check_filter(tree, KINDS):
        if fault.rule.code != "BOT407":
            continue
        part = text[fault.start : fault.end]
        if "together" in fault.message:
            part = " and ".join(
                [f"({part})", *(f"({text[mark.start : mark.end]})" for mark in fault.marks)]
            )
        values = [evaluate(lowered(part), Scope(row=row)) for row in samples]
        if "always" in fault.message:
            assert all(value is True for value in values)
        elif "never true" in fault.message:
            assert True not in values


@given(text=joined(*OF_M))
def test_what_is_constant_is_found(text: str) -> None:
    tree = parse_filter(text).tree
    assert tree is not None
    values = {evaluate(lowered(text), Scope(row={"m": m})) for m in range(1, 6)}
    if len(values) == 1:
        assert [fault.rule.code for fault in check_filter(tree, KINDS)] != []


@given(st.text("ab_%\n", max_size=12), st.text("ab_%\n", max_size=6))
def test_like_agrees_with_sqlite(text: str, pattern: str) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("pragma case_sensitive_like = on")
    (found,) = connection.execute("select ? like ?", (text, pattern)).fetchone()
    connection.close()
    assert matches(text, pattern) == bool(found)


def test_like_ignores_case_when_asked() -> None:
    assert matches("Grüße", "gR_ßE", ignore_case=True)
    assert not matches("Grüße", "gr_ße")


def test_like_cannot_be_made_slow() -> None:
    assert not matches("a" * 100_000, "%a" * 1_000 + "%b")
    assert matches("a" * 100_000, "%a" * 1_000 + "%")


NAMES = {
    "draft": " Done. ",
    "post": {"title": "A title", "score": 7, "tags": ["a", "b"], "author": None},
    "posts": [{"score": 1}, {"score": 2}],
    "state": {"count": 3, "deep": {"er": [True]}},
    "nothing": None,
    "day": date(2026, 3, 1),
    "moment": "2026-03-01T12:00:00+02:00",
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("draft = ' Done. ' and lower(trim(draft)) = 'done.'", True),
        ("draft contains 'Done' and not (draft contains 'done')", True),
        ("draft not contains 'Done'", False),
        ("draft ilike '%DONE%'", True),
        ("post.score > 5 and post.score + 1 = 8", True),
        ("'a' in post.tags and 'c' not in post.tags", True),
        ("post.tags contains 'b'", True),
        ("post.author.name = 'x'", None),
        ("post.author.name is null", True),
        ("post.missing is null and posts[9].score is null", True),
        ("posts[0].score = 1 and posts[-1].score = 2", True),
        ("length(posts) = 2 and length(draft) = 7 and length(post.tags) = 2", True),
        ("state.count = 3 and state.deep.er[0]", True),
        ("nothing is null and unknown_name is null", True),
        ("nothing = 3", None),
        ("nothing = 3 or true", True),
        ("nothing = 3 and false", False),
        ("not (nothing = 3)", None),
        ("nothing in (1, 2)", None),
        ("3 in (1, nothing)", None),
        ("3 not in (3, nothing)", False),
        ("3 between 1 and nothing", None),
        ("3 between 4 and nothing", False),
        ("nothing contains 'x'", None),
        ("nothing like 'x'", None),
        ("draft || nothing = 'x'", None),
        ("state.count = '3'", False),
        ("state.count != '3'", True),
        ("day = date '2026-03-01' and day < timestamp '2026-03-01 00:00:01'", True),
        ("moment = timestamp '2026-03-01 10:00:00'", True),
        ("moment < timestamp '2026-03-01 10:00:01Z'", True),
        ("7 / 2 = 3 and -7 / 2 = -3 and 7.0 / 2 = 3.5", True),
        ("7 / 0 = 1", None),
        ("post.title like 'A%' and post.title not like 'a%'", True),
        ("post.title between 'A' and 'B'", True),
    ],
)
def test_conditions_follow_the_logic_of_three_values(text: str, value: bool | None) -> None:
    parsed = parse_condition(text)
    assert parsed.faults == ()
    assert parsed.tree is not None
    condition = lower.expression(parsed.tree)
    assert evaluate(condition, Scope(NAMES)) is value
    assert holds(condition, NAMES) is (value is True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("state > 3", "a record and a number have no order"),
        ("state.count < 'x'", "a number and text have no order"),
        ("state.count like 'x'", "`like` takes text, not a number"),
        ("state.deep + 1 = 2", "`+` takes numbers, not a record"),
        ("lower(state.count) = 'x'", "`lower` does not take a number"),
        ("state.count and true", "booleans, not a number"),
        ("state.count", "true or false, and this one is a number"),
    ],
)
def test_values_that_do_not_fit_are_named(text: str, message: str) -> None:
    tree = parse_condition(text).tree
    assert tree is not None
    with pytest.raises(EvaluationError, match=message.replace("+", r"\+")):
        holds(lower.expression(tree), NAMES)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("now()", NOW),
        ("current_date", date(2026, 3, 31)),
        ("now() - interval '1 month'", datetime(2026, 2, 28, 12, tzinfo=UTC)),
        ("interval '1 year' + now()", datetime(2027, 3, 31, 12, tzinfo=UTC)),
        ("now() - interval '36 hours'", datetime(2026, 3, 30, tzinfo=UTC)),
        ("date '2026-03-02' - date '2026-03-01'", 1),
        ("now() - timestamp '2026-03-31 11:59'", Interval(0, 60)),
        ("interval '1 week' = interval '7 days'", True),
        ("interval '1 month' > interval '29 days'", True),
        ("-interval '1 day'", Interval(0, -86_400)),
        ("round(2.5) + round(-2.5) + round(0.5)", 1),
        ("round(2.345, 2)", 2.35),
        ("round(1234, -2)", 1200),
        ("round(1.5, 999999999)", 1.5),
        ("abs(-3) + abs(2)", 5),
        ("coalesce(null, null, 3)", 3),
        ("upper('aß') || 1", "ASS1"),
    ],
)
def test_the_clock_the_calendar_and_functions(text: str, value: object) -> None:
    assert evaluate(lowered(text), Scope(now=NOW)) == value


@pytest.mark.parametrize("text", ["now()", "a", "{{ a }}"])
def test_what_a_scope_lacks_is_a_lookup_error(text: str) -> None:
    with pytest.raises(LookupError):
        evaluate(lowered(text), Scope())
