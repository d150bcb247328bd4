"""Arguments of commands as a person may see them: without keys, on one line, fit for a terminal."""

import json
from collections.abc import Mapping
from typing import Any

from botticelli.cli.printable import printable
from botticelli.compiler.semantics.secrets import hidden_ranges, names_secret
from botticelli.compiler.semantics.templates import as_json

HIDDEN = "***"
SHORTEST_SECRET = 6
"""Code points; what is shorter is no secret, and would be found everywhere."""


class ShownArguments:
    """Writes arguments with stars in the place of what has the form of a key, and of the values of
    variables whose names say that they hold a secret."""

    def __init__(self, *variables: Mapping[str, Any]) -> None:
        forms = {
            form
            for each in variables
            for name, value in each.items()
            if names_secret(name) and isinstance(value, str) and len(value) >= SHORTEST_SECRET
            for form in _forms(value)
        }
        self._secrets = sorted(forms, key=len, reverse=True)

    def write(self, arguments: Mapping[str, Any]) -> str:
        text = as_json(dict(arguments))
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        for start, end in sorted(hidden_ranges(text), reverse=True):
            text = text[:start] + HIDDEN + text[end:]
        return printable(text)


def _forms(value: str) -> set[str]:
    """Return how a text may stand in JSON, also within a filter, where quotes are doubled."""
    return {
        json.dumps(each, ensure_ascii=False)[1:-1] for each in (value, value.replace("'", "''"))
    }
