"""Hostile templates: nothing escapes, nothing hangs, nothing grows without end."""

from time import monotonic

import pytest

from botticelli.compiler.semantics.templates import TemplateError, compile_template

ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ x.__init__.__globals__ }}",
    "{{ x|attr('__class__') }}",
    "{{ x['__class__'] }}",
    "{{ [x]|map(attribute='__class__')|list }}",
    "{{ '{0.__class__}'.format(x) }}",
    "{{ '{0.__class__.__mro__}'.format_map({}) }}",
    "{{ self.__init__.__globals__.__builtins__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ range.__class__ }}",
    "{{ dict.mro() }}",
    "{{ dict.__base__ }}",
    "{{ loop.__class__ }}",
    "{% for a in [1] %}{{ loop._iterable }}{% endfor %}",
    "{% macro m() %}{% endmacro %}{{ m._func.__globals__ }}",
    "{% macro m() %}{% endmacro %}{{ m._environment }}",
    "{{ x.encode().__class__ }}",
    "{{ x|map('attr', '__class__')|list }}",
    "{% set n = namespace() %}{% set n.__class__ = x %}{{ n.__class__ }}",
    "{{ rows.append(1) }}",
    "{{ rows.clear() }}",
    "{{ record.update({'a': 1}) }}",
    "{{ record.pop('a') }}",
    "{{ missing._undefined_obj }}",
    "{% import 'os' as os %}",
    "{% from 'os' import path %}",
    "{% include '/etc/passwd' %}",
    "{% extends 'base' %}",
    "{{ get_flashed_messages }}",
    "{{ config }}",
    "{{ (1).to_bytes(1000000000, 'big') }}",
    "{{ x.gi_frame }}",
]

HOSTILE = [
    "{{ 'a' * 10**10 }}",
    "{{ 10**10 * 'a' }}",
    "{{ [1] * 10**10 }}",
    "{{ 9**(9**9) }}",
    "{{ 9.0**9999 }}",
    "{{ (2**4000 * 2**4000)|string }}",
    "{% for i in range(10**9) %}{% endfor %}",
    "{% for i in range(10**5) %}{% for j in range(10**5) %}{% endfor %}{% endfor %}",
    "{% for i in range(10**5) %}" + "x" * 10_000 + "{% endfor %}",
    "{% set t %}{% for i in range(10**5) %}" + "x" * 10_000 + "{% endfor %}{% endset %}",
    "{% set x = 'aaaaaaaaaa' %}" + "{% set x = x ~ x %}" * 60,
    "{% set x = 'aaaaaaaaaa' %}" + "{% set x = x + x %}" * 60,
    "{% set x = [1] %}" + "{% set x = x + x %}" * 60,
    "{% set x %}" + "a" * 100 + "{% endset %}" + "{% set x %}{{ x }}{{ x }}{% endset %}" * 60,
    "{% set n = namespace(a='a') %}{% for i in range(99) %}{% set n.a = n.a ~ n.a %}{% endfor %}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    "{% for x in rows recursive %}{{ loop(rows) }}{% endfor %}",
    "{{ 'a'|center(10**10) }}",
    "{{ 'a\n'|indent(10**10) }}",
    "{{ ('a\n' * 10**6)|indent(10**6) }}",
    "{{ 'a'.ljust(10**10) }}",
    "{{ 'a'.zfill(10**10) }}",
    "{{ ('a' * 10**6).replace('', 'b' * 10**6) }}",
    "{{ ('a' * 10**6)|replace('a', 'b' * 10**6) }}",
    "{{ range(10**5)|join('a' * 10**6) }}",
    "{{ ('a' * 10**6).join(range(10**5)) }}",
    "{{ '%9999999999d' % 1 }}",
    "{{ '%*d' % (10**9, 1) }}",
    "{{ '%9999999999d'|format(1) }}",
    "{{ '{:9999999999}'.format(1) }}",
    "{{ '{:{}}'.format(1, 9999999999) }}",
    "{{ [1]|batch(10**10, 'x')|list }}",
    "{{ [1]|slice(10**10)|list }}",
    "{{ 1.5|round(10**9, 'floor') }}",
    "{{ rows|tojson(10**9) }}",
    "{{ lipsum(10**9) }}",
    "{{ ('<!-- -->' * 10**6)|striptags }}",
    "{{ ('a ' * 10**6)|wordwrap(1) }}",
    "{{ ('www.a.b ' * 10**6)|urlize }}",
    "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "{{ " + "[" * 100_000,
    "{{ " + "1 + " * 20_000 + "1 }}",
    "{{ x" + "|upper" * 20_000 + " }}",
    "{{ x" + ".a" * 20_000 + " }}",
    "{{ " + "not " * 20_000 + "x }}",
    "{% if x %}" * 10_000,
    "{% if x %}" * 200 + "{% endif %}" * 200,
    "{% for i in rows %}" * 30 + "{% endfor %}" * 30,
    "{{ " + "9" * 100_000 + " }}",
    "{{" * 100_000,
    "{%" * 100_000,
    "{#" * 100_000,
]


@pytest.mark.parametrize("source", ESCAPES)
def test_nothing_escapes(source: str) -> None:
    names = {"x": "text", "rows": [1], "record": {"a": 1}}
    with pytest.raises(TemplateError):
        compile_template(source).render(names)
    assert names == {"x": "text", "rows": [1], "record": {"a": 1}}


@pytest.mark.parametrize("source", HOSTILE, ids=lambda source: source[:50])
def test_what_is_too_much_is_an_error_and_soon(source: str) -> None:
    start = monotonic()
    with pytest.raises(TemplateError):
        compile_template(source).render({"x": "x", "rows": [1, 2]})
    assert monotonic() - start < 8
