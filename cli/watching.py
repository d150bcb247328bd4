"""`botticelli check --watch`: check again whenever something that was looked at changes."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from botticelli.cli.checking import CheckJob
    from botticelli.compiler.workspace.files import Files

_POLL_SECONDS = 0.25
_CLEAR = "\x1b[2J\x1b[3J\x1b[H"

Stamp = tuple[str, int, int, int]


def watch_check(job: "CheckJob") -> None:
    """Check until Ctrl-C is pressed."""
    try:
        while True:
            files = job.files()
            result = job.check(files)
            if sys.stdout.isatty() and not job.report.quiet:
                click.echo(_CLEAR, nl=False)
            job.report.show(result)
            if not job.report.quiet:
                click.echo("Watching; Ctrl-C ends.", err=True)
            _wait_for_change(files)
    except KeyboardInterrupt:
        return


def _wait_for_change(files: "Files") -> None:
    """Return when something is no longer as it was seen, also if it changed during the check."""
    from botticelli.compiler.workspace.files import Files

    before = _stamps(files)
    now = Files()
    if any(now.answer(look) != files.answer(look) for look in files.looks):
        return
    while _stamps(files) == before:
        time.sleep(_POLL_SECONDS)


def _stamps(files: "Files") -> set[Stamp]:
    """When everything that was looked at was last written, without reading it."""
    from botticelli.compiler.workspace.discovery import candidates
    from botticelli.compiler.workspace.files import LISTINGS, RECURSIVE

    paths = set()
    for kind, name in files.looks:
        paths.add(Path(name))
        if kind in LISTINGS:
            paths.update(candidates(Path(name), recursive=kind in RECURSIVE))
    return {stamp for path in paths if (stamp := _stamp(path)) is not None}


def _stamp(path: Path) -> Stamp | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    if path.is_dir():  # what matters in it is looked at by itself
        return str(path), 0, 0, 0
    return str(path), status.st_mtime_ns, status.st_size, status.st_ino
