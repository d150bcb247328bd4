"""What a person and a program see of an answer while it comes: on a terminal, in the event file."""

import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from servers.gemini import KEY, GeminiServer, streams

from botticelli.cli.main import cli

SOURCE = '[narrative]\nname = "tale"\n[toc]\norder = ["tell"]\n[acts]\ntell = "Tell a tale."\n'
HIDDEN = "\x1b]0;owned\x07"


@pytest.fixture
def project(tmp_path: Path, gemini: GeminiServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "GEMINI_API_KEY": KEY,
        "GOOGLE_GEMINI_BASE_URL": gemini.address,
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "tale.toml").write_text(SOURCE)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["exec", "tale.toml", *arguments])


def on_terminal(*arguments: str, **environment: str) -> tuple[int, str]:
    """Run on a pseudo-terminal and return the exit code and all that was written to it."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "botticelli.cli", "exec", "tale.toml", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "30", **environment},
    )
    os.close(theirs)
    written = b""
    deadline = time.monotonic() + 60
    try:
        while time.monotonic() < deadline:
            if select.select([ours], [], [], 0.2)[0]:
                try:
                    data = os.read(ours, 65536)
                except OSError:  # the other end is closed
                    break
                if not data:
                    break
                written += data
    finally:
        os.close(ours)
    return process.wait(10), written.decode("utf-8", "replace")


def tale(*, pause: float) -> Any:
    texts = [f"Once upon {HIDDEN}a time. ", "There was a spring, ", "and roses fell. ", "The end."]
    reply = streams(*texts)
    reply.cut, reply.pause = len(reply.body) // 8, pause
    return reply


def test_a_terminal_shows_an_answer_while_it_comes(project: Path, gemini: GeminiServer) -> None:
    gemini.answer(tale(pause=0.2))
    code, written = on_terminal()
    assert code == 0, written
    assert gemini.received[0].streamed
    shown = written.index("There was a spring")
    assert shown < written.index("tell: gemini-2.5-flash answered")
    assert HIDDEN not in written
    assert "owned" in written
    assert "\x1b[2m" in written or "\x1b[36m" in written


def test_a_terminal_without_colours_shows_it_without(project: Path, gemini: GeminiServer) -> None:
    gemini.answer(tale(pause=0.2))
    _, written = on_terminal("--no-color")
    assert "There was a spring" in written
    assert "\x1b[36m" not in written


@pytest.mark.parametrize("option", ["--quiet", "--no-stream"])
def test_where_nobody_looks_nothing_is_streamed(
    project: Path, gemini: GeminiServer, option: str
) -> None:
    code, written = on_terminal(option)
    assert code == 0
    assert "Good morning." not in written
    assert [each.streamed for each in gemini.received] == [False]


def test_a_pipe_gets_whole_answers(project: Path, gemini: GeminiServer) -> None:
    result = run("--events", "events.jsonl")
    assert result.exit_code == 0, result.output
    assert [each.streamed for each in gemini.received] == [False]
    assert "Good morning." not in Path("events.jsonl").read_text()


def test_the_event_file_holds_answers_where_that_is_asked_for(
    project: Path, gemini: GeminiServer
) -> None:
    gemini.answer(streams("Good ", "morning."))
    result = run("--events", "events.jsonl", "--event-answers")
    assert result.exit_code == 0, result.output
    events = [json.loads(line) for line in Path("events.jsonl").read_text().splitlines()]
    pieces = [each for each in events if each["event"] == "answer-piece"]
    assert [each["text"] for each in pieces] == ["Good ", "morning."]
    assert {(each["act"], each["attempt"]) for each in pieces} == {("tell", 1)}
    assert "Good" not in result.output
    # What is kept is the answer, not its pieces.
    assert "answer-piece" not in (project / ".botticelli" / "runs.sqlite").read_bytes().decode(
        "latin-1"
    )


def test_logs_hold_no_pieces(project: Path, gemini: GeminiServer) -> None:
    gemini.answer(streams("Good ", "morning."))
    result = run("--events", os.devnull, "--event-answers", "--log-format", "json")
    assert result.exit_code == 0
    assert "morning" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--event-answers",), "--event-answers goes with --events"),
        (("--events", os.devnull, "--event-answers", "--no-stream"), "excludes --no-stream"),
    ],
)
def test_options_that_do_nothing_are_refused(
    project: Path, arguments: tuple[str, ...], said: str
) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
