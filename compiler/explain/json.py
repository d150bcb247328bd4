"""An explanation or a difference as JSON, as the schemas in `docs/` describe them."""

import msgspec

from botticelli.compiler.explain.difference import Difference
from botticelli.compiler.explain.explanation import Explanation


def render(explanation: Explanation | Difference) -> str:
    """Return the document, indented by two."""
    return msgspec.json.format(msgspec.json.encode(explanation), indent=2).decode() + "\n"
