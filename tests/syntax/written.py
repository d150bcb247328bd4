"""Strings written in every style of TOML and YAML, with the range that each character came from.

An emitter gives fragments: what is written, and the one character that it stands for, or none. So
what a map of characters must say is known without asking the code under test.
"""

from collections.abc import Callable
from typing import NamedTuple

from hypothesis import strategies as st


class Fragment(NamedTuple):
    written: str
    value: str


Fragments = list[Fragment]


class Written(NamedTuple):
    """A file with one string in it, under the key `k`."""

    text: str
    value: str
    ranges: list[tuple[int, int]]


def document(before: str, fragments: Fragments, after: str) -> Written:
    place, value, ranges, text = len(before), "", [], before
    for fragment in fragments:
        end = place + len(fragment.written)
        if fragment.value:
            value += fragment.value
            ranges.append((place, end))
        text += fragment.written
        place = end
    return Written(text + after, value, ranges)


ORDINARY = st.sampled_from("ab z0:{}#,é😀\u200b'\"\\-%")
CHARACTERS = st.one_of(ORDINARY, st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")))
NEWLINES = st.sampled_from(["\n", "\r\n"])
INVISIBLE = "\ufeff\u0085\ufffe\uffff"

_TOML_SHORT = {
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\f": "\\f",
    "\r": "\\r",
    '"': '\\"',
    "\\": "\\\\",
}


def _toml_escapes(character: str) -> list[str]:
    code = ord(character)
    forms = [f"\\U{code:08x}"]
    if code <= 0xFFFF:
        forms.append(f"\\u{code:04X}")
    if character in _TOML_SHORT:
        forms.append(_TOML_SHORT[character])
    return forms


def _control(character: str) -> bool:
    return (character < " " and character != "\t") or character == "\x7f"


@st.composite
def toml_basic(draw: Callable[..., str]) -> Written:
    fragments = []
    for character in draw(st.text(st.one_of(CHARACTERS, st.characters(categories=("Cc",))))):
        forms = _toml_escapes(character)
        if not _control(character) and character not in '"\\':
            forms += [character] * 3
        fragments.append(Fragment(draw(st.sampled_from(forms)), character))
    return document('k = "', fragments, '" # end\n')


@st.composite
def toml_multiline_basic(draw: Callable[..., str]) -> Written:
    newline = draw(NEWLINES)
    fragments = [Fragment(newline, "")]
    joint = Fragment("\\ " + newline + "  " + newline + "\t", "")
    for character in draw(st.text(st.one_of(CHARACTERS, st.just("\n")))):
        if character == "\n":
            fragments.append(Fragment(newline, "\n"))
        elif _control(character) or character in '"\\' or draw(st.integers(0, 5)) == 0:
            fragments.append(Fragment(draw(st.sampled_from(_toml_escapes(character))), character))
        elif character not in " \t" and draw(st.integers(0, 9)) == 0:
            fragments += [joint, Fragment(character, character)]
        else:
            fragments.append(Fragment(character, character))
    fragments += draw(st.sampled_from([[], [Fragment('"', '"')], [Fragment('"', '"')] * 2]))
    return document('k = """', fragments, '"""')


@st.composite
def toml_literal(draw: Callable[..., str]) -> Written:
    text = draw(st.text(CHARACTERS.filter(lambda c: c != "'" and not _control(c))))
    return document("k = '", [Fragment(c, c) for c in text], "'")


@st.composite
def toml_multiline_literal(draw: Callable[..., str]) -> Written:
    newline = draw(NEWLINES)
    text = draw(st.text(CHARACTERS.filter(lambda c: c != "'" and not _control(c)) | st.just("\n")))
    fragments = [Fragment(newline if c == "\n" else c, c) for c in text]
    return document("k = '''", [Fragment(newline, ""), *fragments], "'''\n")


_YAML_SHORT = {
    "\0": "0",
    "\a": "a",
    "\b": "b",
    "\t": "t",
    "\n": "n",
    "\v": "v",
    "\f": "f",
    "\r": "r",
    "\x1b": "e",
    " ": " ",
    '"': '"',
    "\\": "\\",
    "/": "/",
    "\x85": "N",
    "\xa0": "_",
    "\u2028": "L",
    "\u2029": "P",
}


def _yaml_escapes(character: str) -> list[str]:
    code = ord(character)
    forms = [f"\\U{code:08X}"]
    if code <= 0xFFFF:
        forms.append(f"\\u{code:04x}")
    if code <= 0xFF:
        forms.append(f"\\x{code:02x}")
    if character in _YAML_SHORT:
        forms.append("\\" + _YAML_SHORT[character])
    return forms


def _folded(draw: Callable[..., int], newline: str, indentation: str) -> Fragments:
    """A line break that becomes a space, or breaks that become one less."""
    empty = draw(st.integers(0, 2))
    if not empty:
        return [Fragment(newline + indentation, " ")]
    fragments = [Fragment(newline, "")]
    for _ in range(empty):
        fragments += [Fragment(indentation, ""), Fragment(newline, "\n")]
    return [*fragments, Fragment(indentation, "")]


_WORD = st.text(
    CHARACTERS.filter(lambda c: c not in INVISIBLE and not c.isspace()), min_size=1, max_size=6
)
_PLAIN_WORD = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs", "Cn")).filter(
        lambda c: c not in INVISIBLE + ":#"
    ),
    max_size=5,
).map(lambda word: "w" + word)


def _words(
    draw: Callable[..., list[str]], words: st.SearchStrategy[str], newline: str
) -> Fragments:
    fragments: Fragments = []
    for index, word in enumerate(draw(st.lists(words, min_size=1, max_size=6))):
        if index:
            fold = draw(st.booleans())
            blank = _folded(draw, newline, "   ") if fold else [Fragment(" ", " ")] * 2
            fragments += blank
        fragments += [Fragment(c, c) for c in word]
    return fragments


@st.composite
def yaml_plain(draw: Callable[..., str]) -> Written:
    newline = draw(NEWLINES)
    return document("k: ", _words(draw, _PLAIN_WORD, newline), f"  # end{newline}")


@st.composite
def yaml_single(draw: Callable[..., str]) -> Written:
    newline = draw(NEWLINES)
    fragments = [
        Fragment("''", "'") if fragment.written == "'" else fragment
        for fragment in _words(draw, _WORD, newline)
    ]
    return document(f"k: &anchor{newline}  '", fragments, f"'{newline}")


@st.composite
def yaml_double(draw: Callable[..., str]) -> Written:
    newline = draw(NEWLINES)
    fragments: Fragments = []
    for fragment in _words(draw, _WORD, newline):
        if fragment.value.strip():
            must = fragment.value in '"\\'
            if must or draw(st.integers(0, 4)) == 0:
                escape = draw(st.sampled_from(_yaml_escapes(fragment.value)))
                fragments.append(Fragment(escape, fragment.value))
                continue
            if draw(st.integers(0, 9)) == 0:
                fragments.append(Fragment(f"\\{newline}\t ", ""))
        fragments.append(fragment)
    special = draw(st.text(st.sampled_from(sorted(_YAML_SHORT)), max_size=4))
    fragments += [Fragment(draw(st.sampled_from(_yaml_escapes(c))), c) for c in special]
    return document('k: !!str "', fragments, '"')


_LINE = st.one_of(
    st.just(""), st.tuples(st.sampled_from(["", " ", "\t", "  - "]), _WORD).map("".join)
)


@st.composite
def yaml_literal(draw: Callable[..., str]) -> Written:
    """Lines as they are, with every chomping, with an explicit indentation or without."""
    newline, chomping = draw(NEWLINES), draw(st.sampled_from(["", "-", "+"]))
    lines = [*draw(st.lists(_LINE, max_size=4)), draw(_WORD)]
    explicit = "3" if lines[0][:1] in ("", " ", "\t") or draw(st.booleans()) else ""
    fragments: Fragments = []
    for line in lines:
        fragments.append(Fragment("   " if line else "", ""))
        fragments += [Fragment(c, c) for c in line] + [Fragment(newline, "\n")]
    fragments += [Fragment(newline, "\n")] * draw(st.integers(0, 2))
    return document(f"k: |{explicit}{chomping} # c{newline}", _chomped(fragments, chomping), "z: 1")


@st.composite
def yaml_folded(draw: Callable[..., str]) -> Written:
    """Paragraphs of one or more lines, between them empty lines or lines that stand deeper."""
    newline, chomping = draw(NEWLINES), draw(st.sampled_from(["", "-", "+"]))
    fragments: Fragments = []
    for number, words in enumerate(draw(st.lists(st.lists(_WORD, min_size=1), min_size=1))):
        deeper = number and draw(st.booleans())
        if number and deeper:
            fragments += [Fragment(newline, "\n"), Fragment("  ", ""), Fragment(" ", " ")]
            fragments += [Fragment("d", "d"), Fragment(newline, "\n"), Fragment("  ", "")]
        elif number:
            fragments += [Fragment(newline, ""), Fragment(newline, "\n"), Fragment("  ", "")]
        else:
            fragments.append(Fragment("  ", ""))
        for index, word in enumerate(words):
            if index:
                fragments += [Fragment(newline, " "), Fragment("  ", "")]
            fragments += [Fragment(c, c) for c in word]
    fragments += [Fragment(newline, "\n")] * draw(st.integers(1, 3))
    return document(f"k: >{chomping}{newline}", _chomped(fragments, chomping), "z: 1")


def _chomped(fragments: Fragments, chomping: str) -> Fragments:
    last = max(i for i, fragment in enumerate(fragments) if fragment.value not in ("", "\n"))
    kept = {"": 1, "-": 0, "+": len(fragments)}[chomping]
    return [
        fragment if index <= last + kept else Fragment(fragment.written, "")
        for index, fragment in enumerate(fragments)
    ]


TOML = {
    "basic": toml_basic(),
    "multi-line basic": toml_multiline_basic(),
    "literal": toml_literal(),
    "multi-line literal": toml_multiline_literal(),
}
YAML = {
    "plain": yaml_plain(),
    "single-quoted": yaml_single(),
    "double-quoted": yaml_double(),
    "literal block": yaml_literal(),
    "folded block": yaml_folded(),
}
