"""`botticelli check`: find what is wrong before anything runs."""

import sys
from pathlib import Path

import click

from botticelli.cli.main import EXIT_FINDINGS
from botticelli.compiler.report import FORMATS


@click.command("check")
@click.argument(
    "paths", nargs=-1, type=click.Path(exists=True, readable=True, path_type=Path), required=True
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(tuple(FORMATS)),
    default="text",
    show_default=True,
    help="How findings are written.",
)
@click.option("--no-color", is_flag=True, help="Write no colours.")
@click.option("--quiet", "-q", is_flag=True, help="Write nothing; the exit code tells.")
def command(paths: tuple[Path, ...], format_name: str, no_color: bool, quiet: bool) -> None:
    """Check narrative files, and those in folders.

    Exits with 0 when nothing is wrong, 1 when something is, 2 on wrong usage.
    """
    from botticelli.cli.colors import wants_color
    from botticelli.compiler.batch.run import check_paths
    from botticelli.compiler.report import render
    from botticelli.grammar.catalogue import Severity

    result = check_paths(paths)
    if not quiet:
        color = not no_color and wants_color(sys.stdout)
        click.echo(
            render(format_name, result.diagnostics, color=color, files=result.files),
            nl=False,
            color=color,
        )
    failing = (each for each in result.diagnostics if each.rule.severity is not Severity.INFO)
    sys.exit(EXIT_FINDINGS if any(failing) else 0)
