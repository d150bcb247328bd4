"""How libyaml's complaints are put into words."""

import re

import yaml

from botticelli.compiler.source import Span
from botticelli.compiler.syntax.faults import Faults
from botticelli.compiler.syntax.toml_words import found, found_span

_UNCLOSED = {
    "while scanning a quoted scalar": "this string is never closed",
    "while parsing a flow sequence": "this list is never closed: `]` is missing",
    "while parsing a flow mapping": "this mapping is never closed: `}` is missing",
}


def refuse(faults: Faults, error: yaml.MarkedYAMLError, text: str, base: int) -> int:
    """Report a fault that libyaml found, and return the place after which reading may go on."""
    place = len(text)
    if error.problem_mark is not None:
        place = min(base + error.problem_mark.index, place)
    faults.refuse(found_span(text, place), str(error.problem))
    return place
