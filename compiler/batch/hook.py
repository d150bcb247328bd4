"""`check --hook`: what a commit changes, and what depends on that.

A commit hook names the files that were changed, narratives or not. What is no narrative is passed
over. What other files of the project say may have become wrong by the change, so those that depend
on the files named are checked with them: on the names that they define now, and on those that they
defined before. Git is asked for the files that the commit deletes, which a hook is not told of.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from botticelli.compiler.batch.history import History
from botticelli.compiler.batch.run import CheckResult, check_targets
from botticelli.compiler.batch.targets import Project, Target, targets_of
from botticelli.compiler.findings.selection import Selection
from botticelli.compiler.syntax.reader import SUFFIXES
from botticelli.compiler.workspace.discovery import (
    CONFIGURATION,
    LOCK_FILE,
    display_path,
    project_of,
)
from botticelli.compiler.workspace.files import Files

if TYPE_CHECKING:
    from botticelli.compiler.workspace.dependents import SharedNames
    from botticelli.compiler.workspace.workspace import Unit, Workspace


def check_hook(
    paths: Iterable[Path], *, selection: Selection, files: Files, cached: bool
) -> CheckResult:
    """Check changed and deleted files, and what depends on them."""
    history = History(Path.cwd())
    named = dict.fromkeys(target.path for target in targets_of(paths, files))
    named.update(dict.fromkeys(history.deleted()))
    changed: dict[Project, list[Path]] = {}
    for path in named:
        if path.name.endswith(SUFFIXES):
            project = Project(*project_of(path, files.is_file))
            changed.setdefault(project, []).append(path)
    targets: dict[Path, Target] = {}
    for project, its_paths in changed.items():
        present = [path for path in its_paths if path.name != LOCK_FILE and files.is_file(path)]
        dependent = _dependents(project, its_paths, files, history)
        for path in (*present, *dependent):
            targets.setdefault(path, Target(path, project, named=False))
    return check_targets(targets.values(), selection, files, cached=cached)


def _dependents(
    project: Project, changed: list[Path], files: Files, history: History
) -> Iterator[Path]:
    """Yield the other files of a project that depend on changed ones."""
    from botticelli.compiler.workspace.dependents import means_file, used_names
    from botticelli.compiler.workspace.workspace import Workspace

    workspace = Workspace(project.folder, configured=project.configured, files=files)
    others = [unit for unit in workspace.units if unit.path not in changed]
    if not others:
        return
    names = {path.name for path in changed if path.parent == project.folder}
    defined = [*_defined(changed, workspace, history)]
    for unit in others:
        if unit.file is None:
            continue
        used = used_names(unit.file)
        if (
            CONFIGURATION in names
            or (LOCK_FILE in names and used.tables)
            or any(used.meets(each) for each in defined)
            or any(means_file(unit, path) for path in changed)
        ):
            yield unit.path


def _defined(
    changed: list[Path], workspace: "Workspace", history: History
) -> "Iterator[SharedNames]":
    """Yield what changed files define, and what they defined before."""
    from botticelli.compiler.workspace.dependents import defined_names

    present = (workspace.unit(path) for path in changed if workspace.files.is_file(path))
    for unit in (*present, *_earlier(changed, history)):
        if unit.file is not None:
            yield defined_names(unit.file)


def _earlier(changed: list[Path], history: History) -> "Iterator[Unit]":
    from botticelli.compiler.syntax.reader import read
    from botticelli.compiler.workspace.workspace import understand

    for path, data in history.earlier(changed):
        yield understand(path, read(display_path(path), data))
