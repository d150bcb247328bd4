"""What `[check]` in `botticelli.toml` and the command line choose to report."""

from pathlib import Path

import pytest

from botticelli.compiler.batch.run import check_paths
from botticelli.compiler.findings.patterns import matches_path
from botticelli.compiler.findings.selection import Selection

# BOT205 and BOT206 are warnings, BOT405 is a note.
SOURCE = """
[narrative]
name = "x"
toc = ["a"]
[acts]
a = ["Hi.", "table posts where rating > 3"]
b = "never"
[bots.stats]
platform = "discord"
command = "server.get_stats"
guild_id = "1"
"""


@pytest.fixture
def codes(tmp_path: Path):
    (tmp_path / "drafts").mkdir()
    for name in ("x.toml", "drafts/y.toml"):
        (tmp_path / name).write_text(SOURCE)

    def check(settings: str = "", **selection: object) -> dict[str, str]:
        (tmp_path / "botticelli.toml").write_text(settings)
        result = check_paths([tmp_path], selection=Selection(**selection))  # type: ignore[arg-type]
        found: dict[str, str] = {}
        for each in result.diagnostics:
            name = Path(each.location.source.path).stem
            mark = f"{each.rule.code[3:]}{each.rule.severity[0]}"
            found[name] = f"{found.get(name, '')} {mark}".strip()
        return found

    return check


ALL = "205w 206w 405i"


def sorted_codes(found: dict[str, str]) -> dict[str, str]:
    return {name: " ".join(sorted(marks.split())) for name, marks in found.items()}


def test_everything_is_reported_unless_something_is_said(codes) -> None:
    assert sorted_codes(codes()) == {"x": ALL, "y": ALL}


@pytest.mark.parametrize(
    ("settings", "left"),
    [
        ('select = ["BOT205"]', "205w"),
        ('select = ["BOT2"]', "205w 206w"),
        ('select = ["unused-act", "BOT4"]', "205w 405i"),
        ('select = ["ALL"]', ALL),
        ("select = []", ""),
        ('ignore = ["BOT2"]', "405i"),
        ('ignore = ["ALL"]', ""),
        ('select = ["BOT2"]\nignore = ["BOT205"]', "206w"),
        ('select = ["BOT205"]\nignore = ["BOT2"]', "205w"),
        ('select = ["BOT205"]\nignore = ["unused-act"]', ""),
        ("strict = true", "205w 206w 405e"),
    ],
)
def test_settings_of_the_project(codes, settings: str, left: str) -> None:
    found = sorted_codes(codes(f"[check]\n{settings}\n"))
    assert found == ({"x": left, "y": left} if left else {})


@pytest.mark.parametrize(
    ("pattern", "x", "y"),
    [
        ("x.toml", False, True),
        ("*.toml", False, False),
        ("drafts/*", True, False),
        ("drafts/", True, False),
        ("drafts", True, False),
        ("./drafts/y.toml", True, False),
        ("y.toml", True, False),
        ("draft", True, True),
        ("other/*.toml", True, True),
    ],
)
def test_ignores_for_some_files(codes, pattern: str, x: bool, y: bool) -> None:
    found = codes(f'[check.per-file-ignores]\n"{pattern}" = ["BOT4", "BOT206"]\n')
    assert ("405i" in found["x"], "405i" in found["y"]) == (x, y)
    assert "205w" in found["x"]


def test_the_command_line_wins(codes) -> None:
    settings = '[check]\nselect = ["BOT4"]\nignore = ["BOT205"]\n'
    assert sorted_codes(codes(settings)) == {"x": "405i", "y": "405i"}
    assert codes(settings, select=("BOT205",))["x"] == "205w"
    assert codes(settings, ignore=("BOT405",)) == {}
    assert codes(settings, strict=True)["x"] == "405e"


def test_excluded_files_are_passed_over_in_folders_alone(codes, tmp_path: Path) -> None:
    assert set(codes('[check]\nexclude = ["drafts"]\n')) == {"x"}
    assert check_paths([tmp_path / "drafts" / "y.toml"]).diagnostics


def test_settings_of_the_user_hold_where_the_project_says_nothing(
    codes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = tmp_path / "of-the-user"
    (user / "botticelli").mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(user))
    (user / "botticelli" / "botticelli.toml").write_text('[check]\nselect = ["BOT405"]\n')
    assert codes()["x"] == "405i"
    assert codes('[check]\nselect = ["BOT206"]\n')["x"] == "206w"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ('selct = ["BOT205"]', "2:1 BOT103 did you mean `select`?"),
        ('select = ["BOT1", "BOT2O5"]', "2:19 BOT107 did you mean `BOT205`?"),
        ('ignore = ["unusd-act"]', "2:11 BOT107 did you mean `unused-act`?"),
        ('per-file-ignores = { "*" = ["NIX"] }', "2:29 BOT107 "),
        ('per-file-ignores = { "*" = "BOT205" }', "2:28 BOT104 expected an array of rules"),
        ("strict = 1", "2:10 BOT104 expected a boolean"),
        ('exclude = "drafts"', "2:11 BOT104 expected an array of strings"),
    ],
)
def test_faults_in_the_settings(tmp_path: Path, settings: str, said: str) -> None:
    path = tmp_path / "botticelli.toml"
    path.write_text(f"[check]\n{settings}\n")
    [found] = check_paths([path]).diagnostics
    at = found.location.source.position(found.location.span.start)
    assert f"{at.line}:{at.column} {found.rule.code} {found.note}" == said


def test_patterns_are_of_whole_names() -> None:
    assert matches_path("a/b/c.toml", "b")
    assert matches_path("a/b/c.toml", "a/*/c.toml")
    assert matches_path("a/b/c.toml", "a/**")
    assert not matches_path("a/b/c.toml", "b/c.toml")
    assert not matches_path("a/b/c.toml", "c")
