"""The older `${…}` forms: which texts are forms, and what they become."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botticelli.compiler.templates.checking import check_prompt, check_value, expand_dollar
from botticelli.compiler.templates.dollar import to_jinja
from botticelli.compiler.templates.scope import Bound, Members, Names

SCOPE = Names({"draft": Bound(), "env": Members(), "state": Members(dotted=True)})


@pytest.mark.parametrize(
    ("text", "jinja"),
    [
        ("${draft.title}", "{{ draft.title }}"),
        ("${draft.items[0].name}", "{{ draft.items[0].name }}"),
        ("${draft}", "{{ draft }}"),
        ("${other}", "{{ env.other }}"),
        ("${HOME}/$USER_NAME.png", "{{ env.HOME }}/{{ env.USER_NAME }}.png"),
        ("${env:TOKEN}", "{{ env.TOKEN }}"),
        ("${state:channel_id}", "{{ state.channel_id }}"),
        ("${state:channels.create.id}", "{{ state['channels.create.id'] }}"),
        ("{{ draft }} ${draft.a}", "{{ draft }} {{ draft.a }}"),
        ("{{ '$HOME' }}{% raw %}x{% endraw %}", "{{ '$HOME' }}{% raw %}x{% endraw %}"),
        ("{# $HOME #}", "{# $HOME #}"),
    ],
)
def test_forms_become_jinja(text: str, jinja: str) -> None:
    assert expand_dollar(text, {"draft"}) == jinja


@pytest.mark.parametrize(
    "text", ["$5.00", "$$", "$", "$100", "$$HOME", "a $ b", "$amount", "$Home", "US$", "{{ a }} $5"]
)
def test_other_dollars_are_text(text: str) -> None:
    assert expand_dollar(text, {"amount"}) == text


@pytest.mark.parametrize("text", ["${}", "${a b}", "${foo:bar}", "${HOME:-x}", "${fetch-it.x}"])
def test_what_is_almost_a_form_is_a_fault_where_forms_count(text: str) -> None:
    (fault,) = check_value(f"x {text} y", SCOPE).faults
    assert (fault.rule.code, fault.start, fault.end) == ("BOT301", 2, 2 + len(text))
    assert check_prompt(f"x {text} y", SCOPE).faults == ()


def test_forms_in_a_prompt_are_text_and_reported() -> None:
    text = "For ${draft.title}, not $HOME or $5: {{ draft }} ${state:a.b}"
    analysis = check_prompt(text, SCOPE)
    assert [(fault.rule.code, text[fault.start : fault.end]) for fault in analysis.faults] == [
        ("BOT307", "${draft.title}"),
        ("BOT307", "${state:a.b}"),
    ]
    assert [edit.text for fault in analysis.faults for edit in fault.edits] == [
        "{{ draft.title }}",
        "{{ state['a.b'] }}",
    ]


def test_uses_in_forms_have_the_places_of_the_original() -> None:
    text = "$HOME\r\n${draft.title} {{ draft }} ${state:a.b}"
    analysis = check_value(text, SCOPE)
    assert analysis.environment == {"HOME"}
    assert [(use.name, use.path, text[use.start : use.end]) for use in analysis.uses] == [
        ("env", ("HOME",), "$HOME"),
        ("draft", ("title",), "draft.title"),
        ("draft", (), "draft"),
        ("state", ("a.b",), "${state:a.b}"),
    ]


@given(st.text(alphabet="${}:.aAb [0]'\n", max_size=40))
def test_rewriting_keeps_all_that_is_no_form(text: str) -> None:
    rewritten = to_jinja(text, {"a"})
    assert ("$" in text) or rewritten.text == text
    for start in range(len(rewritten.text)):
        first, last = rewritten.layout.origin(start, start + 1)
        assert 0 <= first <= last <= len(text)
        if last - first == 1:
            assert text[first] == rewritten.text[start] or text[first] in ":${}"
