"""Rows of a table as text that a model reads and a program reads back: JSON, Markdown, CSV.

A row's columns stand in the order of the query. Numbers, moments and booleans have the form that
they have in JSON and in templates, so that what is read back equals what was written. Text that is
too long is cut after a whole row, and stays well-formed.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from botticelli.compiler.semantics.templates import as_json, printed

JSON = "json"
MARKDOWN = "markdown"
CSV = "csv"
FORMATS = (JSON, MARKDOWN, CSV)

Row = Mapping[str, Any]


class _Form(Struct, frozen=True):
    """What stands before, between and after the rows."""

    opening: str
    between: str
    closing: str
    write: Callable[[Row], str]


class RowText:
    """The text of rows, written one by one.

    ``max_bytes`` bounds the text in UTF-8; a bound that not even the frame fits gives no text.
    """

    def __init__(self, columns: Sequence[str], form: str, max_bytes: int | None = None) -> None:
        self._form = _FORMS[form](columns)
        self._left = None if max_bytes is None else max_bytes - _size(self._frame())
        self._has_frame = self._left is None or self._left >= 0
        self._lines: list[str] = []
        self.bytes = _size(self._frame())

    def add(self, row: Row) -> bool:
        """Write a row, unless it would pass the bound; then nothing more fits."""
        line = self._form.write(row)
        size = _size(line) + (_size(self._form.between) if self._lines else 0)
        if self._left is not None:
            if size > self._left:
                self._left = 0
                return False
            self._left -= size
        self.bytes += size
        self._lines.append(line)
        return True

    @property
    def text(self) -> str:
        if not self._has_frame:
            return ""
        return self._form.opening + self._form.between.join(self._lines) + self._form.closing

    def _frame(self) -> str:
        return self._form.opening + self._form.closing


def format_rows(
    rows: Iterable[Row], columns: Sequence[str], form: str, max_bytes: int | None = None
) -> tuple[str, int]:
    """Return the text of rows and how many of them stand in it."""
    text = RowText(columns, form, max_bytes)
    count = 0
    for row in rows:
        if not text.add(row):
            break
        count += 1
    return text.text, count


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _json(columns: Sequence[str]) -> _Form:
    def write(row: Row) -> str:
        return as_json({column: row[column] for column in columns})

    return _Form("[", ",\n ", "]", write)


def _csv(columns: Sequence[str]) -> _Form:
    """As RFC 4180, with lines that end in `\\n`. Null is nothing, empty text is `""`; a line that
    would be empty is `""` too, as it would be no line otherwise."""

    def line(values: Iterable[Any]) -> str:
        return (",".join(map(_csv_field, values)) or '""') + "\n"

    if not columns:
        return _Form("", "", "", lambda _: "")
    return _Form(line(columns), "", "", lambda row: line(row[column] for column in columns))


_QUOTED_IN_CSV = re.compile(r'[",\r\n]|^\s|\s$|^$')


def _csv_field(value: Any) -> str:
    if value is None:
        return ""
    text = printed(value)
    if _QUOTED_IN_CSV.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text


def _markdown(columns: Sequence[str]) -> _Form:
    """A table of GitHub's Markdown; what would end a cell or mean something is escaped."""

    def line(cells: Iterable[str]) -> str:
        return "| " + " | ".join(cells) + " |\n"

    if not columns:
        return _Form("", "", "", lambda _: "")
    opening = line(map(_markdown_cell, columns)) + line("---" for _ in columns)
    return _Form(
        opening, "", "", lambda row: line(_markdown_cell(row[column]) for column in columns)
    )


_MEANS_SOMETHING = re.compile(r"([\\|<&*_`\[\]~])")
_LINE_END = re.compile(r"\r\n|\r|\n")
_OUTER_SPACE = re.compile(r"^\s|\s$")


def _markdown_cell(value: Any) -> str:
    """Numbers and moments stand as they are; in text, signs that Markdown reads are escaped."""
    text = printed(value)
    if not isinstance(value, str | list | Mapping):
        return text
    escaped = _MEANS_SOMETHING.sub(r"\\\1", _LINE_END.sub("\n", text))
    spaced = _OUTER_SPACE.sub(lambda space: f"&#{ord(space.group())};", escaped)
    return spaced.replace("\n", "<br>")


_FORMS: dict[str, Callable[[Sequence[str]], _Form]] = {
    JSON: _json,
    MARKDOWN: _markdown,
    CSV: _csv,
}
