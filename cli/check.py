"""`botticelli check`: find what is wrong before anything runs."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from botticelli.cli.main import EXIT_FINDINGS
from botticelli.compiler.report import FORMATS

if TYPE_CHECKING:
    from botticelli.compiler.batch.run import CheckResult
    from botticelli.compiler.findings.selection import Selection
    from botticelli.compiler.workspace.files import Files

STDIN = Path("-")
_STDIN_NAME = "stdin.toml"
_SEVERITIES = ("error", "warning", "info")


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
    default="text",
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
    type=click.Choice(_SEVERITIES),
    default="warning",
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
        stdin_name=stdin_filename or Path(_STDIN_NAME),
    )
    if watch:
        from botticelli.cli.watching import watch_check

        watch_check(job)
    elif fix or diff:
        from botticelli.cli.mending import mend

        sys.exit(mend(job, write=not diff, unsafe=unsafe_fixes))
    else:
        sys.exit(job.report.show(job.check(job.files())))


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


class Report:
    """How what was found is told: as text and as an exit code."""

    def __init__(
        self, format_name: str, *, color: bool, statistics: bool, quiet: bool, fail_on: str
    ) -> None:
        self._format = format_name
        self._color = color
        self._statistics = statistics
        self._failing = _SEVERITIES[: _SEVERITIES.index(fail_on) + 1]
        self.quiet = quiet

    def show(self, result: "CheckResult", *, aside: bool = False) -> int:
        """Write what was found (``aside``: to standard error) and return the exit code."""
        from botticelli.compiler.report import render

        if not self.quiet:
            text = render(self._format, result.diagnostics, color=self._color, files=result.files)
            self.write(text, aside=aside)
        if self._statistics and not self.quiet:
            from botticelli.compiler.report.statistics import render as render_statistics

            counts = render_statistics(result.diagnostics, color=self._color)
            # Machines read one document, so the table must not follow it.
            self.write(counts, aside=aside or self._format not in {"text", "concise"})
        failing = any(each.rule.severity in self._failing for each in result.diagnostics)
        return EXIT_FINDINGS if failing else 0

    def write(self, text: str, *, aside: bool = False) -> None:
        click.echo(text, nl=False, err=aside, color=self._color)


class CheckJob:
    """What is to be checked, and how it is reported."""

    def __init__(
        self,
        paths: tuple[Path, ...],
        selection: "Selection",
        *,
        cached: bool,
        hook: bool,
        report: Report,
        stdin_name: Path,
    ) -> None:
        from botticelli.compiler.workspace.discovery import absolute

        self._selection = selection
        self._cached = cached
        self._hook = hook
        self.report = report
        self.stdin = absolute(stdin_name) if STDIN in paths else None
        self.paths = paths if self.stdin is None else (self.stdin,)

    def files(self) -> "Files":
        """Return the file system as it is now; standard input is read here."""
        from botticelli.compiler.workspace.files import Files

        if self.stdin is None:
            return Files()
        return Files({self.stdin: sys.stdin.buffer.read()})

    def check(self, files: "Files") -> "CheckResult":
        if self._hook:
            from botticelli.compiler.batch.hook import check_hook

            return check_hook(
                self.paths, selection=self._selection, files=files, cached=self._cached
            )
        from botticelli.compiler.batch.run import check_paths

        return check_paths(self.paths, selection=self._selection, files=files, cached=self._cached)
