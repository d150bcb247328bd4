"""`botticelli runs`: what earlier runs of a project did and answered, and making room."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from botticelli.cli.main import EXIT_FINDINGS
from botticelli.cli.printable import echo_text

if TYPE_CHECKING:
    from botticelli.runtime.journal.file import Journal
    from botticelli.runtime.journal.records import RunRecord, Spent

RESUMABLE = ("failed", "exhausted", "interrupted")

_PROJECT = click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The project's folder; by default that of the working directory.",
)
_YES = click.option("--yes", "-y", is_flag=True, help="Do not ask.")


@click.group("runs")
def command() -> None:
    """Show what earlier runs did, and delete them."""


@command.command("list")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    default=20,
    show_default=True,
    help="List at most N runs.",
)
@_PROJECT
def list_runs(limit: int, project: Path | None) -> None:
    """List the latest runs of a project, newest first."""
    with _opened(project) as journal:
        for run in journal.runs(limit):
            echo_text(_line(run))


@command.command("show", short_help="Show what a run did and answered.")
@click.argument("run", default="last")
@_PROJECT
def show_run(run: str, project: Path | None) -> None:
    """Show what RUN (by default the latest; the beginning of an id is enough) did and answered."""
    with _opened(project) as journal:
        _show(journal, choose(journal, run))


@command.command("delete")
@click.argument("runs", nargs=-1, required=True)
@_PROJECT
@_YES
def delete_runs(runs: tuple[str, ...], project: Path | None, yes: bool) -> None:
    """Delete RUNS with everything that is kept of them."""
    with _opened(project) as journal:
        found = {run.id: run for run in (choose(journal, each) for each in runs)}
        _delete(journal, list(found.values()), yes=yes)


def _parse_age(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    from botticelli.compiler.narrative.durations import parse_duration

    if value is None:
        return None
    seconds = parse_duration(value)
    if seconds is None:
        raise click.BadParameter(f"{value!r} is no duration, such as 30d or 12h", ctx, param)
    return seconds


@command.command("prune", short_help="Delete old runs.")
@click.option("--older-than", metavar="AGE", callback=_parse_age, help="Such as 30d or 12h.")
@click.option("--keep", type=click.IntRange(min=0), metavar="N", help="Keep the latest N runs.")
@_PROJECT
@_YES
def prune_runs(older_than: float | None, keep: int | None, project: Path | None, yes: bool) -> None:
    """Delete old runs: those older than an age, those that are not among the latest, or both."""
    import time

    if older_than is None and keep is None:
        raise click.UsageError("say which runs: --older-than AGE, --keep N, or both")
    latest_start = time.time() - (older_than or 0.0)
    with _opened(project) as journal:
        old = [
            run
            for run in journal.runs()[keep or 0 :]
            if run.started <= latest_start and run.status != "running"
        ]
        if not old:
            click.echo("There is nothing to delete.")
            return
        _delete(journal, old, yes=yes)


@contextmanager
def _opened(project: Path | None) -> "Iterator[Journal]":
    """Open the journal of a project; end the command when it cannot be used."""
    from botticelli.cli.problems import explain
    from botticelli.runtime.journal.file import open_journal
    from botticelli.runtime.problems import SetupError, StoreError

    folder = project.absolute() if project is not None else nearest_project(Path.cwd())
    try:
        journal = open_journal(folder, create=False)
        if journal is None:
            hint = "--project names another folder"
            click.echo(f"Nothing has been run in {folder}; {hint}.", err=True)
            sys.exit(EXIT_FINDINGS)
        try:
            yield journal
        finally:
            journal.close()
    except SetupError as error:
        sys.exit(explain(error))
    except StoreError as error:
        echo_text(f"error: {error}", err=True)
        sys.exit(EXIT_FINDINGS)


def nearest_project(folder: Path) -> Path:
    """The project that a folder is in: where runs are kept, at it or above it."""
    from botticelli.runtime.folder import FOLDER
    from botticelli.runtime.journal.file import FILE

    for each in (folder, *folder.parents):
        if (each / FOLDER / FILE).is_file():
            return each
    return folder


def command_to_show(run: str, project: Path) -> str:
    """The command that shows a run, as it is to be written in the working directory."""
    elsewhere = nearest_project(Path.cwd()) != project
    return f"botticelli runs show {run}" + (f" --project {_quoted(project)}" if elsewhere else "")


def command_to_resume(run: str, project: Path, source: str) -> str:
    """The command that goes on with a run, as it is to be written in the working directory."""
    elsewhere = nearest_project(Path.cwd()) != project
    file = f" {_quoted(project / source)}" if elsewhere else ""
    return f"botticelli exec{file} --resume {run}"


def _quoted(path: Path) -> str:
    """A path as a shell takes it, from the working directory where it lies below it."""
    import shlex

    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


def choose(journal: "Journal", run: str) -> "RunRecord":
    """Return the run of an id, of the only id that begins so, or the `last` one.

    Raises SetupError when there is none, and click.UsageError when there are several.
    """
    from botticelli.runtime.problems import Problem, SetupError

    found = journal.find(run)
    if not found:
        raise SetupError(
            Problem("there is no run" if run == "last" else f"there is no run {run!r}")
        )
    if len(found) > 1:
        ids = ", ".join(each.id for each in found[:10])
        raise click.UsageError(f"{run!r} is the beginning of several runs: {ids}")
    return found[0]


def _delete(journal: "Journal", runs: "list[RunRecord]", *, yes: bool) -> None:
    from botticelli.runtime.problems import Problem, SetupError

    for run in runs:
        if run.status == "running":
            raise SetupError(Problem(f"the run {run.id} is under way"))
    resumable = sum(run.status in RESUMABLE for run in runs)
    lost = f", of which {resumable} could be resumed" if resumable else ""
    what = f"{len(runs)} {'run' if len(runs) == 1 else 'runs'}{lost}"
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError(f"this would delete {what}; --yes does it without asking")
        if not click.confirm(f"Delete {what}?", default=False):
            return
    for run in runs:
        if run.status == "interrupted" and journal.has_read_tables(run.id):
            _release(run, journal.path.parent.parent)
    journal.delete([run.id for run in runs])
    journal.compact()
    click.echo(f"Deleted {what}.")


def _release(run: "RunRecord", project: Path) -> None:
    """Give back what a run that died has taken from tables."""
    import asyncio
    import os

    from botticelli.compiler.reporter import Reporter
    from botticelli.compiler.workspace.configuration import read_configuration
    from botticelli.runtime.databases.address import HIDDEN, DatabaseError
    from botticelli.runtime.databases.leases import give_back
    from botticelli.runtime.shell.tables import open_database

    configuration = read_configuration(project, Reporter())
    given = None if run.settings.database == HIDDEN else run.settings.database

    async def release() -> None:
        database = open_database(configuration, given, os.environ)
        try:
            await give_back(database, run.id)
        finally:
            await database.close()

    try:
        asyncio.run(release())
    except DatabaseError as error:
        said = f"what {run.id} has taken from tables returns when its leases end: {error}"
        echo_text(f"warning: {said}", err=True)


def _line(run: "RunRecord") -> str:
    from datetime import datetime

    started = datetime.fromtimestamp(run.started).astimezone().strftime("%Y-%m-%d %H:%M")
    marks = [run.driver, *(["simulated"] * run.simulated), *(["dry run"] * run.dry_run)]
    return (
        f"{run.id}  {started}  {run.status:<11}  {run.completed}/{run.iterations}  "
        f"{run.narrative}  ({', '.join(marks)})"
    )


def _show(journal: "Journal", run: "RunRecord") -> None:
    echo_text(_line(run))
    if run.message and run.status != "running":
        echo_text(run.message)
    echo_text(_used(journal.spent(run.id)))
    if run.origin is not None:
        echo_text(f"began with results of {run.origin}")
    if run.status in RESUMABLE:
        _show_open(journal, run)
    for result in journal.answers(run.id):
        iteration = f"iteration {result.iteration}, " if result.iteration is not None else ""
        tokens = ""
        if result.input_tokens is not None:
            tokens = f", {result.input_tokens:,} tokens in, {result.output_tokens:,} out"
        echo_text(f"\n── {iteration}{result.act} ({result.source}{tokens})")
        echo_text(result.text)


def _show_open(journal: "Journal", run: "RunRecord") -> None:
    """Show what was begun and has not ended, and how the run goes on."""
    for effect in journal.effects(run.id):
        if effect.ended is None and effect.subject is not None:
            doubt = "; whether it took effect is unknown" if effect.writes else ""
            echo_text(f"begun and not ended: {effect.subject} in {effect.act}{doubt}")
    project = journal.path.parent.parent
    echo_text(f"resume it with: {command_to_resume(run.id, project, run.source)}")


def _used(spent: "Spent") -> str:
    cost = "at an unknown price" if spent.cost is None else f"${spent.cost:.4f}"
    requests = "1 request" if spent.requests == 1 else f"{spent.requests:,} requests"
    return f"{requests}, {spent.input_tokens:,} tokens in, {spent.output_tokens:,} out, {cost}"
