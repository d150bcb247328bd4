"""Edits of keys, entries and strings of the located tree, in TOML and YAML alike.

A function returns None where the layout is one that it does not understand; what it would have
changed then stays as it is.
"""

import json
import re
from collections.abc import Sequence

from msgspec import Struct

from botticelli.compiler.diagnostics import Edit, Location
from botticelli.compiler.faults import Replacement, fits
from botticelli.compiler.source import Span
from botticelli.compiler.syntax.nodes import Node, Scalar, Table

_PLAIN_IN_YAML = re.compile(r"[\w .]*")
_COMMENT = re.compile(r"[ \t]*(#[^\r\n]*)?")
_QUOTES = ("'", '"')
_BLOCKS = ("|", ">")


class Line(Struct, frozen=True):
    """The lines that an entry has for itself: what stands before its key and the comment after
    it; ``start`` and ``end`` include the line end."""

    start: int
    end: int
    prefix: str
    comment: str


def text_of(node: Node) -> str:
    """Return the whole text of the file that a node stands in."""
    return node.document.source.text


def written(node: Node) -> str:
    """Return a node as it is written: the header or key of a table that has one above it."""
    return text_of(node)[node.span.start : node.span.end]


def is_toml(node: Node) -> bool:
    return node.document.source.path.endswith(".toml")


def is_inline(table: Table) -> bool:
    """Whether a table is written in braces."""
    return written(table).startswith("{")


def replace(node: Node, start: int, end: int, text: str) -> Edit:
    return Edit(Location(node.document.source, Span(start, end)), text)


def rename(table: Table, key: str, name: str) -> Edit:
    """Write a key of a table otherwise."""
    return Edit(table.key_location(key), name)


def line_of(table: Table, key: str) -> Line | None:
    """Return the lines of an entry, if nothing but a comment shares them."""
    text = text_of(table)
    key_start, end = table.place.keys[key].start, table.entries[key].span.end
    start = line_start(text, key_start)
    rest = _COMMENT.match(text, end)
    assert rest is not None
    close = _line_end(text, rest.end())
    prefix = text[start:key_start]
    if is_inline(table) or prefix.strip() or close is None:
        return None
    return Line(start, close, prefix, rest[1] or "")


def remove(table: Table, key: str, *, comment: bool = True) -> Edit | None:
    """Take an entry out, with its line if it has one. A ``comment`` beside it stays."""
    line = line_of(table, key)
    if line is not None:
        if not is_toml(table) and len(table.entries) == 1:
            return None  # a mapping without an entry would be null
        kept = f"{line.prefix}{line.comment}\n" if comment and line.comment else ""
        return replace(table, line.start, line.end, kept)
    if not is_inline(table):
        return None
    text = text_of(table)
    start, end = table.place.keys[key].start, table.entries[key].span.end
    following = re.compile(r"\s*,\s*").match(text, end)
    if following is not None:
        return replace(table, start, following.end(), "")
    preceding = re.compile(r",\s*\Z").search(text, table.span.start, start)
    return replace(table, preceding.start() if preceding else start, end, "")


def add(table: Table, key: str, value: str, *, after: str) -> Edit | None:
    """Put an entry after another one of the same table."""
    text = text_of(table)
    entry = f"{key} = {value}" if is_toml(table) else f"{key}: {value}"
    end = table.entries[after].span.end
    if is_inline(table):
        return replace(table, end, end, f", {entry}")
    key_start = table.place.keys[after].start
    prefix = text[line_start(text, key_start) : key_start]
    if not is_toml(table):
        prefix = re.sub(r"-(?=\s)", " ", prefix)
        if prefix.strip():
            return None
    rest = _COMMENT.match(text, end)
    close = rest.end() if rest else end
    if text[close : close + 1] not in {"", "\n", "\r"}:
        return None
    return replace(table, close, close, f"\n{prefix}{entry}")


def rewrite(scalar: Scalar, replacements: Sequence[Replacement]) -> list[Edit]:
    """Put other text into parts of a string, or write it anew where that cannot be done inside."""
    assert isinstance(scalar.value, str)
    plain = not written(scalar).startswith((*_QUOTES, *_BLOCKS))
    bare = all(_PLAIN_IN_YAML.fullmatch(each.text) for each in replacements)
    if all(fits(each.text, scalar) for each in replacements) and (bare or not plain):
        return [Edit(scalar.locate(each.start, each.end), each.text) for each in replacements]
    value = scalar.value
    for each in sorted(replacements, key=lambda each: each.start, reverse=True):
        value = value[: each.start] + each.text + value[each.end :]
    return [Edit(scalar.location, quoted(value))]


def quoted(text: str) -> str:
    """Write a string of JSON, which is one of TOML and YAML as well, but for one character that
    TOML wants escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def line_start(text: str, position: int) -> int:
    return text.rfind("\n", 0, position) + 1


def above_comments(text: str, start: int) -> int:
    """Return the start of the comment lines that stand right above a line, or of the line."""
    while start:
        above = line_start(text, start - 1)
        if not text[above:start].lstrip().startswith("#"):
            break
        start = above
    return start


def _line_end(text: str, position: int) -> int | None:
    """Return where the next line starts, if this one ends here."""
    for end in ("\r\n", "\n"):
        if text.startswith(end, position):
            return position + len(end)
    return position if position == len(text) else None
