"""An explanation as one self-contained HTML page.

`drawing` lays out the flow, `plotting` the use of limits over time, `tracing` connects the pieces
of prompts with their places in the source. The page itself is a Jinja template that escapes; its
script and style are constant, and a content security policy admits those two by their hashes and
nothing else: what a narrative says can neither run nor fetch anything.
"""

from botticelli.compiler.explain.page.rendering import render

__all__ = ["render"]
