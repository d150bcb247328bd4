"""`--against`: a narrative as it was in another revision, read from git without touching anything.

The project is written as it was into a folder of its own and compiled there: the file, and all that
it uses. Blobs are taken as they are, so that no filter of git's runs.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory, TemporaryFile
from typing import TYPE_CHECKING

import click
from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from botticelli.cli.explaining import Question
    from botticelli.compiler.compile import CompileResult
    from botticelli.compiler.explain.difference import Difference

CONFIGURATION = "botticelli.toml"
_FILE = "100"
"""What the modes of plain files begin with; links and submodules are passed over."""


class _Blob(Struct, frozen=True):
    name: str
    path: PurePosixPath


def export(file: Path, revision: str, folder: Path) -> Path:
    """Write the project of a file as it was into a folder, and return the file's path there.

    Raises click.UsageError where there is no repository, no such revision, or no such file in it.
    """
    file = file.resolve()
    root = Path(_git(file.parent, "rev-parse", "--show-toplevel", wrong=_outside(file)).strip())
    named = f"{revision}^{{commit}}"
    unknown = f"--against: git knows no revision {revision!r}"
    commit = _git(
        root, "rev-parse", "--verify", "--quiet", "--end-of-options", named, wrong=unknown
    )
    inside = PurePosixPath(file.relative_to(root.resolve()).as_posix())
    blobs = list(_blobs(root, commit.strip()))
    paths = {blob.path for blob in blobs}
    if inside not in paths:
        raise click.UsageError(f"--against: {inside} does not exist in {revision}")
    project = next(
        (each for each in inside.parents if each / CONFIGURATION in paths), inside.parent
    )
    _write(root, [blob for blob in blobs if blob.path.is_relative_to(project)], folder)
    return folder / inside


def _outside(file: Path) -> str:
    return f"--against: {file.name} is in no git repository"


def _blobs(root: Path, commit: str) -> Iterator[_Blob]:
    listing = _git(root, "ls-tree", "-r", "-z", "--full-tree", commit, wrong="--against: no tree")
    for entry in listing.split("\0"):
        head, tab, path = entry.partition("\t")
        if tab and head.startswith(_FILE):
            yield _Blob(head.split()[2], PurePosixPath(path))


def _write(root: Path, blobs: list[_Blob], folder: Path) -> None:
    with TemporaryFile() as names:
        names.write("".join(f"{blob.name}\n" for blob in blobs).encode())
        names.seek(0)
        command = ["git", "-C", str(root), "cat-file", "--batch"]
        with subprocess.Popen(command, stdin=names, stdout=subprocess.PIPE) as process:  # noqa: S603
            assert process.stdout is not None
            for blob in blobs:
                size = int(process.stdout.readline().split()[2])
                path = folder / blob.path
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(process.stdout.read(size))
                process.stdout.read(1)  # the line end behind each blob


def _git(folder: Path, *arguments: str, wrong: str) -> str:
    """Run git and return what it prints; `wrong` is said where it fails."""
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and options end before what a person gave
            ["git", "-C", str(folder), *arguments],  # noqa: S607
            capture_output=True,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except FileNotFoundError as error:
        raise click.UsageError("--against needs git, which is not installed") from error
    if done.returncode:
        raise click.UsageError(wrong)
    return os.fsdecode(done.stdout)


def compared(result: "CompileResult", question: "Question", revision: str) -> "Difference":
    """Compare what was compiled with what another revision has in its place.

    Raises click.UsageError where there is nothing to compare with.
    """
    from botticelli.cli.explaining import explanation_of
    from botticelli.compiler.compile import NarrativeChoiceError, compile_file
    from botticelli.compiler.explain.difference import difference

    assert result.lowered is not None
    after, _ = explanation_of(result, question, detailed=True)
    with TemporaryDirectory(prefix="botticelli-against-") as temporary:
        file = export(question.file, revision, Path(temporary).resolve())
        name = result.lowered.narratives[result.lowered.entry].name
        try:
            earlier = compile_file(file, name)
        except NarrativeChoiceError as error:
            message = f"--against: {question.file.name} holds no narrative `{name}` in {revision}"
            raise click.UsageError(message) from error
        if earlier.lowered is None:
            first = earlier.diagnostics[0]
            raise click.UsageError(
                f"--against: {question.file.name} cannot be compiled in {revision}: "
                f"{first.message} ({first.rule.code})"
            )
        before, _ = explanation_of(earlier, replace(question, file=file), detailed=True)
    return difference(before, after, revision)
