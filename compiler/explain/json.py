"""An explanation as JSON, as `docs/explain-output.schema.json` describes it."""

import msgspec

from botticelli.compiler.explain.explanation import Explanation


def render(explanation: Explanation) -> str:
    """Return the document, indented by two."""
    return msgspec.json.format(msgspec.json.encode(explanation), indent=2).decode() + "\n"
