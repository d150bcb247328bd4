"""Effects that are performed at the same time; results in the order in which they come."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class UnderWay(Generic[T]):
    """What has been started and has not ended."""

    def __init__(self) -> None:
        self._ended: asyncio.Queue[T | Exception] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def has_ended(self) -> bool:
        """Whether a result waits to be taken."""
        return not self._ended.empty()

    def start(self, perform: Callable[[], Awaitable[T]]) -> None:
        async def run() -> None:
            try:
                found: T | Exception = await perform()
            except Exception as error:  # noqa: BLE001 - raised again where results are taken
                found = error
            self._ended.put_nowait(found)

        task = asyncio.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def next(self) -> T:
        """Wait for a result. Raises what its performance raised."""
        found = await self._ended.get()
        if isinstance(found, Exception):
            raise found
        return found

    async def end(self) -> None:
        """Cancel what has not ended, and wait until it has."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
