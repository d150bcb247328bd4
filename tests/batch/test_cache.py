"""Kept results: they hold exactly as long as nothing that they rest on has changed."""

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from botticelli.cli.main import cli
from botticelli.compiler.report import FORMATS

BOTTICELLI = [sys.executable, "-m", "botticelli.cli"]
CASES = Path(__file__).parents[1] / "conformance" / "cases"
CACHE = Path(".botticelli", "cache")

SOURCE = '[narrative]\nname = "x"\ntoc = ["a"]\n[acts.a]\n'
PLAIN = SOURCE + 'prompt = "Hi."\nmax_tokens = 9\n'
CALLER = SOURCE + 'narrative = "y"\n'
MEDIA = SOURCE + 'input = ["What is this?", { type = "image", file = "p.png" }]\n'
READER = SOURCE + 'input = ["Sum up.", "table posts where rating > 3 order by id limit 5"]\n'
Y = PLAIN.replace('"x"', '"y"')


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "of-the-user"))
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    return project


def check(*arguments: str) -> str:
    return CliRunner().invoke(cli, ["check", "--format", "concise", *arguments]).stdout


def codes(*arguments: str) -> set[str]:
    return {line.split()[1] for line in check(*arguments).splitlines()}


def entries() -> dict[str, int]:
    """The entries of the cache and when each was written."""
    return {
        path.name: path.stat().st_mtime_ns
        for path in CACHE.iterdir()
        if not path.name.startswith(".")
    }


def test_what_has_not_changed_is_not_checked_again() -> None:
    Path("x.toml").write_text(PLAIN)
    check("x.toml")
    before = entries()
    assert len(before) == 1
    check("x.toml")
    assert entries() == before


def test_without_the_cache_nothing_is_read_or_written() -> None:
    Path("x.toml").write_text(PLAIN)
    check("x.toml", "--no-cache")
    assert not CACHE.exists()


def test_the_folder_ignores_itself_in_git() -> None:
    Path("x.toml").write_text(PLAIN)
    check("x.toml")
    subprocess.run(["git", "init", "-q"], check=True)
    done = subprocess.run(["git", "status", "--porcelain"], capture_output=True, check=True)
    assert done.stdout == b"?? x.toml\n"


@pytest.mark.parametrize("format_name", FORMATS)
def test_kept_findings_look_the_same_in_every_format(format_name: str) -> None:
    Path("a").mkdir()
    Path("a/x.toml").write_bytes(
        ("\ufeff" + SOURCE + 'promt = "\u00fc \U0001f600 {{ nobody }}"\nzzz = 1\n# \u2028').encode()
    )
    Path("a/y.yaml").write_text(
        "narrative: {name: y, toc: [a]}\nacts: {a: {narrative: x}, b: 'table t'}\n"
    )
    Path("a/bad.toml").write_bytes(b"[narrative]\nname = '\xff'")
    arguments = ["check", "a", "a/bad.toml", "--format", format_name]
    first = CliRunner().invoke(cli, arguments)
    assert len(entries_below("a")) == 3
    again = CliRunner().invoke(cli, arguments)
    without = CliRunner().invoke(cli, [*arguments, "--no-cache"])
    assert first.stdout == again.stdout == without.stdout
    assert "BOT" in first.stdout


def entries_below(folder: str) -> list[Path]:
    return [path for path in Path(folder, CACHE).iterdir() if not path.name.startswith(".")]


# What results rest on


def test_the_file() -> None:
    Path("x.toml").write_text(PLAIN)
    assert codes("x.toml") == set()
    Path("x.toml").write_text(PLAIN.replace("prompt", "promt"))
    assert codes("x.toml") == {"BOT103"}


def test_another_file_that_was_used() -> None:
    Path("x.toml").write_text(CALLER)
    Path("y.toml").write_text(Y)
    assert codes("x.toml") == set()
    Path("y.toml").write_text("[narrative\n")
    assert codes("x.toml") == set()  # nothing is concluded from a file that cannot be read
    Path("y.toml").write_text("x = 1\n")
    assert codes("x.toml") != set()


def test_a_file_that_was_looked_for_in_vain() -> None:
    Path("x.toml").write_text(CALLER)
    assert codes("x.toml") == {"BOT203"}
    Path("y.toml").write_text(Y)
    assert codes("x.toml") == set()
    Path("y.toml").unlink()
    assert codes("x.toml") == {"BOT203"}


def test_a_medium_by_its_size_alone() -> None:
    Path("x.toml").write_text(MEDIA.replace("[acts.a]", '[acts.a]\nmodel = "gemini-2.5-flash"'))
    assert "BOT701" in codes("x.toml")
    Path("p.png").write_bytes(b"x")
    assert "BOT701" not in codes("x.toml")
    before = entries()
    Path("p.png").write_bytes(b"y")
    check("x.toml")
    assert entries() == before
    os.truncate("p.png", 200_000_000)  # a sparse file
    assert "BOT704" in codes("x.toml")


def test_a_schema_of_another_file_and_the_lock_file() -> None:
    Path("x.toml").write_text(READER)
    assert codes("x.toml", "--select=BOT4") == {"BOT405"}
    lock = '[tables.posts]\nprimary_key = ["id"]\n[tables.posts.columns]\nid = "int"\n'
    Path("schema.lock.toml").write_text(lock)
    assert codes("x.toml", "--select=BOT4") == {"BOT402"}
    Path("s.toml").write_text('[schemas.posts]\nid = "int"\nrating = "text"\n')
    assert codes("x.toml", "--select=BOT4") == {"BOT403"}
    Path("s.toml").write_text('[schemas.posts]\nid = "int"\nrating = "int"\n')
    assert codes("x.toml", "--select=BOT4") == set()


def test_the_configuration() -> None:
    Path("x.toml").write_text(PLAIN + "zzz = 1\n")
    assert codes("x.toml") == {"BOT103"}
    Path("botticelli.toml").write_text('[check]\nignore = ["BOT103"]\n')
    assert codes("x.toml") == set()
    Path("botticelli.toml").write_text('[check]\nignore = ["BOT104"]\n')
    assert codes("x.toml") == {"BOT103"}


def test_options_choose_among_the_same_kept_findings() -> None:
    Path("x.toml").write_text(PLAIN + "zzz = 1 # botticelli: ignore[BOT205]\n")
    assert codes("x.toml") == {"BOT103", "BOT801"}
    before = entries()
    assert codes("x.toml", "--select", "BOT1") == {"BOT103"}
    assert codes("x.toml", "--ignore", "BOT205") == {"BOT103"}
    assert entries() == before


def test_from_where_a_file_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("x.toml").write_text(CALLER)
    assert check("x.toml").startswith("x.toml:")
    monkeypatch.chdir(folder.parent)
    assert check("project/x.toml").startswith("project/x.toml:")


def test_a_project_may_be_moved(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("x.toml").write_text(CALLER)
    check("x.toml")
    before = entries()
    moved = folder.rename(folder.with_name("moved"))
    monkeypatch.chdir(moved)
    assert codes("x.toml") == {"BOT203"}
    assert entries() == before


def test_a_file_that_git_ignores_and_a_name_comes_to_mean() -> None:
    subprocess.run(["git", "init", "-q"], check=True)
    Path(".gitignore").write_text("y.toml\n")
    Path("x.toml").write_text(CALLER)
    assert codes("x.toml") == {"BOT203"}
    Path("y.toml").write_text(Y)
    assert codes("x.toml") == set()
    Path("y.toml").write_text("[narrative\n")
    assert check("x.toml") == check("x.toml", "--no-cache")
    Path("y.toml").unlink()
    assert codes("x.toml") == {"BOT203"}


def test_what_a_workspace_keeps_is_kept_with_the_looks_that_it_rests_on() -> None:
    """`functools.cached_property` would hide from a second file what the first one looked at."""
    room = Path(__file__).parents[2] / "compiler" / "workspace"
    assert [
        path.name for path in room.glob("*.py") if "import cached_property" in path.read_text()
    ] == []


# What goes wrong


def test_damaged_entries_are_as_good_as_none() -> None:
    Path("x.toml").write_text(PLAIN + "zzz = 1\n")
    check("x.toml")
    [name] = entries()
    whole = (CACHE / name).read_bytes()
    chance = random.Random(1)
    for damaged in (
        b"",
        whole[:20],
        whole[:-1],
        whole + b"x",
        *(_flipped(whole, chance.randrange(len(whole))) for _ in range(20)),
    ):
        (CACHE / name).write_bytes(damaged)
        assert codes("x.toml") == {"BOT103"}
        assert (CACHE / name).read_bytes() == whole


def _flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def test_entries_of_another_checker_do_not_count() -> None:
    Path("x.toml").write_text(PLAIN)
    check("x.toml")
    before = entries()
    code = (
        "import botticelli.compiler.batch.cache as cache; cache.VERSION = '0'\n"
        "from botticelli.cli.start import start; start()"
    )
    subprocess.run([sys.executable, "-c", code, "check", "x.toml"], check=True)
    assert entries() != before


@pytest.mark.skipif(os.name == "nt", reason="a file stands in the way differently there")
def test_a_folder_that_cannot_be_written_is_no_fault() -> None:
    Path("x.toml").write_text(PLAIN + "zzz = 1\n")
    Path(".botticelli").write_text("in the way")
    assert codes("x.toml") == {"BOT103"}


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text there")
def test_a_file_whose_name_is_no_text() -> None:
    Path(os.fsdecode(b"\xff.toml")).write_text(PLAIN + "zzz = 1\n")
    assert codes(".") == codes(".") == {"BOT103"}


def test_runs_at_the_same_time_do_not_disturb_each_other() -> None:
    for number in range(8):
        Path(f"x{number}.toml").write_text(PLAIN.replace('"x"', f'"x{number}"') + "zzz = 1\n")
    runs = [
        subprocess.Popen(
            [*BOTTICELLI, "check", "--format", "concise", "."], stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    said = {run.communicate()[0] for run in runs}
    assert len(said) == 1
    assert said == {check(".", "--no-cache")}
    assert check(".") in said
    assert len(entries()) == 8


# Any project


def _projects() -> Iterator[Path]:
    for path in sorted(CASES.rglob("*")):
        if path.suffix in {".toml", ".yaml"} and path.name != "botticelli.toml":
            yield path


@pytest.mark.parametrize("seed", range(6))
def test_with_and_without_cache_the_same_is_found(folder: Path, seed: int) -> None:
    """Files come, go and change; the cache must never tell."""
    chance = random.Random(seed)
    stock = chance.sample([*_projects()], 30)
    for step in range(12):
        for source in chance.sample(stock, 3):
            target = folder / chance.choice(["", "sub/"]) / source.name
            target.parent.mkdir(exist_ok=True)
            shutil.copy(chance.choice([source, chance.choice(stock)]), target)
        present = [*folder.rglob("*.toml"), *folder.rglob("*.yaml")]
        if step % 3 == 2:
            chance.choice(present).unlink()
        if step % 4 == 3:
            Path("botticelli.toml").write_text(f"[vars]\nx = {step}\n")
        assert check(".") == check(".", "--no-cache")
