"""Parsing with recovery: one LALR driver for all small languages.

Tokens come from Lark's lexer and are fed to Lark's parser one by one. A token that does not fit is
reported, what follows it is skipped up to a border (`and`, `or`, a comma, a closing bracket, a
clause, the end), and parsing goes on there with a BROKEN operand where one is missing. Each fault
is therefore independent of the ones before it. Nothing here recurses.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from msgspec import Struct

from botticelli.compiler.faults import Fault
from botticelli.compiler.languages.ast import Expression
from botticelli.compiler.languages.functions import unknown_function
from botticelli.compiler.languages.messages import (
    SUBQUERIES,
    Situation,
    deeply_nested,
    explain,
    too_long,
    unclosed,
)

if TYPE_CHECKING:
    from lark import Lark, Token
    from lark.parsers.lalr_parser_state import ParserState

T = TypeVar("T")

MAX_LENGTH = 65_536
"""Code points of one string; what is longer was not written by a person."""
MAX_DEPTH = 100
"""Levels of brackets in the text, and of nodes in a syntax tree."""
MAX_FAULTS = 20
"""Faults reported for one string."""

END = "$END"
_CLOSER_OF = {"LPAR": "RPAR", "LBRACKET": "RBRACKET"}
_OPENER_OF = {"RPAR": "LPAR", "RBRACKET": "LBRACKET"}
_CLAUSES = {"WHERE", "ORDER", "LIMIT", "OFFSET", "SAMPLE", "AS", "FORMAT", "CONSUME"}
_BORDERS = {"AND", "OR", "COMMA", "RPAR", "RBRACKET"} | _CLAUSES
_RESERVED = {"AND", "OR", "NOT", "IN", "IS", "NULL", "TRUE", "FALSE", "LIKE", "BETWEEN"}
_RESERVED |= {"CONTAINS", "CURRENT_DATE"}
# What follows a clause's keyword and never a name.
_FOLLOWS_KEYWORD = {"NAME", "QUOTED", "STRING", "NUMBER", "PLACEHOLDER", "BY"}
# Habits from other languages, read as what they mean after they have been reported.
_MEANT = {
    "==": ("COMPARISON", "="),
    "===": ("COMPARISON", "="),
    "=>": ("COMPARISON", ">="),
    "&&": ("AND", "and"),
    "&": ("AND", "and"),
    "!": ("NOT", "not"),
}
_ENDING = ("--", "/*", "//", ";", "{%", "{#", "'", '"', "{{")


class Language(Struct, frozen=True):
    """One small language: its grammar, the rule it starts with, and what people call it."""

    grammar: str
    start: str
    noun: str
    functions: frozenset[str] = frozenset()


class Parsed(Struct, Generic[T], frozen=True):
    """A syntax tree, and what was wrong with the text.

    With faults the tree is what could be read, or None; only a tree without faults is lowered.
    """

    tree: T | None
    faults: tuple[Fault, ...] = ()


def parse_tree(language: Language, text: str) -> tuple[Any, list[Fault]]:
    """Return Lark's tree of a text, or None when nothing could be saved, and the syntax faults."""
    if len(text) > MAX_LENGTH:
        return None, [too_long(language.noun, len(text), MAX_LENGTH)]
    driver = _Driver(language, text)
    tree = driver.run()
    return tree, sorted(driver.faults, key=lambda fault: (fault.start, fault.end))


def excessive_depth(tree: Expression, noun: str) -> Fault | None:
    """Return a fault when a tree has more than ``MAX_DEPTH`` levels, at the first node too deep."""
    level: list[Expression] = [tree]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in node.children]
        if not level:
            return None
    return deeply_nested(noun, level[0].start, level[0].end, MAX_DEPTH)


def canonical(name: str) -> str:
    """Return a rule's or terminal's own name: Lark prefixes those that a grammar imports."""
    return name if name == END else name.rpartition("__")[2].lstrip("_")


@cache
def _parser(grammar: str, start: str) -> "Lark":
    from botticelli.compiler.syntax.lark_tables import load_parser

    parser = load_parser(grammar, start=(start,), lexer="basic")
    # A terminal that is imported along two ways has two names in the tables; here they are one.
    terminals = {terminal.name for terminal in parser.terminals}
    states: _States = parser.parser.parser._parse_table.states  # noqa: SLF001
    for state, actions in states.items():
        states[state] = {
            canonical(name) if name in terminals else name: action
            for name, action in actions.items()
        }
    return parser


_States = dict[int, dict[str, tuple[Any, Any]]]


def _accepted(parser: "ParserState[int]", kept: int, types: Sequence[str]) -> bool:
    """Whether a parser would take tokens of these types, with so much of its stack kept."""
    from lark.parsers.lalr_analysis import Shift

    stack, states = parser.state_stack, parser.parse_conf.states
    pushed: list[int] = []
    for kind in types:
        while True:
            action, argument = states[pushed[-1] if pushed else stack[kept - 1]].get(kind, _REFUSED)
            if action is None:
                return False
            if action is Shift:
                pushed.append(argument)
                break
            size = len(argument.expansion)
            kept -= max(0, size - len(pushed))
            pushed = pushed[: max(0, len(pushed) - size)]
            _, reached = states[pushed[-1] if pushed else stack[kept - 1]][argument.origin.name]
            pushed.append(reached)
            if kind == END and reached == parser.parse_conf.end_state:
                return True
    return True


_REFUSED = (None, None)


class _Driver:
    """Feeds one text to the parser and recovers from what does not fit."""

    def __init__(self, language: Language, text: str) -> None:
        from lark import Token

        self.language = language
        self.text = text
        self.faults: list[Fault] = []
        self._token_class = Token
        parser = _parser(language.grammar, language.start).parse_interactive(text)
        self._state = parser.parser_state
        self._states: _States = parser.parser_state.parse_conf.states
        self._tokens = self._lex(parser.lexer_thread.lex(parser.parser_state))  # type: ignore[no-untyped-call]
        self._ahead = next(self._tokens)
        self._previous: Token | None = None
        self._brackets: list[tuple[Token, Token | None]] = []  # each with its function's name

    def run(self) -> Any:
        """Return the tree, or None when parsing was given up."""
        while True:
            token = self._contextual(self._take())
            if token.type in _CLOSER_OF and len(self._brackets) == MAX_DEPTH:
                start = _start(token)
                self.faults.append(deeply_nested(self.language.noun, start, start + 1, MAX_DEPTH))
                return None
            if not self._fits(token):
                recovered = self._recover(token)
                if recovered is None or len(self.faults) >= MAX_FAULTS:
                    return None
                token = recovered
            tree = self._feed(token)
            if token.type == END:
                return tree

    def _lex(self, tokens: "Iterator[Token]") -> "Iterator[Token]":
        for token in tokens:
            token.type = canonical(token.type)
            yield token
        while True:
            yield self._make(END, "", len(self.text))

    def _make(self, kind: str, text: str, start: int, end: int | None = None) -> "Token":
        return self._token_class(kind, text, start, end_pos=start if end is None else end)

    def _take(self) -> "Token":
        token = self._ahead
        self._ahead = next(self._tokens)
        return token

    def _contextual(self, token: "Token") -> "Token":
        """Read a keyword as a name where only a name can stand."""
        actions = self._states[self._state.position]
        if token.type in actions or "NAME" not in actions or token.type in ("BROKEN", END):
            return token
        after_dot = self._previous is not None and self._previous.type == "DOT"
        is_name = token.type not in _RESERVED and self._ahead.type not in _FOLLOWS_KEYWORD
        if token.isidentifier() and (after_dot or is_name):
            token.type = "NAME"
        return token

    def _accepts(self, *types: str) -> bool:
        return _accepted(self._state, len(self._state.state_stack), types)

    def _fits(self, token: "Token") -> bool:
        if token.type == "BROKEN" or (token.type in _OPENER_OF and not self._brackets):
            return False
        return self._accepts(token.type)

    def _feed(self, token: "Token") -> Any:
        fed = self._state.feed_token(token, token.type == END)
        if token.type in _CLOSER_OF:
            before = self._previous
            is_call = before is not None and before.type == "NAME" and self._accepts("TRUE")
            self._brackets.append((token, before if is_call else None))
        elif token.type in _OPENER_OF:
            self._brackets.pop()
        self._previous = token
        return fed

    def _recover(self, token: "Token") -> "Token | None":
        """Report a token that does not fit and return the one to go on with, or None to give up."""
        if self._in_unknown_function(token):
            return self._skip_call(token)
        if self._brackets and token.type in _CLAUSES | {END}:
            return self._close_brackets(token)
        self.faults.append(
            explain(
                Situation(
                    noun=self.language.noun,
                    text=self.text,
                    token=token,
                    previous=self._previous,
                    following=self._ahead,
                    expected=frozenset(filter(self._accepts, self._states[self._state.position])),
                    bracketed=bool(self._brackets),
                )
            )
        )
        if (meant := self._meant(token)) is not None:
            return meant
        if token.type == "BROKEN" and token.startswith(_ENDING):
            token = self._make(END, "", len(self.text))
        elif token.type in ("BROKEN", "STRING", "QUOTED") and self._accepts("BROKEN"):
            token.type = "BROKEN"
            return token
        return self._next_border(token)

    def _meant(self, token: "Token") -> "Token | None":
        """Return what was certainly meant by a token that does not fit, with the parser ready."""
        kind, text = _MEANT.get(str(token), (None, ""))
        if token.type == "COMMA" and not self._brackets:
            kind, text = "AND", "and"
        if kind is not None and self._accepts(kind) and (kind != "NOT" or self._accepts("BROKEN")):
            return self._make(kind, text, _start(token), token.end_pos)
        if self._accepts("BY", token.type):
            self._feed(self._make("BY", "by", _start(token)))
            return token
        after_in = self._previous is not None and self._previous.type == "IN"
        if token.type == "PLACEHOLDER" and after_in:
            self._feed(self._make("LPAR", "(", _start(token)))
            self._feed(token)
            return self._make("RPAR", ")", token.end_pos or 0)
        return None

    def _next_border(self, token: "Token") -> "Token | None":
        depth = 0
        borders = _BORDERS - _CLAUSES if self._in_subquery(token) else _BORDERS
        while token.type != END:
            if token.type in _CLOSER_OF:
                depth += 1
            elif token.type in _OPENER_OF and depth:
                depth -= 1
            elif depth == 0 and token.type in _CLAUSES & borders and self._brackets:
                break
            elif depth == 0 and token.type in borders and self._prepare(token):
                return token
            token = self._take()
        if self._brackets:
            return self._close_brackets(token)
        return token if self._prepare(token) else None

    def _prepare(self, border: "Token") -> bool:
        """Bring the parser to where it takes the border, giving up the operand being read."""
        if border.type in _OPENER_OF and not self._brackets:
            return False
        if self._accepts(border.type):
            return True
        stack, values = self._state.state_stack, self._state.value_stack
        kept = len(stack)
        while not _accepted(self._state, kept, ("BROKEN", border.type)):
            kept -= 1
            if kept == 0 or getattr(values[kept - 1], "type", None) in _CLOSER_OF:
                return False
        del stack[kept:], values[kept - 1 :]
        self._state.feed_token(self._make("BROKEN", "", _start(border)))
        return True

    def _close_brackets(self, token: "Token") -> "Token | None":
        self.faults.append(unclosed(self._brackets[-1][0], token, self.language.noun))
        while self._brackets:
            opener, _ = self._brackets[-1]
            closer = self._make(_CLOSER_OF[opener.type], "", _start(token))
            if not self._prepare(closer):
                return None
            self._feed(closer)
        return token if self._prepare(token) else None

    def _in_unknown_function(self, token: "Token") -> bool:
        """Whether what does not fit is an argument of a function that is refused anyway."""
        if not self._brackets or not self.language.functions:
            return False
        function = self._brackets[-1][1]
        if function is None or function.lower() in self.language.functions:
            return False
        return not self._in_subquery(token)

    def _in_subquery(self, token: "Token") -> bool:
        """Whether a token that does not fit begins a subquery, whose clauses are its own."""
        words = {str(token).lower(), str(self._previous).lower()}
        return bool(self._brackets) and not words.isdisjoint(SUBQUERIES)

    def _skip_call(self, token: "Token") -> "Token | None":
        function = self._brackets[-1][1]
        assert function is not None
        start = _start(function)
        known = self.language.functions
        self.faults.append(unknown_function(function, start, start + len(function), known))
        depth = 0
        while token.type not in _CLAUSES | {END}:
            if token.type in _CLOSER_OF:
                depth += 1
            elif token.type in _OPENER_OF and depth == 0:
                return token if self._prepare(token) else None
            elif token.type in _OPENER_OF:
                depth -= 1
            token = self._take()
        return self._close_brackets(token)


def _start(token: "Token") -> int:
    assert token.start_pos is not None
    return token.start_pos
