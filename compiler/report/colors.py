"""Colours by ANSI escape codes, so that writing a diagnostic loads no terminal library."""

from collections.abc import Callable

from botticelli.grammar.catalogue import Severity

Paint = Callable[[str, str], str]
"""Give a text one of the styles below."""

PLAIN = ""
BOLD = "1"
FRAME = "34"
SECONDARY = "36"
HELP = "1;36"
ADDED = "32"
REMOVED = "31"
SUCCESS = "1;32"
SEVERITY = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.INFO: "1;34"}


def painter(*, color: bool) -> Paint:
    """Return what applies a style: a text in escape codes, or without colours the text itself."""
    return _paint if color else _leave


def _paint(text: str, style: str) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if style and text else text


def _leave(text: str, _style: str) -> str:
    return text
