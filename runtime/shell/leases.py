"""What one run takes from tables: taken, kept while the process lives, and let go at the end.

Leases are renewed by a thread with a connection of its own, so that neither a question on the
terminal nor a busy loop lets them expire; they expire when the process is stopped or dead.
"""

import asyncio
import contextlib
import threading
from collections.abc import Iterable, Sequence
from datetime import datetime

from botticelli.runtime.databases.address import DatabaseError
from botticelli.runtime.databases.database import Database
from botticelli.runtime.databases.leases import (
    Holder,
    Retaken,
    acknowledge,
    give_back,
    places_of,
    renew,
    take_again,
    take_rows,
)
from botticelli.runtime.databases.records import Taken
from botticelli.runtime.effects import AcknowledgeRows, GiveBackRows, QueryTable, TableResult

BEATS = 3
"""How often a lease is renewed before it would end."""


class RunLeases:
    """The rows that one run has taken, maybe before it was `resumed`. Its methods raise
    DatabaseError."""

    def __init__(self, database: Database | None, run: str, *, resumed: bool) -> None:
        self._database = database
        self._run = run
        self._unsure = resumed
        self._heartbeat: Heartbeat | None = None

    async def take(self, effect: QueryTable, now: datetime) -> TableResult:
        """Take rows. Raises QueryError as well."""
        database, holder = self._hold()
        try:
            rows, taken = await take_rows(database, effect.query, holder, str(effect.address), now)
        except DatabaseError:
            self._unsure = True
            raise
        return TableResult(rows, taken)

    async def take_again(self, held: Sequence[Taken], pending: Iterable[str]) -> Retaken:
        """Take what the run held when it ended, and tell what others have meanwhile."""
        if not held:
            return Retaken()
        database, holder = self._hold()
        return await take_again(database, held, pending, holder)

    async def acknowledge(self, effect: AcknowledgeRows, now: float) -> None:
        """Delete rows that have been dealt with. Raises LeaseLostError as well."""
        database, holder = self._hold()
        await acknowledge(database, effect.taken, holder, str(effect.address), now)

    async def give_back(self, effect: GiveBackRows) -> None:
        database, _ = self._hold()
        await give_back(database, self._run, places_of(effect.taken))

    async def close(self) -> None:
        """Give back what is left; what cannot be given back returns when its lease ends."""
        if self._heartbeat is None or self._database is None:
            return
        await asyncio.to_thread(self._heartbeat.stop)
        self._heartbeat = None
        with contextlib.suppress(DatabaseError):
            await give_back(self._database, self._run)

    def _hold(self) -> tuple[Database, Holder]:
        """From the first time on, keep what the run holds."""
        assert self._database is not None
        holder = Holder(self._run, self._database.lease_seconds, self._unsure)
        if self._heartbeat is None:
            self._heartbeat = Heartbeat(self._database, holder)
            self._heartbeat.start()
        return self._database, holder


class Heartbeat:
    """Renews what a run holds, as long as the process lives."""

    def __init__(self, database: Database, holder: Holder) -> None:
        self._url = database.url.render_as_string(hide_password=False)
        self._holder = holder
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="leases", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End it, and wait until the last renewal is done."""
        self._stopped.set()
        self._thread.join()

    def _beat(self) -> None:
        with asyncio.Runner() as runner:
            database = Database(self._url)
            while not self._stopped.wait(self._holder.seconds / BEATS):
                # Whoever cannot renew tries again; what is lost meanwhile shows when it is used.
                with contextlib.suppress(DatabaseError):
                    runner.run(renew(database, self._holder))
            runner.run(database.close())
