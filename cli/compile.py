"""`botticelli compile`: a narrative as the runtime gets it."""

import sys
from pathlib import Path

import click

from botticelli.cli.main import EXIT_FINDINGS


@click.command("compile")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--narrative", metavar="NAME", help="Which narrative, if the file holds several.")
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, writable=True, allow_dash=True, path_type=Path),
    help="Where the program goes; by default to standard output.",
)
@click.option("--no-color", is_flag=True, help="Write no colours.")
def command(file: Path, narrative: str | None, output: Path | None, no_color: bool) -> None:
    """Check FILE and compile a narrative of it to its intermediate representation, as JSON."""
    from botticelli.cli.colors import wants_color
    from botticelli.compiler.compile import NarrativeChoiceError, compile_file
    from botticelli.compiler.ir.encoding import encode
    from botticelli.compiler.report import render

    try:
        result = compile_file(file, narrative)
    except NarrativeChoiceError as error:
        raise click.UsageError(str(error)) from error
    if result.diagnostics:
        color = not no_color and wants_color(sys.stderr)
        report = render("text", result.diagnostics, color=color, files=result.files)
        click.echo(report, nl=False, err=True, color=color)
    if result.program is None:
        sys.exit(EXIT_FINDINGS)
    data = encode(result.program)
    if output is None or str(output) == "-":
        sys.stdout.buffer.write(data)
        return
    try:
        output.write_bytes(data)
    except OSError as error:
        raise click.UsageError(f"{output} cannot be written: {error.strerror}") from error
