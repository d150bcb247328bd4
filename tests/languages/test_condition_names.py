"""Which names a condition uses, and which it makes certain."""

import pytest

from botticelli.compiler.languages.conditions import parse_condition
from botticelli.compiler.languages.names import ensured, names_used


def tree(text: str):
    parsed = parse_condition(text)
    assert parsed.tree is not None
    assert parsed.faults == ()
    return parsed.tree


def test_names_are_found_in_order_with_their_places() -> None:
    text = "a.b > 3 and (c is null or d[0] = a)"
    uses = names_used(tree(text))
    found = [text[use.name.start : use.name.end] for use in uses]
    assert found == ["a.b", "c", "d[0]", "a"]
    assert [use.tested for use in uses] == [False, True, False, False]


@pytest.mark.parametrize(
    ("text", "guarded"),
    [
        ("a is not null and a = 1", True),
        ("a = 1 and a is not null", True),
        ("a is null or a = 1", True),
        ("a is not null and (b = 1 or a = 1)", True),
        ("not (a is null) and a = 1", True),
        ("a is not null or a = 1", False),
        ("a is null and a = 1", False),
        ("(a is not null or b = 1) and a = 1", False),
        ("b is not null and a = 1", False),
    ],
)
def test_a_test_beside_a_use_guards_it(text: str, guarded: bool) -> None:
    use = next(use for use in names_used(tree(text)) if use.root == "a" and not use.tested)
    assert use.guarded is guarded


@pytest.mark.parametrize(
    ("text", "true", "otherwise"),
    [
        ("a is not null", {"a"}, set()),
        ("a is null", set(), {"a"}),
        ("not (a is null)", {"a"}, set()),
        ("a.b is not null", {"a"}, set()),
        ("a is not null and b is not null", {"a", "b"}, set()),
        ("a is not null or b is not null", set(), set()),
        ("a is null or b is null", set(), {"a", "b"}),
        ("a is not null and c > 3", {"a"}, set()),
        ("(a is not null and b > 1) or (a is not null and b < 1)", {"a"}, set()),
        ("c > 3", set(), set()),
    ],
)
def test_what_a_condition_makes_certain(text: str, true: set[str], otherwise: set[str]) -> None:
    assert ensured(tree(text)) == true
    assert ensured(tree(text), outcome=False) == otherwise
