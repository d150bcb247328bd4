"""An open database: its connections, its tables as they are known so far, and its errors.

Nothing is connected before the first query. Everything goes through one asynchronous engine of
SQLAlchemy, and every connection is made alike: in UTC, and on SQLite with the functions that the
language needs and with transactions that begin where they are said to.
"""

import asyncio
import re
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from botticelli.runtime.databases.address import (
    DatabaseError,
    masked,
    parse_url,
    without_secrets,
)
from botticelli.runtime.databases.dialects import (
    COLLATIONS,
    SQLITE_FUNCTIONS,
    Dialect,
    PostgresDialect,
    SqliteDialect,
)
from botticelli.runtime.databases.reflection import ReflectedTable, reflect

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

_CONNECT_SECONDS = 10
_LOCK_SECONDS = 30.0
_CONNECTIONS = 8
_STEPS_BETWEEN_LOOKS = 10_000
"""Steps of SQLite's virtual machine after which the clock is looked at."""

IMMEDIATE = "botticelli_immediate"
"""An execution option: the transaction takes SQLite's write lock when it begins."""


class Ceilings(Struct, frozen=True):
    """The most that one query may give and take: rows, bytes of text, seconds."""

    rows: int = 1_000
    bytes: int = 10_000_000
    seconds: float = 30.0


LEASE_SECONDS = 30.0
"""For how long what a run has taken is kept for it after its last sign of life."""


class Database:
    """A database by its URL. Raises DatabaseError for a URL that is none, or a missing driver."""

    def __init__(
        self,
        url: str,
        ceilings: Ceilings = Ceilings(),  # noqa: B008 - frozen
        *,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self.url = parse_url(url)
        self.shown = masked(url)
        self.ceilings = ceilings
        self.lease_seconds = lease_seconds
        self.prepared = False
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._engine: AsyncEngine | None = None
        self._opened_with = 0.0
        self._dialect: Dialect | None = SqliteDialect() if self.is_sqlite else None
        self._tables: dict[str, ReflectedTable] = {}
        self._first = asyncio.Lock()

    @property
    def exists(self) -> bool:
        """False for a file of SQLite that is not there yet."""
        file = _file(self.url)
        return file is None or file.is_file()

    @asynccontextmanager
    async def reading(self) -> "AsyncIterator[AsyncConnection]":
        """A transaction that only reads. Raises DatabaseError, for what fails within as well."""
        async with self._translated(), self._open().connect() as connection, connection.begin():
            await self._prepare(connection)
            async with self._limited(connection):
                yield connection

    @asynccontextmanager
    async def writing(self) -> "AsyncIterator[AsyncConnection]":
        """A transaction that writes, committed at its end and undone at an error.

        Raises DatabaseError, for what fails within as well.
        """
        async with self._translated():
            engine = self._open().execution_options(**{IMMEDIATE: True})
            async with engine.connect() as connection, connection.begin():
                await self._prepare(connection)
                async with self._limited(connection):
                    yield connection

    @property
    def dialect(self) -> Dialect:
        """How this database writes things; known from the first connection on."""
        assert self._dialect is not None
        return self._dialect

    async def table(self, connection: "AsyncConnection", name: str) -> ReflectedTable | None:
        """Return a table as it is, read once; None when there is none of that name."""
        if name not in self._tables:
            found = await connection.run_sync(reflect, name)
            if found is None:
                return None
            self._tables[name] = found
        return self._tables[name]

    def known(self, name: str) -> ReflectedTable | None:
        """Return a table that has been read."""
        return self._tables.get(name)

    def forget(self, name: str) -> None:
        """Read a table anew when it is asked for again: it was made or changed."""
        self._tables.pop(name, None)

    async def close(self) -> None:
        if self._engine is not None:
            await self._engine.dispose()

    def _open(self) -> "AsyncEngine":
        if self._engine is None:
            self._opened_with = self.ceilings.seconds
            self._engine = _engine(self.url, self._opened_with)
        return self._engine

    async def _prepare(self, connection: "AsyncConnection") -> None:
        """Ask PostgreSQL once which alphabets it knows."""
        async with self._first:
            if self._dialect is None:
                self._dialect = PostgresDialect(await _collation(connection))

    @asynccontextmanager
    async def _limited(self, connection: "AsyncConnection") -> AsyncIterator[None]:
        """Bound the time of statements, by the database's own means, which end them for good."""
        from sqlalchemy import text

        seconds = self.ceilings.seconds
        if not self.is_sqlite:
            if seconds != self._opened_with:
                await connection.execute(
                    text("SELECT set_config('statement_timeout', :limit, true)"),
                    {"limit": _milliseconds(seconds)},
                )
            yield
            return
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        deadline = time.monotonic() + seconds
        await raw.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_BETWEEN_LOOKS)
        try:
            yield
        finally:
            await raw.set_progress_handler(None, 0)

    @asynccontextmanager
    async def _translated(self) -> AsyncIterator[None]:
        from sqlalchemy.exc import DBAPIError, SQLAlchemyError

        try:
            yield
        except DBAPIError as error:
            cause = error.orig or error
            raise DatabaseError(
                self._explained(cause),
                is_passing=error.connection_invalidated or _is_passing(cause),
                is_broken=error.connection_invalidated,
            ) from None
        except SQLAlchemyError as error:
            raise DatabaseError(self._explained(error)) from None
        except (OSError, sqlite3.Error) as error:
            raise DatabaseError(self._explained(error)) from None

    def _explained(self, error: BaseException) -> str:
        reason = without_secrets(_reason(error), self.url)
        if reason == "interrupted" or "statement timeout" in reason:
            return f"the query took longer than {self.ceilings.seconds:g} s"
        if isinstance(error, OSError):
            reason = error.strerror or reason
        return f"the database {self.shown}: {reason}"


def _reason(error: BaseException) -> str:
    """Return what a database said without the values that it quotes: PostgreSQL repeats what it
    could not read and, in its details, rows."""
    said = getattr(getattr(error, "diag", None), "message_primary", None) or str(error)
    if str(getattr(error, "sqlstate", None)).startswith(_UNFIT_STATES):
        return _QUOTED_VALUE.sub("", said)
    return said


_UNFIT_STATES = "22"
"""The class of SQLSTATE for values that do not fit."""
_QUOTED_VALUE = re.compile(r': ".*"|(?<=value) ".*"', re.DOTALL)
_PASSING_STATES = ("08", "40", "53", "55P03", "57P")
"""Classes of SQLSTATE: connections, transactions to be done again, resources, locks, shutdowns."""
_LASTING = ("authentication", "does not exist", "no pg_hba.conf", "not permitted to log in")


def _is_passing(error: BaseException) -> bool:
    """Tell whether a database may do later what it did not do now."""
    if isinstance(error, sqlite3.Error):
        return "locked" in str(error) or "busy" in str(error)
    state = getattr(error, "sqlstate", None)
    if state is not None:
        return str(state).startswith(_PASSING_STATES)
    # A connection that was not made has no state, only words.
    made_none = type(error).__name__ in ("OperationalError", "ConnectionTimeout")
    return made_none and not any(word in str(error) for word in _LASTING)


def _file(url: "URL") -> Path | None:
    """The file of an SQLite database, if it is one."""
    name = url.database
    if url.get_backend_name() != "sqlite" or not name or name.startswith((":", "file:")):
        return None
    return Path(name)


def _milliseconds(seconds: float) -> str:
    return str(max(1, round(seconds * 1000)))


def _engine(url: "URL", seconds: float) -> "AsyncEngine":
    """Open a database; on PostgreSQL a statement may take so many seconds."""
    from sqlalchemy import event
    from sqlalchemy.ext.asyncio import create_async_engine

    if url.get_backend_name() == "sqlite":
        file = _file(url)
        if file is not None:
            prepare_folder(file.parent)
        engine = create_async_engine(
            url.set(drivername="sqlite+aiosqlite"),
            connect_args={"timeout": _LOCK_SECONDS},
            # A wait for a connection has no end of its own; queries have.
            pool_size=_CONNECTIONS,
            pool_timeout=None,
            max_overflow=0,
        )
        event.listen(engine.sync_engine, "connect", _equip_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine
    limit = f"-c statement_timeout={_milliseconds(seconds)}"
    options: dict[str, Any] = {"options": f"-c timezone=UTC -c datestyle=ISO {limit}"}
    if "options" in url.query:
        options["options"] = f"{url.query['options']} {options['options']}"
    if "connect_timeout" not in url.query:
        options["connect_timeout"] = _CONNECT_SECONDS
    try:
        return create_async_engine(
            url,
            connect_args=options,
            pool_size=_CONNECTIONS,
            pool_timeout=None,
            max_overflow=0,
            pool_pre_ping=True,
        )
    except ImportError:
        raise DatabaseError(
            "PostgreSQL needs a package that is not installed: pip install 'botticelli[postgres]'"
        ) from None


def prepare_folder(folder: Path) -> None:
    """Make the folder of the project's own database, which git ignores. Raises DatabaseError."""
    if folder.name != ".botticelli":
        return
    try:
        folder.mkdir(exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise DatabaseError(f"the folder {folder} cannot be made: {error.strerror}") from error


def _equip_sqlite(connection: Any, record: Any) -> None:
    del record
    # Transactions begin where they are said to begin, and not at the first write.
    connection.isolation_level = None
    for name, (count, function) in SQLITE_FUNCTIONS.items():
        connection.create_function(f"botticelli_{name}", count, function, deterministic=True)
    cursor = connection.cursor()
    for statement in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {statement}")
    cursor.close()


def _begin_sqlite(connection: "Connection") -> None:
    immediate = connection.get_execution_options().get(IMMEDIATE)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


async def _collation(connection: "AsyncConnection") -> str | None:
    from sqlalchemy import text

    known = await connection.execute(
        text(
            "SELECT collname FROM pg_collation WHERE collencoding IN"
            " (-1, (SELECT encoding FROM pg_database WHERE datname = current_database()))"
        )
    )
    names = set(known.scalars())
    return next((name for name in COLLATIONS if name in names), None)
