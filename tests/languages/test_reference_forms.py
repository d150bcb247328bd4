"""References are told from prompts, and keep what their clauses say."""

import pytest

from botticelli.compiler.languages import lower
from botticelli.compiler.languages.ast import Reference, TableReference
from botticelli.compiler.languages.references import classify, is_reference, parse_reference

REFERENCES = {
    "bots.server_stats": "bots",
    "  bots.server-stats\n": "bots",
    'bots."server stats"': "bots",
    "media.logo": "media",
    "narratives.weekly": "narratives",
    "narrative:weekly": "narrative",
    "tables.recent": "table",
    "tables.recent where rating > 3": "table",
    "tables.recent LIMIT 5": "table",
    "tables.my-table\norder by x": "table",
    "tables.recent where": "table",
    "table posts": "table",
    "table posts(title, body)": "table",
    "table posts (title)": "table",
    'table "odd name" limit 3': "table",
    "TABLE posts consume": "table",
    "table posts as rows": "table",
}

PROMPTS = [
    "",
    "tables are nice",
    "tables.recent are nice",
    "tables.recent.",
    "tables.recent, then the rest",
    "tables.recentwhere a = 1",
    "table",
    "table of contents: one, two",
    "table of contents",
    "Table posts where a = 1",
    "A table posts where a = 1",
    "table posts limited to three",
    "table whereabouts unknown",
    "bots.x is a bot",
    "bots.",
    "bots.x.y",
    "Bots.x",
    "media.logo and media.other",
    "narratives.x, please",
    "narrative: once upon a time",
    "narrative:",
    "botsx",
    "{{ tables.recent }}",
    "Use tables.recent where rating > 3",
    "media.logo\n\nDescribe it.",
]


@pytest.mark.parametrize(("text", "kind"), REFERENCES.items())
def test_what_has_the_form_of_a_reference_is_one(text: str, kind: str) -> None:
    assert classify(text) == kind
    assert is_reference(text)


@pytest.mark.parametrize("text", PROMPTS)
def test_every_other_string_is_a_prompt(text: str) -> None:
    assert classify(text) is None
    assert parse_reference(text).tree is None
    assert parse_reference(text).faults == ()


def test_names_of_plain_references_have_their_place() -> None:
    tree = parse_reference('  bots."server stats"\n').tree
    assert isinstance(tree, Reference)
    assert (tree.kind, tree.name.value, tree.start, tree.end) == ("bots", "server stats", 2, 21)


def test_all_clauses_are_read_in_any_order() -> None:
    text = (
        "tables.recent format CSV as top_posts limit 5 offset 2 "
        "where rating > 3 order by rating desc, created_at consume"
    )
    tree = table(text)
    assert tree.resource is not None
    assert tree.resource.value == "recent"
    assert text[tree.resource.start : tree.resource.end] == "recent"
    assert tree.format is not None
    assert tree.format.value == "csv"
    assert tree.alias is not None
    assert tree.alias.value == "top_posts"
    assert tree.limit is not None
    assert tree.limit.value == 5
    assert tree.offset is not None
    assert tree.offset.value == 2
    assert tree.order is not None
    order = [(term.column, term.descending) for term in lower.order(tree.order)]
    assert order == [("rating", True), ("created_at", False)]
    assert tree.consume is not None
    assert set(tree.written) == {"format", "as", "limit", "offset", "where", "order", "consume"}


def test_a_table_in_place_has_columns() -> None:
    tree = table('table posts(title, "two words") sample 10')
    assert tree.table is not None
    assert tree.table.value == "posts"
    assert tree.columns is not None
    assert [column.name for column in tree.columns] == ["title", "two words"]
    assert tree.sample is not None
    assert tree.sample.value == 10


@pytest.mark.parametrize(
    "text",
    [
        "tables.x where format = 'short' and limit > 3 format csv limit 5",
        "table limit where offset in (1, 2) order by order desc, sample",
        "table order(where, as, consume) where by = 1 as format",
    ],
)
def test_words_of_clauses_are_names_where_only_a_name_can_stand(text: str) -> None:
    assert parse_reference(text).faults == ()


def table(text: str) -> TableReference:
    parsed = parse_reference(text)
    assert parsed.faults == ()
    assert isinstance(parsed.tree, TableReference)
    return parsed.tree
