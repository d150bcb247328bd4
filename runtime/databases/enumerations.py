"""The values that a CHECK constraint lists for a column.

Databases give a constraint back as text: SQLite as it was written, PostgreSQL in its own words
(`(status)::text = ANY (ARRAY['a'::text, …])`). Only a constraint that is such a list and nothing
else tells what a column can hold; any other is passed over.
"""

import re

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>'(?:[^']|'')*')
      | (?P<quoted>"(?:[^"]|"")+"|`[^`]+`|\[[^\]']+\](?=\s*\)*\s*(?:in|=)))
      | (?P<cast>::\s*(?:text|bpchar|name|"char"|character(?:\s+varying)?)(?:\(\d+\))?(?:\[\])*)
      | (?P<bracket>[()\[\]])
      | (?P<word>[^\W\d]\w*)
      | (?P<sign>[=,])
      | (?P<other>\S)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_LISTS = (["in"], ["=", "any", "array"], ["="])


def enumeration(constraint: str) -> tuple[str, tuple[str, ...]] | None:
    """Return the column and the values that a constraint lists, or None if it does not do that."""
    tokens = [
        (match.lastgroup or "", match[match.lastgroup or 0])
        for match in _TOKEN.finditer(constraint)
        if match.lastgroup not in {"cast", "bracket"}
    ]
    if not tokens or tokens[0][0] not in {"word", "quoted"}:
        return None
    column = _name(*tokens[0])
    for words in _LISTS:
        written = [text.lower() for _, text in tokens[1 : 1 + len(words)]]
        if written == words:
            values = _values(tokens[1 + len(words) :])
            return (column, values) if values else None
    return None


def _name(kind: str, text: str) -> str:
    if kind == "word":
        return text
    return text[1:-1].replace('""', '"') if text.startswith('"') else text[1:-1]


def _values(tokens: list[tuple[str, str]]) -> tuple[str, ...]:
    """Read strings with commas between them; anything else is no list."""
    strings, commas = tokens[::2], tokens[1::2]
    if len(strings) != len(commas) + 1 or any(text != "," for _, text in commas):
        return ()
    if any(kind != "string" for kind, _ in strings):
        return ()
    return tuple(dict.fromkeys(text[1:-1].replace("''", "'") for _, text in strings))
