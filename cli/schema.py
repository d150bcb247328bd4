"""`botticelli schema`: what the checker knows of a real database, kept in `schema.lock.toml`.

`pull` and `diff` exit with 2 when there is nothing to compare or the database cannot be read, so
that 1 always means that something differs.
"""

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from botticelli.cli.main import EXIT_FINDINGS, EXIT_USAGE

if TYPE_CHECKING:
    from botticelli.compiler.semantics.tables import DatabaseTable
    from botticelli.compiler.workspace.lock_difference import Change, TableDifference
    from botticelli.runtime.databases.introspection import Inspection

F = TypeVar("F", bound=Callable[..., Any])


def _selecting(function: F) -> F:
    """Give a command the options that say which database and which of its tables."""
    for decorate in (
        click.option("--no-color", is_flag=True, help="Write no colours."),
        click.option(
            "--table",
            "patterns",
            metavar="NAME",
            multiple=True,
            help="Only this table, or those that a pattern like `blog_*` names; repeatable.",
        ),
        click.option(
            "--schema",
            "schemas",
            metavar="NAME",
            multiple=True,
            help="A schema of PostgreSQL, instead of the default one; repeatable.",
        ),
        click.option("--database", metavar="URL", help="The same as URL."),
        click.argument("url", required=False),
    ):
        function = decorate(function)
    return function


@click.group("schema")
def command() -> None:
    """Keep what the checker knows of a database's tables in schema.lock.toml.

    URL is sqlite:///FILE or postgresql://USER@HOST/NAME. Without one it is DATABASE_URL, then
    `[database] url` of botticelli.toml, then the project's own SQLite file.
    """


@command.command("pull")
@_selecting
def pull(
    *,
    url: str | None,
    database: str | None,
    schemas: tuple[str, ...],
    patterns: tuple[str, ...],
    no_color: bool,
) -> None:
    """Write the tables of a database into schema.lock.toml.

    Only the schemas that are looked into and the tables that are selected are renewed; the rest
    of the file stays as it is.
    """
    from botticelli.cli.writing import replace_file
    from botticelli.compiler.workspace.lock import write_lock

    project = _project()
    inspection = _inspect(project, url or database, schemas, no_color=no_color)
    selection = _Selection(schemas, patterns, inspection)
    path = _lock_path(project)
    # A file that nobody can read any more is no reason not to write a new one.
    locked = _read(path, no_color=no_color, lenient=not (schemas or patterns))
    selection.check((*inspection.tables, *locked))
    kept = {name: table for name, table in locked.items() if not selection.has(name)}
    tables = {**kept, **selection.of(inspection.tables)}
    written = write_lock(tables, inspection.kind)
    shown = _shown(path)
    columns = sum(len(table.columns) for table in tables.values())
    size = f"{_count(len(tables), 'table')}, {_count(columns, 'column')}"
    try:
        if path.is_file() and path.read_bytes() == written.encode():
            click.echo(f"{shown} is up to date: {size}")
            return
        replace_file(path, written.encode())
    except OSError as error:
        _fail(f"{shown} cannot be written: {error.strerror}")
    click.echo(f"wrote {shown}: {size}")


@command.command("diff")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    help="How differences are written.",
)
@_selecting
def diff(
    *,
    url: str | None,
    database: str | None,
    schemas: tuple[str, ...],
    patterns: tuple[str, ...],
    format_name: str,
    no_color: bool,
) -> None:
    """Show where a database and schema.lock.toml differ.

    Exits with 0 when they agree, 1 when they differ, 2 when they cannot be compared.
    """
    from botticelli.cli.colors import wants_color
    from botticelli.compiler.workspace.lock_difference import differences

    project = _project()
    path = _lock_path(project)
    if not path.is_file():
        _fail(f"there is no {_shown(path)} yet: `botticelli schema pull` writes it")
    locked = _read(path, no_color=no_color)
    inspection = _inspect(project, url or database, schemas, no_color=no_color)
    selection = _Selection(schemas, patterns, inspection)
    selection.check((*inspection.tables, *locked))
    found = differences(selection.of(locked), selection.of(inspection.tables))
    if format_name == "json":
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode({"tables": found}), indent=2))
    else:
        color = not no_color and wants_color(sys.stdout)
        click.echo(_text(found, _shown(path)), color=color)
    sys.exit(EXIT_FINDINGS if found else 0)


class _Selection:
    """Which tables are meant: those of the schemas that are looked into whose names fit."""

    def __init__(
        self, schemas: tuple[str, ...], patterns: tuple[str, ...], inspection: "Inspection"
    ) -> None:
        self._schemas = schemas or (inspection.schema,)
        self._patterns = patterns
        self._inspection = inspection

    def has(self, name: str) -> bool:
        from fnmatch import fnmatchcase

        if self._inspection.schema_of(name) not in self._schemas:
            return False
        return not self._patterns or any(fnmatchcase(name, each) for each in self._patterns)

    def of(self, tables: "Mapping[str, DatabaseTable]") -> "dict[str, DatabaseTable]":
        return {name: table for name, table in tables.items() if self.has(name)}

    def check(self, names: Iterable[str]) -> None:
        """End the command where a pattern fits no table at all."""
        from fnmatch import fnmatchcase

        from botticelli.compiler.nearest import nearest

        known = [name for name in names if self._inspection.schema_of(name) in self._schemas]
        for pattern in self._patterns:
            if not any(fnmatchcase(name, pattern) for name in known):
                guess = nearest(pattern, known)
                hint = f"; did you mean `{guess}`?" if guess else ""
                _fail(f"neither the database nor the lock file has a table `{pattern}`{hint}")


# The project and its database


def _project() -> Path:
    from botticelli.compiler.workspace.discovery import CONFIGURATION, project_of

    folder, _ = project_of(Path.cwd() / CONFIGURATION)
    return folder


def _lock_path(project: Path) -> Path:
    from botticelli.compiler.workspace.discovery import LOCK_FILE

    return project / LOCK_FILE


def _shown(path: Path) -> str:
    from botticelli.compiler.workspace.discovery import display_path

    return display_path(path)


def _inspect(
    project: Path, given: str | None, schemas: tuple[str, ...], *, no_color: bool
) -> "Inspection":
    from botticelli.runtime.databases.address import DatabaseError, choose_url
    from botticelli.runtime.databases.introspection import inspect_database

    configured = None
    if not given and not os.environ.get("DATABASE_URL"):
        configured = _configured(project, no_color=no_color)
    try:
        return inspect_database(choose_url(given, os.environ, configured, project), schemas)
    except DatabaseError as error:
        _fail(str(error))


def _configured(project: Path, *, no_color: bool) -> str | None:
    """Return `[database] url`. A configuration with errors may have meant another database."""
    from botticelli.compiler.reporter import Reporter
    from botticelli.compiler.workspace.configuration import read_configuration

    reporter = Reporter()
    configuration = read_configuration(project, reporter)
    _stop_at(reporter.diagnostics, no_color=no_color)
    return configuration.database_url


def _read(path: Path, *, no_color: bool, lenient: bool = False) -> "Mapping[str, DatabaseTable]":
    """Return the tables of the lock file, if there is one; end the command at what is wrong in it,
    unless ``lenient``."""
    from botticelli.compiler.reporter import Reporter
    from botticelli.compiler.workspace.files import Files
    from botticelli.compiler.workspace.lock import read_lock

    if not path.is_file():
        return {}
    reporter = Reporter()
    tables = read_lock(path, reporter, Files())
    if not lenient:
        _stop_at(reporter.diagnostics, no_color=no_color)
    return tables or {}


def _stop_at(diagnostics: list[Any], *, no_color: bool) -> None:
    from botticelli.cli.colors import wants_color
    from botticelli.compiler.report import render

    if diagnostics:
        color = not no_color and wants_color(sys.stderr)
        report = render("text", diagnostics, color=color, files=1)
        click.echo(report, nl=False, err=True, color=color)
        sys.exit(EXIT_USAGE)


def _fail(message: str) -> NoReturn:
    click.echo(f"error: {message}", err=True)
    sys.exit(EXIT_USAGE)


# Text


def _text(found: "list[TableDifference]", lock: str) -> str:
    if not found:
        return f"the database and {lock} agree"
    parts = [line for difference in found for line in _table_lines(difference)]
    verb = "differs" if len(found) == 1 else "differ"
    summary = f"{_count(len(found), 'table')} {verb} between the database and {lock}"
    return "\n".join([*parts, "", summary, "`botticelli schema pull` brings the file up to date"])


def _table_lines(difference: "TableDifference") -> list[str]:
    heads = {
        "missing": click.style(f"+ {difference.table} is new in the database", fg="green"),
        "gone": click.style(f"- {difference.table} is gone from the database", fg="red"),
        "changed": click.style(f"~ {difference.table} has changed", fg="yellow"),
    }
    head = heads[difference.state]
    if difference.state == "gone":
        return [head]
    changes = [*difference.columns, *difference.properties]
    width = max((len(change.name) for change in changes), default=0)
    return [head, *(f"    {_change_line(change, width)}" for change in changes)]


def _change_line(change: "Change", width: int) -> str:
    name = change.name.ljust(width)
    if change.locked is None:
        return click.style(f"+ {name}  {change.found}", fg="green")
    if change.found is None:
        return click.style(f"- {name}  {change.locked}", fg="red")
    return click.style(f"~ {name}  {change.locked} -> {change.found}", fg="yellow")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
