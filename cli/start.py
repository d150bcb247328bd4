"""Where the `botticelli` command starts.

A check is called on every save and every commit, and what has not changed is known from the cache.
So it does without what would take longer than the check: the library that parses options, where
there are none, and taking apart at the end what is in memory.
"""

import os
import sys
from pathlib import Path

_INTERRUPTED = 130  # as shells expect of a command that Ctrl-C has ended


def start() -> None:
    """Run the command line."""
    try:
        _start(sys.argv[1:])
    except KeyboardInterrupt:
        _end_at_once(_INTERRUPTED)


def _start(arguments: list[str]) -> None:
    from botticelli.cli.output import OutputError, watch_output

    watch_output()
    if arguments[:1] != ["check"]:
        _whole_command()
        return
    import gc

    gc.set_threshold(100_000)  # what a check makes is needed until its end
    try:
        failing = _check_plainly(arguments[1:])
        if failing is None:
            _whole_command()
    except SystemExit as end:
        _end_at_once(end.code)
        raise
    except OutputError:
        failing = True
    _end_at_once(1 if failing else 0)


def _whole_command() -> None:
    from botticelli.cli.main import main

    main()


def _check_plainly(arguments: list[str]) -> bool | None:
    """Check paths without any option and tell whether that fails. None: it takes the whole command
    to say what is to be done, or what went wrong."""
    if not arguments or any(argument.startswith("-") for argument in arguments):
        return None
    paths = tuple(Path(argument) for argument in arguments)
    if not all(path.exists() for path in paths):
        return None
    from botticelli.cli.checking import DEFAULT_FAIL_ON, DEFAULT_FORMAT, CheckJob, Report
    from botticelli.cli.colors import wants_color
    from botticelli.compiler.findings.selection import Selection

    report = Report(
        DEFAULT_FORMAT,
        color=wants_color(sys.stdout),
        statistics=False,
        quiet=False,
        fail_on=DEFAULT_FAIL_ON,
    )
    job = CheckJob(paths, Selection(), report=report)
    try:
        result = job.check(job.files())
    except Exception:  # noqa: BLE001 - which the whole command meets again, and reports
        return None
    return report.show(result)


def _end_at_once(code: str | int | None) -> None:
    """End the process as it is. Returns when there is a message."""
    from botticelli.cli.output import judge_output

    if isinstance(code, str):
        return
    if not judge_output():
        code = code or 1
    sys.stderr.flush()
    os._exit(code or 0)
