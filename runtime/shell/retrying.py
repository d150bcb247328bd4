"""Whether what failed is tried again, after how long, and what is said when it is not."""

from random import uniform

from botticelli.compiler.ir.program import Retry
from botticelli.runtime.drivers.protocol import DriverError
from botticelli.runtime.effects import AskModel

MAX_PATIENCE = 900.0
"""The longest delay of a provider's, in seconds, that a run waits for without being told to."""


def delay_before_next(effect: AskModel, error: DriverError, attempt: int) -> float | None:
    """Seconds until the next attempt, or None when there is none."""
    if not error.retryable or attempt >= effect.retry.attempts:
        return None
    asked = error.retry_after
    if asked is not None and asked > MAX_PATIENCE and not effect.wait_for_day:
        return None
    return backoff(effect.retry, attempt, asked)


def backoff(retry: Retry, attempt: int, asked: float | None) -> float:
    """Seconds to wait after an attempt: doubling with jitter, and no less than was asked for."""
    growing = min(retry.max_backoff, retry.backoff * 2.0 ** (attempt - 1))
    jittered = growing * uniform(0.5, 1.0)  # noqa: S311
    if asked is None:
        return jittered
    return max(jittered, asked + uniform(0.0, min(1.0, growing)))  # noqa: S311


def explain(error: DriverError, attempts: int) -> str:
    if attempts > 1:
        return f"{error.message} (after {attempts} attempts)"
    if error.retryable and error.retry_after is not None and error.retry_after > MAX_PATIENCE:
        return f"{error.message}; the provider asks to wait {error.retry_after:,.0f} s"
    return error.message
