"""What a part of a file mentions, whatever it was meant to be.

Where something could not be read, what stands in it would seem to be used by nothing. So that one
fault is not followed by others, the rules on what is unused ask here for what is spoken of.
"""

import re
from collections.abc import Iterator

from botticelli.compiler.syntax.nodes import Array, Node, Scalar, Table

_RESOURCE = re.compile(r"\b(bots|tables|media)\.([\w-]+)")


def strings(node: Node) -> set[str]:
    """Every string in a node and below it."""
    return set(_strings(node))


def mentioned_resources(node: Node) -> set[tuple[str, str]]:
    """The section and name of every resource that a string in a node speaks of."""
    found = (_RESOURCE.findall(text) for text in _strings(node))
    return {(section, name) for pairs in found for section, name in pairs}


def _strings(node: Node) -> Iterator[str]:
    waiting = [node]
    while waiting:
        match waiting.pop():
            case Table(entries=entries):
                waiting.extend(entries.values())
            case Array(items=items):
                waiting.extend(items)
            case Scalar(value=str(text)):
                yield text
