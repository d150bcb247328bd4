"""Templates as both sides use them: what a value looks like in text, and how a prompt is rendered.

The checker and the runtime must agree on every detail here, so there is one environment, in
``sandbox``; it is imported when the first template with a tag in it is met, and not before.
"""

import json
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from datetime import date, datetime, time
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    import jinja2

_TAGS = ("{{", "{%", "{#")


class TemplateError(Exception):
    """A template that cannot be compiled or rendered.

    ``message`` is written for the author and never holds a value that was inserted; ``line`` counts
    the lines of the template from 1.
    """

    def __init__(self, message: str, line: int) -> None:
        super().__init__(f"line {line}: {message}")
        self.message = message
        self.line = line


class UnprintableError(TypeError):
    """A value that has no text form: a macro that was not called, a method, a namespace."""


class TableRows(list[dict[str, Any]]):
    """The rows of a table input: a list everywhere, but ``text`` where it is printed or joined."""

    __slots__ = ("text",)

    def __init__(self, rows: Iterable[dict[str, Any]], text: str) -> None:
        super().__init__(rows)
        self.text = text


class DottedKeys(Mapping[str, Any]):
    """Values by keys that may hold dots, as `state` is: `state.a.b` finds the key ``a.b``.

    A key that is a whole one wins over one that goes on.
    """

    __slots__ = ("_prefix", "_values")

    def __init__(self, values: Mapping[str, Any], prefix: str = "") -> None:
        self._values = values
        self._prefix = prefix

    def __getitem__(self, key: str) -> Any:
        whole = self._prefix + key
        if whole in self._values:
            return self._values[whole]
        if any(other.startswith(f"{whole}.") for other in self._values):
            return DottedKeys(self._values, f"{whole}.")
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        start = len(self._prefix)
        return (key[start:] for key in self._values if key.startswith(self._prefix))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class CompiledTemplate:
    """A template that parsed, ready to be rendered any number of times."""

    __slots__ = ("_template", "source")

    def __init__(self, source: str, template: "jinja2.Template | None") -> None:
        self.source = source
        self._template = template

    def render(self, names: Mapping[str, object]) -> str:
        """Return the text, each value inserted once and never looked into for further templates.

        Raises ``TemplateError`` for a name or field that is missing, an operation that its operands
        do not allow, and a template that wants more than the sandbox gives.
        """
        if self._template is None:
            return normalize_newlines(self.source)
        from botticelli.compiler.semantics import sandbox

        return sandbox.render(self._template, names)


@lru_cache(maxsize=1024)
def compile_template(source: str) -> CompiledTemplate:
    """Return the template for ``source``, compiled once. Raises ``TemplateError``."""
    if not has_tags(source):
        return CompiledTemplate(source, None)
    from botticelli.compiler.semantics import sandbox

    return CompiledTemplate(source, sandbox.compile_source(source))


class CompiledExpression:
    """The expression of a `{{ }}` that stands for a value and not for text, as in filters."""

    __slots__ = ("_template",)

    def __init__(self, template: "jinja2.Template") -> None:
        self._template = template

    def evaluate(self, names: Mapping[str, object]) -> object:
        """Return the value as it is, null included. Raises ``TemplateError``."""
        from botticelli.compiler.semantics import sandbox

        return sandbox.evaluate(self._template, names)


@lru_cache(maxsize=256)
def compile_expression(source: str) -> CompiledExpression:
    """Return the expression for ``source``, which bears no braces. Raises ``TemplateError``."""
    from botticelli.compiler.semantics import sandbox

    return CompiledExpression(sandbox.compile_value(source))


def has_tags(source: str) -> bool:
    """Return whether the text is more than itself to Jinja, newlines aside."""
    return any(tag in source for tag in _TAGS)


def normalize_newlines(text: str) -> str:
    """Return the text with every line ending as ``\\n``, as Jinja leaves it."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def printed(value: object) -> str:
    """Return a value as it stands in text.

    Text is itself, null is nothing, numbers are plain, moments are ISO 8601, a table is its
    formatted rows; records, lists and booleans are JSON. Raises ``UnprintableError``.
    """
    if isinstance(value, str):
        return str(value)
    if value is None:
        return ""
    if isinstance(value, TableRows):
        return value.text
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return as_json(value)


def as_json(value: object, indent: int | None = None) -> str:
    """Return the JSON of a value, not escaped for HTML. Raises ``UnprintableError``."""
    return json.dumps(value, ensure_ascii=False, indent=indent, default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, msgspec.Struct):
        return msgspec.to_builtins(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, range | set | frozenset | Iterator | KeysView | ValuesView | ItemsView):
        return list(value)
    if callable(value):
        raise UnprintableError("a function is named here without being called, and has no text")
    raise UnprintableError(f"a {type(value).__name__.lower()} has no text form")
