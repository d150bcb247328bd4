"""The same tests on both databases: `url` is a fresh SQLite file, then a fresh PostgreSQL one."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from servers.postgres import PostgresServer

from botticelli.runtime.databases.database import Ceilings, Database


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'tables.sqlite'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.database() as name:
        yield server.url(name)


class Desk:
    """A database with an event loop of its own, for tests that are no coroutines."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._runner = asyncio.Runner()
        self.database = self.run(self._open)

    async def _open(self) -> Database:
        return Database(self.url, Ceilings(seconds=5))

    def run(self, work: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
        async def main() -> Any:
            return await work(*arguments)

        return self._runner.run(main())

    def sql(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run SQL of the tests' own and return the rows of the last statement."""

        async def execute() -> list[tuple[Any, ...]]:
            from sqlalchemy import text

            rows: list[tuple[Any, ...]] = []
            async with self.database.writing() as connection:
                for statement in statements:
                    result = await connection.execute(text(statement))
                    rows = [tuple(row) for row in result] if result.returns_rows else []
            return rows

        return self.run(execute)

    def close(self) -> None:
        self.run(self.database.close)
        self._runner.close()


@pytest.fixture
def desk(url: str) -> Iterator[Desk]:
    made = Desk(url)
    yield made
    made.close()
