"""Rendering: how values print, what stays as written, and what is said of what is missing."""

import json

import pytest

from botticelli.compiler.semantics.templates import (
    DottedKeys,
    TableRows,
    TemplateError,
    compile_expression,
    compile_template,
)

POSTS = TableRows(
    [{"title": "Spring", "rating": 4, "items": ["a"]}, {"title": "Venus", "rating": 5}],
    "| title |\n| Spring |\n| Venus |",
)
NAMES = {
    "post": {"title": "Ä", "tags": ["x", "y"], "count": 3, "items": 7},
    "flag": True,
    "nothing": None,
    "ratio": 1.5,
    "posts": POSTS,
    "evil": "{{ post }} {% for x in y %} ${HOME}",
}


def render(source: str) -> str:
    return compile_template(source).render(NAMES)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("plain", "plain"),
        ("two\r\nlines\r\n", "two\nlines\n"),
        ("{{ flag }}\r\n", "true\n"),
        ("{{ nothing }}|{{ 'a' ~ nothing ~ flag ~ ratio }}", "|atrue1.5"),
        ("{{ post.tags }}", '["x", "y"]'),
        ("{{ post.items }} {{ post['count'] }}", "7 3"),
        ("{{ posts }}", POSTS.text),
        ("{{ 'T: ' ~ posts }}{{ 'T: ' + posts }}", f"T: {POSTS.text}T: {POSTS.text}"),
        ("{{ posts|length }} {{ posts[1].title }}", "2 Venus"),
        ("{% for row in posts %}{{ loop.index }}{{ row.title }} {% endfor %}", "1Spring 2Venus "),
        ("{{ posts|map(attribute='title')|join(', ') }}", "Spring, Venus"),
        ("{{ posts|map(attribute='rating') }}", "[4, 5]"),
        ("{{ [flag, nothing, 2]|join('-') }}", "true--2"),
        ("{{ posts|upper }}", POSTS.text.upper()),
        ("{{ post.tags|string ~ '<b>'|safe }}", '["x", "y"]<b>'),
        ("{{ '<'|tojson }}", '"<"'),
        ("{{ 'is %s' % flag }} {{ '%s/%d'|format(flag, 2) }}", "is true true/2"),
        ("{{ '{}'.format(post.tags) }}", '["x", "y"]'),
        ("{{ missing is defined }} {{ missing|default('-') }}", "false -"),
        ("{{ 'a' if not flag }}", ""),
        ("{{ '{{ flag }}' }}", "{{ flag }}"),
        ("{{ 1e3 }} {{ 7 // 2 }} {{ 2 ** 8 }}", "1000.0 3 256"),
    ],
)
def test_values_print_as_the_language_says(source: str, text: str) -> None:
    assert render(source) == text


def test_a_record_prints_as_json() -> None:
    assert json.loads(render("{{ post }}")) == NAMES["post"]
    assert "Ä" in render("{{ post }}")


@pytest.mark.parametrize("source", ["{{ evil }}", "{{ evil ~ '' }}", "{{ [evil]|join }}"])
def test_what_a_value_contains_is_never_expanded(source: str) -> None:
    assert render(source) == NAMES["evil"]


@pytest.mark.parametrize(
    ("source", "message", "line"),
    [
        ("a\n\n{{ absent }}", "nothing is named `absent`", 3),
        ("{{ post.body }}", "the record has no field `body`", 1),
        ("{% if absent %}{% endif %}", "nothing is named `absent`", 1),
        ("{{ absent == 1 }}", "nothing is named `absent`", 1),
        ("{% for x in absent %}{% endfor %}", "nothing is named `absent`", 1),
        (
            "{{ 1 }}\n{{ 'a' + 1 }}",
            "`+` takes two texts, but one side is a number; `~` joins as text",
            2,
        ),
        ("{{ 1 / 0 }}", "division by zero", 1),
        ("{{ posts.index }}", "a function is named here without being called, and has no text", 1),
        ("x\n{% include 'other' %}", "the tag `include` cannot be used here", 2),
    ],
)
def test_what_fails_says_why_and_where(source: str, message: str, line: int) -> None:
    with pytest.raises(TemplateError) as caught:
        render(source)
    assert (caught.value.message, caught.value.line) == (message, line)


def test_errors_repeat_no_value() -> None:
    with pytest.raises(TemplateError) as caught:
        compile_template("{{ 'x'.index(secret) }}{{ [1]|batch(secret) }}").render(
            {"secret": "s3cr3t"}
        )
    assert "s3cr3t" not in str(caught.value)


def test_renderings_are_repeatable() -> None:
    source = "{{ lipsum(2) }}"
    assert render(source) == render(source)
    with pytest.raises(TemplateError):
        render("{{ [1, 2]|random }}")


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("post.tags", ["x", "y"]),
        ("nothing", None),
        ("post.count + 1", 4),
        ("posts[0].title ~ '!'", "Spring!"),
        ("posts|map(attribute='title')", ["Spring", "Venus"]),
        ("flag", True),
        ("posts", list(POSTS)),
    ],
)
def test_an_expression_keeps_its_value(source: str, value: object) -> None:
    assert compile_expression(source).evaluate(NAMES) == value


@pytest.mark.parametrize("source", ["absent", "post.body", "a b", "", "1 }} {{ 2", "'a' * 10**10"])
def test_a_faulty_expression_is_an_error(source: str) -> None:
    with pytest.raises(TemplateError):
        compile_expression(source).evaluate(NAMES)


def test_keys_with_dots() -> None:
    state = DottedKeys({"a.b": "1", "a.c.d": "2", "x": "3"})
    source = "{{ state.a.b }}{{ state['a.b'] }}{{ state.a.c.d }}{{ state.x }}{{ state.a }}"
    rendered = compile_template(source).render({"state": state})
    assert rendered == '1123{"b": "1", "c.d": "2"}'
    with pytest.raises(TemplateError, match="no field `y`"):
        compile_template("{{ state.y }}").render({"state": state})


def test_text_without_tags_needs_no_template_engine() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from botticelli.compiler.semantics.templates import compile_template;"
        "assert compile_template('a } b').render({}) == 'a } b'; assert 'jinja2' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
