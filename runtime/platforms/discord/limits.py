"""Keeping to Discord's rate limits: the buckets that its answers name, and the global limit.

A bucket belongs to a route and its major parameter (channel, server or webhook); which routes share
one is learnt from the `X-RateLimit-Bucket` header. Requests of one bucket go one after another, so
that they never overtake what an answer says of the rest, and arrive in order. See "Rate Limits" in
Discord's developer documentation.
"""

from asyncio import Lock, get_running_loop, sleep
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from botticelli.runtime.platforms.protocol import PlatformError

REQUESTS_PER_SECOND = 50
"""The global limit of a bot."""
WINDOW = 1.0
MAX_BUCKETS = 1000
"""Buckets that are kept; those at rest are forgotten first."""
LONGEST_WAIT = 10.0
"""Seconds that are waited here; what takes longer is left to who planned the request."""
MARGIN = 0.05
"""Seconds that are waited beyond a reset, for clocks that run apart."""


class Bucket:
    """What is left of one bucket. ``resets_at`` is a time of the event loop, in seconds."""

    __slots__ = ("lock", "remaining", "resets_at")

    def __init__(self) -> None:
        self.lock = Lock()
        self.remaining = 1
        self.resets_at = 0.0

    def delay(self, now: float) -> float:
        return max(0.0, self.resets_at - now) if self.remaining <= 0 else 0.0


class RateLimits:
    """The limits of one bot; shared by all requests that it sends."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._sent: deque[float] = deque()
        self._closed_until = 0.0

    @asynccontextmanager
    async def turn(self, route: str, major: str) -> AsyncIterator[Bucket]:
        """Wait until a request on this route may be sent, and hold its bucket meanwhile.

        Raises PlatformError, with the seconds to wait, where that takes longer than LONGEST_WAIT.

        Pass the bucket and the answer's headers to ``learn`` before leaving.
        """
        while True:
            bucket = self._bucket(route, major)
            async with bucket.lock:
                if self._bucket(route, major) is not bucket:
                    continue  # learnt meanwhile that the route shares another bucket
                await self._wait(bucket)
                yield bucket
                return

    def learn(self, bucket: Bucket, route: str, major: str, headers: Mapping[str, str]) -> Bucket:
        """Take from the headers of an answer what is left, and return the bucket they speak of."""
        name = headers.get("X-RateLimit-Bucket")
        if name and self._names.get(route) != name:
            self._names[route] = name
            self._buckets.setdefault((name, major), bucket)
            bucket = self._buckets[name, major]
        remaining = _number(headers.get("X-RateLimit-Remaining"))
        if remaining is not None:
            bucket.remaining = int(remaining)
        reset = _number(headers.get("X-RateLimit-Reset-After"))
        if reset is not None:
            bucket.resets_at = _now() + reset + MARGIN
        return bucket

    def refused(self, bucket: Bucket, delay: float, *, everywhere: bool) -> None:
        """Note a 429: nothing more goes to the bucket, or anywhere, for ``delay`` seconds."""
        until = _now() + delay
        if everywhere:
            self._closed_until = max(self._closed_until, until)
        else:
            bucket.remaining = 0
            bucket.resets_at = max(bucket.resets_at, until)

    async def _wait(self, bucket: Bucket) -> None:
        while True:
            now = _now()
            delay = max(bucket.delay(now), self._closed_until - now, self._global_delay(now))
            if delay <= 0:
                break
            if delay > LONGEST_WAIT:
                raise PlatformError(
                    f"Discord's rate limit asks to wait {delay:.0f} seconds",
                    retryable=True,
                    retry_after=delay,
                )
            await sleep(delay)
        self._sent.append(now)
        bucket.remaining = max(bucket.remaining, 1) - 1

    def _global_delay(self, now: float) -> float:
        while self._sent and self._sent[0] <= now - WINDOW:
            self._sent.popleft()
        if len(self._sent) < REQUESTS_PER_SECOND:
            return 0.0
        return self._sent[0] + WINDOW - now

    def _bucket(self, route: str, major: str) -> Bucket:
        key = (self._names.get(route, route), major)
        if key not in self._buckets:
            if len(self._buckets) >= MAX_BUCKETS:
                self._forget()
            self._buckets[key] = Bucket()
        return self._buckets[key]

    def _forget(self) -> None:
        now = _now()
        self._buckets = {
            key: bucket
            for key, bucket in self._buckets.items()
            if bucket.lock.locked() or bucket.resets_at > now
        }


def _now() -> float:
    return get_running_loop().time()


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < 1e9 else None
