"""Every rule is explained, and its examples are what they say they are."""

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from botticelli.cli.main import cli
from botticelli.grammar.catalogue import RULES, Rule
from botticelli.grammar.explanations import ExampleFile, Explanation, explanation

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "rules.md"
WIDTH = 80

every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
every_reported_rule = pytest.mark.parametrize(
    "rule", [rule for rule in RULES.values() if explanation(rule).reported], ids=lambda r: r.code
)

Finding = dict[str, Any]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that no configuration of the user's reaches."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    return folder


def found_in(files: tuple[ExampleFile, ...], folder: Path) -> list[Finding]:
    """Check an example as a project of its own: its first file by name, then the whole folder."""
    for each in files:
        path = folder / each.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(each.text.encode() if each.bytes is None else filling(each.bytes))
    done = CliRunner().invoke(cli, ["check", files[0].file, ".", "--format", "json"])
    findings = json.loads(done.output)["diagnostics"]
    assert done.exit_code == any(each["severity"] != "info" for each in findings)
    return list(findings)


def filling(size: int) -> bytes:
    """Text in which nothing repeats, since repetition costs a model next to nothing."""
    return random.Random(size).randbytes(size // 2).hex().encode()


def place(finding: Finding) -> str:
    return f"{finding['path']}:{finding['span']['start']['line']}"


def described(findings: list[Finding]) -> list[str]:
    return [f"{each['code']} at {place(each)}: {each['message']}" for each in findings]


def expected_place(text: Explanation) -> str:
    [at] = [each for each in text.fails if each.line is not None]
    return f"{at.file}:{at.line}"


def explained(*words: str) -> str:
    done = CliRunner().invoke(cli, ["rule", *words])
    assert done.exit_code == 0, done.output
    return done.output


# Examples


@every_rule
def test_a_failing_example_fails_for_its_one_reason(rule: Rule, project: Path) -> None:
    text = explanation(rule)

    found = found_in(text.fails, project)

    own = [each for each in found if each["code"] == rule.code]
    others = [each for each in found if each not in own and each["severity"] != "info"]
    assert not others, described(others)
    if text.reported:
        assert [place(each) for each in own] == [expected_place(text)], described(found)
    else:
        assert not own, f"{rule.code} is reported now: take `reported = false` out of its file"


@every_rule
def test_a_passing_example_leaves_nothing_to_say(rule: Rule, project: Path) -> None:
    found = found_in(explanation(rule).passes, project)

    # Most examples are shorter without `max_tokens`, which is no fault but a note.
    own = [each for each in found if each["code"] != "BOT508" or rule.code == "BOT508"]
    assert described(own) == []


@every_reported_rule
def test_a_failing_example_has_the_kind_of_fix_that_is_said(rule: Rule, project: Path) -> None:
    text = explanation(rule)

    [finding] = [each for each in found_in(text.fails, project) if each["code"] == rule.code]

    assert (
        finding["fix"] is None if text.fix is None else finding["fix"]["applicability"] == text.fix
    )


@every_reported_rule
def test_an_ignore_comment_above_the_line_silences_it(rule: Rule, project: Path) -> None:
    silenced = tuple(
        each if each.line is None else with_comment(each, rule) for each in explanation(rule).fails
    )

    codes = [each["code"] for each in found_in(silenced, project)]

    assert rule.code not in codes
    assert "BOT801" not in codes


def with_comment(example: ExampleFile, rule: Rule) -> ExampleFile:
    assert example.line is not None
    lines = example.text.splitlines(keepends=True)
    above = lines[example.line - 1]
    indent = above[: len(above) - len(above.lstrip())]
    lines.insert(example.line - 1, f"{indent}# botticelli: ignore[{rule.code}] on purpose\n")
    return ExampleFile(example.file, "".join(lines))


# Pages


def test_the_rules_page_is_current() -> None:
    """BOTTICELLI_UPDATE_PAGES=1 writes it anew."""
    written = explained("--format", "markdown")

    if os.environ.get("BOTTICELLI_UPDATE_PAGES"):
        PAGE.write_text(written, "utf-8")

    assert PAGE.read_text("utf-8") == written, "write it anew with BOTTICELLI_UPDATE_PAGES=1"


def test_each_file_of_the_data_is_that_of_a_rule() -> None:
    written = {path.name for path in (ROOT / "grammar" / "rules").iterdir()}

    assert written == {f"{rule.code}-{rule.name}.toml" for rule in RULES.values()}


@every_rule
def test_a_rule_is_found_by_code_and_by_name_in_any_case(rule: Rule) -> None:
    page = explained(rule.code)

    assert page.startswith(f"{rule.code} {rule.name} ")
    assert explained(rule.code.lower()) == page
    assert explained(rule.name) == page
    assert explained(rule.name.upper().replace("-", "_")) == page


@every_rule
def test_prose_fits_a_terminal(rule: Rule) -> None:
    too_wide = [line for line in explained(rule.code).splitlines() if len(line) > WIDTH]

    assert all("│" in line for line in too_wide), "only examples may be wider"


def test_the_list_has_every_rule_with_its_severity() -> None:
    lines = explained().splitlines()

    for rule in RULES.values():
        [line] = [each for each in lines if each.startswith(rule.code)]
        assert line.split()[1:3] == [rule.name, rule.severity]
    assert max(map(len, lines)) <= WIDTH


def test_json_says_the_same_of_one_rule_as_of_all() -> None:
    every = json.loads(explained("--format", "json"))

    assert [each["code"] for each in every] == list(RULES)
    assert json.loads(explained("BOT103", "--format", "json")) in every


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("unknwon-key", "Did you mean `unknown-key` (BOT103)?"),
        ("BOT999", "`botticelli rule` lists all of them."),
        ("", "`botticelli rule` lists all of them."),
    ],
)
def test_a_rule_that_does_not_exist_is_wrong_usage(word: str, said: str) -> None:
    done = CliRunner().invoke(cli, ["rule", word])

    assert done.exit_code == 2
    assert said in done.output
