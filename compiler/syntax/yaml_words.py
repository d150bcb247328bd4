"""How libyaml's complaints are put into words.

libyaml says what it was doing, where that began (its context), what went wrong and where. Which of
the two places a person wants to see, and what to call it, is decided here.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

import yaml

from botticelli.compiler.diagnostics import Label
from botticelli.compiler.source import Span
from botticelli.compiler.syntax.faults import Faults, quoted
from botticelli.compiler.syntax.found import character, column, found, found_span, is_first_on_line


class _Complaint(NamedTuple):
    """What libyaml says: while ``context``, which began at ``start``, a fault at ``place``."""

    text: str
    context: str
    start: int
    place: int

    @property
    def found(self) -> str:
        return found(self.text, self.place)

    @property
    def span(self) -> Span:
        return found_span(self.text, self.place)

    @property
    def line_before(self) -> str:
        return self.text[self.text.rfind("\n", 0, self.place) + 1 : self.place]


class _Words(NamedTuple):
    """What is said instead. ``opening`` labels where the context began."""

    span: Span
    message: str
    help: str | None = None
    opening: str = ""


_QUOTES = "text that begins like this needs quotes"
_TEXT_WITH_COLON = "text with a colon and a blank needs quotes"


def refuse(faults: Faults, error: yaml.MarkedYAMLError, text: str, base: int) -> int:
    """Report a fault that libyaml found, and return the place after which reading may go on.

    ``base`` is where the text that libyaml read begins.
    """
    place = base + error.problem_mark.index if error.problem_mark else base
    start = base + error.context_mark.index if error.context_mark else place
    size = len(text)
    complaint = _Complaint(text, error.context or "", min(start, size), min(place, size))
    words = _HANDLERS.get(error.problem or "", _other)(complaint)
    labels: tuple[Label, ...] = ()
    if words.opening and complaint.start < words.span.start:
        labels = (faults.label(words.opening, found_span(text, complaint.start)),)
    if not faults.stand_on_line_of(words.span):  # what follows a fault on its line follows from it
        faults.refuse(words.span, words.message, labels=labels, help=words.help)
    return max(words.span.start, complaint.start)


def _other(complaint: _Complaint) -> _Words:
    if complaint.context.endswith("directive"):
        return _Words(
            complaint.span,
            "this is no directive of YAML",
            "text that begins with `%` needs quotes",
        )
    if "tag" in complaint.context:
        message = f"a tag does not go on with {complaint.found}"
        return _Words(complaint.span, message, "put a blank after the tag")
    return _Words(complaint.span, f"this is not YAML, from {complaint.found} on")


def _second_colon(complaint: _Complaint) -> _Words:
    if re.search(r":\s", complaint.line_before):
        return _Words(complaint.span, "a second `:` in a line that has a key", _TEXT_WITH_COLON)
    return _Words(
        complaint.span,
        "no key can stand here: the value above goes on in this line",
        "indent it as the key above, or put the value above between quotes",
    )


def _key_without_colon(complaint: _Complaint) -> _Words:
    line = complaint.text.find("\n", complaint.start)
    end = len(complaint.text) if line == -1 else line
    written = complaint.text[complaint.start : end].rstrip()
    span = Span(complaint.start, complaint.start + len(written))
    return _Words(span, f"expected `:` after the key {quoted(written)}")


def _no_key(complaint: _Complaint) -> _Words:
    if not is_first_on_line(complaint.text, complaint.place):
        message = f"expected the end of the line after the value, found {complaint.found}"
        return _Words(complaint.span, message)
    if complaint.found == "`:`":
        return _no_value(complaint)
    return _misplaced(complaint, "a key", "the mapping begins here")


def _no_value(complaint: _Complaint) -> _Words:
    if complaint.found == "`:`":
        return _Words(complaint.span, "expected a key before `:`")
    return _Words(complaint.span, f"expected a value, found {complaint.found}")


def _no_item(complaint: _Complaint) -> _Words:
    return _misplaced(complaint, "`-` as in the list above", "the list begins here")


def _misplaced(complaint: _Complaint, expected: str, opening: str) -> _Words:
    above = column(complaint.text, complaint.start)
    here = column(complaint.text, complaint.place)
    message = f"expected {expected}, found {complaint.found}"
    if here == above:
        return _Words(complaint.span, message, None, opening)
    help_ = f"this line begins in column {here}, those that it could belong to in column {above}"
    return _Words(complaint.span, message, help_, opening)


def _flow(closing: str, what: str) -> Callable[[_Complaint], _Words]:
    def words(complaint: _Complaint) -> _Words:
        opening = Span(complaint.start, complaint.start + 1)
        later_line = complaint.text.find("\n", opening.end, complaint.place) != -1
        next_key = complaint.found == "`:`" and later_line
        if complaint.place >= len(complaint.text.rstrip()) or next_key:
            return _Words(opening, f"this {what} is never closed: `{closing}` is missing")
        message = f"expected `,` or `{closing}`, found {complaint.found}"
        return _Words(complaint.span, message, None, f"the {what} opens here")

    return words


def _never_closed(complaint: _Complaint) -> _Words:
    quote = complaint.text[complaint.start]
    span = Span(complaint.start, complaint.start + 1)
    return _Words(span, f"this string is never closed: `{quote}` is missing")


def _unknown_escape(complaint: _Complaint) -> _Words:
    written = complaint.text[complaint.place : complaint.place + 2]
    return _Words(
        Span(complaint.place, complaint.place + len(written)),
        f"{quoted(written)} is not an escape of YAML",
        "write `\\\\` for a backslash, or put the text between single quotes",
    )


def _bad_code(complaint: _Complaint) -> _Words:
    start = complaint.place - 2
    kind = complaint.text[start + 1]
    digits = {"x": 2, "u": 4, "U": 8}[kind]
    message = f"`\\{kind}` takes {digits} hexadecimal digits"
    return _Words(Span(start, complaint.place), message)


def _no_character(complaint: _Complaint) -> _Words:
    match = re.compile(r"\\.[0-9A-Fa-f]{2,8}").match(complaint.text, complaint.place - 2)
    span = Span(complaint.place - 2, match.end() if match else complaint.place)
    return _Words(span, f"`{complaint.text[span.start : span.end]}` is no Unicode character")


def _no_token(complaint: _Complaint) -> _Words:
    if complaint.text.startswith("\t", complaint.place):
        return _tab(complaint)
    template = complaint.text.startswith("{%", complaint.place - 1)
    span = Span(complaint.place - template, complaint.place + 1)
    begins = "`{%`" if template else character(complaint.text[complaint.place])
    return _Words(span, f"a value cannot begin with {begins}", _QUOTES)


def _tab(complaint: _Complaint) -> _Words:
    span = Span(complaint.place, complaint.place + 1)
    return _Words(span, "YAML is not indented with tabs", "use spaces")


def _no_name(complaint: _Complaint) -> _Words:
    sign = complaint.text[complaint.start]
    message = f"expected a name after `{sign}`, found {complaint.found}"
    return _Words(complaint.span, message, _QUOTES)


def _block_header(complaint: _Complaint) -> _Words:
    if complaint.context != "while scanning a block scalar":
        return _other(complaint)
    sign = complaint.text[complaint.start]
    message = f"expected the end of the line after `{sign}`, found {complaint.found}"
    return _Words(complaint.span, message, "a block of text begins on the next line")


def _at(message: str, help_: str | None = None) -> Callable[[_Complaint], _Words]:
    """Return what only names the place."""
    return lambda complaint: _Words(
        complaint.span, message.replace("FOUND", complaint.found), help_
    )


_HANDLERS: dict[str, Callable[[_Complaint], _Words]] = {
    "mapping values are not allowed in this context": _second_colon,
    "mapping keys are not allowed in this context": _at("a key cannot stand here"),
    "block sequence entries are not allowed in this context": _at(
        "a list cannot begin here", "put `-` on a line of its own below the key"
    ),
    "could not find expected ':'": _key_without_colon,
    "did not find expected key": _no_key,
    "did not find expected '-' indicator": _no_item,
    "did not find expected ',' or ']'": _flow("]", "list"),
    "did not find expected ',' or '}'": _flow("}", "mapping"),
    "did not find expected node content": _no_value,
    "did not find expected <document start>": _at(
        "expected the end of the file after `...`, found FOUND"
    ),
    "found unexpected end of stream": _never_closed,
    "found unexpected document indicator": _never_closed,
    "found unknown escape character": _unknown_escape,
    "did not find expected hexdecimal number": _bad_code,
    "found invalid Unicode character escape code": _no_character,
    "found character that cannot start any token": _no_token,
    "found a tab character where an indentation space is expected": _tab,
    "found a tab character that violates indentation": _tab,
    "did not find expected alphabetic or numeric character": _no_name,
    "did not find expected comment or line break": _block_header,
    "found an indentation indicator equal to 0": _at(
        "the indentation of a block of text is a digit from 1 to 9"
    ),
    "found undefined tag handle": _at("no `%TAG` directive defines the handle of this tag"),
    "found incompatible YAML document": _at("this is not YAML 1.2"),
}
