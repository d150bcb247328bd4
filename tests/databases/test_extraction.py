"""JSON in answers: where it is found, what is mended, and that nothing is made up."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botticelli.runtime.content.extraction import COMMA, CONTROL, CUT, extract

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda part: (
        st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=5), part, max_size=3)
    ),
    max_leaves=6,
)
objects = st.dictionaries(st.text(max_size=6), values, min_size=1, max_size=4)
lists = st.lists(objects, min_size=1, max_size=4)
prose = st.text("abc .,:'\n!", max_size=30)


@given(objects | lists, prose, prose, st.sampled_from(["bare", "fence", "json fence"]))
def test_json_is_found_among_words(value, before, after, form):
    written = json.dumps(value, indent=1)
    if form != "bare":
        written = f"\n```{'json' if form.startswith('json') else ''}\n{written}\n```\n"
    found = extract(f"{before}{written}{after}")
    assert found is not None
    assert list(found.records) == (value if isinstance(value, list) else [value])
    assert found.mended == ()


@given(lists, st.data())
def test_a_cut_answer_gives_a_part_of_what_was_said(rows, data):
    written = json.dumps(rows)
    found = extract(written[: data.draw(st.integers(0, len(written)))])
    if found is None:
        return
    assert len(found.records) <= len(rows)
    for part, whole in zip(found.records, rows, strict=False):
        assert is_part(part, whole)
    if len(found.records) == len(rows) and list(found.records) == rows:
        return
    assert found.mended == (CUT,)


def is_part(part, whole) -> bool:
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and is_part(value, whole[key]) for key, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return len(part) <= len(whole) and all(map(is_part, part, whole))
    if isinstance(part, str) and isinstance(whole, str):
        # Half of a pair of surrogates may be missing at the end.
        halves = (each.encode("utf-16-le", "surrogatepass") for each in (whole, part))
        return next(halves).startswith(next(halves))
    return part == whole and type(part) is type(whole)


@pytest.mark.parametrize(
    ("text", "records", "mended"),
    [
        ('{"a": 1,}', [{"a": 1}], (COMMA,)),
        ('[{"a": [1, 2,],},]', [{"a": [1, 2]}], (COMMA,)),
        ('{"a": "one\ntwo"}', [{"a": "one\ntwo"}], (CONTROL,)),
        ('Here: {"a": 1, "b": "tw', [{"a": 1, "b": "tw"}], (CUT,)),
        ('{"a": "x", "price": 12', [{"a": "x"}], (CUT,)),
        ('{"a": "x", "price": 12,', [{"a": "x", "price": 12}], (CUT,)),
        ('{"a": "x", "b": tru', [{"a": "x"}], (CUT,)),
        ('[{"a": 1}, {"b', [{"a": 1}], (CUT,)),
        ('{"a": "x\\u00', [{"a": "x"}], (CUT,)),
        ('```json\n[{"a": 1}, {"a": 2', [{"a": 1}], (CUT,)),
        ('{"a": 1}\n{"a": 2}\n', [{"a": 1}, {"a": 2}], ()),
        ('{"a": 1} and the result:\n[{"a": 2}, {"a": 3}]', [{"a": 2}, {"a": 3}], ()),
        ('{"long": "xxxxxxxxxxxxxxxxxxx"}\n```\n{"a": 1}\n```', [{"a": 1}], ()),
        ("[]", [], ()),
        ('{"a": "}```{"}', [{"a": "}```{"}], ()),
    ],
)
def test_what_is_found(text, records, mended):
    found = extract(text)
    assert found is not None
    assert (list(found.records), found.mended) == (records, mended)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No JSON here, only {braces} and [1, 2].",
        "{a: 1}",
        "{'a': 1}",
        '{"a": 007}',
        '{"a": NaN}',
        '{"a": 1e999}',
        '{"a": True}',
        '{"a": 1]',
        '{"',
        "[1, 2, 3]",
        '"text"',
        "[" * 5_000,
    ],
)
def test_what_is_no_object_is_not_made_one(text):
    assert extract(text) is None


@pytest.mark.parametrize("piece", ['{"a"', '{"a": "x", ', '[{"', "[", '{"a": [', '"{'])
def test_hostile_answers_take_no_long_time(piece):
    extract(piece * (400_000 // len(piece)))
