"""Reading YAML 1.2 with its core schema: libyaml's events become values and their places."""

import re

from botticelli.compiler.source import Source, Span
from botticelli.compiler.syntax.faults import Faults
from botticelli.compiler.syntax.nodes import Document
from botticelli.compiler.syntax.tree import DEEPEST, fill

# What libyaml reads; YAML calls it printable.
_NOT_PRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


def read_yaml(source: Source) -> Document:
    """Read a YAML document; what is wrong with it stands in its ``faults``."""
    from botticelli.compiler.syntax.yaml_compose import Composer

    faults = Faults(source)
    text = _printable(source.text, faults)
    composer = Composer(text, faults)
    composer.compose()
    root = composer.root
    document = Document(source, lambda: root.place)
    too_deep = fill(document, root.values)
    if too_deep is not None:
        faults.refuse(too_deep.span, f"nested more than {DEEPEST} levels deep")
    document.faults = faults.in_order()
    document.intact = faults.intact
    return document


def _printable(text: str, faults: Faults) -> str:
    """Report characters that YAML does not allow, and return the text without them."""
    for match in _NOT_PRINTABLE.finditer(text):
        if faults.full:
            break
        faults.refuse(
            Span(match.start(), match.end()),
            f"the character U+{ord(match[0]):04X} cannot stand in YAML as it is",
            help='write it as an escape, like `"\\u0007"`, in a string with double quotes',
        )
    return text if faults.intact else _NOT_PRINTABLE.sub("\ufffd", text)
