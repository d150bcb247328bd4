"""`botticelli check --hook`, and the shipped hook in a repository with the real `pre-commit`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from botticelli.cli.main import cli

MANIFEST = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"

GREETING = '[narrative]\nname = "greeting"\ntoc = ["hello"]\nacts.hello = "Say hello."\n'
CALLER = '[narrative]\nname = "caller"\ntoc = ["call"]\nacts.call = "narrative:greeting"\n'
UNRELATED = '[narrative]\nname = "unrelated"\ntoc = ["gone"]\nacts.a = "{{ nobody }}"\n'
SCHEMAS = '[schemas.Post]\ntitle = "text(1..80)"\n'
TYPED = '[narrative]\nname = "typed"\ntoc = ["a"]\n[acts.a]\nprompt = "Hi"\noutput = "list[Post]"\n'
READER = """\
[narrative]
name = "reader"
toc = ["a"]
[acts]
a = ["Sum up.", "table posts where rating > 3 order by id limit 5"]
"""
WRITER = """\
[narrative]
name = "writer"
toc = ["a"]
target = "posts"
[acts.a]
prompt = "Write."
output = { title = "text", rating = "int" }
"""


def git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository, not touched by the settings of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "PRE_COMMIT"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    folder = tmp_path / "repository"
    folder.mkdir()
    monkeypatch.chdir(folder)
    git("init", "-q", "-b", "main")
    git("config", "user.name", "A Person")
    git("config", "user.email", "person@example.org")
    return folder


def commit(**files: str) -> None:
    for name, text in files.items():
        Path(f"{name}.toml").write_text(text)
    git("add", "-A")
    git("commit", "-q", "-m", "State")


def hook(*arguments: str) -> list[str]:
    """Run the check as a hook does; return file and code of each finding."""
    result = CliRunner().invoke(cli, ["check", "--hook", "--format", "concise", *arguments])
    assert result.exit_code in {0, 1}, result.output
    lines = [line.split() for line in result.stdout.splitlines()]
    return [f"{place.partition(':')[0]} {code}" for place, code, *_ in lines]


# What is checked


def test_files_that_are_no_narratives_are_passed_over(repository: Path) -> None:
    Path("pyproject.toml").write_text('[project]\nname = "x"\n')
    Path("ci.yaml").write_text("on: [push]\njobs: {")
    Path("broken.toml").write_text("[narrative]\nname = \n")
    Path("notes.txt").write_text("x")
    names = ["pyproject.toml", "ci.yaml", "broken.toml", "notes.txt"]
    assert hook(*names) == ["broken.toml BOT101"]
    assert hook() == []


def test_what_the_project_excludes_is_passed_over(repository: Path) -> None:
    Path("botticelli.toml").write_text('[check]\nexclude = ["drafts"]\n')
    Path("drafts").mkdir()
    Path("drafts/x.toml").write_text(UNRELATED)
    assert hook("drafts/x.toml") == []


def test_only_the_files_named_and_what_depends_on_them_are_checked(repository: Path) -> None:
    commit(greeting=GREETING, caller=CALLER, unrelated=UNRELATED)
    assert hook("greeting.toml") == []
    assert hook("caller.toml") == []
    assert set(hook("unrelated.toml")) == {
        "unrelated.toml BOT201",
        "unrelated.toml BOT205",
        "unrelated.toml BOT302",
    }


def test_who_calls_a_renamed_narrative_is_checked(repository: Path) -> None:
    commit(hello=GREETING, caller=CALLER, unrelated=UNRELATED)
    Path("hello.toml").write_text(GREETING.replace("greeting", "welcome"))
    assert hook("hello.toml") == ["caller.toml BOT203"]


def test_who_calls_a_narrative_of_a_name_that_is_now_taken_twice_is_checked(
    repository: Path,
) -> None:
    commit(hello=GREETING, caller=CALLER)
    Path("again.toml").write_text(GREETING)
    assert hook("again.toml") == ["caller.toml BOT210"]


def test_deleted_files_count_named_or_not(repository: Path) -> None:
    commit(hello=GREETING, caller=CALLER)
    git("rm", "-q", "hello.toml")
    assert hook() == hook("hello.toml") == ["caller.toml BOT203"]


def test_moved_files_count(repository: Path) -> None:
    Path("elsewhere").mkdir()
    commit(hello=GREETING, caller=CALLER)
    git("mv", "hello.toml", "elsewhere/hello.toml")
    assert hook("elsewhere/hello.toml") == ["caller.toml BOT203"]


def test_a_deleted_file_counts_by_its_name_without_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("caller.toml").write_text(CALLER)
    assert hook("greeting.toml") == ["caller.toml BOT203"]


def test_between_two_states_what_was_deleted_between_them_counts(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(hello=GREETING, caller=CALLER)
    git("rm", "-q", "hello.toml")
    git("commit", "-q", "-m", "Delete")
    assert hook() == []
    monkeypatch.setenv("PRE_COMMIT_FROM_REF", "HEAD~1")
    monkeypatch.setenv("PRE_COMMIT_TO_REF", "HEAD")
    assert hook() == ["caller.toml BOT203"]


def test_who_uses_a_schema_is_checked(repository: Path) -> None:
    commit(schemas=SCHEMAS, typed=TYPED)
    Path("schemas.toml").write_text(SCHEMAS.replace("Post", "Posting"))
    assert hook("schemas.toml") == ["typed.toml BOT202"]


def test_who_reads_a_table_is_checked_when_its_writer_changes(repository: Path) -> None:
    commit(writer=WRITER, reader=READER, unrelated=UNRELATED)
    assert hook("writer.toml") == []
    Path("writer.toml").write_text(WRITER.replace('"int"', '"text"'))
    assert "reader.toml BOT403" in hook("writer.toml")


def test_who_reads_a_table_is_checked_when_the_lock_file_changes(repository: Path) -> None:
    commit(reader=READER, caller=CALLER)
    columns = 'primary_key = ["id"]\n[tables.posts.columns]\nid = "int"\nrating = "text"\n'
    Path("schema.lock.toml").write_text(f"[tables.posts]\n{columns}")
    assert hook("schema.lock.toml") == ["reader.toml BOT403"]


def test_everything_is_checked_when_the_configuration_changes(repository: Path) -> None:
    Path("botticelli.toml").write_text("[chek]\n")
    commit(unrelated=UNRELATED)
    found = hook("botticelli.toml")
    assert found[0] == "botticelli.toml BOT103"
    assert "unrelated.toml BOT302" in found


# The real thing


def pre_commit(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pre_commit", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def try_to_commit() -> subprocess.CompletedProcess[str]:
    git("add", "-A")
    return subprocess.run(
        ["git", "commit", "-m", "Change"], capture_output=True, text=True, check=False
    )


@pytest.fixture
def hooked(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the hook as it is shipped, but for the environment: this one is used, for
    an environment of its own is built with a package index."""
    pytest.importorskip("pre_commit", reason="pre-commit is not installed; install the dev extra")
    from yaml import safe_dump, safe_load

    [shipped] = safe_load(MANIFEST.read_text())
    shipped["language"] = "system"
    arguments = shipped["entry"].removeprefix("botticelli ")
    shipped["entry"] = f"{sys.executable} -m botticelli.cli {arguments}"
    Path(".pre-commit-config.yaml").write_text(
        safe_dump({"repos": [{"repo": "local", "hooks": [shipped]}]})
    )
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "pre-commit"))
    installed = pre_commit("install")
    assert installed.returncode == 0, installed.stderr
    return repository


def test_pre_commit_accepts_the_manifest() -> None:
    pytest.importorskip("pre_commit", reason="pre-commit is not installed; install the dev extra")
    done = pre_commit("validate-manifest", str(MANIFEST))
    assert done.returncode == 0, done.stdout


def test_a_bad_narrative_blocks_a_commit_and_a_good_one_does_not(hooked: Path) -> None:
    Path("pyproject.toml").write_text('[project]\nname = "x"\nversion = "1"\n')
    Path("ci.yaml").write_text("jobs:\n  - run: tests\n")
    Path("greeting.toml").write_text(GREETING.replace("acts.hello", "acts.helo"))
    blocked = try_to_commit()
    assert blocked.returncode == 1
    assert "error[BOT201] unknown-act" in blocked.stderr
    assert "pyproject.toml" not in blocked.stderr

    Path("greeting.toml").write_text(GREETING)
    passed = try_to_commit()
    assert passed.returncode == 0, passed.stderr


def test_deleting_or_renaming_a_narrative_that_others_use_blocks_a_commit(hooked: Path) -> None:
    commit(hello=GREETING, caller=CALLER)

    git("rm", "-q", "hello.toml")
    blocked = try_to_commit()
    assert blocked.returncode == 1
    assert "caller.toml" in blocked.stderr
    assert "BOT203" in blocked.stderr

    Path("hello.toml").write_text(GREETING.replace('"greeting"', '"hello"'))
    assert "BOT203" in try_to_commit().stderr

    Path("hello.toml").unlink()
    Path("greeting.toml").write_text(GREETING)
    passed = try_to_commit()
    assert passed.returncode == 0, passed.stderr


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_pre_commit_finds_the_hook_in_the_repository_of_the_project(
    hooked: Path, tmp_path: Path
) -> None:
    """The shipped manifest itself, taken from a repository, as users take it."""
    project = tmp_path / "project"
    project.mkdir()
    manifest = MANIFEST.read_text().replace("language: python", "language: system")
    entry = f"entry: {sys.executable} -m botticelli.cli check"
    (project / MANIFEST.name).write_text(manifest.replace("entry: botticelli check", entry))
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "--no-verify", "-m", "x"]):
        git("-C", str(project), "-c", "user.name=A", "-c", "user.email=a@example.org", *command)
    Path("greeting.toml").write_text(GREETING.replace("acts.hello", "acts.helo"))
    git("add", "-A")
    done = pre_commit("try-repo", str(project), "botticelli")
    assert "BOT201" in done.stdout
    assert done.returncode == 1


@pytest.mark.skipif(
    os.environ.get("CI") != "true",
    reason="builds an environment from a package index, which takes half a minute: set CI=true",
)
def test_pre_commit_builds_the_hook_from_the_repository_of_the_project(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is put in the place of anything: pip installs the project into an environment of the
    hook, and a commit runs what it finds there."""
    project = tmp_path / "project"
    left_out = (".git", ".venv", "node_modules", "tests", "bench", "*.egg-info", "__pycache__")
    shutil.copytree(MANIFEST.parent, project, ignore=shutil.ignore_patterns(*left_out))
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "--no-verify", "-m", "x"]):
        git("-C", str(project), "-c", "user.name=A", "-c", "user.email=a@example.org", *command)
    revision = subprocess.run(
        ["git", "-C", str(project), "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()
    Path(".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {project.as_uri()}\n  rev: {revision}\n  hooks: [{{id: botticelli}}]\n"
    )
    # The tests' own packages are not to be found in the hook's environment.
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "pre-commit"))
    assert pre_commit("install").returncode == 0

    Path("greeting.toml").write_text(GREETING.replace("acts.hello", "acts.helo"))
    blocked = try_to_commit()
    assert blocked.returncode == 1
    assert "error[BOT201] unknown-act" in blocked.stderr

    Path("greeting.toml").write_text(GREETING)
    passed = try_to_commit()
    assert passed.returncode == 0, passed.stderr
