"""What Jinja's parser says of one tag, said so that its author can mend it."""

import re

from jinja2 import TemplateSyntaxError

from botticelli.compiler.faults import Fault, Replacement
from botticelli.compiler.templates.scanning import Scan, Tag, Token
from botticelli.grammar.catalogue import TEMPLATE_SYNTAX

_EXPECTED = re.compile(r"expected token '(?P<token>[^']+)'")
_NAMES = {"name": "a name", "end of print statement": "`}}`", "end of statement block": "`%}`"}
_SAYINGS = {
    "You cannot chain": "tests with `is` cannot follow each other; join them with `and`",
    "invalid syntax for function call": "an argument by place cannot follow one by name",
    "non-default argument": "a parameter without a default cannot follow one with a default",
    "expected call": "`{% call %}` takes a call: `{% call name(…) %}`",
    "can't assign": "only a name can be given a value here",
    "expected name or number": "expected the name of a field after `.`",
}


def explain(error: TemplateSyntaxError, scan: Scan, tag: Tag) -> Fault:
    """Return the fault of one tag, at the token where the parser stopped."""
    number = max(tag.first, min(error.lineno, tag.last))
    found = scan.tokens[number]
    shown = scan.text[found.start : found.end]
    said = error.message or ""
    message = next((text for start, text in _SAYINGS.items() if said.startswith(start)), None)
    if message is not None:
        return _fault(found, message)
    if tag.last == tag.first + 1:
        opening = scan.tokens[tag.first]
        return Fault(
            rule=TEMPLATE_SYNTAX,
            start=opening.start,
            end=found.end,
            message="there is no expression between `{{` and `}}`",
        )
    if found.type in {"variable_end", "block_end"}:
        return _fault(found, _incomplete(scan, tag, number, shown.strip()))
    expected = _EXPECTED.search(said)
    wanted = expected["token"] if expected else ""
    if found.type == "assign":
        return Fault(
            rule=TEMPLATE_SYNTAX,
            start=found.start,
            end=found.end,
            message="`=` does not belong in an expression",
            help="`==` compares, and `{% set name = value %}` gives a name to a value",
            edits=(Replacement(found.start, found.end, "=="),) if tag.keyword in _TESTS else (),
        )
    name = _NAMES.get(wanted, f"`{wanted}`")
    message = f"expected {name}, found `{shown}`" if wanted else f"`{shown}` does not belong here"
    inner = scan.tokens[tag.first + 1]
    braces = inner.type == "lbrace" or (found.type == "colon" and number == tag.first + 2)
    return Fault(
        rule=TEMPLATE_SYNTAX,
        start=found.start,
        end=found.end,
        message=message,
        help=_BRACES if braces and not tag.keyword else None,
    )


_BRACES = "to write braces as text, put them between `{% raw %}` and `{% endraw %}`"
_TESTS = frozenset({"if", "elif"})


def _incomplete(scan: Scan, tag: Tag, number: int, closer: str) -> str:
    before = scan.tokens[number - 1]
    text = scan.text[before.start : before.end]
    if before.type == "pipe":
        return f"expected the name of a filter between `|` and `{closer}`"
    if before.type == "name" and before.value == "is":
        return f"expected the name of a test between `is` and `{closer}`"
    if before.type == "dot":
        return f"expected the name of a field between `.` and `{closer}`"
    if number == tag.first + 2 and tag.keyword:
        return f"`{tag.keyword}` is not followed by what it needs"
    return f"something is missing between `{text}` and `{closer}`"


def _fault(token: Token, message: str) -> Fault:
    return Fault(rule=TEMPLATE_SYNTAX, start=token.start, end=token.end, message=message)
