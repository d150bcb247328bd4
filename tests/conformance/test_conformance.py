"""Files beside what the checker must say of them, compared line by line.

A case is a file in `cases/` with an `.expected` file beside it, or a folder with a file `expected`
in it: a whole project, which is checked as a folder. Both hold the `concise` format, and an empty
one says that nothing is to be found. Every case is checked in a folder of its own.

Only the structural rules, BOT1xx and BOT2xx, are compared; those of the small languages, budgets
and security have suites of their own.

To write the expected files anew after a deliberate change, and to read the difference afterwards:

    REWRITE_EXPECTED=1 pytest tests/conformance
"""

import os
import shutil
from pathlib import Path

import pytest

from botticelli.compiler.batch.run import check_paths
from botticelli.compiler.report import render

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


def _found(case: Path, folder: Path) -> str:
    """Check a copy of a case; return its structural findings in the `concise` format."""
    if case.is_dir():
        shutil.copytree(case, folder, dirs_exist_ok=True)
        (folder / "expected").unlink()
        checked = Path()
    else:
        shutil.copy(case, folder)
        checked = Path(case.name)
    diagnostics = [
        each for each in check_paths([checked]).diagnostics if each.rule.code[3] in {"1", "2"}
    ]
    return render("concise", diagnostics, color=False)


@pytest.mark.parametrize("case", _cases(), ids=lambda case: str(case.relative_to(CASES)))
def test_says_what_is_expected(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    expected = case / "expected" if case.is_dir() else case.with_suffix(".expected")

    found = _found(case, tmp_path)

    if REWRITE:
        expected.write_text(found, encoding="utf-8")
    assert found == expected.read_text(encoding="utf-8")


def test_every_structural_rule_is_seen_at_work() -> None:
    from botticelli.grammar import catalogue

    rules = [each for each in vars(catalogue).values() if isinstance(each, catalogue.Rule)]
    expected = "".join(path.read_text("utf-8") for path in CASES.rglob("*expected"))

    unseen = [rule.code for rule in rules if rule.code[3] in "12" and rule.code not in expected]

    assert unseen == []
