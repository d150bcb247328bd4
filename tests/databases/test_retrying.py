"""Connections to a database that are refused or break: tried again, and nothing done twice."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from servers.postgres import OWNER, PostgresServer

from botticelli.compiler.ir.program import Retry
from botticelli.runtime.address import Address
from botticelli.runtime.databases.database import Database
from botticelli.runtime.databases.records import TableQuery
from botticelli.runtime.effects import Failure, QueryTable, StoreContent, Stored, TableResult
from botticelli.runtime.events import Retrying
from botticelli.runtime.journal.records import RunRecord
from botticelli.runtime.shell.clock import RealClock
from botticelli.runtime.shell.tables import TableAccess

QUICK = Retry(attempts=3, backoff=0.01, max_backoff=0.02)
RECORD = RunRecord(
    id="r", narrative="n", source="n.toml", driver="d", simulated=True, started=0.0, iterations=1
)


class Way:
    """A way to the server that refuses the first connections and, while it is `cutting`, breaks
    those that it let through once the server has had the commit."""

    def __init__(self, path: str, refusing: int = 0, cutting: int = 0) -> None:
        self._path = path
        self.refusing = refusing
        self.cutting = cutting
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.refusing:
                    self.refusing -= 1
                    client.close()
                    continue
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._path)
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with source, contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if self.cutting and b"COMMIT" in data and source.family == socket.AF_INET:
                    self.cutting -= 1
                    source.shutdown(socket.SHUT_RDWR)
                    target.sendall(data)
                    time.sleep(0.05)  # the server does it, and nobody hears of it
                    break
                target.sendall(data)
            target.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def attempt(postgres: PostgresServer) -> Iterator[Any]:
    with postgres.database("CREATE TABLE posts AS SELECT 1 AS id, 'a' AS title") as name:

        def run(work: Callable[[TableAccess], Awaitable[Any]], **more: int) -> Any:
            way = Way(str(postgres.folder / ".s.PGSQL.5432"), **more)

            async def main() -> Any:
                database = Database(f"postgresql://{OWNER}@127.0.0.1:{way.port}/{name}")
                events: list[Any] = []
                tables = TableAccess(database, RECORD, RealClock(), events.append)
                try:
                    done = await work(tables)
                finally:
                    await database.close()
                return done, [each for each in events if isinstance(each, Retrying)]

            try:
                return asyncio.run(main())
            finally:
                way.close()

        yield run


QUERY = QueryTable(
    address=Address(("n", "a")),
    act="a",
    iteration=None,
    query=TableQuery(table="posts"),
    retry=QUICK,
)
STORE = StoreContent(
    address=Address(("n", "a", "store")),
    act="a",
    iteration=None,
    narrative="n",
    model="m",
    target="kept",
    template=None,
    columns=None,
    records=({"title": "x"},),
    retry=QUICK,
)


def test_a_read_is_tried_again(attempt: Any) -> None:
    result, retried = attempt(lambda tables: tables.perform(QUERY), refusing=2)
    assert isinstance(result, TableResult)
    assert [each.attempt for each in retried] == [1, 2]


def test_a_read_is_given_up_after_its_attempts(attempt: Any) -> None:
    result, retried = attempt(lambda tables: tables.perform(QUERY), refusing=9)
    assert isinstance(result, Failure)
    assert result.message.endswith("(after 3 attempts)")
    assert not result.unknown
    assert len(retried) == 2


def test_what_trying_again_does_not_help_is_not_tried_again(attempt: Any) -> None:
    missing = QueryTable(
        address=QUERY.address, act="a", iteration=None, query=TableQuery(table="p"), retry=QUICK
    )
    result, retried = attempt(lambda tables: tables.perform(missing))
    assert isinstance(result, Failure)
    assert retried == []


def test_a_write_whose_commit_was_not_heard_of_is_done_once(attempt: Any) -> None:
    async def work(tables: TableAccess) -> Any:
        stored = await tables.perform(STORE)
        read = QueryTable(
            address=QUERY.address, act="a", iteration=None, query=TableQuery(table="kept")
        )
        return stored, await tables.perform(read)

    (stored, found), retried = attempt(work, cutting=2)
    assert isinstance(stored, Stored)
    assert len(retried) == 2
    assert len(found.value.values) == 1
