"""From the tokens and subtrees of TOML's grammar to values with their places.

What the grammar accepts only to be refused by name (`grammar/toml.lark` says what) is refused here.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time
from typing import Any, NamedTuple

from lark import Token, Tree

from botticelli.compiler.source import Span
from botticelli.compiler.syntax import toml_words
from botticelli.compiler.syntax.faults import Faults
from botticelli.compiler.syntax.nodes import Place
from botticelli.compiler.syntax.strings import value_of
from botticelli.compiler.syntax.toml_strings import content, mapper, pieces
from botticelli.compiler.syntax.toml_tables import KeyPart, Tables
from botticelli.compiler.syntax.tree import DEEPEST

Item = Token | Tree[Token]

STRINGS = {
    "BASIC_STRING",
    "LITERAL_STRING",
    "MULTILINE_BASIC_STRING",
    "MULTILINE_LITERAL_STRING",
}
REFUSED = {"BAD_SCALAR", "BAD_KEY", "UNCLOSED_STRING"}


class Parsed(NamedTuple):
    """A value and where it stands."""

    value: Any
    place: Place


def span_of(token: Token) -> Span:
    """Return the range of a token."""
    assert token.start_pos is not None
    return Span(token.start_pos, token.start_pos + len(token))


def outer_span(children: Sequence[Item]) -> Span:
    """Return the range from the first to the last of a bracketed tree's children."""
    first, last = children[0], children[-1]
    assert isinstance(first, Token)
    assert isinstance(last, Token)
    return Span(span_of(first).start, span_of(last).end)


class Values:
    """Makes the values of one source, and reports what cannot be a value."""

    def __init__(self, text: str, faults: Faults) -> None:
        self._text = text
        self._faults = faults

    def key(self, tree: Item) -> list[KeyPart] | None:
        """Return the parts of a dotted key, or nothing where a part of it is refused."""
        assert isinstance(tree, Tree)
        parts: list[KeyPart | None] = [
            self._key_part(token)
            for token in tree.children
            if isinstance(token, Token) and token.type != "DOT"
        ]
        if len(parts) > DEEPEST:
            self._too_deep(span_of(_first_token(tree)))
            return None
        return None if None in parts else [part for part in parts if part is not None]

    def value(self, item: Item, depth: int = 1) -> Parsed | None:
        """Return a value, or nothing where it is refused as a whole."""
        if isinstance(item, Token):
            return self._scalar(item)
        if depth > DEEPEST:
            self._too_deep(span_of(_first_token(item)))
            return None
        return self._array(item, depth) if item.data == "array" else self._table(item, depth)

    def check(self, token: Token) -> bool:
        """Report what is wrong with a token that no value will be made of; say if it is refused."""
        span = span_of(token)
        if token.type in REFUSED:
            toml_words.refuse_token(self._faults, token.type, str(token), span)
            return True
        if token.type in STRINGS:
            self._string(token)
        return False

    def _key_part(self, token: Token) -> KeyPart | None:
        span = span_of(token)
        if token.type == "BARE_KEY":
            return KeyPart(str(token), span)
        if token.type in ("BASIC_STRING", "LITERAL_STRING"):
            text = self._string(token)
            return None if text is None else KeyPart(text, span)
        if not self.check(token):
            self._faults.refuse(
                span,
                "a key cannot be a multi-line string",
                help='write it between single quotes or `"`',
            )
        return None

    def _scalar(self, token: Token) -> Parsed | None:
        span = span_of(token)
        if token.type in STRINGS:
            text = self._string(token)
            if text is None:
                return None
            return Parsed(text, Place(span, string=mapper(self._text, span.start, span.end)))
        if self.check(token):
            return None
        try:
            return Parsed(_SCALARS[token.type](str(token)), Place(span))
        except ValueError:
            toml_words.refuse_token(self._faults, token.type, str(token), span)
            return None

    def _string(self, token: Token) -> str | None:
        span = span_of(token)
        start, end = content(self._text, span.start, span.end)
        written = self._text[start:end]
        if "\\" not in written and written.isprintable():
            return written
        found = list(pieces(self._text, span.start, span.end))
        faulty = [piece for piece in found if piece.fault]
        for piece in faulty:
            toml_words.refuse_piece(self._faults, piece)
        return None if faulty else value_of(found)

    def _array(self, tree: Tree[Token], depth: int) -> Parsed:
        place = Place(outer_span(tree.children))
        values = []
        for item in _without(tree.children, {"LSQB", "COMMA", "NEWLINE", "RSQB"}):
            parsed = self.value(item, depth + 1)
            if parsed is not None:
                values.append(parsed.value)
                place.items.append(parsed.place)
        return Parsed(values, place)

    def _table(self, tree: Tree[Token], depth: int) -> Parsed:
        tables = Tables(self._faults, Place(outer_span(tree.children)))
        toml_words.refuse_line_breaks(self._faults, tree.children)
        for item in _without(tree.children, {"LBRACE", "COMMA", "NEWLINE", "RBRACE"}):
            assert isinstance(item, Tree)
            key = self.key(item.children[0])
            parsed = self.value(item.children[2], depth + 1)
            if key is not None and parsed is not None:
                tables.define(key, parsed.value, parsed.place)
        return Parsed(tables.root.values, tables.root.place)

    def _too_deep(self, span: Span) -> None:
        self._faults.refuse(span, f"nested more than {DEEPEST} levels deep")


def _first_token(tree: Tree[Token]) -> Token:
    token = tree.children[0]
    assert isinstance(token, Token)
    return token


def _without(items: Sequence[Item], types: set[str]) -> Iterator[Item]:
    return (item for item in items if not (isinstance(item, Token) and item.type in types))


def _integer(written: str) -> int:
    """Raise ``ValueError`` where there are more digits than Python takes in one number."""
    return int(written, 0)


def _date_time(written: str) -> datetime:
    return datetime.fromisoformat(written.upper().replace(" ", "T"))


_SCALARS: dict[str, Callable[[str], bool | int | float | date | datetime | time]] = {
    "BOOLEAN": lambda written: written == "true",
    "INTEGER": _integer,
    "FLOAT": float,
    "DATE_TIME": _date_time,
    "DATE": date.fromisoformat,
    "TIME": time.fromisoformat,
}
