"""Parsing: exact places, all independent faults, and no text that raises or hangs."""

from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import nodes
from syrupy.assertion import SnapshotAssertion

from botticelli.compiler.semantics.templates import compile_template
from botticelli.compiler.templates.parsing import parse

FAULTY = [
    "{{ a",
    "Hello {{ name, how's it going?",
    "{{ a and {{ b }}",
    "{{ name } and {{ x }}",
    "{% if x }} a {% endif %}",
    "{{ x %} b",
    "{{ }}",
    "{% %}",
    "{{ a b }}",
    "{{ a | }}",
    "{{ a is }}",
    "{{ a. }}",
    "{{ a + }}",
    "{% if a = 1 %}x{% endif %}",
    "{% if %}a{% else %}b{% endif %}",
    "{% fro x in y %}{{ x }}{% endfor %}",
    "{% for x in y %}{{ x }}{% endfro %}",
    "{% for x of y %}{% endfor %}",
    "{% if a %}{% for x in y %}{% endif %}",
    "{% for x in y %}{% endif %}",
    "{% for x in y %}{% endif %}{% endfor %}",
    "{% if a %}{% elseif b %}{% endif %}",
    "{% if a %}{% else if b %}{% endif %}",
    "{% if a %}{% else %}{% else %}{% endif %}",
    "{% else %}",
    "{% if a %}",
    "{% endif %}",
    "{% include 'x' %}{% block a %}b{% endblock %}{% import 'a' as b %}",
    "{% autoescape true %}{% endautoescape %}{% do x %}{% break %}",
    "{# open",
    "{% raw %}{{ x",
    '{"a": {{"b": 1}}}',
    "{{ (a }} {{ b) }} {{ [c) }}",
    "{{ a && b }} {{ !a }} {{ a ? b : c }} {{ “a” }}",
    "{{ 'abc }}",
    "{{ '\\x' }}",
    "{{ f(a=1, 2) }} {{ a is b is c }}",
    "{% set 1 = 2 %}",
    "{{ a b }}\r\n{{ c }}\r\n{{ d e }}",
    "{{ a }}{%- if b -%} x {%- endif -%} {{ c",
    "{{ " + "(" * 33 + ")" * 33 + " }}",
]


@pytest.mark.parametrize("text", FAULTY)
def test_faults(text: str, snapshot: SnapshotAssertion) -> None:
    parsed = parse(text)
    said = [
        f"{fault.start}-{fault.end} {text[fault.start : fault.end]!r}: {fault.message}"
        + (f" [{fault.help}]" if fault.help else "")
        + "".join(f" ({text[m.start : m.end]!r}: {m.message})" for m in fault.marks)
        + "".join(f" => {text[: e.start]}{e.text}{text[e.end :]}" for e in fault.edits)
        for fault in parsed.faults
    ]
    assert said == snapshot
    assert {fault.rule.code for fault in parsed.faults} == {"BOT301"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain } text %} #}",
        "{{ a }}{# comment {{ x }} #}{% raw %}{{ not }}{% endraw %}",
        "{% for a, b in x.items() if a recursive %}{{ loop(b) }}{% else %}-{% endfor %}",
        "{%- set x = {'a': [1, (2, 3)]} -%}{{ x['a'][0:1] | map('string') | join(', ') }}",
        "{% set x | upper %}{{ y }}{% endset %}{% filter trim %}{% endfilter %}",
        "{% macro m(a, b=1) %}{{ caller(a) }}{% endmacro %}{% call(z) m(1) %}{{ z }}{% endcall %}",
        "{% with a = 1, b = 2 %}{% endwith %}{% print a, b %}",
        "{{ a if b else c }} {{ not a }} {{ a not in b }} {{ a is not none }} {{ -1 ** 2 }}",
        "{{ {'a': {'b': 1}} }}",
    ],
)
def test_sound_templates_have_no_faults(text: str) -> None:
    parsed = parse(text)
    assert parsed.faults == []
    assert parsed.intact
    assert parsed.tree is not None


NAMES = st.sampled_from(["draft", "post", "Ünal", "a", "x_1"])
GAPS = st.sampled_from(["", " ", "\n", "\r\n", " \t"])


@st.composite
def expressions(draw: st.DrawFn, depth: int = 3) -> str:
    gap = draw(GAPS)
    if depth == 0:
        return draw(NAMES)
    inner = draw(expressions(depth=depth - 1))
    form = draw(st.integers(0, 8))
    other = draw(expressions(depth=depth - 1))
    return [
        f"{inner}",
        f"{inner}{gap}.{gap}field",
        f"{inner}[{gap}'key']",
        f"{inner}[{gap}{other}]",
        f"({inner}{gap}|{gap}upper)",
        f"({inner}{gap}~ {other})",
        f"({inner} if {other} else 'text')",
        f"[{inner},{gap}{{'k': {other}}}]",
        f"({inner} is{gap} defined)" if gap else inner,
    ][form]


@st.composite
def templates(draw: st.DrawFn) -> str:
    parts = []
    for _ in range(draw(st.integers(1, 4))):
        expression = draw(expressions())
        sign = draw(st.sampled_from(["", "-"]))
        text = draw(st.sampled_from(["", " ", "Text\r\n", "ä\n\n", "{# {{ x }} #}", "}"]))
        form = draw(st.integers(0, 3))
        parts.append(text)
        parts.append(
            [
                f"{{{{{sign} {expression} {sign}}}}}",
                f"{{%{sign} if {expression} {sign}%}} {text} {{%- endif %}}",
                f"{{% for item in {expression} %}}{{{{ item }}}}{{% endfor {sign}%}}",
                f"{{% set name = {expression} {sign}%}}",
            ][form]
        )
    return "".join(parts)


@given(templates())
def test_every_name_field_filter_and_test_is_where_it_says(text: str) -> None:
    parsed = parse(text)
    assert parsed.faults == []
    assert parsed.tree is not None
    for name in parsed.tree.find_all(nodes.Name):
        start, end = parsed.token_range(name.lineno)
        assert text[start:end] == name.name
    for field in parsed.tree.find_all(nodes.Getattr):
        start, end = parsed.token_range(parsed.last_token(field))
        assert text[start:end] == field.attr
        start, end = parsed.chain_range(field)
        assert text[start:end].endswith(field.attr)
    for item in parsed.tree.find_all(nodes.Getitem):
        _, end = parsed.chain_range(item)
        assert text[end - 1] == "]"
    for part in parsed.tree.find_all(nodes.Filter):
        start, end = parsed.token_range(part.lineno)
        assert text[start:end] == part.name


@given(st.text(alphabet="{}%#-()[]'\"|.~= abif\r\nendfors$\\0", max_size=60))
def test_no_text_raises(text: str) -> None:
    for expand in (False, True):
        parsed = parse(text, expand_dollar=expand)
        for fault in parsed.faults:
            assert 0 <= fault.start <= fault.end <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{" * 200_000,
        "{%" * 200_000,
        "{#" * 200_000,
        "}}" * 200_000,
        "{{ " + "(" * 100_000,
        "{{ " + "[" * 100_000 + "}}",
        "{% if x %}" * 10_000,
        "{% if x %}" * 10_000 + "{% endfor %}" * 10_000,
        "{% endif %}" * 30_000,
        "{% fro %}" * 30_000,
        "{{ x }" * 100_000,
        "{{ x y }}" * 10_000,
        "{{ '" * 100_000,
        "{{ " + "1 + " * 30_000 + "1 }}",
        "{{ " + "not " * 20_000 + "x }}",
        "{{ " + "-" * 20_000 + "x }}",
        "{{ x" + ".a" * 20_000 + " }}",
        "{{ x" + "|upper" * 20_000 + " }}",
        "{{ a " + "if b else c " * 5_000 + "}}",
        "{{ " + "9" * 100_000 + " }}",
        "${a b}" * 50_000,
        "x" * 2_000_000,
    ],
    ids=lambda text: text[:20],
)
def test_hostile_texts_are_refused_soon(text: str) -> None:
    start = monotonic()
    parsed = parse(text, expand_dollar=True)
    assert monotonic() - start < 8
    assert parsed.faults or text[0] in "x}"
    assert len(parsed.faults) <= 40


@pytest.mark.parametrize(
    ("start", "part", "end"),
    [
        ("{{ x", "|upper", " }}"),
        ("{{ x", ".a", " }}"),
        ("{{ x", "()", " }}"),
        ("{{ ", "1 + ", "1 }}"),
        ("{{ ", "not ", "x }}"),
        ("{{ ", "-", "x }}"),
        ("{{ x", " if x else x", " }}"),
        ("{{ ", "(", "x{} }}"),
        ("{{ ", "[", "x{} }}"),
        ("", "{% if x %}", ""),
        ("", "{% for i in x %}", ""),
        ("", "{% set y %}", ""),
        ("", "{% macro m() %}", ""),
        ("", "{% filter upper %}", ""),
    ],
)
def test_what_the_checker_lets_pass_compiles(start: str, part: str, end: str) -> None:
    closers = {"(": ")", "[": "]"}
    for count in (8, 16, 17, 31, 32, 33, 60, 110, 130, 400):
        text = start + part * count + end.replace("{}", closers.get(part, "") * count)
        if part.startswith("{%"):
            text = start + part * count + ("{% end" + part.split()[1] + " %}") * count
        if not parse(text).faults:
            compile_template(text)
        else:
            assert count > 16
