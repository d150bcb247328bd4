"""How reading TOML goes on after a fault, so that one run finds all of them.

What is missing beyond doubt (a comma between values, the bracket of a header) is supplied. From
anything else the parser goes on with the next statement: the next line, or, within brackets and
after a string that is never closed, the next line that looks like a statement.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lark import Token, Tree, UnexpectedInput, UnexpectedToken

from botticelli.compiler.diagnostics import Label
from botticelli.compiler.source import Span
from botticelli.compiler.syntax.faults import Faults, quoted
from botticelli.compiler.syntax.found import (
    ENDS,
    control_character,
    found,
    found_span,
    is_first_on_line,
)
from botticelli.compiler.syntax.toml_values import Item, Values, span_of

if TYPE_CHECKING:
    from lark.parsers.lalr_interactive_parser import InteractiveParser

_PART = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')"""
_KEY = rf"{_PART}(?:[ \t]*+\.[ \t]*+{_PART})*+[ \t]*+"
_STATEMENT = re.compile(
    rf"^[ \t]*+(?:{_KEY}=|\[[ \t]*+{_KEY}\][ \t]*+(?:\#.*)?\r?$"
    rf"|\[\[[ \t]*+{_KEY}\]\][ \t]*+(?:\#.*)?\r?$)",
    re.MULTILINE,
)
_INLINE_KEY = re.compile(rf"{_KEY}=")
_VALUE = re.compile(r"""["'\[{]|[+-]?[0-9]|(?:true|false|[+-]?inf|[+-]?nan)\b""")
_TRIPLE = re.compile(r'"""|\'\'\'')
_OPENING, _CLOSING = {"LSQB", "LBRACE"}, {"RSQB", "RBRACE"}


class Recovery:
    """Reports what the parser could not take, and sets it on its way again."""

    def __init__(self, text: str, faults: Faults, values: Values) -> None:
        self._text = text
        self._faults = faults
        self._values = values
        self._supplied = -1
        self._unclosed: set[int] = set()

    def recover(self, error: UnexpectedInput, parser: "InteractiveParser") -> None:
        """Report ``error`` and bring the parser to a state in which it can go on."""
        text = self._text
        place = _place(error, text)
        stack = parser.parser_state.value_stack
        choices = set(parser.choices())  # type: ignore[no-untyped-call]
        statement = _Statement(text, place, stack, choices)
        if self._refused_within(statement.items):
            self._resynchronise(parser, statement, place)
            return
        unclosed = self._unclosed_before(statement, stack)
        if unclosed is not None:
            self._resynchronise(parser, statement, place)
            _go_to(parser, self._refuse_unclosed(unclosed))
            return
        missing = statement.missing()
        span, message, help_ = statement.words()
        labels: tuple[Label, ...] = ()
        if statement.opening is not None and span.start != statement.opening.start_pos:
            what = "table" if statement.opening.type == "LBRACE" else "array"
            labels = (self._faults.label(f"the {what} opens here", span_of(statement.opening)),)
        self._faults.refuse(span, message, labels=labels, help=help_)
        if missing is not None and self._supplied != place:
            self._supplied = place
            parser.feed_token(Token(missing, "", place))
            _go_to(parser, place)
        else:
            self._resynchronise(parser, statement, place)

    def _refused_within(self, items: list[Item]) -> bool:
        """Report the bad tokens of a statement that is given up; they explain why it failed."""
        refused = False
        for token in _tokens(items):
            refused |= self._values.check(token)
        return refused

    def _unclosed_before(self, statement: "_Statement", stack: list[Item]) -> Token | None:
        """Return the string just read if it ends where another was to begin: at `key = \"\"\"`."""
        last: Item | None = statement.last
        if not _is_multiline(last) and stack and isinstance(stack[0], Tree):
            done = [item for item in stack[0].children[-2:] if isinstance(item, Tree)]
            last = done[0].children[-1] if done and done[0].data == "pair" else None
        if not isinstance(last, Token) or not _is_multiline(last):
            return None
        start, end = span_of(last).start, span_of(last).end - 3
        line = self._text.rfind("\n", 0, end) + 1
        begins_another = _INLINE_KEY.fullmatch(self._text[line:end].strip(" \t"))
        return last if start < line and start not in self._unclosed and begins_another else None

    def _refuse_unclosed(self, token: Token) -> int:
        """Report a string that swallowed the next; return where the next one's line begins."""
        span, quotes = span_of(token), token[:3]
        self._unclosed.add(span.start)
        self._faults.refuse(
            Span(span.start, span.start + 3),
            f"this multi-line string is not closed: `{quotes}` is missing before the next key",
            labels=(self._faults.label("it ends only here", Span(span.end - 3, span.end)),),
        )
        return self._text.rfind("\n", 0, span.end - 3) + 1

    def _resynchronise(
        self, parser: "InteractiveParser", statement: "_Statement", place: int
    ) -> None:
        state = parser.parser_state
        if state.value_stack:
            lines = state.value_stack[0]
            if statement.in_header:
                # Keys below a header that could not be read belong to no table that is known.
                lines.children.append(statement.header or Tree("unread_header", []))
            del state.value_stack[1:]
            del state.state_stack[2:]
        _go_to(parser, self._next_statement(statement, place))

    def _next_statement(self, statement: "_Statement", place: int) -> int:
        text = self._text
        line_end = _line_end(text, place)
        rest = text[place:line_end].rstrip()
        if statement.never_closed:
            return _next_match(text, line_end)
        if statement.opening is not None:
            own_line = text.rfind("\n", 0, place) + 1
            return _next_match(text, own_line if statement.at_statement else line_end)
        opening = _TRIPLE.search(rest)
        if opening is not None:
            closing = text.find(opening[0], place + opening.end())
            return _next_match(text, line_end) if closing == -1 else _line_end(text, closing)
        if rest.endswith(("[", "{", ",")):
            return _next_match(text, line_end)
        return line_end


class _Statement:
    """The statement in which the parser failed: what was read of it, and what came then."""

    def __init__(self, text: str, place: int, stack: list[Item], choices: set[str]) -> None:
        self.text = text
        self.place = place
        self.items = stack[1:]
        self.choices = choices
        self.last = self.items[-1] if self.items else None
        self.opening: Token | None = None
        self.header: Tree[Token] | None = None
        first = self.items[0] if self.items else None
        self.in_header = _is(first, "LSQB") or _is(first, "LLSQB")
        if _is(self.last, "RSQB") and _is(first, "LSQB"):
            self.header = Tree("table_header", self.items)
        elif _is(self.last, "RRSQB") and _is(first, "LLSQB"):
            self.header = Tree("array_header", self.items)
        if not self.in_header:
            self.opening = _innermost_opening(self.items)
        self.never_closed = text.startswith(('"""', "'''"), place) and (
            self.wants_value or self.wants_key
        )

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
            and _STATEMENT.match(self.text, start) is not None
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
        follows = _VALUE if self.opening.type == "LSQB" else _INLINE_KEY
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
        if isinstance(last, Token) and _is_multiline(last):
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


def _innermost_opening(items: list[Item]) -> Token | None:
    closed = 0
    for item in reversed(items):
        if not isinstance(item, Token):
            continue
        if item.type in _CLOSING:
            closed += 1
        elif item.type in _OPENING:
            if not closed:
                return item
            closed -= 1
    return None


def _is_multiline(item: Item | None) -> bool:
    return isinstance(item, Token) and item.type.startswith("MULTILINE")


def _place(error: UnexpectedInput, text: str) -> int:
    token = error.token if isinstance(error, UnexpectedToken) else None
    if token is not None and token.type == "$END":
        return len(text)
    place: int | None = token.start_pos if token is not None else error.pos_in_stream
    assert place is not None
    return place


def _go_to(parser: "InteractiveParser", place: int) -> None:
    """Make the lexer go on at ``place``; its count of lines is of no use to anyone."""
    lexer = parser.lexer_thread.state
    assert lexer is not None
    lexer.line_ctr.char_pos = place


def _line_end(text: str, place: int) -> int:
    end = text.find("\n", place)
    return len(text) if end == -1 else end


def _next_match(text: str, place: int) -> int:
    match = _STATEMENT.search(text, place)
    return match.start() if match else len(text)


def _tokens(items: list[Item]) -> Iterator[Token]:
    """Give the tokens of partly read items; by a list of its own, for they may be deep."""
    waiting = list(reversed(items))
    while waiting:
        item = waiting.pop()
        if isinstance(item, Token):
            yield item
        else:
            waiting.extend(reversed(item.children))
