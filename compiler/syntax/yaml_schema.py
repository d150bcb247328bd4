"""The core schema of YAML 1.2: what a plain scalar means, and the tags that may say so themselves.

`yes`, `no`, `on`, `off` and dates are strings. See https://yaml.org/spec/1.2.2/#103-core-schema.
"""

import re
from collections.abc import Callable

from botticelli.compiler.syntax.nodes import ScalarValue

_PREFIX = "tag:yaml.org,2002:"
COLLECTION_TAGS = {"map": f"{_PREFIX}map", "seq": f"{_PREFIX}seq"}

_NULLS = {"", "~", "null", "Null", "NULL"}
_BOOLEANS = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INFINITY = re.compile(r"[-+]?\.(?:inf|Inf|INF)")
_NOT_A_NUMBER = {".nan", ".NaN", ".NAN"}
_PLAIN_STARTS = frozenset("~nNtTfF-+.0123456789")


def resolve(text: str) -> ScalarValue:
    """Return what a plain scalar without a tag means.

    Raises ``ValueError`` where an integer has more digits than Python takes in one number.
    """
    if text and text[0] not in _PLAIN_STARTS:
        return text
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return _integer(text)
    return _float(text) if _is_float(text) else text


def is_known(tag: str) -> bool:
    """Return whether a scalar's tag is one of the core schema."""
    return tag in _TAGGED


def resolve_tagged(text: str, tag: str) -> ScalarValue:
    """Return what a scalar with a core tag means; raises ``ValueError`` where it cannot be that."""
    return _TAGGED[tag](text)


def _integer(text: str) -> int:
    if text.startswith(("0o", "0x")):
        return int(text, 0)
    return int(text)


def _is_float(text: str) -> bool:
    return bool(_FLOAT.fullmatch(text) or _INFINITY.fullmatch(text) or text in _NOT_A_NUMBER)


def _float(text: str) -> float:
    return float(text.replace(".", "", 1) if text.lstrip("+-")[1:2].isalpha() else text)


def _tagged_integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError
    return _integer(text)


def _tagged_float(text: str) -> float:
    if _INTEGER.fullmatch(text):
        return float(_integer(text))
    if not _is_float(text):
        raise ValueError
    return _float(text)


def _tagged_boolean(text: str) -> bool:
    if text not in _BOOLEANS:
        raise ValueError
    return _BOOLEANS[text]


def _tagged_null(text: str) -> None:
    if text not in _NULLS:
        raise ValueError


_TAGGED: dict[str, Callable[[str], ScalarValue]] = {
    "!": str,
    f"{_PREFIX}str": str,
    f"{_PREFIX}int": _tagged_integer,
    f"{_PREFIX}float": _tagged_float,
    f"{_PREFIX}bool": _tagged_boolean,
    f"{_PREFIX}null": _tagged_null,
}
