"""`botticelli check --fix` and `--diff`: fixes, written or shown."""

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from botticelli.cli.checking import CheckJob
from botticelli.cli.main import EXIT_FINDINGS

if TYPE_CHECKING:
    from botticelli.compiler.batch.run import CheckResult
    from botticelli.compiler.diagnostics import Diagnostic
    from botticelli.compiler.findings.fixing import Changed, Fixed, Texts
    from botticelli.compiler.workspace.files import Files

_NO_LINE_END = "\n\\ No newline at end of file\n"


def mend(job: CheckJob, *, write: bool, unsafe: bool) -> int:
    """Fix what can be fixed and return the exit code.

    What is left is reported; of standard input the mended text is written instead, and the report
    goes to standard error. Without ``write`` the changes are shown as a unified diff, and nothing
    else happens.
    """
    given = job.files()
    fixed, left = _fixed(job, given, unsafe=unsafe)
    quiet = job.report.quiet
    if not write:
        for changed in () if quiet else fixed.files:
            write_bytes("".join(diff_of(changed)).encode())
        _count(fixed, "would be applied", quiet=quiet)
        return EXIT_FINDINGS if fixed.files else 0
    if job.stdin is None:
        write_files(fixed.files)
    elif not quiet:
        mended = fixed.files[0].after.encode() if fixed.files else given.replaced[job.stdin]
        write_bytes(mended)
    _count(fixed, "applied", quiet=quiet)
    failing = job.report.show(left, aside=job.stdin is not None)
    return EXIT_FINDINGS if failing else 0


def _fixed(job: CheckJob, given: "Files", *, unsafe: bool) -> "tuple[Fixed, CheckResult]":
    from botticelli.compiler.batch.targets import targets_of
    from botticelli.compiler.findings.fixing import fix
    from botticelli.compiler.workspace.files import Files

    mendable = [target.path for target in targets_of(job.paths, given)]
    last: list[CheckResult] = []

    def diagnose(texts: "Texts") -> "list[Diagnostic]":
        changed = {path: text.encode() for path, text in texts.items()}
        last[:] = [job.check(Files({**given.replaced, **changed}) if changed else given)]
        return last[0].diagnostics

    fixed = fix(diagnose, mendable, unsafe=unsafe)
    return fixed, last[0]


def write_files(files: "Iterable[Changed]") -> None:
    """Write changed files, each as a whole. Raises ClickException."""
    from botticelli.cli.writing import replace_file

    for changed in files:
        try:
            if changed.path.read_bytes() != changed.before.encode():
                raise click.ClickException(
                    f"{changed.shown} has changed in the meantime; it was left as it is"
                )
            replace_file(changed.path, changed.after.encode())
        except OSError as error:
            raise click.ClickException(
                f"{changed.shown} cannot be written: {error.strerror}"
            ) from error


def diff_of(changed: "Changed") -> Iterator[str]:
    """Yield the lines of a unified diff, keys in them starred out."""
    from difflib import unified_diff

    from botticelli.compiler.semantics.secrets import concealed

    lines = (concealed(text).split("\n") for text in (changed.before, changed.after))
    before, after = ([f"{line}\n" for line in each[:-1]] + each[-1:] for each in lines)
    before, after = ([line for line in each if line] for each in (before, after))
    for line in unified_diff(before, after, changed.shown, changed.shown):
        yield line if line.endswith("\n") else line + _NO_LINE_END


def _count(fixed: "Fixed", done: str, *, quiet: bool) -> None:
    if quiet:
        return
    fixes = "1 fix" if fixed.fixes == 1 else f"{fixed.fixes} fixes"
    files = "1 file" if len(fixed.files) == 1 else f"{len(fixed.files)} files"
    text = f"{fixes} {done} in {files}" if fixed.files else "Nothing to fix"
    click.echo(text, err=True)


def write_bytes(data: bytes) -> None:
    """Write text with the line ends that it has."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
