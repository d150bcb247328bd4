"""What is the same of the schemas in `docs/` on every Python."""

from typing import Any


def on_one_line(schema: Any) -> Any:
    """Return a schema whose descriptions do not depend on how a Python keeps docstrings."""
    if isinstance(schema, dict):
        return {
            key: " ".join(value.split())
            if key == "description" and isinstance(value, str)
            else on_one_line(value)
            for key, value in schema.items()
        }
    return [on_one_line(each) for each in schema] if isinstance(schema, list) else schema
