"""What is written of rows reads back: JSON, CSV and Markdown, cut after a whole row or not."""

import csv
import html
import io
import json
import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botticelli.compiler.semantics.rows import CSV, FORMATS, JSON, MARKDOWN, format_rows
from botticelli.compiler.semantics.templates import printed

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
moments = st.datetimes(timezones=st.just(UTC)) | st.dates()
nested = st.lists(texts | numbers, max_size=3) | st.dictionaries(texts, numbers, max_size=2)
values = st.none() | st.booleans() | texts | numbers | moments | nested
names = st.lists(texts.filter(bool), min_size=1, max_size=4, unique=True)
tables = names.flatmap(
    lambda columns: st.tuples(
        st.just(columns),
        st.lists(st.fixed_dictionaries(dict.fromkeys(columns, values)), max_size=5),
    )
)


@given(tables)
def test_json_reads_back(table):
    columns, rows = table
    text, count = format_rows(rows, columns, JSON)
    assert count == len(rows)
    read = json.loads(text)
    assert [list(row) for row in read] == [columns] * len(rows)
    assert read == [{name: plain(value) for name, value in row.items()} for row in rows]


def plain(value):
    return value.isoformat() if isinstance(value, datetime | date) else value


@given(tables)
def test_csv_reads_back(table):
    columns, rows = table
    text, _ = format_rows(rows, columns, CSV)
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert read == [columns, *([printed(row[name]) for name in columns] for row in rows)]


@given(tables)
def test_markdown_reads_back(table):
    columns, rows = table
    text, _ = format_rows(rows, columns, MARKDOWN)
    head, rule, *lines = text.removesuffix("\n").split("\n")
    assert cells(head) == [without_line_ends(name) for name in columns]
    assert cells(rule) == ["---"] * len(columns)
    assert [cells(line) for line in lines] == [
        [without_line_ends(printed(row[name])) for name in columns] for row in rows
    ]


def cells(line: str) -> list[str]:
    """Read a line of a table as Markdown does: cells between bars, escapes and entities undone."""
    found = re.findall(r"((?:[^\\|]|\\.)*)\|", line, re.DOTALL)
    return [unescaped(cell.strip(" ")) for cell in found[1:]]


def unescaped(cell: str) -> str:
    def one(match: re.Match[str]) -> str:
        text = match.group()
        return "\n" if text == "<br>" else text[1:] if text[0] == "\\" else chr(int(text[2:-1]))

    return re.sub(r"\\.|<br>|&#\d+;", one, cell, flags=re.DOTALL)


def without_line_ends(text: str) -> str:
    """All line ends are one in a cell."""
    return re.sub(r"\r\n|\r", "\n", text)


@given(tables, st.integers(0, 200))
def test_a_bound_cuts_after_a_row(table, bound):
    columns, rows = table
    for form in FORMATS:
        text, count = format_rows(rows, columns, form, bound)
        assert len(text.encode()) <= bound
        if count:
            assert text == format_rows(rows[:count], columns, form)[0]
        if count < len(rows):
            longer, _ = format_rows(rows[: count + 1], columns, form)
            assert len(longer.encode()) > bound


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (JSON, '[{"n": 1, "t": "a | \\"b\\""},\n {"n": null, "t": ""}]'),
        (CSV, 'n,t\n1,"a | ""b"""\n,""\n'),
        (MARKDOWN, '| n | t |\n| --- | --- |\n| 1 | a \\| "b" |\n|  |  |\n'),
    ],
)
def test_how_it_looks(form, text):
    rows = [{"t": 'a | "b"', "n": 1}, {"t": "", "n": None}]
    assert format_rows(rows, ["n", "t"], form) == (text, 2)
    assert html.unescape(text) == text
