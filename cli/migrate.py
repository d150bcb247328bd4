"""`botticelli migrate`: older forms of narratives rewritten into the present ones."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from botticelli.cli.main import EXIT_FINDINGS

if TYPE_CHECKING:
    from botticelli.compiler.diagnostics import Location
    from botticelli.compiler.migrate.run import Migration
    from botticelli.compiler.workspace.workspace import Unit, Workspace

_MOST_SHOWN = 3


@click.command("migrate")
@click.argument(
    "paths", nargs=-1, type=click.Path(exists=True, readable=True, path_type=Path), required=True
)
@click.option("--check", "dry", is_flag=True, help="Write nothing; the exit code tells.")
@click.option("--diff", "show_diff", is_flag=True, help="Write nothing but a diff to the output.")
@click.option("--quiet", "-q", is_flag=True, help="Say only what went wrong.")
def command(*, paths: tuple[Path, ...], dry: bool, show_diff: bool, quiet: bool) -> None:
    """Rewrite narrative files, and those in folders, into the present forms of the language.

    Comments and layout stay. A file is only changed in what leaves its meaning as it was: its
    narratives are compiled before and after, and compared. Exits with 1 when something could not
    be migrated, and, with --check or --diff, when something would change.
    """
    from botticelli.cli.mending import diff_of, write_bytes, write_files
    from botticelli.compiler.migrate.run import migrate

    changed = failed = present = 0
    for unit, migration in ((unit, migrate(unit, workspace)) for unit, workspace in _units(paths)):
        hindered = _explain(unit, migration)
        failed += hindered
        if migration.changed is None:
            present += not hindered
            continue
        changed += 1
        if show_diff:
            write_bytes("".join(diff_of(migration.changed)).encode())
        elif not dry:
            write_files([migration.changed])
        if not quiet:
            verb = "would migrate" if dry or show_diff else "migrated"
            kinds = ", ".join(migration.rewritten)
            click.echo(f"{verb} {migration.changed.shown}: {kinds}", err=show_diff)
    if not quiet:
        click.echo(_summary(changed, present, dry=dry or show_diff), err=show_diff)
    sys.exit(EXIT_FINDINGS if failed or (changed and (dry or show_diff)) else 0)


def _units(paths: tuple[Path, ...]) -> "Iterator[tuple[Unit, Workspace]]":
    """Yield the narratives that are meant: every file that is named, and what folders hold."""
    from botticelli.compiler.batch.targets import targets_of
    from botticelli.compiler.workspace.discovery import CONFIGURATION, LOCK_FILE
    from botticelli.compiler.workspace.files import Files
    from botticelli.compiler.workspace.workspace import workspace_of

    files = Files()
    workspaces: dict[Path, Workspace] = {}
    for target in targets_of(paths, files):
        if target.path.name in {CONFIGURATION, LOCK_FILE}:
            continue
        workspace = workspace_of(target.path, workspaces, files)
        unit = workspace.unit(target.path)
        if target.named or unit.may_be_narrative:
            yield unit, workspace


def _explain(unit: "Unit", migration: "Migration") -> bool:
    """Say what stays as it is, and why; tell whether that is a failure."""
    shown = unit.document.source.path
    for note in migration.notes:
        click.echo(f"note: {_place(note.location)}: {note.message}", err=True)
    for kind in migration.refused:
        click.echo(
            f"error: {shown}: {kind} stays: no way to write it otherwise keeps what the file means",
            err=True,
        )
    errors = migration.hindrances
    if errors:
        listed = "; ".join(
            f"{each.rule.code} at {_place(each.location)}" for each in errors[:_MOST_SHOWN]
        )
        more = f" and {len(errors) - _MOST_SHOWN} more" if len(errors) > _MOST_SHOWN else ""
        click.echo(
            f"error: {shown}: its errors come first, since they leave open what it means: "
            f"{listed}{more} (`botticelli check {shown}`)",
            err=True,
        )
    return bool(errors or migration.refused)


def _place(location: "Location") -> str:
    position = location.source.position(location.span.start)
    return f"{location.source.path}:{position.line}:{position.column}"


def _summary(changed: int, present: int, *, dry: bool) -> str:
    done = f"{_files(changed)} would be migrated" if dry else f"{_files(changed)} migrated"
    return f"{done}, {present} already in present forms"


def _files(number: int) -> str:
    return "1 file" if number == 1 else f"{number} files"
