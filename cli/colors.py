"""Whether a stream takes colours."""

import os
from typing import TextIO


def wants_color(stream: TextIO) -> bool:
    """Colours go to a terminal, unless `NO_COLOR` is set; `FORCE_COLOR` asks for them anywhere."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"
