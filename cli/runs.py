"""`botticelli runs`: what earlier runs of a project did and answered."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from botticelli.cli.main import EXIT_FINDINGS

if TYPE_CHECKING:
    from botticelli.runtime.shell.store import Store, StoredRun

_PROJECT = click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The project's folder; by default that of the working directory.",
)


@click.group("runs")
def command() -> None:
    """Show what earlier runs did."""


@command.command("list")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
@_PROJECT
def list_runs(limit: int, project: Path | None) -> None:
    """List the latest runs of a project, newest first."""
    store = _open(project)
    try:
        for run in store.runs(limit):
            click.echo(_line(run))
    finally:
        store.close()


@command.command("show")
@click.argument("run", required=False)
@_PROJECT
def show_run(run: str | None, project: Path | None) -> None:
    """Show what RUN (by default the latest; the beginning of an id is enough) has answered."""
    store = _open(project)
    try:
        found = store.runs(1) if run is None else store.find(run)
        if not found:
            click.echo(f"error: there is no run {run!r}" if run else "There is no run.", err=True)
            sys.exit(EXIT_FINDINGS)
        exact = [each for each in found if each.id == run]
        if len(found) > 1 and not exact:
            ids = ", ".join(each.id for each in found[:10])
            raise click.UsageError(f"{run!r} is the beginning of several runs: {ids}")
        _show(store, exact[0] if exact else found[0])
    finally:
        store.close()


def _open(project: Path | None) -> "Store":
    from botticelli.runtime.shell.store import StoreError, open_store

    try:
        folder = project.absolute() if project is not None else _nearest_project(Path.cwd())
        store = open_store(folder, create=False)
    except StoreError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(EXIT_FINDINGS)
    if store is None:
        click.echo(f"Nothing has been run in {folder}; --project names another folder.", err=True)
        sys.exit(EXIT_FINDINGS)
    return store


def _nearest_project(folder: Path) -> Path:
    """The project that a folder is in: where runs are kept, at it or above it."""
    from botticelli.runtime.shell.store import FILE, FOLDER

    for each in (folder, *folder.parents):
        if (each / FOLDER / FILE).is_file():
            return each
    return folder


def _line(run: "StoredRun") -> str:
    from datetime import datetime

    started = datetime.fromtimestamp(run.started).astimezone().strftime("%Y-%m-%d %H:%M")
    simulated = ", simulated" if run.simulated else ""
    return (
        f"{run.id}  {started}  {run.status:<11}  {run.completed}/{run.iterations}  "
        f"{run.narrative}  ({run.driver}{simulated})"
    )


def _show(store: "Store", run: "StoredRun") -> None:
    click.echo(_line(run))
    if run.message:
        click.echo(run.message)
    for result in store.results(run.id):
        iteration = f"iteration {result.iteration}, " if result.iteration is not None else ""
        tokens = ""
        if result.input_tokens is not None:
            tokens = f", {result.input_tokens:,} tokens in, {result.output_tokens:,} out"
        click.echo(f"\n── {iteration}{result.act} ({result.source}{tokens})")
        click.echo(result.text)
