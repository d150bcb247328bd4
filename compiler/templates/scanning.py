"""Tokens of a template with exact places, also of one that Jinja's lexer refuses.

Jinja's lexer gives raw pieces that together are the source, but for the whitespace that a `-` takes
away; so their offsets can be counted. Where it stops, the fault is recorded, the tag is closed or
given up, and scanning goes on behind it.
"""

import warnings
from typing import Any

from jinja2 import TemplateSyntaxError
from jinja2.lexer import Lexer, get_lexer, operators
from msgspec import Struct

from botticelli.compiler.faults import Fault, Replacement
from botticelli.compiler.semantics.sandbox import environment
from botticelli.grammar.catalogue import TEMPLATE_SYNTAX

MAX_FAULTS = 20
MAX_BRACKETS = 32
"""Brackets within brackets; Jinja's parser recurses, and the stack has an end."""

_CLOSERS = {"variable_begin": "}}", "block_begin": "%}"}
_PAIRS = {")": "(", "]": "[", "}": "{"}
_HINTS = {
    "&": "write `and`",
    "!": "write `not`, or `!=` to compare",
    "?": "write `a if condition else b`",
    "‘": "write straight quotes: `'`",  # noqa: RUF001
    "’": "write straight quotes: `'`",  # noqa: RUF001
    "“": 'write straight quotes: `"`',
    "”": 'write straight quotes: `"`',
    "$": "in a template a name stands alone",
    "'": "this text is not closed",
    '"': "this text is not closed",
}


class Token(Struct, frozen=True):
    """One token: its range in the scanned text, and type and value as Jinja's parser takes them."""

    start: int
    end: int
    type: str
    value: Any


class Tag(Struct):
    """A `{{ … }}` or `{% … %}`: its first and last token. `keyword` names the statement.

    `broken` tags have been reported and are left out of what is parsed.
    """

    first: int
    last: int
    keyword: str = ""
    broken: bool = False


class _TooDeepError(Exception):
    pass


class Scan:
    """The tokens and tags of one text with `\\n` line endings, and what was wrong with them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[Token] = []
        self.tags: list[Tag] = []
        self.data: list[tuple[int, int]] = []
        self.raw: list[tuple[int, int]] = []
        self.faults: list[Fault] = []
        self.complete = True
        self._lexer: Lexer = get_lexer(environment())
        self._open: int | None = None
        self._brackets: list[int] = []
        position: int | None = 0
        while position is not None:
            if len(self.faults) >= MAX_FAULTS:
                self.complete = False
                break
            position = self._run(position)

    def report(self, start: int, end: int, message: str, **details: Any) -> None:
        """Add a BOT301."""
        fault = Fault(rule=TEMPLATE_SYNTAX, start=start, end=end, message=message, **details)
        self.faults.append(fault)

    def _run(self, position: int) -> int | None:
        """Scan from a place outside of tags to the end, or to where to go on after a fault."""
        aside: tuple[str, int, int] | None = None
        failure = ""
        try:
            for _, kind, piece in self._lexer.tokeniter(self.text[position:], None):
                # Whitespace that a `-` takes away is the only text that is not among the pieces.
                start = self.text.index(piece, position)
                position = start + len(piece)
                if kind in {"comment_begin", "raw_begin"}:
                    aside = kind, start, position
                elif kind in {"comment_end", "raw_end"}:
                    aside = None
                elif kind not in {"comment", "whitespace"}:
                    if aside is not None:
                        self.raw.append((start, position))
                    self._take(start, position, kind, piece)
        except TemplateSyntaxError as error:
            failure = error.message or ""
        except _TooDeepError:
            failure = "nested too deeply"
        if aside is not None:
            return self._never_ends(*aside)
        return None if self._open is None else self._recover(position, failure)

    def _never_ends(self, kind: str, start: int, end: int) -> int | None:
        if kind == "comment_begin":
            self.report(start, start + 2, "`{#` opens a comment that is never closed")
            return start + 2
        self.report(start, end, "`{% raw %}` is never closed", help="close it with `{% endraw %}`")
        return None

    def _take(self, start: int, end: int, kind: str, piece: str) -> None:
        """Add a token. Raises when its bracket is one too many, with the fault recorded."""
        index = len(self.tokens)
        value: Any = piece
        if kind == "operator":
            kind = operators[piece]
            self._balance(start, end, piece)
        elif kind == "data":
            self.data.append((start, end))
        elif kind in _CLOSERS:
            self._open = index
        elif kind in {"variable_end", "block_end"}:
            self._close(index)
        elif kind in {"string", "integer", "float", "name"}:
            value = self._value(start, end, kind, piece)
        self.tokens.append(Token(start, end, kind, value))

    def _balance(self, start: int, end: int, piece: str) -> None:
        if piece in "([{":
            if len(self._brackets) == MAX_BRACKETS:
                self.report(start, end, f"brackets are nested more than {MAX_BRACKETS} deep")
                raise _TooDeepError
            self._brackets.append(len(self.tokens))
        elif piece in ")]}":
            self._brackets.pop()

    def _close(self, last: int, *, broken: bool = False) -> None:
        first = self._open
        assert first is not None
        keyword = ""
        if self.tokens[first].type == "block_begin" and first + 1 < len(self.tokens):
            word = self.tokens[first + 1]
            keyword = word.value if word.type == "name" else ""
        self.tags.append(Tag(first, last, keyword, broken))
        self._open = None
        self._brackets.clear()

    def _value(self, start: int, end: int, kind: str, piece: str) -> Any:
        """The value of a literal or name; a neutral one when it cannot be read."""
        if kind == "name":
            if not piece.isidentifier():
                self.report(start, end, f"`{piece}` is no name")
            return piece
        if kind == "string" and "\\" not in piece:
            return piece[1:-1]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # an unknown escape in a string is kept as written
                return next(iter(self._lexer.wrap([(0, kind, piece)]))).value
        except TemplateSyntaxError as error:
            self.report(start, end, f"this {kind} cannot be read: {error.message}")
        except ValueError:
            self.report(start, end, "this number is too long")
        return "" if kind == "string" else 0

    def _recover(self, position: int, failure: str) -> int | None:
        """Report what stopped the lexer within the open tag; return where to go on."""
        assert self._open is not None
        begin = self.tokens[self._open]
        closer = _CLOSERS[begin.type]
        reported = bool(self.faults) and self.faults[-1].start >= begin.start
        bracket = self.tokens[self._brackets[-1]] if self._brackets else None
        found = self.text[position : position + 1]
        if failure and found == "}" and bracket is None:
            return self._close_wrongly(position, closer)
        if failure and not reported and bracket and self.text.startswith(closer, position):
            opener = self.text[bracket.start : bracket.end]
            self.report(bracket.start, bracket.end, f"`{opener}` is not closed before `{closer}`")
            return self._give_up(position + 2)
        closing = self.text.find(closer, position) if failure else -1
        opening = self._next_opening(position if failure else begin.start + 2)
        if closing == -1 or (opening is not None and opening < closing):
            if not reported:
                self._report_unclosed(begin, closer)
            del self.tokens[self._open :]
            self._open = None
            self._brackets.clear()
            return opening
        if not reported:
            self._report_character(position, found)
        return self._give_up(closing + 2)

    def _report_unclosed(self, begin: Token, closer: str) -> None:
        opener = self.text[begin.start : begin.start + 2]
        way_out = "; to write it as text: `{{ '{{' }}`" if closer == "}}" else ""
        self.report(
            begin.start,
            begin.start + 2,
            f"`{opener}` is never closed",
            help=f"close it with `{closer}`{way_out}",
        )

    def _report_character(self, position: int, found: str) -> None:
        hint = _HINTS.get(found)
        message = f"`{found}` does not belong in a template's expression"
        if found in _PAIRS:
            message = f"`{found}` closes nothing"
        elif found in {"'", '"'}:
            message = f"the text that starts with `{found}` is not closed"
            hint = None
        self.report(position, position + 1, message, help=hint)

    def _give_up(self, position: int) -> int:
        """End the open tag as broken."""
        self.tokens.append(Token(position - 2, position, "block_end", ""))
        self._close(len(self.tokens) - 1, broken=True)
        return position

    def _close_wrongly(self, position: int, closer: str) -> int:
        """A `}` where no bracket is open: the tag was meant to end here."""
        assert self._open is not None
        start, end = position, position + 1
        if closer == "%}" and self.text.startswith("}}", position):
            end += 1
        elif closer == "}}" and self.tokens[-1].type == "mod" and self.tokens[-1].end == start:
            start -= 1
            self.tokens.pop()
        begin = self.tokens[self._open]
        opener = self.text[begin.start : begin.start + 2]
        self.report(
            start,
            end,
            f"`{opener}` is closed with `{closer}`, not with `{self.text[start:end]}`",
            edits=(Replacement(start, end, closer),),
        )
        kind = "variable_end" if closer == "}}" else "block_end"
        self.tokens.append(Token(start, end, kind, closer))
        self._close(len(self.tokens) - 1)
        return end

    def _next_opening(self, position: int) -> int | None:
        found = [self.text.find(mark, position) for mark in ("{{", "{%", "{#")]
        return min((place for place in found if place != -1), default=None)
