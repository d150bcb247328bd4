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
from botticelli.compiler.syntax.faults import Faults
from botticelli.compiler.syntax.found import ENDS, found
from botticelli.compiler.syntax.toml_failure import PAIR, STATEMENT, FailedStatement, is_multiline
from botticelli.compiler.syntax.toml_values import REFUSED, Item, Values, span_of

if TYPE_CHECKING:
    from lark.parsers.lalr_interactive_parser import InteractiveParser

_TRIPLE = re.compile(r'"""|\'\'\'')
_HEADER = re.compile(r"[ \t]*+\[\[?[ \t]*+[A-Za-z0-9_\"'-]")


class Recovery:
    """Reports what the parser could not take, and sets it on its way again."""

    def __init__(self, text: str, faults: Faults, values: Values) -> None:
        self._text = text
        self._faults = faults
        self._values = values
        self._supplied = -1
        self._unclosed: set[int] = set()
        self._broken_off = -1

    def recover(self, error: UnexpectedInput, parser: "InteractiveParser") -> None:
        """Report ``error`` and bring the parser to a state in which it can go on."""
        text = self._text
        place = _place(error, text)
        self._settle(parser)
        stack = parser.parser_state.value_stack
        choices = set(parser.choices())  # type: ignore[no-untyped-call]
        statement = FailedStatement(text, place, stack, choices)
        if self._goes_on_from_above(statement, stack) or self._refused_within(statement.items):
            self._broken_off = _line_end(text, place)
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
        if found(text, place) in ENDS:
            self._broken_off = _line_end(text, place)
        if missing is not None and self._supplied != place:
            self._supplied = place
            parser.feed_token(Token(missing, "", place))
            _go_to(parser, place)
        else:
            self._resynchronise(parser, statement, place)

    def _settle(self, parser: "InteractiveParser") -> None:
        """Add a statement that is complete to those before it.

        The parser does so itself when it takes what comes next; but that it could not.
        """
        stack = parser.parser_state.value_stack
        ended = len(stack) > 1 and isinstance(stack[-1], Token) and stack[-1].type == "NEWLINE"
        if ended and not any(isinstance(item, Token) for item in stack[1:-1]):
            stack[0].children.extend(stack[1:])
            _cut_back(parser)

    def _goes_on_from_above(self, statement: FailedStatement, stack: list[Item]) -> bool:
        """Return whether the line is but the rest of one above that was refused or broken off."""
        line = self._text.rfind("\n", 0, statement.place) + 1
        if statement.opening is not None or not line:
            return False
        if STATEMENT.match(self._text, line) or _HEADER.match(self._text, line):
            return False
        above = self._broken_off
        last = _last_value(stack)
        if last is not None and last.type in REFUSED:
            above = max(above, _line_end(self._text, span_of(last).start))
        return above != -1 and not self._text[above:line].strip()

    def _refused_within(self, items: list[Item]) -> bool:
        """Report the bad tokens of a statement that is given up; they explain why it failed."""
        refused = False
        for token in _tokens(items):
            refused |= self._values.check(token)
        return refused

    def _unclosed_before(self, statement: FailedStatement, stack: list[Item]) -> Token | None:
        """Return the string just read if it ends where another was to begin: at `key = \"\"\"`."""
        last: Item | None = statement.last
        if not is_multiline(last):
            last = _last_value(stack)
        if not isinstance(last, Token) or not is_multiline(last):
            return None
        start, end = span_of(last).start, span_of(last).end - 3
        line = self._text.rfind("\n", 0, end) + 1
        begins_another = PAIR.fullmatch(self._text[line:end].strip(" \t"))
        return last if start < line and start not in self._unclosed and begins_another else None

    def _refuse_unclosed(self, token: Token) -> int:
        """Report a string that swallowed the next; return where the next statement begins."""
        span, quotes = span_of(token), token[:3]
        self._unclosed.add(span.start)
        self._faults.refuse(
            Span(span.start, span.start + 3),
            f"this multi-line string is not closed: `{quotes}` is missing before the next key",
            labels=(self._faults.label("it ends only here", Span(span.end - 3, span.end)),),
        )
        return _next_match(self._text, _line_end(self._text, span.start))

    def _resynchronise(
        self, parser: "InteractiveParser", statement: FailedStatement, place: int
    ) -> None:
        state = parser.parser_state
        if state.value_stack:
            lines = state.value_stack[0]
            if statement.in_header:
                # Keys below a header that could not be read belong to no table that is known.
                lines.children.append(statement.header or Tree("unread_header", []))
            _cut_back(parser)
        _go_to(parser, self._next_statement(statement, place))

    def _next_statement(self, statement: FailedStatement, place: int) -> int:
        text = self._text
        line_end = _line_end(text, place)
        rest = text[place:line_end].rstrip()
        if statement.never_closed:
            return _next_match(text, line_end)
        if statement.opening is not None and not statement.is_closed_by(rest):
            own_line = text.rfind("\n", 0, place) + 1
            return _next_match(text, own_line if statement.at_statement else line_end)
        opening = _TRIPLE.search(rest)
        if opening is not None:
            closing = text.find(opening[0], place + opening.end())
            return _next_match(text, line_end) if closing == -1 else _line_end(text, closing)
        if rest.endswith(("[", "{", ",")):
            return _next_match(text, line_end)
        return line_end


def _place(error: UnexpectedInput, text: str) -> int:
    token = error.token if isinstance(error, UnexpectedToken) else None
    if token is not None and token.type == "$END":
        return len(text)
    place: int | None = token.start_pos if token is not None else error.pos_in_stream
    assert place is not None
    return place


def _cut_back(parser: "InteractiveParser") -> None:
    """Leave on the parser's stacks only the statements that are complete."""
    del parser.parser_state.value_stack[1:]
    del parser.parser_state.state_stack[2:]


def _last_value(stack: list[Item]) -> Token | None:
    """Return the value of the pair that was read last, if it is one token."""
    lines = stack[0].children[-2:] if stack and isinstance(stack[0], Tree) else []
    pairs = [item for item in lines if isinstance(item, Tree) and item.data == "pair"]
    value = pairs[-1].children[-1] if pairs else None
    return value if isinstance(value, Token) else None


def _go_to(parser: "InteractiveParser", place: int) -> None:
    """Make the lexer go on at ``place``; its count of lines is of no use to anyone."""
    lexer = parser.lexer_thread.state
    assert lexer is not None
    lexer.line_ctr.char_pos = place


def _line_end(text: str, place: int) -> int:
    end = text.find("\n", place)
    return len(text) if end == -1 else end


def _next_match(text: str, place: int) -> int:
    match = STATEMENT.search(text, place)
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
