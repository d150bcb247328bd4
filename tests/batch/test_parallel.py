"""Many files are judged by several processes, and nothing tells but the time."""

import subprocess
import sys
from pathlib import Path

import pytest

BOTTICELLI = [sys.executable, "-m", "botticelli.cli"]
FILES = 60


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for number in range(FILES):
        Path(f"n{number:02}.toml").write_text(
            f'[narrative]\nname = "n{number}"\ntoc = ["a"]\n[acts.a]\n'
            f'narrative = "n{number + 1}"\nzz{number} = "\u00fc"\n'
        )
    return tmp_path


def check(*arguments: str, processes: int = 0) -> str:
    """Check in a process of its own, as if there were so many cores."""
    code = "from botticelli.cli.start import start\n"
    if processes:
        code += f"import botticelli.compiler.batch.parallel as p\np._cores = lambda: {processes}\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}start()", "check", *arguments, "."],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("format_name", ["text", "json", "sarif"])
def test_one_process_and_several_say_the_same(format_name: str) -> None:
    options = ["--no-cache", "--format", format_name]
    assert check(*options, processes=1) == check(*options, processes=3)


def test_what_several_processes_found_is_kept() -> None:
    first = check("--format", "concise", processes=3)
    kept = [*Path(".botticelli", "cache").glob("[!.]*")]
    assert len(kept) >= FILES  # the configuration above them is kept as well
    assert check("--format", "concise") == first
    assert [*Path(".botticelli", "cache").glob("[!.]*")] == kept


def test_processes_that_cannot_fork_are_started_anew() -> None:
    code = (
        "import botticelli.compiler.batch.parallel as p\n"
        "p._FORKS, p._FILES_A_PROCESS, p._cores = False, 16, lambda: 2\n"
        "if __name__ == '__main__':\n"
        "    from botticelli.cli.start import start\n"
        "    start()\n"
    )
    Path("start.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "start.py", "check", "--no-cache", "--format", "concise", "."],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == check("--no-cache", "--format", "concise")
    assert done.stderr == ""
