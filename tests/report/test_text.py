"""The format for people: pictures reviewed as golden files, and what must hold for any text."""

import re
from unicodedata import category, east_asian_width

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from samples import ALL, SAMPLES, at, diagnostics

from botticelli.compiler.diagnostics import Diagnostic, Label, Location
from botticelli.compiler.report import render
from botticelli.compiler.source import Source, Span
from botticelli.grammar import catalogue

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def as_text(found: list[Diagnostic], files: int | None = None) -> str:
    return render("text", found, color=False, files=files)


def finding(source: Source, start: int, end: int, note: str = "") -> Diagnostic:
    place = Location(source, Span(start, end))
    return Diagnostic(rule=catalogue.BAD_VALUE, message="here", location=place, note=note)


@pytest.mark.parametrize("name", SAMPLES)
def test_pictures(name, snapshot):
    assert as_text(SAMPLES[name], files=14) == snapshot


def test_colours(snapshot):
    assert render("text", ALL[:6], color=True, files=14) == snapshot


@pytest.mark.parametrize(
    ("found", "files", "said"),
    [
        ([], None, "No problems"),
        ([], 1, "No problems in 1 file"),
        ([], 14, "No problems in 14 files"),
        (ALL[:1], 1, "1 error in 1 file"),
        (ALL[:2], 14, "1 error and 1 warning in 1 of 14 files"),
        (ALL[:3], None, "1 error, 1 warning and 1 info in 1 file"),
        (ALL, 5, "14 errors, 1 warning and 1 info in 5 files"),
    ],
)
def test_the_last_line_sums_up(found, files, said):
    assert as_text(found, files).splitlines()[-1] == said


def test_a_line_of_a_megabyte_is_shown_around_its_span_quickly():
    source = Source("a.toml", "x" * 500_000 + "needle" + "日" * 500_000)
    output = as_text([finding(source, 500_000, 500_006, "here")])
    source_row, underline = output.splitlines()[3:5]
    assert len(output) < 1_000
    assert source_row.index("needle") == underline.index("^^^^^^ here")


def test_an_underline_does_not_hide_the_mark_that_it_is_for():
    source = Source("a.toml", "ne\u0301e")
    underline = as_text([finding(source, 2, 3)]).splitlines()[4]
    assert underline == "   │  ^"


def test_labels_of_another_file_get_an_excerpt_of_their_own():
    here, there = Source("here.toml", "a = 1\n"), Source("there.toml", "\n\nb = 2\n")
    found = Diagnostic(
        rule=catalogue.BAD_VALUE,
        message="both",
        location=at(here, "a"),
        labels=(Label("the other", at(there, "b")),),
    )
    output = as_text([found]).splitlines()
    assert "   ├─ there.toml:3:1" in output
    assert " 3 │ b = 2" in output
    assert "   │ - the other" in output


@given(diagnostics(), st.none() | st.integers(0, 20))
def test_any_text_can_be_rendered_and_commands_no_terminal(found, files):
    output = as_text(found, files)
    assert {c for c in output if category(c) in ("Cc", "Cs", "Zl", "Zp")} <= {"\n"}
    assert not set(output) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@given(diagnostics())
def test_colours_change_nothing_else(found):
    assert ANSI.sub("", render("text", found, color=True)) == as_text(found)


visible_characters = st.sampled_from("ab=' \t日語🎉\u0301\u202e\x1b\u200b-^│")


@given(st.text(visible_characters, min_size=1, max_size=24), st.data())
def test_the_underline_stands_under_its_characters(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    assume(not is_mark(text[start : start + 1] or " "))
    rows = as_text([finding(Source("a.toml", text), start, end)]).splitlines()
    source_row, underline = behind_gutter(rows[3]), behind_gutter(rows[4])
    columns = [c for c, stroke in enumerate(underline) if stroke == "^"]
    assert columns == list(range(columns[0], columns[-1] + 1))
    if start == end:
        assert columns == [len(cells(printed(text[:start])))]
    else:
        under = "".join(cells(source_row)[columns[0] : columns[-1] + 1])
        assert under.ljust(len(columns)).rstrip() == printed(text[start:end]).rstrip()


def behind_gutter(row: str) -> str:
    return row[len(" 1 │ ") :]


def printed(text: str) -> str:
    """What a reader sees of ``text``, without the marks that take no column."""
    shown = {"\t": "    ", "\u202e": "<U+202E>", "\x1b": "<U+001B>", "\u200b": "<U+200B>"}
    return "".join(shown.get(c, c) for c in text if not is_mark(c))


def cells(row: str) -> list[str]:
    """Each column of a row and the character that begins there (nothing in a wide one's second)."""
    columns: list[str] = []
    for character in row:
        if not is_mark(character):
            columns += [character, ""] if east_asian_width(character) == "W" else [character]
    return columns


def is_mark(character: str) -> bool:
    return category(character) == "Mn"


@given(
    st.integers(0, 400),
    st.integers(0, 400),
    st.sampled_from(["x", "日", "\t", "\x1b"]),
    st.sampled_from(["needle", "日本語", "\t", "<\x1b>"]),
)
def test_a_long_line_shows_what_is_underlined_and_fits(before, after, filler, needle):
    text = filler * before + needle + filler * after
    found = finding(Source("a.toml", text), before, before + len(needle), "found")
    rows = as_text([found]).splitlines()
    source_row, underline = behind_gutter(rows[3]), behind_gutter(rows[4])
    assert len(cells(source_row)) <= 92
    start, end = underline.find("^"), underline.rfind("^") + 1
    under = "".join(cells(source_row.ljust(100))[start:end])
    assert under == printed(needle)


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), min_size=1, max_size=7))
def test_no_label_hides_another(ranges):
    text = "a line of text\n" * 3 + "z" * 150
    source = Source("a.toml", text)
    places = [Location(source, Span(min(r), min(max(r), len(text)))) for r in ranges]
    found = Diagnostic(
        rule=catalogue.BAD_VALUE,
        message="m",
        location=places[0],
        note="NOTE 0.",
        labels=tuple(Label(f"NOTE {n}.", place) for n, place in enumerate(places[1:], 1)),
    )
    output = as_text([found])
    assert [output.count(f"NOTE {n}.") for n in range(len(places))] == [1] * len(places)
