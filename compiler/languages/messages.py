"""What is said of text that does not parse: what was expected, what was found, and the mend."""

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from botticelli.compiler.faults import Fault, Mark, Replacement
from botticelli.compiler.languages.functions import shortened
from botticelli.grammar.catalogue import EXPRESSION_SYNTAX, VALUE_AS_NAME

if TYPE_CHECKING:
    from lark import Token

SUBQUERIES = frozenset({"select", "exists", "union", "intersect", "except", "from", "with"})
_STATEMENTS = SUBQUERIES | {
    *("insert", "update", "delete", "drop", "alter", "create", "truncate", "grant", "attach"),
    *("pragma", "exec", "execute", "returning", "having", "group", "join", "into", "values"),
}
_CONSTRUCTS = frozenset({"case", "when", "then", "collate", "escape", "similar", "regexp", "glob"})
_CLAUSE_KEYS = {
    "where": "a filter starts with its first comparison",
    "order": "the key `order_by` orders the rows",
    "limit": "the key `limit` limits the rows",
    "offset": "the key `offset` skips rows",
}
_OPERATORS = {"==": "=", "===": "=", "=>": ">=", "&&": "and", "&": "and", "!": "not"}
_DROPPED = {
    ";": "`;` is not accepted in {noun}",
    "--": "comments are not accepted in {noun}",
    "/*": "comments are not accepted in {noun}",
    "//": "comments are not accepted in {noun}",
    "::": "casts are not accepted in {noun}",
    "{%": "`{{%` is not accepted in {noun}: `{{{{ }}}}` stands for a value, and nothing else is "
    "expanded",
    "{#": "comments are not accepted in {noun}",
}
_UNCLOSED = {
    "'": ("this text is never closed", "a quote inside text is written twice: `''`"),
    '"': ("this quoted name is never closed", None),
    "{{": ("this `{{` is never closed", None),
}
_SHOWN = {
    "AND": "`and`",
    "OR": "`or`",
    "NOT": "`not`",
    "NULL": "`null`",
    "BETWEEN": "`between`",
    "IN": "`in`",
    "LPAR": "`(`",
    "RPAR": "`)`",
    "LBRACKET": "`[`",
    "RBRACKET": "`]`",
    "COMMA": "`,`",
    "DOT": "`.`",
    "QUESTION": "`?`",
    "RANGE": "`..`",
    "BY": "`by`",
    "NAME": "a name",
    "NUMBER": "a number",
    "INTEGER": "a whole number",
    "STRING": "text in single quotes",
    "$END": "the end",
}


class Situation(Struct, frozen=True):
    """A token that does not fit, with what stands around it and what would have fitted."""

    noun: str
    text: str
    token: "Token"
    previous: "Token | None"
    following: "Token"
    expected: frozenset[str]
    bracketed: bool

    @property
    def start(self) -> int:
        return self.token.start_pos or 0

    @property
    def end(self) -> int:
        """The end of the token; at the end of the text, the end of the token before it."""
        return self.token.end_pos or 0

    @property
    def wants_operand(self) -> bool:
        return {"TRUE", "BROKEN"} <= self.expected

    @property
    def wants_operator(self) -> bool:
        return {"COMPARISON", "AND"} <= self.expected or {"AND", "OR"} <= self.expected


def explain(at: Situation) -> Fault:
    """Return the fault for a token that does not fit."""
    return (
        _broken(at)
        or _statement(at)
        or _placeholder(at)
        or _misplaced(at)
        or _empty(at)
        or _plain(at, f"expected {_expectation(at)}, found {_found(at)}")
    )


def a(noun: str) -> str:
    """Put the article before what a language is called."""
    return f"an {noun}" if noun == "order" else f"a {noun}"


def too_long(noun: str, length: int, limit: int) -> Fault:
    return Fault(
        rule=EXPRESSION_SYNTAX,
        start=0,
        end=1,
        message=f"{a(noun)} has at most {limit:,} characters, this one has {length:,}",
    )


def deeply_nested(noun: str, start: int, end: int, limit: int) -> Fault:
    return Fault(
        rule=EXPRESSION_SYNTAX,
        start=start,
        end=end,
        message=f"this {noun} is nested more than {limit} levels deep",
        help="split it, or write it with fewer brackets and shorter chains",
    )


def unclosed(opener: "Token", found: "Token", noun: str) -> Fault:
    start = opener.start_pos or 0
    where = "the end" if found.type == "$END" else f"`{found}`"
    return Fault(
        rule=EXPRESSION_SYNTAX,
        start=start,
        end=start + 1,
        message=f"`{opener}` is never closed in this {noun}",
        note="opened here",
        marks=()
        if found.type == "$END"
        else (
            Mark(f"{where} comes before it is closed", found.start_pos or 0, found.end_pos or 0),
        ),
    )


def _plain(at: Situation, message: str, **more: Any) -> Fault:
    start, end = at.start, at.end
    if at.token.type == "$END":  # the last character is what can be shown
        end = len(at.text.rstrip())
        start = max(0, end - 1)
    return _fault(start, end, message, **more)


def _fault(start: int, end: int, message: str, **more: Any) -> Fault:
    return Fault(rule=EXPRESSION_SYNTAX, start=start, end=end, message=message, **more)


def _broken(at: Situation) -> Fault | None:
    if at.token.type != "BROKEN":
        return None
    text = str(at.token)
    for mark, (message, advice) in _UNCLOSED.items():
        if text.startswith(mark):
            end = at.start + len(mark)
            return _fault(at.start, end, message, note="opened here", help=advice)
    if text in _DROPPED:
        return _plain(at, _DROPPED[text].format(noun=a(at.noun)))
    if text in _OPERATORS and (text != "!" or at.wants_operand):
        return _operator(at, text, _OPERATORS[text])
    if text == "." and at.noun == "filter" and at.previous and at.previous.type in _NAMES:
        message = "columns are written without their table"
        return _plain(at, message, help="leave out the table's name")
    if text.startswith("`"):
        name = text.strip("`")
        mend = name if name.isidentifier() else f'"{name}"'
        message = "names are quoted with double quotes here, not with back-quotes"
        edits = (Replacement(at.start, at.end, mend),) if name and '"' not in name else ()
        return _plain(at, message, edits=edits, safe=True)
    if at.noun == "order" and text in _EXPRESSION_MARKS:
        return _plain(at, "an order names columns; expressions are not accepted")
    if text[0].isalnum():
        return _plain(at, f"`{shortened(text)}` is neither a number nor a name")
    return _plain(at, f"{_character(text)} has no meaning in {a(at.noun)}")


def _operator(at: Situation, written: str, meant: str) -> Fault:
    glued = meant.isalpha() and not at.text[at.end : at.end + 1].isspace()
    edit = Replacement(at.start, at.end, f"{meant} " if glued else meant)
    return _plain(at, f"`{written}` is written `{meant}` here", edits=(edit,), safe=True)


_NAMES = {"NAME", "QUOTED"}
_EXPRESSION_MARKS = set("()+-*/.|")


def _statement(at: Situation) -> Fault | None:
    for token in (at.previous, at.token):
        if token is None or token.type != "NAME":
            continue
        word = token.lower()
        start, end = token.start_pos or 0, token.end_pos or 0
        if word in _CLAUSE_KEYS and at.noun in ("filter", "condition"):
            return Fault(
                rule=EXPRESSION_SYNTAX,
                start=start,
                end=end,
                message=f"`{token}` is not part of {a(at.noun)}",
                help=_CLAUSE_KEYS[word] if at.noun == "filter" else None,
            )
        if word in _STATEMENTS:
            what = "subqueries are" if word in SUBQUERIES else f"`{token}` is"
        elif word in _CONSTRUCTS:
            what = f"`{token}` is"
        else:
            continue
        return Fault(
            rule=EXPRESSION_SYNTAX,
            start=start,
            end=end,
            message=f"{what} not accepted in {a(at.noun)}",
        )
    return None


def _placeholder(at: Situation) -> Fault | None:
    if at.token.type != "PLACEHOLDER":
        return None
    if at.expected == {"LPAR"} or (at.previous is not None and at.previous.type == "IN"):
        return _plain(
            at,
            "expected `(` after `in`",
            help="a list of values stands in parentheses",
            edits=(Replacement(at.start, at.start, "("), Replacement(at.end, at.end, ")")),
            safe=True,
        )
    previous = at.previous
    if previous is not None and previous.lower() in ("interval", "date", "timestamp"):
        return _plain(
            at,
            f"`{previous.lower()}` takes text in single quotes, not a template",
            help="a template that gives such a value stands alone: `{{ name }}`",
        )
    return Fault(
        rule=VALUE_AS_NAME,
        start=at.start,
        end=at.end,
        message=f"a template stands for a value only; expected {_expectation(at)}",
        note="a value cannot stand here",
    )


def _misplaced(at: Situation) -> Fault | None:
    token, previous = at.token, at.previous
    if token.type in ("RPAR", "RBRACKET") and not at.bracketed:
        return _plain(at, f"`{token}` closes nothing")
    if token.type == "COMPARISON" and at.wants_operator:
        return _plain(
            at,
            "comparisons do not chain",
            help="join two comparisons with `and`: `a < b and b < c`",
        )
    if token.type == "COMMA" and at.wants_operator and not at.bracketed:
        return _plain(at, f"the parts of {a(at.noun)} are joined with `and` or `or`, not with `,`")
    if previous is None or token.type == "$END":
        return None
    if "NULL" in at.expected and at.expected <= {"NULL", "NOT"}:
        return _plain(at, "`is` tests for `null` only", help="other values are compared with `=`")
    if "BY" in at.expected:
        return _plain(
            at,
            "`order` is followed by `by`",
            edits=(Replacement(at.start, at.start, "by "),),
            safe=True,
        )
    return None


def _empty(at: Situation) -> Fault | None:
    return None if at.text.strip() else _plain(at, f"this {at.noun} is empty")


def _expectation(at: Situation) -> str:
    after = f" after {_quoted(at.previous)}" if at.previous is not None else ""
    if at.wants_operand:
        return f"a value{after}"
    if at.wants_operator:
        closing = ", `or` or `)`" if at.bracketed else " or `or`"
        return f"an operator, `and`{closing}{after}"
    if {"WHERE", "LIMIT"} <= at.expected:
        return f"a clause{after}"
    if {"NAME", "NUMBER", "STRING"} <= at.expected:
        return f"a column{after}"
    if "DIRECTION" in at.expected:
        return f"`asc`, `desc` or `,`{after}"
    shown = [_SHOWN[name] for name in _SHOWN if name in at.expected]
    return f"{_alternatives(shown)}{after}"


def _alternatives(shown: list[str]) -> str:
    if not shown:
        return "something else"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"


def _found(at: Situation) -> str:
    if at.token.type == "$END":
        return f"the end of the {at.noun}"
    return _quoted(at.token)


def _quoted(token: "Token") -> str:
    return f"`{shortened(token)}`"


def _character(text: str) -> str:
    character = text[0]
    if character.isprintable() and not character.isspace():
        return f"`{shortened(text)}`"
    return f"the character U+{ord(character):04X}"
