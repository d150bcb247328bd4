"""`botticelli content`: what models answered and is stored, listed, shown, exported, reviewed.

Exit codes: 0; 1 when a table or a row is not there, or the database cannot be reached; 2 for a
wrong command line.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from botticelli.cli.main import EXIT_FINDINGS
from botticelli.cli.printable import echo_text
from botticelli.compiler.semantics.content import STATUSES

if TYPE_CHECKING:
    from botticelli.runtime.content.catalog import Page
    from botticelli.runtime.databases.database import Database

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

_FORMATS = ("json", "csv", "markdown")


def _database(function: F) -> F:
    for decorate in (
        click.option(
            "--database",
            "url",
            metavar="URL",
            help="Else DATABASE_URL, `[database] url`, or the project's own.",
        ),
        click.option(
            "--project",
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            help="The project's folder; by default that of the working directory.",
        ),
    ):
        function = decorate(function)
    return function


_STATUS = click.option("--status", type=click.Choice(STATUSES), help="Only rows of this status.")


@click.group("content")
def command() -> None:
    """List, show, export and review what models answered and is stored as rows."""


@command.command("list")
@_database
def list_tables(url: str | None, project: Path | None) -> None:
    """List the tables with stored content, the latest first."""
    from botticelli.runtime.content.catalog import read_tables

    tables = _ask(read_tables, url, project)
    if not tables:
        click.echo("Nothing is stored.")
    width = max((len(table.name) for table in tables), default=0)
    for table in tables:
        parts = [f"{count:,} {status or 'rows'}" for status, count in table.statuses.items()]
        echo_text(f"{table.name:<{width}}  {_moment(table.latest)}  {', '.join(parts) or 'empty'}")


@command.command("generations")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
@_database
def list_generations(limit: int, url: str | None, project: Path | None) -> None:
    """List what runs have stored, the latest first."""
    from botticelli.runtime.content.catalog import read_generations

    found = _ask(read_generations, url, project)[:limit]
    if not found:
        click.echo("Nothing is stored.")
    for each in found:
        how = each.kind if each.template is None else f"{each.kind} {each.template}"
        rows = f"{each.stored:,} {'row' if each.stored == 1 else 'rows'}"
        echo_text(
            f"{each.run}  {_moment(each.latest)}  {each.narrative} -> {each.table}  {rows} ({how})"
        )


@command.command("show")
@click.argument("table")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--id", "ids", multiple=True, help="Only this row; may be given several times.")
@_STATUS
@_database
def show(
    *,
    table: str,
    limit: int,
    ids: tuple[str, ...],
    status: str | None,
    url: str | None,
    project: Path | None,
) -> None:
    """Show rows of TABLE."""
    from botticelli.runtime.content.catalog import read_page

    async def ask(database: "Database") -> "Page":
        return await read_page(database, table, status=status, ids=ids, limit=limit)

    _print(_ask(ask, url, project))


@command.command("last")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
@_database
def last(limit: int, url: str | None, project: Path | None) -> None:
    """Show rows of the table that was written last."""
    from botticelli.runtime.content.catalog import read_page, read_tables

    async def ask(database: "Database") -> "Page | None":
        tables = await read_tables(database)
        return await read_page(database, tables[0].name, limit=limit) if tables else None

    page = _ask(ask, url, project)
    if page is None:
        _fail("nothing is stored yet")
    echo_text(f"{page.table.name}\n")
    _print(page)


@command.command("set-status")
@click.argument("table")
@click.argument("status", type=click.Choice(STATUSES))
@click.argument("ids", nargs=-1, required=True)
@_database
def set_status(
    table: str, status: str, ids: tuple[str, ...], url: str | None, project: Path | None
) -> None:
    """Give rows of TABLE, by their ids, the status pending, approved or rejected."""
    from botticelli.runtime.content.catalog import STATUS, change

    async def ask(database: "Database") -> int:
        return await change(database, table, ids, {STATUS: status})

    count = _ask(ask, url, project)
    if count:
        click.echo(f"{count} {'row is' if count == 1 else 'rows are'} {status}")
    asked = len(set(ids))
    if asked == 1 > count:
        _fail(f"the row {ids[0]} is not in {table}")
    if count < asked:
        missing = asked - count
        _fail(f"{missing} of these {asked} rows {'is' if missing == 1 else 'are'} not in {table}")


@command.command("export")
@click.argument("table")
@click.option("--format", "form", type=click.Choice(_FORMATS), default="json", show_default=True)
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Write a file."
)
@_STATUS
@_database
def export(
    *,
    table: str,
    form: str,
    output: Path | None,
    status: str | None,
    url: str | None,
    project: Path | None,
) -> None:
    """Write all rows of TABLE as JSON, CSV or Markdown."""
    from botticelli.cli.writing import replace_file
    from botticelli.compiler.semantics.rows import format_rows
    from botticelli.runtime.content.catalog import read_page

    async def ask(database: "Database") -> "Page":
        return await read_page(database, table, status=status)

    page = _ask(ask, url, project)
    text, count = format_rows(page.rows, tuple(page.table.columns), form)
    text = text if text.endswith("\n") else f"{text}\n"
    if output is None:
        echo_text(text, nl=False)
        return
    try:
        replace_file(output, text.encode())
    except OSError as error:
        _fail(f"{output} cannot be written: {error.strerror}")
    click.echo(f"wrote {output}: {count:,} {'row' if count == 1 else 'rows'}")


@command.command("review")
@click.argument("table")
@click.option(
    "--status",
    type=click.Choice(STATUSES),
    default="pending",
    show_default=True,
    help="Which rows to go through.",
)
@_database
def review(table: str, status: str, url: str | None, project: Path | None) -> None:
    """Go through rows of TABLE on the terminal: approve, reject, edit."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError(
            "a review needs a terminal; without one, `content show` and `content set-status` do it"
        )
    from botticelli.cli.review import review_rows

    async def ask(database: "Database") -> None:
        await review_rows(database, table, status)

    _ask(ask, url, project)


def _ask(
    work: "Callable[[Database], Coroutine[Any, Any, T]]", url: str | None, project: Path | None
) -> T:
    """Open the project's database, do something with it and close it. Ends the command where that
    fails."""
    from botticelli.compiler.reporter import Reporter
    from botticelli.compiler.workspace.configuration import read_configuration
    from botticelli.compiler.workspace.discovery import CONFIGURATION, project_of
    from botticelli.runtime.databases.address import DatabaseError
    from botticelli.runtime.databases.filters import QueryError
    from botticelli.runtime.shell.tables import open_database

    folder = project.absolute() if project else project_of(Path.cwd() / CONFIGURATION)[0]
    configuration = read_configuration(folder, Reporter())

    async def main() -> T:
        database = open_database(configuration, url, os.environ)
        try:
            return await work(database)
        finally:
            await database.close()

    try:
        return asyncio.run(main())
    except (DatabaseError, QueryError) as error:
        _fail(str(error))


def _fail(message: str) -> NoReturn:
    echo_text(f"error: {message}", err=True)
    sys.exit(EXIT_FINDINGS)


def _print(page: "Page") -> None:
    from botticelli.cli.review import cell

    if not page.rows:
        click.echo("No rows.")
    for number, row in enumerate(page.rows):
        if number:
            click.echo("")
        width = max(len(name) for name in row)
        for name, value in row.items():
            if value is not None:
                echo_text(f"{name:<{width}}  {cell(value, width + 2)}")


def _moment(time: float) -> str:
    from datetime import datetime

    return datetime.fromtimestamp(time).astimezone().strftime("%Y-%m-%d %H:%M")
