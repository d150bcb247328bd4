"""What `botticelli check` does when its options are known: check, and tell what was found.

This module leaves the library that parses options out, for the call that has none (see `start`).
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botticelli.compiler.batch.run import CheckResult
    from botticelli.compiler.findings.selection import Selection
    from botticelli.compiler.workspace.files import Files

STDIN = Path("-")
STDIN_NAME = Path("stdin.toml")
SEVERITIES = ("error", "warning", "info")
DEFAULT_FORMAT = "text"
DEFAULT_FAIL_ON = "warning"


class Report:
    """How what was found is told: as text and as an exit code."""

    def __init__(
        self, format_name: str, *, color: bool, statistics: bool, quiet: bool, fail_on: str
    ) -> None:
        self._format = format_name
        self._color = color
        self._statistics = statistics
        self._failing = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
        self.quiet = quiet

    def show(self, result: "CheckResult", *, aside: bool = False) -> bool:
        """Write what was found (``aside``: to standard error); tell whether the check fails."""
        from botticelli.compiler.report import render

        if not self.quiet:
            text = render(self._format, result.diagnostics, color=self._color, files=result.files)
            self.write(text, aside=aside)
        if self._statistics and not self.quiet:
            from botticelli.compiler.report.statistics import render as render_statistics

            counts = render_statistics(result.diagnostics, color=self._color)
            # Machines read one document, so the table must not follow it.
            self.write(counts, aside=aside or self._format not in {"text", "concise"})
        return any(each.rule.severity in self._failing for each in result.diagnostics)

    def write(self, text: str, *, aside: bool = False) -> None:
        if sys.platform == "win32":
            import click  # which translates colours for older consoles

            click.echo(text, nl=False, err=aside, color=self._color)
            return
        stream = sys.stderr if aside else sys.stdout
        stream.write(text)
        stream.flush()


class CheckJob:
    """What is to be checked, and how it is reported."""

    def __init__(
        self,
        paths: tuple[Path, ...],
        selection: "Selection",
        *,
        report: Report,
        cached: bool = True,
        hook: bool = False,
        stdin_name: Path = STDIN_NAME,
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
