"""The commands of the platform `database`, on the database that a run reads its tables from.

A command that writes notes in its own transaction that it was done, under its key: performed again
it returns what it returned, and changes nothing.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botticelli.compiler.semantics.commands import find
from botticelli.runtime.databases.address import DatabaseError
from botticelli.runtime.databases.changes import (
    TableChanges,
    Which,
    existing_table,
    writable_table,
)
from botticelli.runtime.databases.database import Database
from botticelli.runtime.databases.filters import QueryError
from botticelli.runtime.databases.own_tables import done_before, prepare, record_done
from botticelli.runtime.platforms.arguments import checked_arguments
from botticelli.runtime.platforms.protocol import CommandTraits, Json, PlatformError
from botticelli.runtime.shell.clock import Clock

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

NAME = "database"
KEYED = "command"
"""Stands in the record of what was done where other writes have their run: a command's key is
derived from its run and its place."""


class DatabasePlatform:
    """Performs `insert`, `update_table` and `count`; the database is its opener's to close."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def traits(self, command: str) -> CommandTraits | None:
        known = find(NAME, command)
        return None if known is None else CommandTraits(writes=known.writes, keyed=known.keyed)

    async def perform(
        self, command: str, arguments: Mapping[str, Any], *, idempotency_key: str
    ) -> Json:
        known = find(NAME, command)
        if known is None:
            raise PlatformError(f"{NAME} has no command `{command}`")
        values = checked_arguments(NAME, known, arguments)
        try:
            if not known.writes:
                return await self._count(values)
            return await self._write(known.name, values, idempotency_key)
        except QueryError as error:
            raise PlatformError(str(error)) from error
        except DatabaseError as error:
            raise PlatformError(
                str(error),
                retryable=error.is_passing,
                had_no_effect=not (known.writes and error.is_broken),
            ) from error

    async def close(self) -> None:
        """There is nothing of its own to release."""

    async def _count(self, values: Mapping[str, Any]) -> Json:
        database, name = self._database, values["table_name"]
        if not database.exists:
            raise QueryError(f"there is no table `{name}` in the database")
        async with database.reading() as connection:
            table = await existing_table(database, connection, name)
            changes = TableChanges(database, connection, table, self._now())
            return {"count": await changes.count(values.get("where"))}

    async def _write(self, command: str, values: Mapping[str, Any], key: str) -> Json:
        database = self._database
        await prepare(database)
        async with database.writing() as connection:
            before: Json = await done_before(connection, KEYED, key)
            if before is not None:
                return before
            result = await self._change(connection, command, values)
            await record_done(connection, KEYED, key, self._clock.now(), result)
            return result

    async def _change(
        self, connection: "AsyncConnection", command: str, values: Mapping[str, Any]
    ) -> dict[str, Json]:
        table = await writable_table(self._database, connection, values["table_name"])
        changes = TableChanges(self._database, connection, table, self._now())
        if command == "insert":
            rows = _rows(values)
            ids = await changes.insert(rows)
            found: dict[str, Json] = {"inserted": len(rows)}
            if ids:
                found["id"] = _plain(ids[0] if "values" in values else ids)
            return found
        which = Which(
            where=values.get("where"), order=values.get("order_by"), limit=values.get("limit")
        )
        return {"updated": await changes.update(_record(values["set"], "set"), which)}

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now(), UTC)


def _rows(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows that an insert is given: one or several. Raises QueryError."""
    if "values" in values and "rows" in values:
        raise QueryError("`insert` takes `values` or `rows`, not both")
    if "values" in values:
        return [_record(values["values"], "values")]
    rows = values["rows"]
    if not isinstance(rows, list):
        raise QueryError("`rows` must be a list of records")
    return [_record(row, f"rows[{number}]") for number, row in enumerate(rows)]


def _record(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise QueryError(f"`{name}` must be a record: columns with their values")
    return value


def _plain(value: Any) -> Any:
    """Return keys as JSON holds them."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | None) else str(value)
