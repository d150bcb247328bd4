"""One run of `check`: from paths to what is reported."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from botticelli.compiler.batch.cache import Cache, read_settings
from botticelli.compiler.batch.findings import FileFindings
from botticelli.compiler.batch.targets import Project, Target, targets_of
from botticelli.compiler.diagnostics import Diagnostic
from botticelli.compiler.findings.selection import CheckSettings, Selection
from botticelli.compiler.workspace.files import Files


class CheckResult(Struct, frozen=True):
    """What was found, and in how many files it was looked for."""

    diagnostics: list[Diagnostic]
    files: int


def check_paths(
    paths: Sequence[Path],
    *,
    selection: Selection | None = None,
    files: Files | None = None,
    cached: bool = False,
) -> CheckResult:
    """Check files and folders. A folder stands for the narrative files in it.

    ``selection`` is laid over what the configuration selects. With ``cached``, results are taken
    from the caches of the projects and kept there.
    """
    files = files or Files()
    return check_targets(targets_of(paths, files), selection or Selection(), files, cached=cached)


def check_targets(
    targets: Iterable[Target],
    selection: Selection,
    files: Files,
    *,
    cached: bool,
) -> CheckResult:
    """Check files. Those that are no narratives or are excluded by the configuration count only
    where they were named themselves."""
    cache = Cache(files) if cached else None
    settings = _Settings(files, cache)
    wanted = [
        target
        for target in targets
        if target.named or not target.is_excluded(settings.of(target.project).exclude)
    ]
    diagnostics: list[Diagnostic] = []
    checked = 0
    for target, findings in zip(wanted, _findings(wanted, files, cache), strict=True):
        if not target.named and not findings.relevant:
            continue
        checked += 1
        chosen = selection.over(settings.of(target.project).selection)
        diagnostics += chosen.apply(findings.found, target.inside)
    return CheckResult(sorted(diagnostics, key=lambda each: each.order), checked)


def _findings(targets: Sequence[Target], files: Files, cache: Cache | None) -> list[FileFindings]:
    known = {
        target.path: kept
        for target in targets
        if cache is not None and (kept := cache.findings(target)) is not None
    }
    missing = [target for target in targets if target.path not in known]
    if missing:
        from botticelli.compiler.batch.parallel import judge

        judged = judge(missing, files, checker=None if cache is None else cache.checker)
        for target, each in zip(missing, judged, strict=True):
            known[target.path] = each.findings
            if cache is not None and each.entry is not None:
                cache.keep_findings(target, each.entry)
    return [known[target.path] for target in targets]


class _Settings:
    """The settings of each project."""

    def __init__(self, files: Files, cache: Cache | None) -> None:
        self._files = files
        self._cache = cache
        self._known: dict[Project, CheckSettings] = {}

    def of(self, project: Project) -> CheckSettings:
        settings = self._known.get(project)
        if settings is None:
            if self._cache is not None:
                settings = self._cache.settings(project)
            else:
                settings = read_settings(project, self._files)
            self._known[project] = settings
        return settings
