"""An explanation or a difference as JSON, as the schemas in `docs/` describe them."""

import msgspec

from botticelli.compiler.explain.difference import Difference
from botticelli.compiler.explain.explanation import Explanation
from botticelli.compiler.semantics.secrets import concealed


def render(explanation: Explanation | Difference) -> str:
    """Return the document, indented by two, with everything that has the form of a key starred out:
    it goes where build servers keep it."""
    text = msgspec.json.format(msgspec.json.encode(explanation), indent=2).decode()
    return concealed(text) + "\n"
