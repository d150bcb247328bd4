"""Text of others as a terminal may show it.

What a model, a provider or a table says must not move the cursor, change the title, or turn the
direction of what is read.
"""

import re
import sys

import click

_UNSHOWN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    """Return a text with a mark in place of each character that is not for showing: controls but
    tabs and line feeds, marks of direction, and halves of characters."""
    return text if text.isascii() and text.isprintable() else _UNSHOWN.sub("\ufffd", text)


def echo_text(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print what may hold text of others: marked on a terminal, else as it stands."""
    stream = sys.stderr if err else sys.stdout
    if stream.isatty():
        text = printable(text.replace("\r\n", "\n"))
    # Left to itself, click takes some of the controls out of what goes into a pipe.
    click.echo(text.encode("utf-8", "replace").decode(), err=err, nl=nl, color=True)
