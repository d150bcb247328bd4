"""Performing what a run asks of its database: queries now, and what is stored."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from botticelli.compiler.ir.program import Program, TableInput
from botticelli.compiler.semantics.configuration import Configuration
from botticelli.runtime.databases.address import DatabaseError, choose_url
from botticelli.runtime.databases.database import Ceilings, Database
from botticelli.runtime.databases.filters import QueryError
from botticelli.runtime.databases.queries import read_rows
from botticelli.runtime.effects import Failure, QueryTable, TableResult
from botticelli.runtime.flow.refusals import acts_of, reachable
from botticelli.runtime.shell.clock import Clock


class TableAccess:
    """Performs `QueryTable` effects of one run."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def query(self, effect: QueryTable) -> TableResult | Failure:
        """Perform the effect; every expected failure is a result."""
        now = datetime.fromtimestamp(self._clock.now(), UTC)
        try:
            return TableResult(await read_rows(self._database, effect.query, now))
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
    """Whether any act that the program's entry leads to reads a table."""
    return any(
        isinstance(source, TableInput)
        for narrative in reachable(program)
        for act in acts_of(narrative)
        for source in act.inputs
    )
