"""What is said of a file does not hang on whether it is written in TOML or in YAML.

Every case in TOML is translated, value for value, and must give the same diagnostics but for their
places. Left out is what only one of the two can say: faults of syntax, keys given twice, comments.
"""

import shutil
import tomllib
from collections import Counter
from pathlib import Path

import pytest
import yaml
from test_conformance import grow_files

from botticelli.compiler.batch.run import check_paths

CASES = Path(__file__).parent / "cases"
CONFIGURATION = {"botticelli.toml", "schema.lock.toml"}
OF_ONE_SYNTAX = {"BOT101", "BOT102", "BOT801"}


def _expected(case: Path) -> Path:
    return case / "expected" if case.is_dir() else case.with_suffix(".expected")


def _sources(case: Path) -> list[Path]:
    return sorted(case.rglob("*.toml")) if case.is_dir() else [case]


def _can_be_translated(case: Path) -> bool:
    said = _expected(case).read_text(encoding="utf-8")
    if any(code in said for code in OF_ONE_SYNTAX):
        return False
    return not any(b"botticelli: ignore" in source.read_bytes() for source in _sources(case))


def _cases() -> list[Path]:
    projects = [path.parent for path in CASES.rglob("expected")]
    files = [
        path
        for path in CASES.rglob("*.toml")
        if not any(project in path.parents for project in projects)
    ]
    return [case for case in sorted([*projects, *files]) if _can_be_translated(case)]


def _translate(folder: Path) -> None:
    for path in sorted(folder.rglob("*.toml")):
        if path.name in CONFIGURATION:
            continue
        try:
            data = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
        except tomllib.TOMLDecodeError:
            continue
        text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=10_000)
        path.with_suffix(".yaml").write_text(text, encoding="utf-8")
        path.unlink()


def _said(folder: Path) -> Counter[tuple[str, str]]:
    found = check_paths([folder]).diagnostics
    return Counter((each.rule.code, each.message.replace(".yaml", ".toml")) for each in found)


@pytest.mark.parametrize("case", _cases(), ids=lambda case: str(case.relative_to(CASES)))
def test_says_the_same_of_yaml(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original, translated = tmp_path / "one" / "case", tmp_path / "other" / "case"
    for folder in (original, translated):
        if case.is_dir():
            shutil.copytree(case, folder)
            (folder / "expected").unlink()
            grow_files(folder)
        else:
            folder.mkdir(parents=True)
            shutil.copy(case, folder)
    _translate(translated)

    monkeypatch.chdir(original)
    of_toml = _said(Path())
    monkeypatch.chdir(translated)
    of_yaml = _said(Path())

    assert of_yaml == of_toml
