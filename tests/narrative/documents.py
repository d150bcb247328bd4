"""Random narrative files: the language's keys, with right and wrong values in right and wrong
places, written as TOML or YAML."""

import json
from typing import Any

from hypothesis import strategies as st

NAMES = ("a", "b", "draft", "helper", "stats", "x-mine")
KEYS = (
    *("narrative", "narratives", "toc", "acts", "act", "bots", "tables", "media", "schemas"),
    *("characters", "carousel", "security", "triggers", "name", "order", "parallel", "if", "then"),
    *("else", "repeat", "iterations", "until", "prompt", "input", "inputs", "model", "retry"),
    *("temperature", "timeout", "stop", "thinking", "type", "ref", "text", "file", "url", "mime"),
    *("platform", "command", "args", "table_name", "where", "where_clause", "sample", "order_by"),
    *("policy", "constraints", "content", "schedule", "webhook", "act_name", "scene", "output"),
    *("when", "with", "budget", "limits", "every", "on_exhausted", "persona", "ref", "promt"),
)
TEXTS = (
    *("", " ", "a", "b", "draft", "helper", "Write.", "bots.stats", "bots.nothing", "media.a"),
    *("narratives.helper", "narrative:a", "narrative:none", "1h", "0s", "text", "image", "stop"),
    *("{{ a }}", "a != ''", "ärger\u2028", "\U0001f600", "json", "0 9 * * *", "off", "enum()"),
)

scalars = st.one_of(
    st.sampled_from(TEXTS),
    st.integers(-2, 30),
    st.sampled_from([10**18, -1]),
    st.booleans(),
    st.sampled_from([0.5, -1.5, 1e300]),
)
names = st.one_of(st.sampled_from(NAMES), st.sampled_from(KEYS), st.text(max_size=4))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(KEYS), names), inner, max_size=4),
    ),
    max_leaves=12,
)


def _table(keys: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """A table of these keys, some left out and some with a value of any kind."""
    either = {key: st.one_of(value, value, values) for key, value in keys.items()}
    return st.fixed_dictionaries({}, optional=either)


def _named(entry: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(names, st.one_of(entry, values), max_size=3)


texts = st.sampled_from(TEXTS)
carousels = _table(
    {"iterations": st.integers(0, 9), "every": texts, "on_exhausted": texts, "budget": values}
)
inputs = st.one_of(
    texts,
    _table(
        {"type": texts, "text": texts, "file": texts, "url": texts, "ref": texts, "mime": texts}
    ),
    _table({"platform": texts, "command": texts, "args": values, "required": st.booleans()}),
    _table({"table_name": texts, "where": texts, "sample": st.integers(0, 3), "order_by": texts}),
)
acts = st.one_of(
    texts,
    st.lists(inputs, max_size=3),
    _table(
        {
            "prompt": texts,
            "input": st.lists(inputs, max_size=2),
            "narrative": texts,
            "model": texts,
            "temperature": st.sampled_from([0, 0.7, 2.5]),
            "retry": values,
            "carousel": carousels,
            "when": texts,
            "output": values,
            "act_name": texts,
            "scene": st.integers(0, 3),
        }
    ),
)
steps = st.recursive(
    texts,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        _table({"parallel": st.lists(inner, max_size=2)}),
        _table({"if": texts, "then": st.lists(inner, max_size=2), "else": st.lists(inner)}),
        _table({"repeat": st.lists(inner, max_size=2), "iterations": st.integers(0, 3)}),
    ),
    max_leaves=8,
)
orders = st.one_of(st.lists(steps, max_size=4), _table({"order": st.lists(steps, max_size=4)}))
narratives = _table(
    {"name": texts, "toc": orders, "acts": _named(acts), "carousel": carousels, "model": texts}
)
_files = _table(
    {
        "narrative": st.one_of(narratives, _named(narratives)),
        "narratives": _named(narratives),
        "toc": orders,
        "acts": st.one_of(_named(acts), st.lists(acts, max_size=3)),
        "act": st.lists(acts, max_size=3),
        "bots": _named(_table({"platform": texts, "command": texts, "guild_id": texts})),
        "tables": _named(_table({"table_name": texts, "limit": st.integers(0, 3)})),
        "media": _named(_table({"url": texts, "file": texts, "type": texts})),
        "schemas": _named(values),
        "characters": _named(_table({"persona": texts, "model": texts})),
        "carousel": carousels,
        "security": _table({"policy": values, "constraints": values, "content": values}),
        "triggers": _named(_table({"schedule": texts, "webhook": texts, "narrative": texts})),
    }
)


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    """A file, as the values in it."""
    return draw(_files)


def as_toml(document: dict[str, Any]) -> str:
    """Write a document as TOML, all below the top level inline."""
    return "".join(f"{_quoted(key)} = {_toml(value)}\n" for key, value in document.items())


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{_quoted(key)} = {_toml(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value)


def as_yaml(document: dict[str, Any]) -> str:
    """Write a document as YAML, all below the top level as flow collections."""
    return "".join(f"{_quoted(key)}: {_yaml(value)}\n" for key, value in document.items()) or "{}\n"


def _yaml(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{_quoted(key)}: {_yaml(item)}' for key, item in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(_yaml(item) for item in value)}]"
    return _quoted(value) if isinstance(value, str) else _toml(value)


def _quoted(text: str) -> str:
    """A string as both languages read it."""
    escaped = (
        char
        if char.isprintable() and char not in '"\\'
        else (f"\\u{ord(char):04X}" if ord(char) < 0x10000 else f"\\U{ord(char):08X}")
        for char in text
    )
    return f'"{"".join(escaped)}"'
