"""Hostile text: always a fault, never a traceback, and never more than linear time."""

import time

import pytest
from msgspec.json import encode

from botticelli.compiler.ir import types
from botticelli.compiler.languages import lower
from botticelli.compiler.languages.checking import check_condition, check_filter
from botticelli.compiler.languages.conditions import parse_condition
from botticelli.compiler.languages.filters import parse_filter
from botticelli.compiler.languages.orders import parse_order
from botticelli.compiler.languages.references import classify, parse_reference
from botticelli.compiler.languages.schemas import resolve_schemas
from botticelli.compiler.languages.types import parse_type

PARSERS = (parse_filter, parse_condition, parse_order, parse_type)

INJECTIONS = [
    "1; DROP TABLE posts",
    "' OR '1'='1",
    "status = '' OR 1=1 --",
    "status = 'x'; DELETE FROM posts WHERE 'a' = 'a'",
    "status = 'x' UNION SELECT password FROM users",
    "id = 1 UNION ALL SELECT null, null",
    "id = (SELECT max(id) FROM posts)",
    "exists (SELECT 1 FROM users)",
    "id in (select id from users)",
    "1 = 1 /* comment */",
    "1 = 1 # comment",
    "id = 1 OR sleep(5)",
    "id = 1 AND pg_sleep(5) is null",
    "id = 1 AND benchmark(1000000, md5('a'))",
    "load_extension('evil')",
    "id = 1 AND (SELECT count(*) FROM sqlite_master) > 0",
    "id = 1; ATTACH DATABASE '/tmp/x' AS x",
    "id = 1; PRAGMA writable_schema = 1",
    "title = 'a' || (select token from secrets)",
    "status = $$approved$$",
    "status = E'\\x27'",
    "status = 'a\\' OR 1=1 --'",
    "status = x'41'",
    "id = 0x1F",
    "id = 1 LIMIT 1",
    "id = 1 GROUP BY id HAVING 1 = 1",
    "id = @@version",
    "id = :id",
    "id = ?",
    "id = %s",
    "id::text = 'x'",
    "cast(id as text) = 'x'",
    "case when id = 1 then true else false end",
    "id = any(array[1, 2])",
    "title ~ '^a'",
    "title regexp 'a'",
    "title collate nocase = 'a'",
    "row(1, 2) = row(1, 2)",
    "id = 1 into outfile '/tmp/x'",
    "waitfor delay '0:0:5'",
    "exec xp_cmdshell('dir')",
    "{{ 7 * 7 }}; drop table posts",
    "{{ column }} {{ operator }} {{ value }}",
    "id {{ operator }} 1",
    "status = '{{ value }}'",
    "{% for x in y %}{{ x }}{% endfor %}",
    "id = 1\0or 1 = 1",
    "id = 1\u2028-- x",
    "id = \uff11",
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_nothing_but_the_language_is_accepted(text: str) -> None:
    parsed = parse_filter(text)
    assert parsed.faults or check_filter(parsed.tree, None)  # type: ignore[arg-type]


HUGE = {
    "open brackets": "(" * 100_000,
    "brackets": "(" * 100_000 + "a = 1" + ")" * 100_000,
    "brackets under the limit": "(" * 30_000 + "a" + ")" * 30_000,
    "closing brackets": ")" * 60_000,
    "square brackets": "list[" * 13_000,
    "not": "not " * 16_000 + "a",
    "signs": "- " * 30_000 + "1 = a",
    "sum": "a" + " + a" * 16_000 + " = 1",
    "text joined": "a" + " || a" * 13_000 + " = 'x'",
    "calls": "lower(" * 10_000 + "a",
    "commas": "," * 60_000,
    "operators": "= " * 30_000,
    "quotes": "'" * 65_001,
    "open templates": "{{" * 30_000,
    "odd templates": "{{ ' " * 13_000,
    "blocks": "{% " * 20_000,
    "back-quotes": "a ` " * 15_000,
    "double quotes": '"' * 65_001,
    "dots": "a" + "." * 60_000,
    "steps": "a" + "[" * 60_000,
    "megabyte of text": "a = '" + "x" * 1_000_000 + "'",
    "megabyte of words": "and " * 250_000,
    "megabyte of digits": "a = " + "9" * 60_000,
    "exponent": "a = 1e" + "9" * 60_000,
    "long name": "x" * 60_000 + " y",
    "no characters": "\0" * 60_000,
    "mixed": "a = 'x' and (b in (1, {{ x }}) or " * 1_900,
}


@pytest.mark.parametrize("name", HUGE)
def test_huge_text_is_one_fault_or_a_few_in_little_time(name: str) -> None:
    text = HUGE[name]
    start = time.process_time()
    for parse in PARSERS:
        parsed = parse(text)
        assert 0 < len(parsed.faults) <= 20
    parsed = parse_reference(f"tables.recent where {text}")
    assert 0 < len(parsed.faults) <= 20
    assert time.process_time() - start < 5


WIDE = {
    "and": " and ".join(f"a != {n}" for n in range(4_000)),
    "or": " or ".join(f"a = {n}" for n in range(4_000)),
    "in": f"a in ({', '.join(str(n) for n in range(10_000))})",
    "alternating": " or ".join(f"(a > {n} and a < {n + 2} and b = '{n}')" for n in range(1_200)),
    "columns": " and ".join(f"c{n} > {n}" for n in range(3_000)),
}


@pytest.mark.parametrize("name", WIDE)
def test_wide_filters_are_checked_in_linear_time(name: str) -> None:
    start = time.process_time()
    parsed = parse_filter(WIDE[name])
    assert parsed.faults == ()
    assert parsed.tree is not None
    check_filter(parsed.tree, None)
    check_filter(parsed.tree, {"a": types.Int(), "b": types.Text()})
    assert time.process_time() - start < 5


DEEP = {
    "not": "not " * 97 + "a = 1",
    "brackets": "not (" * 97 + "a = 1" + ")" * 97,
    "logic": "".join("a = 1 and (b = 2 or (" for _ in range(48)) + "a = 1" + "))" * 48,
    "sum": "a" + " + 1" * 97 + " = 100",
    "calls": "lower(" * 97 + "a" + ")" * 97 + " = 'x'",
}


@pytest.mark.parametrize("name", DEEP)
def test_as_deep_as_allowed_is_checked_and_lowered(name: str) -> None:
    for parse in (parse_filter, parse_condition):
        parsed = parse(DEEP[name])
        assert parsed.faults == ()
        assert parsed.tree is not None
        check_filter(parsed.tree, None)
        check_condition(parsed.tree, lambda _: types.Unknown())
        encode(lower.expression(parsed.tree))


@pytest.mark.parametrize(
    "prompt",
    [
        "tables.recent" + " " * 1_000_000 + "x",
        "table " * 200_000,
        " " * 1_000_000 + "bots.x y",
        "table {{" * 100_000,
        "bots." + "x" * 1_000_000 + " ",
        "narrative:" + "x-" * 500_000 + "!",
    ],
    ids=len,
)
def test_telling_prompts_apart_takes_no_time(prompt: str) -> None:
    start = time.process_time()
    classify(prompt)
    assert time.process_time() - start < 0.5


def test_schemas_without_end_are_refused() -> None:
    def fields(**types_by_name: str):
        return {name: parse_type(text).tree for name, text in types_by_name.items()}

    _, faults = resolve_schemas(
        {
            "Post": fields(author="Author?", title="text"),
            "Author": fields(posts="list[Post]"),
            "Self": fields(self="Self"),
            "Fine": fields(post="Post"),
        }
    )
    told = [(found.schema, found.field, found.fault.rule.code) for found in faults]
    assert told == [("Author", "posts", "BOT107"), ("Self", "self", "BOT107")]
    assert "`Author` → `Post` → `Author`" in faults[0].fault.message


def test_schemas_that_grow_without_bounds_are_refused() -> None:
    definitions = {
        f"S{n}": {"a": parse_type(f"S{n + 1}").tree, "b": parse_type(f"S{n + 1}").tree}
        for n in range(2_000)
    }
    start = time.process_time()
    records, faults = resolve_schemas({**definitions, "S2000": {}})
    assert time.process_time() - start < 5
    assert {found.fault.rule.code for found in faults} == {"BOT107"}
    assert len(records) == 2_001
