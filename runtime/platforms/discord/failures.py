"""What went wrong with a request, in words for people and in the terms of the protocol."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import msgspec

from botticelli.compiler.semantics.commands import Command
from botticelli.runtime.platforms.protocol import PlatformError

MAX_MESSAGE = 500
"""Code points of the API's own words that go into a message."""
DEFAULT_DELAY = 1.0
"""Seconds to wait after a 429 that does not say how long."""
MAX_REASONS = 5


def refusal(
    command: Command, status: int, headers: Mapping[str, str], content: bytes
) -> PlatformError | None:
    """Return the error that an answer stands for, or None for one that is a result."""
    name = f"discord.{command.name}"
    answer = _decoded(content)
    if status == 429:
        delay = _delay(headers, answer)
        return PlatformError(
            f"Discord asks to wait {delay:g} seconds before {name}",
            retryable=True,
            retry_after=delay,
            status=status,
        )
    if status == 202:
        return PlatformError(
            f"Discord has not yet indexed what {name} searches",
            retryable=True,
            retry_after=_delay(headers, answer),
            status=status,
        )
    if 200 <= status < 300:
        return None
    if status >= 500:
        return PlatformError(
            f"Discord failed at {name} ({status})",
            retryable=True,
            had_no_effect=not command.writes,
            status=status,
        )
    if 300 <= status < 400:
        return PlatformError(
            f"Discord's address redirects {name} elsewhere ({status}); redirects are not followed",
            status=status,
        )
    return PlatformError(f"Discord refused {name} ({status}): {_words(answer)}", status=status)


def misshapen(command: Command, fault: str, *, had_no_effect: bool) -> PlatformError:
    """Return the error of an answer that is not what the API's contract says."""
    message = f"Discord's answer to discord.{command.name} is not of the form of the API: {fault}"
    return PlatformError(message[:MAX_MESSAGE], had_no_effect=had_no_effect)


def _delay(headers: Mapping[str, str], answer: Any) -> float:
    """Return the seconds to wait: the body's are the more exact ones."""
    candidates: list[Any] = [answer.get("retry_after")] if isinstance(answer, dict) else []
    candidates += [headers.get("Retry-After"), headers.get("X-RateLimit-Reset-After")]
    for candidate in candidates:
        try:
            delay = float(candidate)
        except (TypeError, ValueError):
            continue
        if 0 <= delay < 1e9:
            return delay
    return DEFAULT_DELAY


def _words(answer: Any) -> str:
    """Say what the API says: its message, its code and what it finds wrong in which field."""
    if not isinstance(answer, dict):
        return "no explanation"
    words = str(answer.get("message", "no explanation"))
    if isinstance(answer.get("code"), int) and answer["code"]:
        words += f" (code {answer['code']})"
    reasons = (f"`{path}`: {reason}" for path, reason in _reasons(answer.get("errors"), ""))
    return "; ".join([words, *islice(reasons, MAX_REASONS)])[:MAX_MESSAGE]


def _reasons(errors: Any, path: str) -> Iterator[tuple[str, str]]:
    """Walk the tree of errors by field, whose leaves are lists under `_errors`."""
    if not isinstance(errors, dict):
        return
    for key, value in errors.items():
        if key == "_errors" and isinstance(value, list):
            for each in value:
                if isinstance(each, dict):
                    yield path, str(each.get("message", ""))
        else:
            yield from _reasons(value, f"{path}.{key}".lstrip("."))


def _decoded(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError):
        return None
