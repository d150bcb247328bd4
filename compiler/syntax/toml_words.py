"""How the faults of TOML text are put into words."""

import re
from collections.abc import Sequence

from lark import Token, Tree

from botticelli.compiler.diagnostics import Edit, Fix, Location
from botticelli.compiler.source import Span
from botticelli.compiler.syntax.faults import Faults, quoted
from botticelli.compiler.syntax.found import character, hidden_in
from botticelli.compiler.syntax.strings import Piece

_NULLS = {"null", "nil", "none", "~"}
_BOOLEANS = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false"}
_BOOLEANS |= {"false": "false", "y": "true", "n": "false"}
_NUMBER = re.compile(r"[+-]?[0-9._]+(?:[eE][+-]?[0-9_.]*)?")
_RADIX = re.compile(r"[+-]?0[xXoObB][0-9A-Za-z_]*")
_MOMENT = re.compile(r"[0-9]{1,4}-[0-9]{1,2}|[0-9]{1,2}:[0-9]{1,2}")
_TEXT = 'text needs quotes: `"…"`'


def refuse_piece(faults: Faults, piece: Piece) -> None:
    """Report a bad escape or a control character in a string."""
    help_ = None
    if piece.fault.startswith("`\\") or piece.fault.startswith("a `\\"):
        help_ = "write `\\\\` for a backslash, or use a literal string between single quotes"
    faults.refuse(Span(piece.start, piece.end), piece.fault, help=help_)


def refuse_token(faults: Faults, kind: str, written: str, span: Span) -> None:
    """Report a token that can be no value or no key."""
    if kind == "UNCLOSED_STRING":
        faults.refuse(
            span,
            f"this string is not closed: `{written[0]}` is missing before the end of the line",
            note="it opens here",
            help=f"text of several lines stands between {written[0] * 3} and {written[0] * 3}",
        )
    elif (hidden := hidden_in(written)) is not None:
        place = span.start + written.index(hidden)
        faults.refuse(Span(place, place + 1), f"{character(hidden)} cannot stand here")
    elif kind == "BAD_KEY":
        _refuse_key(faults, written, span)
    else:
        message, help_ = _value_words(kind, written)
        faults.refuse(span, message, help=help_, fix=_value_fix(faults, written, span))


def refuse_line_breaks(faults: Faults, children: Sequence[Token | Tree[Token]]) -> None:
    """Report what TOML 1.0 does not allow in an inline table: a line break, and a last comma."""
    tokens = [child for child in children if isinstance(child, Token)]
    newline = next((token for token in tokens if token.type == "NEWLINE"), None)
    opening = tokens[0].start_pos
    assert opening is not None
    if newline is not None and newline.start_pos is not None:
        faults.refuse(
            Span(newline.start_pos, newline.start_pos),
            "an inline table stands on one line",
            note="the line breaks here",
            labels=(faults.label("the inline table opens here", Span(opening, opening + 1)),),
            help="put it on one line, or write a table with a header: `[name]`",
        )
        return
    last = children[-2]
    if isinstance(last, Token) and last.type == "COMMA" and last.start_pos is not None:
        span = Span(last.start_pos, last.start_pos + 1)
        fix = Fix(safe=True, edits=(Edit(Location(faults.source, span), ""),))
        faults.refuse(span, "an inline table has no comma after its last key", fix=fix)


def _refuse_key(faults: Faults, written: str, span: Span) -> None:
    location = Location(faults.source, span)
    fix = Fix(safe=True, edits=(Edit(location, f'"{written}"'),)) if "\\" not in written else None
    faults.refuse(
        span,
        f"{quoted(written)} needs quotes as a key",
        help="a key without quotes holds only A-Z, a-z, 0-9, `-` and `_`",
        fix=fix,
    )


def _value_words(kind: str, written: str) -> tuple[str, str | None]:
    shown = quoted(written)
    if kind in ("DATE", "DATE_TIME", "TIME"):
        return f"{shown} is not in the calendar", None
    if kind == "INTEGER":
        return f"an integer of {len(written)} digits is too large", None
    if written.lower() in _NULLS:
        return f"{shown} is not a TOML value: TOML has no null", "leave the key out"
    if written.lower() in _BOOLEANS:
        return f"{shown} is not a TOML value", f"a boolean is `true` or `false`; {_TEXT}"
    if written.lstrip("+-").lower() in ("inf", "nan", "infinity"):
        return f"{shown} is not a TOML value", "write `inf` or `nan`, in small letters"
    if _MOMENT.match(written):
        return f"{shown} is not a date or time of TOML", _MOMENT_HELP
    if _RADIX.fullmatch(written):
        return f"{shown} is not a number of TOML", "write 0x, 0o or 0b and digits, without a sign"
    if _NUMBER.fullmatch(written) and any(c.isdigit() for c in written):
        return f"{shown} is not a number of TOML", _number_help(written)
    return f"{shown} is not a TOML value", _TEXT


_MOMENT_HELP = "dates are like 2024-05-27, times like 07:32:00, both like 2024-05-27T07:32:00Z"


def _number_help(written: str) -> str | None:
    digits = written.lstrip("+-")
    if "__" in written or digits.startswith("_") or re.search(r"_(?:\D|$)|\D_", digits):
        return "an underscore stands between two digits"
    if re.match(r"0[0-9_]", digits):
        return "a number does not begin with 0"
    if re.search(r"^\.|\.(?:\D|$)", digits):
        return "a point stands between two digits"
    return None


def _value_fix(faults: Faults, written: str, span: Span) -> Fix | None:
    """Mend what can only have been meant in one way, and propose quotes around words."""

    def fix(text: str, *, safe: bool) -> Fix:
        return Fix(safe=safe, edits=(Edit(Location(faults.source, span), text),))

    if written in ("True", "False", "TRUE", "FALSE"):
        return fix(written.lower(), safe=True)
    if written.lower() in _BOOLEANS:
        return fix(_BOOLEANS[written.lower()], safe=False)
    if written[0].isalpha() and written.lower() not in _NULLS and "\\" not in written:
        return fix(f'"{written}"', safe=False) if '"' not in written else None
    return None
