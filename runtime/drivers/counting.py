"""How many tokens requests have, as their provider counts them; each content is asked for once.

What was counted is remembered by a digest of its content in `.botticelli/tokens.sqlite`, for all
runs and commands of a project. The file holds digests and numbers alone, and is dispensable: where
it cannot be used, what is counted is remembered in memory.
"""

import asyncio
import sqlite3
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import msgspec

from botticelli.runtime.drivers.protocol import CountingDriver, DriverError, ModelRequest
from botticelli.runtime.folder import FOLDER, prepare_folder

FILE = "tokens.sqlite"

MOST_KEPT = 20_000
"""Counts that the file keeps, those that were used last."""

COUNT_SECONDS = 30.0
"""How long counting may take, before the estimate does."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS counts (
    content BLOB PRIMARY KEY,
    tokens INTEGER NOT NULL,
    used REAL NOT NULL
) WITHOUT ROWID;
"""


class TokenCounts:
    """Remembered counts, by content. A `project` of None keeps them in memory alone."""

    def __init__(self, project: Path | None) -> None:
        self._project = project
        self._known: dict[bytes, int] = {}
        self._file: sqlite3.Connection | None = None
        self._opened = False

    def find(self, content: bytes) -> int | None:
        """Return the tokens of what has this digest, if they were counted."""
        known = self._known.get(content)
        file = self._connection() if known is None else None
        if file is None:
            return known
        with suppress(sqlite3.Error):
            row = file.execute("SELECT tokens FROM counts WHERE content = ?", (content,)).fetchone()
            if row is not None:
                self._known[content] = known = int(row[0])
                self._write(content, known)
        return known

    def keep(self, content: bytes, tokens: int) -> None:
        self._known[content] = tokens
        self._write(content, tokens)

    def close(self) -> None:
        if self._file is None:
            return
        with suppress(sqlite3.Error), self._file as file:
            file.execute(
                "DELETE FROM counts WHERE content IN"
                " (SELECT content FROM counts ORDER BY used DESC LIMIT -1 OFFSET ?)",
                (MOST_KEPT,),
            )
        self._file.close()
        self._file = None

    def _write(self, content: bytes, tokens: int) -> None:
        file = self._connection()
        if file is None:
            return
        with suppress(sqlite3.Error), file:
            file.execute(
                "INSERT OR REPLACE INTO counts VALUES (?, ?, ?)",
                (content, tokens, time.time()),
            )

    def _connection(self) -> sqlite3.Connection | None:
        if self._opened or self._project is None:
            return self._file
        self._opened = True
        file: sqlite3.Connection | None = None
        try:
            prepare_folder(self._project)
            file = sqlite3.connect(self._project / FOLDER / FILE, timeout=1.0)
            file.executescript(_SCHEMA)
            self._file = file
        except (OSError, sqlite3.Error):
            if file is not None:
                file.close()
        return self._file


class TokenCounter:
    """Counts requests with a driver of one `provider`."""

    def __init__(self, driver: CountingDriver, provider: str, counts: TokenCounts) -> None:
        self._driver = driver
        self._provider = provider
        self._counts = counts
        self._locks: dict[bytes, asyncio.Lock] = {}

    def known(self, request: ModelRequest) -> int | None:
        """Return a request's input tokens, if they were counted before."""
        return self._counts.find(content_of(self._provider, request))

    async def count(self, request: ModelRequest, completed: ModelRequest | None = None) -> int:
        """Return a request's input tokens; `completed` is the same with the bytes of its media.

        Raises DriverError where the provider does not say.
        """
        content = content_of(self._provider, request)
        async with self._locks.setdefault(content, asyncio.Lock()):
            known = self._counts.find(content)
            if known is None:
                known = await self._ask(completed or request)
                self._counts.keep(content, known)
        self._locks.pop(content, None)
        return known

    def close(self) -> None:
        self._counts.close()

    async def _ask(self, request: ModelRequest) -> int:
        try:
            async with asyncio.timeout(COUNT_SECONDS):
                tokens = await self._driver.count_tokens(request)
        except TimeoutError:
            raise DriverError(f"no answer within {COUNT_SECONDS:g} s", retryable=True) from None
        if not 0 <= tokens < 2**31:
            raise DriverError(f"{tokens:,} is no number of tokens")
        return tokens


def content_of(provider: str, request: ModelRequest) -> bytes:
    """Return a digest of all that a request's input tokens depend on."""
    counted = (
        provider,
        request.model,
        request.system,
        request.messages,
        request.output_schema,
        request.settings.thinking,
    )
    return sha256(msgspec.msgpack.encode(counted)).digest()
