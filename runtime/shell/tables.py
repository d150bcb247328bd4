"""Performing what a run asks of its database: queries now, and what is stored."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from botticelli.compiler.ir.program import CommandInput, Program, Retry, TableInput
from botticelli.compiler.ir.types import Record
from botticelli.compiler.semantics.configuration import Configuration
from botticelli.compiler.semantics.policies import DATABASE
from botticelli.compiler.semantics.templates import has_tags
from botticelli.runtime.content import storing
from botticelli.runtime.content.storing import Destination, Origin, template_of
from botticelli.runtime.databases.address import DatabaseError, choose_url
from botticelli.runtime.databases.database import LEASE_SECONDS, Ceilings, Database
from botticelli.runtime.databases.filters import QueryError
from botticelli.runtime.databases.leases import LeaseLostError, Retaken, without_key
from botticelli.runtime.databases.queries import read_rows
from botticelli.runtime.databases.records import Taken
from botticelli.runtime.effects import (
    AcknowledgeRows,
    Done,
    Failure,
    GiveBackRows,
    QueryTable,
    Result,
    StoreContent,
    Stored,
    TableResult,
)
from botticelli.runtime.events import Event, Retrying
from botticelli.runtime.flow.content import templates_of
from botticelli.runtime.flow.reach import acts_of, reachable
from botticelli.runtime.journal.records import RunRecord
from botticelli.runtime.problems import Problem
from botticelli.runtime.shell.clock import Clock, sleep_until
from botticelli.runtime.shell.leases import RunLeases
from botticelli.runtime.shell.retrying import backoff

TableEffect = QueryTable | StoreContent | AcknowledgeRows | GiveBackRows


class TableAccess:
    """Performs the effects of one run on tables. Without a `database` there is none that can be
    reached."""

    def __init__(
        self,
        database: Database | None,
        record: RunRecord,
        clock: Clock,
        emit: Callable[[Event], None],
        *,
        resumed: bool = False,
    ) -> None:
        self._database = database
        self._emit = emit
        self._record = record
        self._clock = clock
        self._leases = RunLeases(database, record.id, resumed=resumed)

    async def perform(self, effect: TableEffect) -> Result:
        """Perform an effect, again where a connection failed; every expected failure is a result.

        What is written is known by its place in the run, so that doing it again does it once.
        """
        retry = effect.retry if isinstance(effect, QueryTable | StoreContent) else Retry()
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._once(effect)
            except (QueryError, LeaseLostError) as error:
                return Failure(str(error))
            except DatabaseError as error:
                if attempt >= retry.attempts or not _may_be_repeated(effect, error):
                    after = f" (after {attempt} attempts)" if attempt > 1 else ""
                    return Failure(f"{error}{after}", unknown=effect.writes and error.is_broken)
                delay = backoff(retry, attempt, None)
                where, why = str(effect.address), str(error)
                self._emit(Retrying(address=where, attempt=attempt, reason=why, delay=delay))
                await sleep_until(self._clock, self._clock.now() + delay)

    async def _once(self, effect: TableEffect) -> Result:
        match effect:
            case QueryTable():
                return await self._query(effect)
            case StoreContent():
                return await self._store(effect)
            case AcknowledgeRows():
                await self._leases.acknowledge(effect, self._clock.now())
            case GiveBackRows():
                await self._leases.give_back(effect)
        return Done()

    async def _query(self, effect: QueryTable) -> TableResult:
        now = datetime.fromtimestamp(self._clock.now(), UTC)
        assert self._database is not None
        if effect.query.consume:
            return await self._leases.take(effect, now)
        return TableResult(await read_rows(self._database, effect.query, now))

    async def take_again(self, held: Sequence[Taken], pending: Iterable[str]) -> Retaken:
        """Take what the run held when it ended, and tell what others have. Raises DatabaseError."""
        return await self._leases.take_again(held, pending)

    async def close(self) -> None:
        """Give back whatever the run still holds."""
        await self._leases.close()

    async def _store(self, effect: StoreContent) -> Stored | Failure:
        if self._database is None:
            return Failure("the URL of the database is none")
        destination = Destination(
            target=effect.target, template=effect.template, schema=effect.columns
        )
        origin = Origin(
            run=self._record.id,
            place=str(effect.address),
            started=self._record.started,
            now=self._clock.now(),
            narrative=effect.narrative,
            act=effect.act,
            model=effect.model,
        )
        stored = await storing.store(
            self._database, effect.records, destination, origin, effect.acknowledged
        )
        return Stored(stored.table, stored.rows, stored.warnings)


def _may_be_repeated(effect: TableEffect, error: DatabaseError) -> bool:
    """Rows may have been taken from a queue although nobody was told so."""
    taking = isinstance(effect, QueryTable) and effect.query.consume
    return error.is_passing and not (taking and error.is_broken)


def open_database(
    configuration: Configuration, given: str | None, environment: Mapping[str, str]
) -> Database:
    """Return the database that options, environment and project name. Raises DatabaseError."""
    url = choose_url(given, environment, configuration.database_url, Path(configuration.project))
    ceilings = Ceilings()
    said = configuration.ceilings
    return Database(
        url,
        Ceilings(
            rows=said.max_rows or ceilings.rows,
            bytes=said.max_bytes or ceilings.bytes,
            seconds=said.timeout or ceilings.seconds,
        ),
        lease_seconds=said.lease or LEASE_SECONDS,
    )


def uses_tables(program: Program) -> bool:
    """Whether anything that the program's entry leads to reads or writes a table, or says where it
    stores."""
    narratives = reachable(program)
    contents = [narrative.content for narrative in narratives]
    if any(not each.skip and (each.target or each.template) for each in contents):
        return True
    return any(
        isinstance(source, TableInput)
        or (isinstance(source, CommandInput) and source.platform == DATABASE)
        for narrative in narratives
        for act in acts_of(narrative)
        for source in act.inputs
    )


async def read_templates(
    program: Program, database: Database | None, problems: list[Problem]
) -> dict[str, Record]:
    """Return the columns that answers are stored with, by the name of the template: a schema of
    the program, else a table of the database."""
    found: dict[str, Record] = {}
    for narrative in reachable(program):
        for name in templates_of(narrative):
            if name in found or database is None:
                continue
            try:
                record = program.schemas.get(name) or await template_of(database, name)
            except DatabaseError as error:
                problems.append(Problem(str(error)))
                return found
            if record is None:
                place = narrative.place
                where = f"{place.path}:{place.line}:{place.column}"
                message = f"{where}: the template `{name}` is neither a schema nor a table"
                problems.append(Problem(message, name=name, known=tuple(program.schemas)))
            else:
                found[name] = record
    return found


async def without_keys(program: Program, database: Database | None) -> list[Problem]:
    """Return what the program would take rows from although they cannot be told apart. A table that
    is not there yet, or is named by a template, is looked at when it is read."""
    places = {
        source.table.source.strip(): source.place
        for narrative in reachable(program)
        for act in acts_of(narrative)
        for source in act.inputs
        if isinstance(source, TableInput) and source.consume and not has_tags(source.table.source)
    }
    if database is None or not database.exists:
        return []
    problems: list[Problem] = []
    try:
        for name, place in places.items():
            async with database.reading() as connection:
                table = await database.table(connection, name)
            if table is not None and not table.key:
                where = f"{place.path}:{place.line}:{place.column}"
                problems.append(Problem(f"{where}: {without_key(name)}"))
    except DatabaseError as error:
        problems.append(Problem(str(error)))
    return problems
