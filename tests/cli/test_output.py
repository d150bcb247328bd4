"""Standard output that goes away, is full or is closed; and Ctrl-C while a command starts."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

BOTTICELLI = [sys.executable, "-m", "botticelli.cli"]
SOURCE = """[narrative]
name = "x"
max_tokens = 50
toc = ["a"]
[carousel]
iterations = 5
[acts]
a = "Hi."
"""
FULL = "error: the output cannot be written: No space left on device"
needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    Path("x.toml").write_text(SOURCE)
    return tmp_path


def shell(words: str, redirected: str = "") -> "subprocess.CompletedProcess[str]":
    """Run a command as bash does, whose exit code is its own and not that of what reads it."""
    line = f'{" ".join(BOTTICELLI)} {words} {redirected}; exit "${{PIPESTATUS[0]}}"'
    return subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, check=False, timeout=60
    )


def status() -> str:
    return shell("runs list").stdout.split()[3]


EXEC = "exec x.toml --driver simulate:delay=0.1 --no-stream"


def test_a_run_goes_on_when_nobody_reads_it_any_more() -> None:
    result = shell(EXEC, "| head -1")
    assert (result.returncode, result.stderr) == (0, "")
    assert status() == "completed"


def test_a_run_goes_on_without_standard_output() -> None:
    result = shell(EXEC, ">&-")
    assert (result.returncode, result.stderr) == (0, "")
    assert status() == "completed"


def test_a_run_goes_on_without_standard_error() -> None:
    assert shell(EXEC, "2>&-").returncode == 0


@needs_full
def test_a_run_whose_output_cannot_be_written_is_done_and_says_so() -> None:
    result = shell(EXEC, "> /dev/full")
    assert (result.returncode, result.stderr.strip()) == (1, FULL)
    assert status() == "completed"


@needs_full
@pytest.mark.parametrize(
    "words",
    [
        "check x.toml",
        "check x.toml --no-cache",
        "compile x.toml",
        "compile x.toml --explain",
        "runs list",
        "runs show",
        "rule",
        "state list",
        "--help",
    ],
)
def test_every_command_says_that_its_output_cannot_be_written(words: str) -> None:
    assert shell(EXEC.replace("0.1", "0")).returncode == 0
    Path("botticelli.toml").write_text("")
    assert shell("state set city Florence").returncode == 0
    for _ in range(2):  # what has not changed is told in another way
        result = shell(words, "> /dev/full")
        assert (result.returncode, result.stderr.strip().splitlines()[-1]) == (1, FULL)
        assert "Traceback" not in result.stderr


@pytest.mark.parametrize("words", ["check x.toml", "runs list", "rule", "compile x.toml"])
def test_every_command_does_without_standard_output(words: str) -> None:
    assert shell(EXEC.replace("0.1", "0")).returncode == 0
    result = shell(words, ">&-")
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as on POSIX")
@pytest.mark.parametrize("words", ["exec x.toml --driver simulate", "check x.toml --no-cache"])
def test_ctrl_c_ends_a_command_that_is_starting_as_shells_expect(words: str) -> None:
    """The reading of a source is where it waits: a pipe with nobody at its other end."""
    Path("x.toml").unlink()
    os.mkfifo("x.toml")
    with subprocess.Popen([*BOTTICELLI, *words.split()], stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(10) == 130
        finally:
            process.kill()
        assert process.stderr.read() == b""


def test_events_go_on_when_nobody_reads_the_run() -> None:
    assert shell(f"{EXEC} --events events.jsonl", "| head -1").returncode == 0
    last = json.loads(Path("events.jsonl").read_text().splitlines()[-1])
    assert (last["event"], last["status"]) == ("run-finished", "completed")
