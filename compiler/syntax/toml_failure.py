"""The statement in which reading TOML failed, and how that is put into words."""

import re

from lark import Token, Tree

from botticelli.compiler.source import Span
from botticelli.compiler.syntax.faults import quoted
from botticelli.compiler.syntax.found import (
    ENDS,
    control_character,
    found,
    found_span,
    is_first_on_line,
)
from botticelli.compiler.syntax.toml_values import Item, span_of

_PART = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')"""
_KEY = rf"{_PART}(?:[ \t]*+\.[ \t]*+{_PART})*[ \t]*+"
PAIR = re.compile(rf"{_KEY}=")
STATEMENT = re.compile(
    rf"^[ \t]*+(?:{_KEY}=|\[[ \t]*+{_KEY}\][ \t]*+(?:\#.*)?\r?$"
    rf"|\[\[[ \t]*+{_KEY}\]\][ \t]*+(?:\#.*)?\r?$)",
    re.MULTILINE,
)
_VALUE = re.compile(r"""["'\[{]|[+-]?[0-9]|(?:true|false|[+-]?inf|[+-]?nan)\b""")
_OPENING, _CLOSING = {"LSQB", "LBRACE"}, {"RSQB", "RBRACE"}


class FailedStatement:
    """The statement in which the parser failed: what was read of it, and what came then."""

    def __init__(self, text: str, place: int, stack: list[Item], choices: set[str]) -> None:
        self.text = text
        self.place = place
        self.items = stack[1:]
        self.choices = choices
        self.last = self.items[-1] if self.items else None
        self._openings: list[Token] = []
        self.opening: Token | None = None
        self.header: Tree[Token] | None = None
        first = self.items[0] if self.items else None
        self.in_header = _is(first, "LSQB") or _is(first, "LLSQB")
        if _is(self.last, "RSQB") and _is(first, "LSQB"):
            self.header = Tree("table_header", self.items)
        elif _is(self.last, "RRSQB") and _is(first, "LLSQB"):
            self.header = Tree("array_header", self.items)
        if not self.in_header:
            self._openings = _unclosed(self.items)
            self.opening = self._openings[-1] if self._openings else None
        self.never_closed = text.startswith(('"""', "'''"), place) and (
            self.wants_value or self.wants_key
        )

    def is_closed_by(self, rest: str) -> bool:
        """Return whether the rest of the line, after the fault, closes all brackets."""
        outermost = self._openings[0]
        closing = "]" if outermost.type == "LSQB" else "}"
        line = self.text.rfind("\n", 0, self.place) + 1
        return span_of(outermost).start >= line and rest.rstrip(" \t,").endswith(closing)

    @property
    def wants_value(self) -> bool:
        return "INTEGER" in self.choices

    @property
    def wants_key(self) -> bool:
        return "BARE_KEY" in self.choices

    @property
    def at_statement(self) -> bool:
        """Whether what was found is the first thing on a line that looks like a statement."""
        start = self.text.rfind("\n", 0, self.place) + 1
        return (
            is_first_on_line(self.text, self.place)
            and STATEMENT.match(self.text, start) is not None
        )

    def missing(self) -> str | None:
        """Return the type of the token that is missing beyond doubt, if one is."""
        at_end = found(self.text, self.place) in ENDS
        if self.in_header:
            wants_bracket = self.header is None and not self.wants_key and at_end
            return self._closing_bracket() if wants_bracket else None
        if self.opening is None or self.wants_value or self.wants_key or self.at_statement:
            return None
        if "EQUALS" in self.choices or _is(self.last, "EQUALS"):
            return None
        follows = _VALUE if self.opening.type == "LSQB" else PAIR
        return "COMMA" if follows.match(self.text, self.place) else None

    def words(self) -> tuple[Span, str, str | None]:
        """Return where the fault is, what it is, and what helps."""
        there = found(self.text, self.place)
        span = found_span(self.text, self.place)
        if self.never_closed:
            quotes = self.text[self.place : self.place + 3]
            span = Span(self.place, self.place + 3)
            return span, f"this multi-line string is never closed: `{quotes}` is missing", None
        here = self.text[self.place : self.place + 1]
        if here < " " and here not in ("", "\t", "\n") and there != "the end of the line":
            message = control_character(here)
            return span, message, "TOML text has no control characters but tabs and line breaks"
        if self.opening is not None and (self.place >= len(self.text) or self.at_statement):
            what, sign = ("table", "}") if self.opening.type == "LBRACE" else ("array", "]")
            return span_of(self.opening), f"this {what} is never closed: `{sign}` is missing", None
        expected, help_ = self._expected(there)
        return span, f"expected {expected}, found {there}", help_

    def _expected(self, there: str) -> tuple[str, str | None]:
        if self.in_header:
            return self._expected_in_header()
        if _is(self.last, "EQUALS"):
            return "a value after `=`", None
        if _is(self.last, "DOT"):
            return "a key after `.`", None
        if "EQUALS" in self.choices or (self._key() is not None and not self.wants_value):
            return self._expected_after_key(there)
        if self.opening is None:
            if not self.items:
                return "a key or a table header", None
            return "the end of the line after the value", self._after_value()
        if self.opening.type == "LSQB":
            return ("a value or `]`" if self.wants_value else "`,` or `]` after the value"), None
        return ("a key or `}`" if self.wants_key else "`,` or `}` after the value"), None

    def _expected_in_header(self) -> tuple[str, str | None]:
        if self.header is not None:
            return "the end of the line after the table header", None
        if self.wants_key:
            return "a key in the table header", None
        sign = "`]`" if self._closing_bracket() == "RSQB" else "`]]`"
        return f"{sign} to close the table header", None

    def _expected_after_key(self, there: str) -> tuple[str, str | None]:
        key = self._key()
        after = f" after the key {quoted(key)}" if key else " after the key"
        if there in ENDS:
            return f"`=` and a value{after}", None
        if there == "`:`":
            return f"`=`{after}", "TOML writes `key = value`"
        if self.text[self.place].isalnum() and self._key_is_bare():
            return f"`=`{after}", "a key with spaces needs quotes"
        return f"`=`{after}", None

    def _after_value(self) -> str | None:
        last = self.last
        if isinstance(last, Token) and is_multiline(last):
            return f"the string before it ends at {quoted(last[-3:])}: is one above not closed?"
        return None

    def _key(self) -> str | None:
        """Return the key just read, as it is written, when nothing was read after it."""
        last = self.last
        if isinstance(last, Tree) and last.data == "key":
            tokens = [token for token in last.children if isinstance(token, Token)]
            return "".join(tokens)
        return str(last) if self._key_is_bare() else None

    def _key_is_bare(self) -> bool:
        last = self.last
        if isinstance(last, Tree) and last.data == "key":
            return _is(last.children[-1], "BARE_KEY")
        return _is(last, "BARE_KEY")

    def _closing_bracket(self) -> str:
        return "RSQB" if _is(self.items[0], "LSQB") else "RRSQB"


def _is(item: Item | None, kind: str) -> bool:
    return isinstance(item, Token) and item.type == kind


def _unclosed(items: list[Item]) -> list[Token]:
    """Return the brackets that are open, from the outermost to the innermost."""
    openings: list[Token] = []
    for item in items:
        if isinstance(item, Token) and item.type in _OPENING:
            openings.append(item)
        elif isinstance(item, Token) and item.type in _CLOSING:
            openings.pop()
    return openings


def is_multiline(item: Item | None) -> bool:
    return isinstance(item, Token) and item.type.startswith("MULTILINE")
