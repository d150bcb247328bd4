"""The type-checker and the finder of constant filters, as golden files to be read by people."""

import pytest
from syrupy.assertion import SnapshotAssertion
from underlined import underlined

from botticelli.compiler.faults import Fault
from botticelli.compiler.ir import types as ir
from botticelli.compiler.languages.checking import (
    check_condition,
    check_filter,
    check_order,
    check_reference,
)
from botticelli.compiler.languages.conditions import parse_condition
from botticelli.compiler.languages.filters import parse_filter
from botticelli.compiler.languages.names import Use
from botticelli.compiler.languages.orders import parse_order
from botticelli.compiler.languages.references import parse_reference
from botticelli.compiler.languages.types import parse_type, resolve
from botticelli.grammar.catalogue import MAYBE_NOT_RUN, UNKNOWN_NAME

COLUMNS = {
    "id": "int",
    "title": "text(1..100)",
    "body": "text?",
    "status": "enum('pending', 'approved', 'rejected')",
    "rating": "int(1..5)?",
    "score": "float",
    "created_at": "timestamp",
    "day": "date?",
    "active": "bool",
    "tags": "list[text]",
    "meta": "json?",
}

FAULTY_FILTERS = """
    titel = 'x'
    Title = 'x'
    status = "approved"
    rating > '3'
    title = 3
    title > 3
    created_at > '2026-01-01'
    created_at > 'yesterday'
    day = '2026-01-01'
    active = 1
    active = 'maybe'
    tags = 'x'
    id
    not title or id
    id + title > 3
    title + 'x' = 'y'
    created_at + 3 > now()
    title || active = 'x'
    -title = 3
    title like 3
    id like '1%'
    id between 'a' and 'b'
    id in (1, 'two')
    abs(title) = 1
    coalesce(rating, 'none') = 3
    lenght(title) > 3
    sum(score) > 3
    lower(title, 1) = 'x'
    now(1) > created_at
    rating = null
    rating != null and id = 1
    rating <> null
    rating > 5
    rating between 6 and 9
    length(title) > 200
    status = 'aproved'
    status in ('approved', 'published')
    status != 'published'
    status like 'z%'
    title is null
    title is not null and id = 1
    id > 5 and id < 3
    id = 1 and title = 'x' and id = 2
    id > 5 and (title = 'x' and id < 3)
    id > 5 and id < 6
    id = 5 and (id = 6 or id = 7)
    id in (1, 2) and id not in (1, 2, 3)
    created_at > timestamp '2026-01-01' and created_at < date '2025-01-01'
    body is null and body = 'x'
    active = true and not active
    status <> 'approved' and status <> 'pending' and status <> 'rejected'
    id > 5 or id <= 5
    id not in (1, null)
    id = id
    id < id
    1 = 1
    'a' = 'b' or id = 1
    lower('A') = 'a' and id = 1
    true
    null
    id = 1 or true
    {{ column }} = 5
    id = 1 and {{ column }} like 'x%'
    titel = 'x' and rating = '3' and status = 'nope' and id = null
"""

CLEAN_FILTERS = """
    status = 'approved' and created_at > now() - interval '30 days'
    created_at - now() > interval '3 days' or day > current_date
    created_at > date '2026-01-01' and day < timestamp '2026-02-01 10:00:00Z'
    rating > {{ minimum }} and title like {{ pattern }} || '%'
    {{ status }} = '' or status = {{ status }}
    {{ wanted }} is null or id = {{ wanted }}
    {{ everything }} = true or id = 1
    id in ({{ first }}, {{ second }}) and title between 'a' and 'm'
    rating is null or rating > 2
    rating > 2 or rating <= 2
    rating = 1 or rating != 1
    body is not null and length(body) > 10
    coalesce(rating, 0) > 3 and coalesce(body, '') = ''
    meta = 3 or meta = 'x' or meta like 'x%'
    active and not (title = 'x')
    active or status in ('approved', 'pending')
    id > 5 and id < 7
    score > 5 and score < 6
    id != 1 and id != 2
    id = 1 or id = 2
    id > 5 or id < 3
    title > 'b' and title < 'a'
    id / 2 = 3 and id * 1.5 > score and -id < 3
    title || id like '%7'
    round(score) = 3 and round(score, 1) = 3.5 and abs(id) = 1
    lower(title) = 'x' or upper(trim(title)) = 'X'
    status like 'app%'
    title = title || ''
    "title" = 'x'
"""

NAMES = {
    "draft": ir.Text(),
    "state": ir.Json(),
    "iteration": ir.Int(1),
    "done": ir.Bool(),
}

FAULTY_CONDITIONS = """
    post.titel = 'x'
    posts[0].titel = 'x'
    post.author.nme = 'x'
    draft.title = 'x'
    draft[0] = 'x'
    posts.title = 'x'
    post[0] = 'x'
    post.score.points > 3
    draft > 3
    draft
    post.score
    post = 'x'
    3 in post.tags
    'x' in draft
    post.tags contains 3
    done contains 'x'
    maybe is not null and maybe = 'x'
    nowhere = 3 or drafts = 'x'
    coalesce(draft, 'x') = 'y'
    now() > timestamp '2026-01-01'
    iteration < 1
    post.title is null
    state.mode = 'a' and state.mode = 'b'
    length(post) > 3
"""

CLEAN_CONDITIONS = """
    post.title = 'x' and posts[0].score > 3 and posts[-1].tags contains 'a'
    draft contains 'DONE' or lower(trim(draft)) = 'done'
    'a' in post.tags or post.title in ('a', 'b')
    maybe is not null
    maybe is null or done
    state.count > 3 and state.name = 'x' and state.deep.er[0] is null
    post.score is not null and post.score + 1 > 3
    length(posts) > 2 and length(draft) >= 10
    draft is not null and previous != ''
    post.author is null or post.author.name != ''
    iteration > 1 and done
    post.title like '%a_b%' or post.title not like 'x'
"""


def type_of(text: str, schemas: dict[str, ir.Record] | None = None) -> ir.Type:
    tree = parse_type(text).tree
    assert tree is not None
    kind, faults = resolve(tree, schemas or {})
    assert not faults
    return kind


def columns() -> dict[str, ir.Type]:
    return {name: type_of(text) for name, text in COLUMNS.items()}


def scope(use: Use) -> ir.Type | Fault:
    author = ir.Record((ir.Field("name", ir.Text()),), "Author")
    post = ir.Record(
        (
            ir.Field("title", ir.Text()),
            ir.Field("score", ir.Int(), optional=True),
            ir.Field("tags", ir.List(ir.Text())),
            ir.Field("author", author, optional=True),
        ),
        "Post",
    )
    names = {**NAMES, "post": post, "posts": ir.List(post), "previous": ir.Text()}
    start, end = use.name.root.start, use.name.root.end
    if use.root == "maybe" and not use.tested:
        return Fault(rule=MAYBE_NOT_RUN, start=start, end=end, message="may not have run")
    if use.root == "maybe":
        return ir.Text()
    fault = Fault(rule=UNKNOWN_NAME, start=start, end=end, message="unknown name")
    return names.get(use.root, fault)


def filter_faults(text: str, known: dict[str, ir.Type] | None) -> tuple[Fault, ...]:
    parsed = parse_filter(text)
    assert parsed.tree is not None
    assert not parsed.faults
    return check_filter(parsed.tree, known)


def condition_faults(text: str) -> tuple[Fault, ...]:
    parsed = parse_condition(text)
    assert parsed.tree is not None
    assert not parsed.faults
    return check_condition(parsed.tree, scope)


def lines(cases: str) -> list[str]:
    return [line.strip() for line in cases.strip().splitlines()]


def test_faults_of_filters(snapshot: SnapshotAssertion) -> None:
    known = columns()
    told = [underlined(text, filter_faults(text, known)) for text in lines(FAULTY_FILTERS)]
    assert "\n\n".join(told) == snapshot


def test_faults_of_conditions(snapshot: SnapshotAssertion) -> None:
    told = [underlined(text, condition_faults(text)) for text in lines(FAULTY_CONDITIONS)]
    assert "\n\n".join(told) == snapshot


@pytest.mark.parametrize("text", lines(FAULTY_FILTERS))
def test_every_faulty_filter_has_a_fault(text: str) -> None:
    assert filter_faults(text, columns())


@pytest.mark.parametrize("text", lines(FAULTY_CONDITIONS))
def test_every_faulty_condition_has_a_fault(text: str) -> None:
    assert condition_faults(text)


@pytest.mark.parametrize("text", lines(CLEAN_FILTERS))
def test_clean_filters_are_left_alone(text: str) -> None:
    assert filter_faults(text, columns()) == ()
    assert filter_faults(text, None) == ()


@pytest.mark.parametrize("text", lines(CLEAN_CONDITIONS))
def test_clean_conditions_are_left_alone(text: str) -> None:
    assert condition_faults(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "a > 5 and a < 'x'",
        "a = 1 and a = '1'",
        "a and b",
        "a is null",
        "a = b and b = c",
        "a > '2026-01-01'",
        "a or 'x' = b",
    ],
)
def test_an_unknown_schema_invents_nothing(text: str) -> None:
    assert filter_faults(text, None) == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a > 5 and a < 3", "BOT407"),
        ("a = null", "BOT407"),
        ("lower(a) = 3", "BOT403"),
        ("a like 3", "BOT403"),
        ("a + 'x' = b", "BOT403"),
        ("sqrt(a) = 3", "BOT404"),
        ("1 = 1", "BOT407"),
    ],
)
def test_an_unknown_schema_is_checked_as_far_as_it_goes(text: str, code: str) -> None:
    assert [fault.rule.code for fault in filter_faults(text, None)] == [code]


def test_orders_and_columns_are_checked() -> None:
    order = parse_order("rating desc, creatd_at, tags").tree
    assert order is not None
    assert [fault.rule.code for fault in check_order(order, columns())] == ["BOT402", "BOT403"]
    assert check_order(order, None) == ()
    reference = parse_reference("table posts(titel, body) where ratng > 1 order by x").tree
    found = check_reference(reference, columns())  # type: ignore[arg-type]
    assert [(fault.rule.code, fault.start) for fault in found] == [
        ("BOT402", 12),
        ("BOT402", 31),
        ("BOT402", 50),
    ]


def test_what_did_not_parse_is_not_checked_again() -> None:
    parsed = parse_filter("titel = and rating = '3'")
    assert [fault.rule.code for fault in parsed.faults] == ["BOT401"]
    assert parsed.tree is not None
    found = check_filter(parsed.tree, columns())
    assert [fault.rule.code for fault in found] == ["BOT402", "BOT403"]
