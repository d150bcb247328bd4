"""Whether an effect still means what it meant: its content compared, its manner left aside."""

import json
from collections.abc import Mapping
from difflib import unified_diff
from hashlib import sha256
from typing import Any

import msgspec

from botticelli.compiler.semantics.secrets import Concealer
from botticelli.runtime.effects import Effect

MANNER = frozenset(
    {
        "address",
        "budget",
        "cache_seconds",
        "caps",
        "retry",
        "security",
        "timeout",
        "unit",
        "until",
        "wait_for_day",
    }
)
"""Fields that say where or how an effect is performed and not what it is. A moment that was waited
for has passed, whatever it is now said to be."""

SHOWN_LINES = 24
"""The longest difference that is shown of one effect, in lines."""


def digest(effect: Effect) -> bytes:
    """Return 32 bytes that are the same for effects that mean the same."""
    try:
        data = msgspec.json.encode(_content(effect))
    except UnicodeEncodeError:
        data = json.dumps(msgspec.to_builtins(_content(effect))).encode()
    return sha256(data).digest()


def explain(before: Effect, now: Effect, environment: Mapping[str, str]) -> str:
    """Show how two effects of one address differ; values of the environment are starred."""
    was, will = (_readable(_content(each), environment).splitlines() for each in (before, now))
    lines = list(unified_diff(was, will, "as completed", "as it is now", lineterm="", n=1))
    if len(lines) > SHOWN_LINES:
        lines = [*lines[:SHOWN_LINES], f"… and {len(lines) - SHOWN_LINES} more lines"]
    return "\n".join(f"    {line}" for line in lines)


def _content(effect: Effect) -> dict[str, Any]:
    fields = {
        name: getattr(effect, name) for name in effect.__struct_fields__ if name not in MANNER
    }
    return {"effect": effect.__struct_config__.tag, **fields}


def _readable(content: dict[str, Any], environment: Mapping[str, str]) -> str:
    text = json.dumps(msgspec.to_builtins(content), indent=1, ensure_ascii=False)
    written = (json.dumps(value, ensure_ascii=False)[1:-1] for value in environment.values())
    return Concealer(value for value in written if value).without_keys(text)
