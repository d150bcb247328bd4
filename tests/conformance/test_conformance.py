"""Files beside what the checker must say of them, compared line by line.

A case is a file in `cases/` with an `.expected` file beside it, or a folder with a file `expected`
in it: a whole project, which is checked as a folder. Both hold the `concise` format, and an empty
one says that nothing is to be found. Every case is checked in a folder of its own. A file
`NAME.bytes` in a project holds a number, and stands for a file NAME of so many bytes.

Rules on budgets, BOT5xx, hang on providers' data: they are compared where a project brings its own,
the provider `tiny`.

To write the expected files anew after a deliberate change, and to read the difference afterwards:

    REWRITE_EXPECTED=1 pytest tests/conformance
"""

import os
import shutil
from pathlib import Path

import pytest

from botticelli.compiler.batch.run import check_paths
from botticelli.compiler.report import render
from botticelli.grammar.catalogue import RULES, Rule

CASES = Path(__file__).parent / "cases"
REWRITE = bool(os.environ.get("REWRITE_EXPECTED"))


def _cases() -> list[Path]:
    projects = [path.parent for path in CASES.rglob("expected")]
    files = [
        path
        for path in CASES.rglob("*")
        if path.suffix in {".toml", ".yaml", ".yml"}
        and not any(project in path.parents for project in projects)
    ]
    return sorted([*projects, *files])


def _is_on_budgets(rule: Rule) -> bool:
    return rule.code.startswith("BOT5")


def _has_limits(case: Path) -> bool:
    configuration = case / "botticelli.toml"
    return configuration.is_file() and "[providers.tiny]" in configuration.read_text("utf-8")


def _found(case: Path, folder: Path) -> str:
    """Check a copy of a case; return what is found in the `concise` format."""
    if case.is_dir():
        shutil.copytree(case, folder, dirs_exist_ok=True)
        (folder / "expected").unlink()
        grow_files(folder)
        checked = Path()
    else:
        shutil.copy(case, folder)
        checked = Path(case.name)
    found = check_paths([checked]).diagnostics
    budgets = _has_limits(case)
    diagnostics = [each for each in found if budgets or not _is_on_budgets(each.rule)]
    return render("concise", diagnostics, color=False)


def grow_files(folder: Path) -> None:
    """Put large files, of nothing but zeros, in the place of the sizes that stand for them."""
    for size in list(folder.rglob("*.bytes")):
        with size.with_suffix("").open("wb") as file:
            file.truncate(int(size.read_text(encoding="utf-8")))
        size.unlink()


@pytest.mark.parametrize("case", _cases(), ids=lambda case: str(case.relative_to(CASES)))
def test_says_what_is_expected(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    if _has_limits(case):
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    expected = case / "expected" if case.is_dir() else case.with_suffix(".expected")

    found = _found(case, tmp_path)

    if REWRITE:
        expected.write_text(found, encoding="utf-8")
    assert found == expected.read_text(encoding="utf-8")


def test_clean_cases_have_at_most_notes() -> None:
    expected = "".join(path.read_text("utf-8") for path in (CASES / "clean").rglob("*expected"))

    assert [line for line in expected.splitlines() if " info: " not in line] == []


def test_every_rule_is_seen_at_work() -> None:
    rules = [rule for rule in RULES.values() if not _is_on_budgets(rule)]
    expected = "".join(path.read_text("utf-8") for path in CASES.rglob("*expected"))

    seldom = [rule.code for rule in rules if expected.count(f" {rule.code} ") < 2]

    assert seldom == []
