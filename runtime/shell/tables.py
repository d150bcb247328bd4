"""Performing what a run asks of its database: queries now, and what is stored."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from botticelli.compiler.ir.program import CommandInput, Program, TableInput
from botticelli.compiler.ir.types import Record
from botticelli.compiler.semantics.configuration import Configuration
from botticelli.compiler.semantics.policies import DATABASE
from botticelli.runtime.content import storing
from botticelli.runtime.content.storing import Destination, Origin, template_of
from botticelli.runtime.databases.address import DatabaseError, choose_url
from botticelli.runtime.databases.database import Ceilings, Database
from botticelli.runtime.databases.filters import QueryError
from botticelli.runtime.databases.queries import read_rows
from botticelli.runtime.effects import Failure, QueryTable, StoreContent, Stored, TableResult
from botticelli.runtime.flow.content import templates_of
from botticelli.runtime.flow.refusals import acts_of, reachable
from botticelli.runtime.journal.records import RunRecord
from botticelli.runtime.problems import Problem
from botticelli.runtime.shell.clock import Clock


class TableAccess:
    """Performs the effects of one run on tables. Without a `database` there is none that can be
    reached."""

    def __init__(self, database: Database | None, record: RunRecord, clock: Clock) -> None:
        self._database = database
        self._record = record
        self._clock = clock

    async def query(self, effect: QueryTable) -> TableResult | Failure:
        """Perform the effect; every expected failure is a result."""
        now = datetime.fromtimestamp(self._clock.now(), UTC)
        assert self._database is not None
        try:
            return TableResult(await read_rows(self._database, effect.query, now))
        except (QueryError, DatabaseError) as error:
            return Failure(str(error))

    async def store(self, effect: StoreContent) -> Stored | Failure:
        """Store an answer; every expected failure is a result."""
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
        try:
            kept = await storing.store(self._database, effect.records, destination, origin)
            return Stored(kept.table, kept.rows, kept.warnings)
        except (QueryError, DatabaseError) as error:
            return Failure(str(error))


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
