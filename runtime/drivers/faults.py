"""What went wrong on the way to an API, said in the same way for all of them.

A fault is retryable or not, arrived or not, was refused or not; what the provider said goes into
the message, shortened and without the key.
"""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from botticelli.runtime.drivers.protocol import DriverError

if TYPE_CHECKING:
    import httpx

LONGEST_MESSAGE = 600
"""Code points of a server's words that are shown."""

SHORTEST_KEY = 6
"""Characters. What is shorter (`x`, `none`) is a word that one's own server is told as a key."""

LONGEST_DELAY = 366 * 86_400.0
"""Seconds. No provider means to be asked again after more than a year."""

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LIMITS = ("requests", "tokens", "input-tokens", "output-tokens")
_PIECES = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def clean(text: str, key: str | None) -> str:
    """Shorten what a server said, and make sure that neither the key is in it nor anything that a
    terminal or a file would take for more than text."""
    if key is not None and len(key) >= SHORTEST_KEY:
        text = text.replace(key, "***")
    text = " ".join(_CONTROLS.sub(" ", text).split())
    return text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]}…"


def refused(
    label: str, status: int, said: str, *, retry_after: float | None, final: bool = False
) -> DriverError:
    """Say what an API's refusal means. `final`: trying again is useless, whatever the status."""
    return DriverError(
        f"{label} answered {status}: {said or 'without a word'}",
        retryable=(status in (408, 429) or status >= 500) and not final,
        retry_after=None if retry_after is None else min(retry_after, LONGEST_DELAY),
        refused=300 <= status < 500 and status != 408,
        status=status,
    )


def unanswered(label: str, error: "httpx.HTTPError", key: str | None) -> DriverError:
    """Say that no answer came: whether the request arrived follows from the kind of the error."""
    import httpx

    unsent = (
        httpx.ConnectError,
        httpx.ConnectTimeout,
        httpx.PoolTimeout,
        httpx.ProxyError,
        httpx.UnsupportedProtocol,
        httpx.LocalProtocolError,
    )
    hopeless = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
    said = clean(str(error), key) or type(error).__name__
    return DriverError(
        f"no answer from {label}: {said}",
        retryable=isinstance(error, httpx.TransportError) and not isinstance(error, hopeless),
        reached=not isinstance(error, unsent),
    )


def misshapen(label: str) -> DriverError:
    """Say that an answer cannot be read; what it holds may be anything, and is not shown."""
    return DriverError(f"{label}'s answer is not of the form that its API promises")


def unsupported(label: str, what: str) -> DriverError:
    """Say that a request holds what the API does not take; nothing was sent."""
    return DriverError(f"{label} takes no {what}", reached=False, refused=True)


def asked_delay(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that an answer's headers ask to wait, or None.

    `Retry-After` (RFC 9110: seconds or a date) and its form in milliseconds come first; else the
    latest reset of a limit that has nothing remaining, as OpenAI (`6m0s`) and Anthropic (RFC 3339)
    tell it. Dates are compared with the server's own clock where it gives one.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after", "").strip()
    if text:
        seconds = _number(text)
        return seconds if seconds is not None else _until(text, headers)
    return max(_resets(headers), default=None)


def _resets(headers: Mapping[str, str]) -> Iterator[float]:
    for limit in _LIMITS:
        if _number(headers.get(f"x-ratelimit-remaining-{limit}", "")) == 0:
            text = headers.get(f"x-ratelimit-reset-{limit}", "").strip()
            seconds = _number(text)
            if seconds is None and _PIECES.sub("", text) == "" and text:
                seconds = sum(float(n) * _SECONDS[unit] for n, unit in _PIECES.findall(text))
            if seconds is not None:
                yield seconds
        if _number(headers.get(f"anthropic-ratelimit-{limit}-remaining", "")) == 0:
            seconds = _until(headers.get(f"anthropic-ratelimit-{limit}-reset", ""), headers)
            if seconds is not None:
                yield seconds


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number < math.inf else None


def _until(text: str, headers: Mapping[str, str]) -> float | None:
    moment = _moment(text)
    if moment is None:
        return None
    now = _moment(headers.get("date", "")) or datetime.now(UTC)
    try:
        return max(0.0, (moment - now).total_seconds())
    except OverflowError:  # at the ends of the calendar
        return None


def _moment(text: str) -> datetime | None:
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(text)
        except (ValueError, OverflowError):
            continue
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return None
