"""Filters in SQL give the rows that the pure evaluator gives, on both databases."""

import time
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from botticelli.compiler.ir import expressions as ir
from botticelli.compiler.languages.filters import parse_filter
from botticelli.compiler.languages.lower import expression
from botticelli.compiler.semantics.expressions import EvaluationError, Scope, evaluate
from botticelli.runtime.databases.address import DatabaseError
from botticelli.runtime.databases.database import Ceilings
from botticelli.runtime.databases.filters import QueryError
from botticelli.runtime.databases.queries import read_rows
from botticelli.runtime.databases.records import TableQuery

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)

COLUMNS = {
    "i": "bigint",
    "j": "integer",
    "f": "double precision",
    "s": "text",
    "t": "varchar(40)",
    "b": "boolean",
    "m": "timestamp",
    "n": "timestamp with time zone",
    "d": "date",
}

moments = st.datetimes(datetime(1999, 12, 1), datetime(2030, 1, 31)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)
days = st.dates(date(1999, 12, 1), date(2030, 1, 31))
texts = st.text("aAbé%_\\ß 0'\n\"", max_size=5)
whole = st.integers(-30, 30)
floats = st.integers(-400, 400).map(lambda number: number / 16)
VALUES = {
    "i": whole,
    "j": whole,
    "f": floats,
    "s": texts,
    "t": texts,
    "b": st.booleans(),
    "m": moments,
    "n": moments,
    "d": days,
}
rows = st.lists(
    st.fixed_dictionaries({name: st.none() | value for name, value in VALUES.items()}),
    min_size=1,
    max_size=6,
)


def literal(value: Any) -> ir.Expression:
    return ir.Literal(value)


def column(*names: str) -> st.SearchStrategy[ir.Expression]:
    return st.sampled_from(names).map(ir.Column)


def calls(name: str, *parts: Any) -> Any:
    return st.tuples(*parts).map(lambda arguments: ir.Call(name, arguments))


class Placeholders:
    """Values by the source of the placeholder that stands for each."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def of(self, value: Any) -> ir.Parameter:
        source = f"p{len(self.values)}"
        self.values[source] = value
        return ir.Parameter(source)


numbers = st.recursive(
    column("i", "j", "f") | whole.map(literal) | floats.map(literal),
    lambda part: st.one_of(
        st.builds(ir.Arithmetic, st.sampled_from("+-*/"), part, part),
        st.builds(ir.Negate, part),
        calls("abs", part),
        calls("round", part),
        calls("round", part, st.integers(-1, 2).map(literal)),
        calls("coalesce", part, part),
        calls("length", column("s", "t")),
    ),
    max_leaves=4,
)
strings = st.recursive(
    column("s", "t") | texts.map(literal),
    lambda part: st.one_of(
        st.builds(ir.Concatenate, part, part | column("i")),
        calls("coalesce", part, part),
        st.sampled_from(["lower", "upper", "trim"]).flatmap(lambda name: calls(name, part)),
    ),
    max_leaves=3,
)
intervals = st.one_of(
    st.builds(ir.IntervalLiteral, st.integers(-14, 14), st.just(0)),
    st.builds(ir.IntervalLiteral, st.just(0), st.integers(-(10**7), 10**7)),
)
times = st.recursive(
    st.one_of(
        column("m", "n", "d"),
        moments.map(lambda moment: ir.TimestampLiteral(moment.isoformat())),
        days.map(lambda day: ir.DateLiteral(day.isoformat())),
        st.just(ir.Call("now")),
        st.just(ir.Call("current_date")),
    ),
    lambda part: st.builds(ir.Arithmetic, st.sampled_from("+-"), part, intervals),
    max_leaves=2,
)
lengths = st.one_of(
    intervals,
    st.builds(ir.Arithmetic, st.just("-"), column("m", "n"), column("m", "n")),
    st.builds(ir.Arithmetic, st.just("+"), intervals, intervals),
)
operators = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])


def of_one_kind(part: Any) -> Any:
    return st.one_of(
        st.builds(ir.Compare, operators, part, part),
        st.builds(ir.Between, part, part, part, st.booleans()),
        st.builds(ir.Within, part, st.tuples(part, part, st.just(ir.Literal(None)) | part)),
        st.builds(ir.Within, part, st.tuples(part), st.booleans()),
        st.builds(ir.IsNull, part, st.booleans()),
    )


filters = st.recursive(
    st.one_of(
        of_one_kind(numbers),
        of_one_kind(strings),
        of_one_kind(times),
        st.builds(ir.Compare, operators, lengths, lengths),
        st.builds(ir.Compare, st.just("="), column("b"), st.booleans().map(literal)),
        st.builds(ir.Compare, operators, column("i", "s"), st.just(ir.Literal(None))),
        st.builds(ir.Like, strings, texts.map(literal), st.booleans(), st.booleans()),
        column("b"),
    ),
    lambda part: st.one_of(
        st.builds(ir.Logical, st.sampled_from(["and", "or"]), st.tuples(part, part)),
        st.builds(ir.Not, part),
    ),
    max_leaves=4,
)


def expected(where: ir.Expression, row: dict[str, Any], parameters: dict[str, Any]) -> bool:
    return evaluate(where, Scope(row=row, parameters=parameters, now=NOW)) is True


@pytest.mark.parametrize("placeholders", [False, True])
def test_random_filters_give_the_rows_of_the_evaluator(desk, placeholders):
    declared = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
    desk.sql(f"CREATE TABLE samples (id integer PRIMARY KEY, {declared})")

    @settings(
        max_examples=60,
        deadline=None,
        phases=[
            Phase.explicit,
            Phase.reuse,
            Phase.generate,
        ],  # each step of shrinking asks a server
        suppress_health_check=list(HealthCheck),
    )
    @given(rows, st.lists(filters, min_size=4, max_size=8))
    def agree(samples, wheres):
        desk.run(fill, desk, samples)
        for where in wheres:
            bound = Placeholders()
            asked = with_placeholders(where, bound) if placeholders else where
            try:
                kept = [
                    number
                    for number, row in enumerate(samples)
                    if expected(where, row, bound.values)
                ]
            except (EvaluationError, OverflowError):
                continue
            query = TableQuery(
                table="samples", columns=("id",), where=asked, parameters=bound.values
            )
            found = desk.run(read_rows, desk.database, query, NOW)
            assert [row["id"] for row in found.rows()] == kept, asked

    agree()


def with_placeholders(node: ir.Expression, bound: Placeholders) -> ir.Expression:
    """Put placeholders where a filter compares a column with a value."""
    match node:
        case ir.Compare(operator=operator, left=ir.Column() as left, right=right):
            match right:
                case ir.Literal(value=value):
                    return ir.Compare(operator, left, bound.of(value))
                case ir.TimestampLiteral(value=value) | ir.DateLiteral(value=value):
                    return ir.Compare(operator, left, bound.of(value))
        case ir.Within(value=ir.Column() as value, options=options, negated=negated) if all(
            isinstance(option, ir.Literal) for option in options
        ):
            values = [option.value for option in options if isinstance(option, ir.Literal)]
            return ir.Within(value, (bound.of(values),), negated)
        case ir.Logical(operator=operator, operands=operands):
            return ir.Logical(operator, tuple(with_placeholders(each, bound) for each in operands))
        case ir.Not(operand=operand):
            return ir.Not(with_placeholders(operand, bound))
    return node


async def fill(desk, samples):
    from sqlalchemy import bindparam, column, delete, insert, table

    samples_table = table("samples", column("id"), *(column(name) for name in COLUMNS))
    sqlite = desk.url.startswith("sqlite")
    values = {name: bindparam(name) for name in ("id", *COLUMNS)}
    async with desk.database.writing() as connection:
        await connection.execute(delete(samples_table))
        await connection.execute(
            insert(samples_table).values(values),
            [
                {
                    "id": number,
                    **{name: stored(value, name, sqlite) for name, value in row.items()},
                }
                for number, row in enumerate(samples)
            ],
        )


def stored(value: Any, name: str, sqlite: bool) -> Any:
    """Write moments as SQLite's users do: some with their offset, some without."""
    if isinstance(value, datetime):
        if not sqlite:
            return value.replace(tzinfo=None) if name == "m" else value
        return value.isoformat() if name == "n" else str(value.replace(tzinfo=None))
    return value.isoformat() if sqlite and isinstance(value, date) else value


# Injection and mistakes


def where(text: str) -> ir.Expression:
    parsed = parse_filter(text)
    assert parsed.tree is not None
    return expression(parsed.tree)


@pytest.fixture
def posts(desk):
    desk.sql(
        "CREATE TABLE posts (id integer PRIMARY KEY, title text, rating integer,"
        ' at timestamp, "odd "" name" text)',
        "INSERT INTO posts VALUES (1, 'one', 3, '2026-03-01 10:00:00', 'x'),"
        " (2, 'two', 5, NULL, NULL)",
    )
    return desk


def ask(desk, text: str, **parameters: Any) -> list[Any]:
    query = TableQuery(table="posts", where=where(text), parameters=parameters)
    return [row["id"] for row in desk.run(read_rows, desk.database, query, NOW).rows()]


@pytest.mark.parametrize(
    "attack",
    [
        "' OR '1'='1",
        "one'; DROP TABLE posts; --",
        "one' UNION SELECT 1, 2, 3, 4, 5 --",
        "%",
        "\\",
        "{{ 7 * 7 }}",
        "\x00",
        "\ud800",
        "one\x00",
    ],
)
def test_values_never_become_sql(posts, attack):
    assert ask(posts, "title = {{ value }}", value=attack) == []
    assert ask(posts, "title in ({{ value }})", value=[attack, attack]) == []
    assert ask(posts, "title = 'one' or title = {{ value }}", value=attack) == [1]


@pytest.mark.parametrize("name", ['odd " name', "title\" = 'x' OR \"", "id; DROP TABLE posts"])
def test_names_never_become_sql(posts, name):
    query = TableQuery(
        table="posts", columns=(name,), where=ir.Compare("=", ir.Column(name), ir.Literal("x"))
    )
    if name == 'odd " name':
        assert posts.run(read_rows, posts.database, query, NOW).rows() == [{name: "x"}]
        return
    with pytest.raises(QueryError, match="has no column"):
        posts.run(read_rows, posts.database, query, NOW)
    attack = TableQuery(table='posts"; DROP TABLE posts; --')
    with pytest.raises(QueryError, match="there is no table"):
        posts.run(read_rows, posts.database, attack, NOW)
    assert ask(posts, "true") == [1, 2]


@pytest.mark.parametrize(
    ("text", "value", "found"),
    [
        ("rating > {{ value }}", "4", [2]),
        ("rating = {{ value }}", 3.0, [1]),
        ("rating >= {{ value }}", "2.5", [1, 2]),
        ("rating in ({{ value }})", [], []),
        ("rating not in ({{ value }})", [], [1, 2]),
        ("rating in ({{ value }})", ["5", 7], [2]),
        ("title = {{ value }}", 5, []),
        ("title like {{ value }}", "t%", [2]),
        ("at < {{ value }}", "2026-03-01T12:00:00+02:00", []),
        ("at <= {{ value }}", "2026-03-01T12:00:00+02:00", [1]),
        ("at = {{ value }}", datetime(2026, 3, 1, 10, tzinfo=UTC), [1]),
        ("rating = {{ value }}", None, []),
        ("coalesce({{ value }}, rating) = 3", None, [1]),
    ],
)
def test_a_placeholder_takes_the_type_of_its_place(posts, text, value, found):
    assert ask(posts, text, value=value) == found


@pytest.mark.parametrize(
    ("text", "value", "said"),
    [
        ("rating = {{ value }}", "many", "is text, which is no number"),
        ("at > {{ value }}", "soon", "no moment"),
        ("rating = {{ value }}", [1], "is a list or a record"),
        ("titel = {{ value }}", 1, "has no column `titel`; did you mean `title`?"),
        ("title > 3", None, "compares text with a whole number"),
    ],
)
def test_what_does_not_fit_is_said(posts, text, value, said):
    with pytest.raises(QueryError, match=said.replace("?", r"\?")):
        ask(posts, text, value=value)


def test_a_slow_query_is_ended(posts):
    posts.database.ceilings = Ceilings(seconds=0.3)
    slow = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000)"
        " SELECT count(*) FROM n"
    )
    started = time.monotonic()
    with pytest.raises(DatabaseError, match=r"took longer than 0\.3 s") as raised:
        posts.sql(slow)
    assert time.monotonic() - started < 10
    assert "RECURSIVE" not in str(raised.value)
    assert ask(posts, "true") == [1, 2]


def test_a_month_before_the_last_day_is_a_last_day(posts):
    assert ask(posts, "at > timestamp '2026-03-31' - interval '1 month' + interval '0 days'") == [1]
