"""`botticelli check`: find what is wrong before anything runs."""

import sys
from pathlib import Path

import click

from botticelli.cli.checking import (
    DEFAULT_FAIL_ON,
    DEFAULT_FORMAT,
    SEVERITIES,
    STDIN,
    STDIN_NAME,
    CheckJob,
    Report,
)
from botticelli.cli.main import EXIT_FINDINGS
from botticelli.compiler.report import FORMATS


def _selectors(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    from botticelli.compiler.findings.selection import unknown_selector

    selectors = tuple(part.strip() for value in values for part in value.split(",") if part.strip())
    for selector in selectors:
        fault = unknown_selector(selector)
        if fault is not None:
            raise click.BadParameter(fault, ctx, param)
    return selectors


@click.command("check")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "format_name",
    type=click.Choice(tuple(FORMATS)),
    default=DEFAULT_FORMAT,
    show_default=True,
    help="How findings are written.",
)
@click.option(
    "--select",
    metavar="RULES",
    multiple=True,
    callback=_selectors,
    help="Report only these rules: codes, names or beginnings of codes, separated by commas.",
)
@click.option(
    "--ignore",
    metavar="RULES",
    multiple=True,
    callback=_selectors,
    help="Do not report these rules.",
)
@click.option("--strict", is_flag=True, help="Take unknown schemas and unknown models as errors.")
@click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES),
    default=DEFAULT_FAIL_ON,
    show_default=True,
    help="The least severity that makes the exit code 1.",
)
@click.option("--fix", is_flag=True, help="Apply safe fixes to the files.")
@click.option("--unsafe-fixes", is_flag=True, help="With --fix or --diff: apply all fixes.")
@click.option("--diff", is_flag=True, help="Show what --fix would change; write nothing.")
@click.option(
    "--hook",
    is_flag=True,
    help="For commit hooks: pass over files that are no narratives, and check what depends on "
    "the others and on files that the commit deletes.",
)
@click.option("--statistics", is_flag=True, help="Also count the findings of each rule.")
@click.option("--watch", is_flag=True, help="Check again whenever something changes.")
@click.option(
    "--stdin-filename",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="With `-` as path: check standard input in place of this file.",
)
@click.option("--no-cache", is_flag=True, help="Neither use nor keep results of earlier runs.")
@click.option("--no-color", is_flag=True, help="Write no colours.")
@click.option("--quiet", "-q", is_flag=True, help="Write nothing; the exit code tells.")
def command(
    *,
    paths: tuple[Path, ...],
    format_name: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    strict: bool,
    fail_on: str,
    fix: bool,
    unsafe_fixes: bool,
    diff: bool,
    hook: bool,
    statistics: bool,
    watch: bool,
    stdin_filename: Path | None,
    no_cache: bool,
    no_color: bool,
    quiet: bool,
) -> None:
    """Check narrative files, and those in folders; `-` is standard input.

    Exits with 0 when nothing is wrong, 1 when something is, 2 on wrong usage. With --diff, 1 says
    that something would change.
    """
    from botticelli.cli.colors import wants_color
    from botticelli.compiler.findings.selection import Selection

    if unsafe_fixes and not (fix or diff):
        raise click.UsageError("--unsafe-fixes needs --fix or --diff.")
    if watch and (fix or diff or hook):
        raise click.UsageError("--watch only looks: it takes neither --fix, --diff nor --hook.")
    _refuse_paths(paths, hook=hook, watch=watch, stdin_filename=stdin_filename)
    job = CheckJob(
        paths,
        Selection(select=select or None, ignore=ignore, strict=strict),
        cached=not no_cache,
        hook=hook,
        report=Report(
            format_name,
            color=not no_color and wants_color(sys.stdout),
            statistics=statistics,
            quiet=quiet,
            fail_on=fail_on,
        ),
        stdin_name=stdin_filename or STDIN_NAME,
    )
    if watch:
        from botticelli.cli.watching import watch_check

        watch_check(job)
    elif fix or diff:
        from botticelli.cli.mending import mend

        sys.exit(mend(job, write=not diff, unsafe=unsafe_fixes))
    else:
        sys.exit(EXIT_FINDINGS if job.report.show(job.check(job.files())) else 0)


def _refuse_paths(
    paths: tuple[Path, ...], *, hook: bool, watch: bool, stdin_filename: Path | None
) -> None:
    if STDIN in paths:
        if len(paths) > 1 or hook or watch:
            raise click.UsageError(
                "Standard input is checked alone: `-` takes no other path, --hook or --watch."
            )
        return
    if stdin_filename is not None:
        raise click.UsageError("--stdin-filename needs `-` as path.")
    if hook:
        return
    if not paths:
        raise click.UsageError("Missing argument 'PATHS...'.")
    for path in paths:
        if not path.exists():
            raise click.BadParameter(f"Path {str(path)!r} does not exist.", param_hint="'PATHS...'")
