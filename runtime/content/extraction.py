"""Finding the JSON of an answer: in a fenced block, bare, or between words.

Two faults are mended, and nothing else: a comma too many, and an end that was cut off. Libraries
that mend more guess at values (they make text of an unfinished `tru`, 7 of 007, a name of what
has no quotes), and a guess would be stored as if a model had said it. What was cut in the middle
of a number is left out, since the number is not known; text that was cut is kept as far as it goes.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

MOST_CHARACTERS = 500_000
"""The longest answer that is looked into."""

_MOST_STARTS = 300
_MOST_MENDS = 10
"""How many places are tried at which JSON may begin, and at which it may have to be mended."""

_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[^\n`]*\n", re.MULTILINE)
_OPENS = re.compile(r"[{\[]")
_LIKELY = re.compile(r'\{\s*(?:"|\}|$)|\[\s*(?:\{\s*(?:"|\}|$)|$)')
_BETWEEN = re.compile(r"[\s,]*")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?P<closed>")?|[{}\[\],:]|[^\s{}\[\],:"]+|\s+', re.DOTALL)
_CUT_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?\Z")
_CLOSING = {"{": "}", "[": "]"}
_LITERALS = frozenset({"true", "false", "null"})

COMMA = "a comma too many"
CUT = "an end that was cut off"
CONTROL = "line breaks within text"


class Extracted(Struct, frozen=True):
    """Objects found in an answer, and what had to be mended in their JSON."""

    records: tuple[dict[str, Any], ...]
    mended: tuple[str, ...] = ()


class _Found(Struct, frozen=True):
    value: Any
    start: int
    end: int
    mended: tuple[str, ...] = ()


def extract(text: str) -> Extracted | None:
    """Return the objects that an answer holds, or None if it holds none.

    A fenced block is preferred, then the longest JSON in the text; objects that follow each other
    are taken together.
    """
    if len(text) > MOST_CHARACTERS:
        return None
    for part in (*_fenced(text), text):
        groups = _groups(list(_found(part)))
        if groups:
            return max(groups, key=lambda group: group[0])[1]
    return None


def records_of(value: Any) -> tuple[dict[str, Any], ...] | None:
    """Return the objects that a value is: one, or an array of nothing else."""
    if isinstance(value, dict):
        return (value,)
    if isinstance(value, list) and all(isinstance(each, dict) for each in value):
        return tuple(value)
    return None


def _fenced(text: str) -> Iterator[str]:
    """Yield what stands in fences; the last one may have no end."""
    position = 0
    while (opening := _FENCE.search(text, position)) is not None:
        mark = re.escape(opening.group(1))
        closing = re.compile(rf"^[ \t]*{mark}[ \t]*$", re.MULTILINE).search(text, opening.end())
        end = len(text) if closing is None else closing.start()
        yield text[opening.end() : end]
        position = len(text) if closing is None else closing.end()


def _groups(found: list[_Found]) -> list[tuple[int, Extracted]]:
    """Put values together that follow each other with nothing but white space and commas between;
    give the length of each group."""
    groups: list[tuple[int, Extracted]] = []
    start = end = -1
    for each in found:
        records = records_of(each.value) or ()
        if groups and each.start == end:
            _, before = groups.pop()
            mended = tuple(dict.fromkeys((*before.mended, *each.mended)))
            joined = Extracted((*before.records, *records), mended)
        else:
            start, joined = each.start, Extracted(records, each.mended)
        groups.append((each.end - start, joined))
        end = each.end
    return groups


def _found(text: str) -> Iterator[_Found]:
    """Yield the objects and arrays of objects that a text holds, from left to right.

    `end` reaches over what may stand between two of them.
    """
    position = tried = mends = 0
    while (opening := _OPENS.search(text, position)) is not None and tried < _MOST_STARTS:
        tried += 1
        start = opening.start()
        found = _at(text, start)
        if found is None and mends < _MOST_MENDS and _LIKELY.match(text, start):
            mends += 1
            found = _mended_at(text, start)
        if found is None:
            position = opening.end()
            continue
        between = _BETWEEN.match(text, found.end)
        assert between is not None
        position = between.end()
        yield _Found(found.value, found.start, position, found.mended)


def _at(text: str, start: int) -> _Found | None:
    try:
        value, end = _STRICT.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    return _Found(value, start, end) if records_of(value) is not None else None


def _mended_at(text: str, start: int) -> _Found | None:
    mended = _mend(text, start)
    if mended is None:
        return None
    written, end, faults = mended
    try:
        value = _STRICT.decode(written)
    except (ValueError, RecursionError):
        try:
            value = _LENIENT.decode(written)
        except (ValueError, RecursionError):
            return None
        faults = (*faults, CONTROL)
    records = records_of(value)
    return None if not records or not any(records) else _Found(value, start, end, faults)


def _mend(text: str, start: int) -> tuple[str, int, tuple[str, ...]] | None:
    """Return the JSON that begins at a place with its end completed and without commas too many,
    where it ends in the text, and what was mended; None where brackets do not match."""
    kept: list[str] = []
    stack: list[str] = []
    faults: list[str] = []
    for token in _TOKEN.finditer(text, start):
        word = token.group()
        if word.isspace():
            continue
        if word[0] == '"' and not token.group("closed"):
            kept.append(word)
            break
        if word in "}]":
            if kept and kept[-1] == ",":
                kept.pop()
                faults.append(COMMA)
            if _CLOSING[stack.pop()] != word:
                return None
        elif word in "{[":
            stack.append(word)
        kept.append(word)
        if not stack:
            return "".join(kept), token.end(), tuple(dict.fromkeys(faults))
    _cut_back(kept, stack)
    closing = [_CLOSING[each] for each in reversed(stack)]
    return "".join([*kept, *closing]), len(text), (*dict.fromkeys(faults), CUT)


def _cut_back(kept: list[str], stack: list[str]) -> None:
    """Take off what an end that was cut leaves without meaning: half a number, a key alone."""
    while kept:
        last = kept[-1]
        is_value = len(kept) > 1 and (kept[-2] == ":" or stack[-1] == "[")
        if last[0] == '"' and not _is_closed(last):
            kept.pop()
            if is_value:
                kept.append(_CUT_ESCAPE.sub("", last) + '"')
                return
        elif last == ",":
            kept.pop()
            return
        elif last == ":":
            del kept[-2:]
        elif last in _CLOSING:
            kept.pop()
            stack.pop()
        elif (last[0] not in '}]"' and last not in _LITERALS) or (last[0] == '"' and not is_value):
            kept.pop()
        else:
            return


def _is_closed(string: str) -> bool:
    token = _TOKEN.fullmatch(string)
    return token is not None and token.group("closed") is not None


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(text)
    return number


_STRICT = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)
_LENIENT = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite, strict=False)
