"""The call without options takes a shorter way, which must not be told by what it answers."""

import subprocess
import sys
from pathlib import Path

import pytest

PLAIN = '[narrative]\nname = "x"\ntoc = ["a"]\nacts.a = "Hi."\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("good.toml").write_text(PLAIN)
    Path("bad.toml").write_text(PLAIN.replace("Hi.", "{{ nobody }}"))
    return tmp_path


def run(entry: str, *arguments: str) -> tuple[int, str, str]:
    code = f"from botticelli.cli.{entry} import {entry}; {entry}()"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "good.toml"],
        ["check", "bad.toml"],
        ["check", "."],
        ["check", "bad.toml", "--format", "concise", "--fail-on", "error"],
        ["check"],
        ["check", "nowhere.toml"],
        ["check", "--nonsense", "good.toml"],
        ["--version"],
        ["chek", "good.toml"],
    ],
)
def test_both_ways_say_the_same(arguments: list[str]) -> None:
    assert run("start", *arguments) == run("main", *arguments)


def test_an_unchanged_file_is_told_without_what_it_does_not_need() -> None:
    code = (
        "import os, sys; from botticelli.cli.start import start\n"
        "os._exit = lambda code: print(*sys.modules, file=sys.stderr)\n"
        "start()"
    )
    command = [sys.executable, "-c", code, "check", "good.toml"]
    subprocess.run(command, check=True, capture_output=True)
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    needless = {"click", "lark", "jinja2", "yaml", "tomllib", "botticelli.compiler.narrative.model"}
    assert not needless & {*done.stderr.split()}


def test_a_reader_that_goes_away_is_no_fault() -> None:
    many = Path("many")
    many.mkdir()
    for number in range(300):
        (many / f"n{number}.toml").write_text(PLAIN.replace("Hi.", "{{ nobody }}"))
    command = [sys.executable, "-m", "botticelli.cli", "check", "many"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 1
