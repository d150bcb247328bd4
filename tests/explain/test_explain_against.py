"""`--explain --against`: what a revision of git did otherwise, and when that fails a build."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result
from syrupy.assertion import SnapshotAssertion

from botticelli.cli.main import cli

NARRATIVES = Path(__file__).parent / "narratives"
SCHEMA = Path(__file__).parents[2] / "docs" / "explain-difference.schema.json"


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Nobody", "-c", "user.email=nobody@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A repository with a project in a folder of it, in one revision."""
    folder = tmp_path / "repository" / "narratives"
    shutil.copytree(NARRATIVES, folder)
    git(tmp_path / "repository", "init", "-q", "-b", "main")
    git(tmp_path / "repository", "add", ".")
    git(tmp_path / "repository", "commit", "-q", "-m", "First")
    return folder


def against(folder: Path, *arguments: str, file: str = "newsroom.toml") -> Result:
    command = ["compile", "--explain", str(folder / file), *arguments]
    return CliRunner().invoke(cli, command, catch_exceptions=False)


def edit(file: Path, *changes: tuple[str, str]) -> None:
    text = file.read_text("utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    file.write_text(text, "utf-8")


def test_what_changed_in_behaviour_and_bounds(project: Path, snapshot: SnapshotAssertion) -> None:
    edit(
        project / "newsroom.toml",
        ("iterations = 6", "iterations = 12"),
        ("Judge this draft:", "Judge this draft without mercy:"),
        ('"finish",\n', '"finish", "check",\n'),
        ("[acts.post]", '[acts.check]\nprompt = "Is it right? {{ finish.body }}"\n\n[acts.post]'),
    )
    # A narrative that is called counts as well, though it stands in another file.
    edit(project / "research.yaml", ("max_bytes: 2000", "max_bytes: 4000"))

    done = against(project, "--against", "HEAD")

    assert done.exit_code == 0
    assert done.stdout == snapshot


def test_lines_that_only_moved_are_no_change(project: Path) -> None:
    file = project / "newsroom.toml"
    file.write_text("# Moved.\n\n" + file.read_text("utf-8"), "utf-8")

    said = json.loads(against(project, "--against", "HEAD", "--format", "json").stdout)

    assert said["changes"] == []
    assert {bound["increase"] for bound in said["bounds"]} == {0.0}


def test_it_fits_its_schema(project: Path) -> None:
    edit(project / "newsroom.toml", ("iterations = 6", "iterations = 7"))

    said = json.loads(against(project, "--against", "HEAD", "--format", "json").stdout)

    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8"))).validate(said)


@pytest.mark.parametrize(("most", "code"), [("10%", 1), ("20%", 0)])
def test_an_increase_past_the_most_fails(project: Path, most: str, code: int) -> None:
    edit(project / "newsroom.toml", ("iterations = 6", "iterations = 7"))

    done = against(project, "--against", "HEAD", "--max-increase", most)

    assert done.exit_code == code
    assert ("requests grow by 17%" in done.stderr) == bool(code)


def test_losing_a_bound_is_past_any_most(project: Path) -> None:
    (project / "plain.toml").write_text(
        '[narrative]\nname = "plain"\nmax_tokens = 9\n[toc]\norder = ["a"]\n[acts]\na = "Hello"\n'
    )
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "Second")
    edit(project / "plain.toml", ('"Hello"', '"Hello {{ vars.anyone }}"'))

    done = against(project, "--against", "HEAD", "--max-increase", "900%", file="plain.toml")

    assert done.exit_code == 1
    assert "tokens in grow without measure" in done.stderr


def test_the_index_and_the_files_stay_as_they_are(project: Path) -> None:
    edit(project / "newsroom.toml", ("iterations = 6", "iterations = 7"))

    against(project, "--against", "HEAD")

    status = subprocess.run(
        ["git", "status", "--porcelain", "--untracked-files=no"],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )
    assert status.stdout == " M narratives/newsroom.toml\n"


@pytest.mark.parametrize(
    ("file", "revision", "said"),
    [
        ("newsroom.toml", "v9", "git knows no revision 'v9'"),
        ("newsroom.toml", "--output=x", "git knows no revision '--output=x'"),
        ("new.toml", "HEAD", "narratives/new.toml does not exist in HEAD"),
    ],
)
def test_what_cannot_be_compared_says_why(
    project: Path, file: str, revision: str, said: str
) -> None:
    shutil.copy(project / "newsroom.toml", project / "new.toml")

    done = against(project, f"--against={revision}", file=file)

    assert done.exit_code == 2
    assert said in done.stderr


def test_outside_a_repository_it_says_so(tmp_path: Path) -> None:
    shutil.copytree(NARRATIVES, tmp_path / "free")

    done = against(tmp_path / "free", "--against", "HEAD")

    assert done.exit_code == 2
    assert "newsroom.toml is in no git repository" in done.stderr


def test_a_revision_that_does_not_compile_is_nothing_to_compare_with(project: Path) -> None:
    whole = (project / "newsroom.toml").read_text("utf-8")
    edit(project / "newsroom.toml", ("[toc]", "[toc"))
    git(project, "commit", "-q", "-a", "-m", "Broken")
    (project / "newsroom.toml").write_text(whole, "utf-8")

    done = against(project, "--against", "HEAD")

    assert done.exit_code == 2
    assert "cannot be compiled in HEAD" in done.stderr


@pytest.mark.parametrize("most", ["20", "-1%", "x%", "nan%"])
def test_the_most_is_a_share_in_percent(project: Path, most: str) -> None:
    assert against(project, "--against", "HEAD", "--max-increase", most).exit_code == 2
