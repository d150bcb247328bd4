"""Reading TOML 1.0: quickly where nothing is wrong with it, exactly where something is.

`tomllib` reads values many times faster than a parser that keeps places, and most files are never
spoken of. So its values are taken where it accepts a text, and the grammar is used only when a
place is asked for or when it does not. That both read the same documents is tested.
"""

import sys
import tomllib
from functools import partial

from botticelli.compiler.source import Source
from botticelli.compiler.syntax.faults import Faults
from botticelli.compiler.syntax.nodes import Document, Place
from botticelli.compiler.syntax.tree import DEEPEST, fill

# From 3.15 on the standard library reads TOML 1.1, which is wider than the language.
_TOMLLIB_READS_1_0 = sys.version_info < (3, 15)

_MOST_DOTS = 1000  # in a line: a key in an inline table, or many sentences of a prompt


def read_toml(source: Source) -> Document:
    """Read a TOML document; what is wrong with it stands in its ``faults``."""
    if not _TOMLLIB_READS_1_0 or _has_long_keys(source.text):
        return parse_toml(source)
    try:
        values = tomllib.loads(source.text)
    except (ValueError, RecursionError):
        return parse_toml(source)
    document = Document(source, partial(_places, source))
    if fill(document, values) is not None:
        return parse_toml(source)
    return document


def _has_long_keys(text: str) -> bool:
    """Return whether a line may hold a dotted key so long that `tomllib` takes it amiss.

    Its time and memory grow with the square of a key's parts: a line of 200 kB takes 40 GB.
    """
    if text.count(".") <= DEEPEST:
        return False
    return any(
        line.count(".") > _MOST_DOTS or line.partition("=")[0].count(".") > DEEPEST
        for line in text.split("\n")
    )


def parse_toml(source: Source) -> Document:
    """Read a TOML document by the grammar alone."""
    from botticelli.compiler.syntax.toml_parse import parse

    faults = Faults(source)
    values, place = parse(source, faults)
    document = Document(source, lambda: place)
    too_deep = fill(document, values)
    if too_deep is not None:
        faults.refuse(too_deep.span, f"nested more than {DEEPEST} levels deep")
    document.faults = faults.in_order()
    document.intact = faults.intact
    return document


def _places(source: Source) -> Place:
    from botticelli.compiler.syntax.toml_parse import parse

    return parse(source, Faults(source))[1]
