"""Analysis: faults at exact places, facts on names, and bounds that no rendering passes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botticelli.compiler.ir.types import Field, Int, Json, List, Record, Text
from botticelli.compiler.semantics.templates import TableRows, compile_template, printed
from botticelli.compiler.templates.checking import check_prompt, check_value
from botticelli.compiler.templates.scope import (
    Absent,
    Bound,
    Maybe,
    Members,
    Names,
    NoPrevious,
    NotYet,
)

POST = Record(
    (
        Field("title", Text()),
        Field("rating", Int()),
        Field("tags", List(Text()), optional=True),
        Field("author", Record((Field("name", Text()),))),
    ),
    "Post",
)
SCOPE = Names(
    {
        "draft": Bound(type=Text()),
        "post": Bound(type=POST),
        "posts": Bound(type=List(POST), table=True, items=3),
        "rows": Bound(table=True),
        "later": NotYet(reason="it runs later"),
        "maybe": Maybe(bound=Bound(type=Text()), reason="it runs only in one branch"),
        "previous": NoPrevious(),
        "iteration": Absent(reason="there is no carousel"),
        "trigger": Bound(type=Json()),
        "env": Members(open_type=Text()),
        "state": Members(open_type=Text(), dotted=True),
        "vars": Members(members={"topic": Bound(type=Text())}),
    }
)


def found(text: str) -> list[tuple[str, str]]:
    return [
        (fault.rule.code, text[fault.start : fault.end])
        for fault in check_prompt(text, SCOPE).faults
    ]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("{{ drafft }}", [("BOT302", "drafft")]),
        ("a\n{{ draft }} {{ x }}\n{{ y.z }}", [("BOT302", "x"), ("BOT302", "y")]),
        ("{{ draft|uper }}", [("BOT302", "uper")]),
        ("{{ draft is strng }}", [("BOT302", "strng")]),
        ("{{ draft is not strng }}", [("BOT302", "strng")]),
        ("{{ posts|map('uper')|select('od')|list }}", [("BOT302", "uper"), ("BOT302", "od")]),
        ("{{ posts|random }}", [("BOT302", "random")]),
        ("{{ draft|upper.x }}", [("BOT302", "upper.x")]),
        ("{{ vars.topc }}{{ vars['topic'] }}", [("BOT302", "topc")]),
        ("{{ iteration }}", [("BOT302", "iteration")]),
        ("{{ loop.index }}{{ caller() }}", [("BOT302", "loop"), ("BOT302", "caller")]),
        ("{% for x in posts %}{% endfor %}{{ x }}", [("BOT302", "x")]),
        ("{{ later }}", [("BOT303", "later")]),
        ("{{ previous|upper }}", [("BOT304", "previous")]),
        ("{{ post.titel }}", [("BOT305", "titel")]),
        ("{{ post['titel'] }}", [("BOT305", "titel")]),
        ("{{ post.author.nam }}", [("BOT305", "nam")]),
        ("{{ posts[0].titel }}", [("BOT305", "titel")]),
        ("{{ posts.title }}", [("BOT305", "title")]),
        ("{% for row in posts %}{{ row.titel }}{% endfor %}", [("BOT305", "titel")]),
        ("{% for row in posts[:2]|sort %}{{ row.titel }}{% endfor %}", [("BOT305", "titel")]),
        ("{% set p = posts|first %}{{ p.titel }}", [("BOT305", "titel")]),
        ("{{ posts|map(attribute='author.nam')|list }}", [("BOT305", "nam")]),
        ("{{ posts|sort(attribute='rating,titel') }}", [("BOT305", "titel")]),
        ("{{ posts|selectattr('titel', 'eqalto', 'x') }}",
            [("BOT305", "titel"), ("BOT302", "eqalto")]),
        ("{{ post.rating.x }}", [("BOT305", "x")]),
        ("{% for row in posts %}{{ loop.inde }}{% endfor %}", [("BOT305", "inde")]),
        ("{{ draft.title }}{{ draft.title() }}", [("BOT306", "title")]),
        ("{{ post.items }}{{ post.items()|list }}", [("BOT305", "items")]),
        ("{{ post.title.x }}", [("BOT306", "x")]),
        ("{{ draft.upper().x }}", [("BOT306", "x")]),
        ("{{ maybe }}", [("BOT308", "maybe")]),
        ("{% if maybe %}{{ maybe }}{% endif %}", [("BOT308", "maybe"), ("BOT308", "maybe")]),
        ("{% if maybe is defined %}{% else %}{{ maybe }}{% endif %}", [("BOT308", "maybe")]),
        ("{{ maybe is defined or maybe }}", [("BOT308", "maybe")]),
        ("{{ drafft|default('-') }}", [("BOT302", "drafft")]),
        ("{{ maybe.x is defined }}", [("BOT308", "maybe"), ("BOT306", "x")]),
    ],
)  # fmt: skip
def test_faults_stand_where_they_are(text: str, faults: list[tuple[str, str]]) -> None:
    assert sorted(found(text)) == sorted(faults)


@pytest.mark.parametrize(
    "text",
    [
        "{{ draft }} {{ draft.upper() }} {{ draft[0] }} {{ draft|length }} {{ draft.split()[0] }}",
        "{{ post.title }} {{ post.tags[0] }} {{ post.items()|list }} {{ post['author']['name'] }}",
        "{% for k, v in post.items() %}{{ k }}{{ v.x }}{% endfor %}",
        "{% for row in posts %}{{ loop.index }}/{{ loop.length }} {{ row.title }}{% endfor %}",
        "{% for row in rows %}{{ row.anything.at.all }}{% else %}none{% endfor %}",
        "{{ rows[0].x }} {{ rows|length }} {{ trigger.a.b[0] }} {{ posts[-1].title }}",
        "{% if maybe is defined %}{{ maybe }}{% endif %}",
        "{% if maybe is not none and maybe %}{{ maybe }}{% endif %}",
        "{% if maybe is not defined %}-{% else %}{{ maybe }}{% endif %}",
        "{{ maybe if maybe is defined else '-' }} {{ maybe|default('-') }} {{ maybe|d }}",
        "{% if not (maybe is undefined) %}{{ maybe }}{% endif %}",
        "{% if maybe is undefined %}a{% elif maybe %}{{ maybe }}{% endif %}",
        "{% set x = draft %}{{ x }}{% set y %}{{ x }}{% endset %}{{ y|trim }}",
        "{% set n = namespace(a=1) %}{% for i in range(3) %}{% set n.a = i %}{% endfor %}{{ n.a }}",
        "{% macro m(a, b=draft) %}{{ a.x }}{{ b }}{{ varargs }}{% endmacro %}{{ m(1) }}",
        "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}{% endcall %}",
        "{% with a = draft %}{{ a }}{% endwith %}{% filter upper %}{{ draft }}{% endfilter %}",
        "{{ range(3)|list }}{{ dict(a=1).a }}{{ cycler('a').next() }}{{ joiner()() }}",
        "{{ unknown is defined }} {{ unknown|default('x') }}",
        "{{ state.a.b.c }} {{ state['x.y'] }} {{ env.HOME }} {{ vars.topic.upper() }}",
        "{{ {'a': draft}.a }} {{ [1, 2][0] }} {{ 'x'.join([draft]) }} {{ '%s'|format(draft) }}",
        "{{ posts|map(attribute='author.name')|join(', ') }} {{ posts|groupby('rating') }}",
        "{% set post = whatever_else|default({}) %}{{ post.whatever }}",
    ],
)
def test_sound_templates_have_no_faults(text: str) -> None:
    assert found(text) == []


def test_proposals_and_reasons() -> None:
    (fault,) = check_prompt("{{ post.titel }}", SCOPE).faults
    assert fault.message == "`post` has no field `titel`"
    assert fault.help == "did you mean `title`?"
    assert fault.edits[0].text == "title"
    (fault,) = check_prompt("{{ draft.title }}", SCOPE).faults
    assert fault.help == "declare `output` for `draft` to give it fields"
    (fault,) = check_prompt("{{ maybe }}", SCOPE).faults
    assert fault.message == "`maybe` may not have run: it runs only in one branch"


def test_a_broken_statement_hides_no_names_but_blames_none() -> None:
    text = "{% for row of posts %}{{ row.title }}{% endfor %}{{ drafft }}"
    assert found(text) == [("BOT301", "of")]
    text = "{{ a b }}{{ drafft }}"
    assert found(text) == [("BOT301", "b"), ("BOT302", "drafft")]


def test_uses() -> None:
    text = (
        "{% for row in posts %}{{ row.title }}{{ post.tags[0] }}{% endfor %}{{ env.A ~ maybe|d }}"
    )
    analysis = check_prompt(text, SCOPE)
    assert [
        (use.name, use.path, text[use.start : use.end], use.in_loop, use.guarded)
        for use in analysis.uses
    ] == [
        ("posts", (), "posts", False, False),
        ("post", ("tags", 0), "post.tags[0]", True, False),
        ("env", ("A",), "env.A", False, False),
        ("maybe", (), "maybe", False, True),
    ]
    assert analysis.environment == {"A"}
    assert [analysis.flows_from(number) for number in range(4)] == [True] * 4


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{{ draft|length }}{{ post.rating }}{{ draft == 'x' }}{{ draft is string }}", set()),
        ("{% if draft %}a{% endif %}{{ posts|selectattr('title', 'eq', draft)|length }}", set()),
        ("{% for row in posts %}{{ row.rating + 1 }}{% endfor %}", set()),
        ("{% set x = draft %}{% set y = x|upper %}{{ y }}", {"draft"}),
        ("{% set x %}{{ draft }}{% endset %}{{ 'a' if x else 'b' }}", set()),
        ("{% for row in posts %}{% set t = row.title %}{{ t }}{% endfor %}", {"posts"}),
        ("{% macro m(a) %}{{ a }}{% endmacro %}{{ m(draft) }}", {"draft"}),
        ("{% macro m(a) %}{{ draft }}{% endmacro %}{{ m(1) }}", {"draft"}),
        ("{% set n = namespace() %}{{ n.a }}{% set n.a = draft %}", {"draft"}),
        ("{{ '%s' % draft }}{{ [post]|tojson }}{{ {'a': env.B}.a }}", {"draft", "post", "env"}),
        ("{{ 'a'|replace('a', draft) }}{{ post.title.split(draft)[0] }}", {"draft", "post"}),
        ("{% call(x) m(draft) %}{{ post.title }}{% endcall %}", {"m", "draft", "post"}),
    ],
)
def test_what_text_flows_into_the_result(text: str, names: set[str]) -> None:
    analysis = check_value(text, SCOPE)
    flowing = {u.name for number, u in enumerate(analysis.uses) if analysis.flows_from(number)}
    assert flowing == names


@pytest.mark.parametrize(
    ("text", "bounded"),
    [
        ("{{ draft }}{{ draft|upper|indent(2) }}{{ draft|replace('a', 'bc') }}", True),
        ("{% for row in posts %}{{ draft }}{% endfor %}", True),
        ("{% for row in rows %}{{ row.a }}{% endfor %}", True),
        ("{% for row in rows %}{{ draft }}{% endfor %}", False),
        ("{% for row in rows %}-{% endfor %}", False),
        ("{% for i in range(5) %}{{ draft }}{% endfor %}{{ draft * 3 }}", True),
        ("{{ draft * post.rating }}", False),
        ("{{ draft|replace('', 'x') }}", False),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", False),
    ],
)
def test_what_has_a_bound(text: str, bounded: bool) -> None:
    assert check_prompt(text, SCOPE).extent.bounded is bounded


def test_certain_text_is_what_every_rendering_holds() -> None:
    text = "a{{ draft }}b{% if draft %}long{{ draft }}{% else %}s{% endif %}{{ maybe|d('x') }}"
    assert check_prompt(text, SCOPE).certain == ("a", 0, "b", "s")


WORDS = st.text(alphabet='aß"\n\\<é\x00', max_size=6)
POSTS = st.fixed_dictionaries(
    {
        "title": WORDS,
        "rating": st.integers(-(10**12), 10**12),
        "tags": st.lists(WORDS, max_size=3),
        "author": st.fixed_dictionaries({"name": WORDS}),
    }
)
PIECES = st.sampled_from(
    [
        "text é",
        "{{ draft }}",
        "{{ draft|upper }}{{ draft|title }}",
        "{{ draft|indent(3) }}",
        "{{ draft|replace('a', 'bbb') }}{{ draft|e }}",
        "{{ draft|tojson }}{{ draft|urlencode }}{{ draft|wordwrap(1) }}",
        "{{ draft|truncate(4) }}{{ draft|center(9) }}{{ draft|trim }}",
        "{{ draft|list }}{{ draft.split('a') }}{{ draft.upper() }}{{ draft.replace('a', 'cc') }}",
        "{{ draft|length }}{{ post.rating * 2 + 1 }}{{ draft ~ draft }}{{ draft * 2 }}",
        "{{ post }}{{ post.tags|join(', ') }}{{ post.items()|list }}{{ post|tojson }}",
        "{{ posts }}{{ posts|tojson }}{{ posts|map(attribute='title')|list }}",
        "{{ posts|map(attribute='title')|map('upper')|join('--') }}",
        "{{ posts|map('upper')|list }}{{ post.tags|map('trim')|list }}{{ posts|join('-') }}",
        "{{ draft|sort }}{{ draft|unique|list }}{{ draft|reverse }}{{ draft|list|sort }}",
        "{{ [posts, post] }}{{ {'a': posts} }}{{ posts + [] }}{{ posts * 2 }}{{ [posts ~ '-'] }}",
        "{{ (posts or draft) }}{{ (posts if draft else [])|list }}{{ posts|groupby('rating') }}",
        "{% for c in posts ~ '' %}{{ c }}{% endfor %}{{ posts|striptags }}{{ post|dictsort }}",
        "{% for p in posts|default([]) %}{{ p.title }}{{ p.author.name }}{% endfor %}",
        "{% for p in posts %}{{ loop.index }}{{ p.title }}{{ p.rating }}{{ draft }}{% endfor %}",
        "{% for p in posts %}{{ p }}{% for t in p.tags %}{{ t }}{{ t }}{% endfor %}{% endfor %}",
        "{% set q = posts %}{% for a in q %}{% for b in q %}{{ b.title }}{% endfor %}{% endfor %}",
        "{% for p in posts %}{{ loop.previtem.title if loop.index > 1 else '' }}{% endfor %}",
        "{% for k, v in post.items() %}{{ k }}{{ v }}{% endfor %}",
        "{% for c in draft %}{{ c }}{% endfor %}",
        "{% if draft %}{{ draft }}x{% else %}{{ post.title }}{% endif %}",
        "{% set s %}{{ draft }}{{ draft }}{% endset %}{{ s }}{{ s|upper }}",
        "{{ [draft, post.title] }}{{ {'a': draft} }}{{ (draft, 1)|join }}",
        "{% filter upper %}{{ draft }}{% endfilter %}{% with x = draft %}{{ x }}{% endwith %}",
        "{{ posts|sort(attribute='rating')|first|d }}{{ posts[:1] }}{{ posts|batch(2)|list }}",
        "{{ posts|selectattr('rating', 'gt', 0)|map(attribute='title')|join(draft) }}",
        "{{ true }}{{ none }}{{ 1.5 }}{{ 123 }}{{ draft == '' }}{{ range(4) }}",
        "{{ draft if post.rating > 3 else post.title }}{{ draft or post.title }}",
    ]
)


@given(st.lists(PIECES, max_size=3), WORDS, POSTS, st.lists(POSTS, max_size=3))
def test_no_rendering_is_longer_than_its_bound(
    pieces: list[str], draft: str, post: dict, posts: list[dict]
) -> None:
    text = "".join(pieces)
    table = TableRows(posts, "\n".join(row["title"] for row in posts))
    names = {"draft": draft, "post": post, "posts": table}
    analysis = check_prompt(text, SCOPE)
    assert analysis.faults == ()
    rendered = compile_template(text).render(names)

    def size(number: int, as_json: bool) -> int:
        value = names[analysis.uses[number].name]
        for key in analysis.uses[number].path:
            value = value[key]
        if as_json and not isinstance(value, str):
            return len(json.dumps(value, ensure_ascii=False).encode())
        return len(printed(value).encode())

    extent = analysis.extent
    if extent.bounded:
        bound = extent.constant + sum(
            factor * size(flow.use, flow.as_json) for flow, factor in extent.flows.items()
        )
        assert len(rendered.encode()) <= bound
    position = 0
    for piece in analysis.certain:
        known = piece if isinstance(piece, str) else None
        if known is not None:
            position = rendered.index(known, position) + len(known)
