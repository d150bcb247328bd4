"""The journal's file: versions, making room, what several processes do at once."""

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from programs import act, narrative, perform, program

from botticelli.cli.main import cli
from botticelli.runtime.journal.file import Journal, open_journal
from botticelli.runtime.journal.lock import RunLock, is_running
from botticelli.runtime.problems import StoreError

OLDER = """
CREATE TABLE runs (
    id TEXT PRIMARY KEY, narrative TEXT NOT NULL, source TEXT NOT NULL, driver TEXT NOT NULL,
    simulated INTEGER NOT NULL, started REAL NOT NULL, ended REAL, status TEXT NOT NULL,
    iterations INTEGER NOT NULL, completed INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0, message TEXT
);
CREATE TABLE results (
    run TEXT NOT NULL REFERENCES runs (id), address TEXT NOT NULL, kind TEXT NOT NULL,
    act TEXT NOT NULL, iteration INTEGER, source TEXT NOT NULL, text TEXT NOT NULL, finish TEXT,
    input_tokens INTEGER, output_tokens INTEGER, started REAL NOT NULL, ended REAL NOT NULL,
    PRIMARY KEY (run, address)
);
INSERT INTO runs VALUES
    ('20250101-000000-abcdef', 'tale', 'a.toml', 'gemini', 0, 1.0, 2.0, 'failed', 3, 1, 1, 'oh');
INSERT INTO results VALUES
    ('20250101-000000-abcdef', 'tale/1/a/ask', 'answer', 'a', 1, 'gemini-2.5-flash', 'Once', 'stop',
     10, 20, 1.0, 1.5),
    ('20250101-000000-abcdef', 'tale/2/b/input-1', 'command', 'b', NULL, 'discord.server.get',
     '{"id": "7"}', NULL, NULL, NULL, 1.5, 2.0);
"""


OPENED: list[Journal] = []


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".botticelli").mkdir()
    yield tmp_path
    while OPENED:
        OPENED.pop().close()


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def opened(project: Path) -> Journal:
    journal = open_journal(project, create=True)
    assert journal is not None
    OPENED.append(journal)
    return journal


def write(project: Path, script: str) -> None:
    connection = sqlite3.connect(project / ".botticelli" / "runs.sqlite")
    connection.executescript(script)
    connection.close()


def some_runs(project: Path, count: int) -> list[str]:
    made = program(narrative(act("a", "Hello")))
    return [perform(made, project).report.run for _ in range(count)]


def test_answers_of_an_older_store_are_taken_over(project: Path) -> None:
    write(project, OLDER)
    shown = call("runs", "show").stdout
    assert "failed" in shown
    assert "── iteration 1, a (gemini-2.5-flash, 10 tokens in, 20 out)\nOnce" in shown
    assert '── b (discord.server.get)\n{"id": "7"}' in shown
    assert call("runs", "show").stdout == shown
    resumed = call("exec", "--resume", "last")
    assert resumed.exit_code == 1
    assert "kept answers alone" in resumed.stderr.replace("\n", " ")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("PRAGMA user_version = 99", "written by a newer Botticelli"),
        ("CREATE TABLE results (x); CREATE TABLE runs (y)", "cannot be opened"),
    ],
)
def test_a_file_that_is_not_understood_is_refused(project: Path, damage: str, said: str) -> None:
    write(project, damage)
    result = call("runs", "list")
    assert result.exit_code == 1
    assert said in result.stderr


def test_a_file_that_is_no_database_is_refused(project: Path) -> None:
    (project / ".botticelli" / "runs.sqlite").write_bytes(b"no database at all, but long enough")
    result = call("runs", "list")
    assert result.exit_code == 1
    assert "cannot be opened" in result.stderr


def test_a_program_of_another_version_is_refused(project: Path) -> None:
    some_runs(project, 1)
    write(
        project,
        "UPDATE programs SET program ="
        " replace(CAST(program AS TEXT), '\"version\":1', '\"version\":99');"
        " UPDATE runs SET status = 'failed'",
    )
    result = call("exec", "--resume", "last")
    assert result.exit_code == 1
    assert "IR version 99" in result.stderr


def test_runs_are_deleted_with_all_that_is_kept(project: Path) -> None:
    runs = some_runs(project, 3)
    assert "of several runs" in call("runs", "delete", "20").stderr
    asked = call("runs", "delete", runs[0])
    assert asked.exit_code == 2
    assert "--yes" in asked.stderr
    assert call("runs", "delete", runs[0], runs[1], "--yes").exit_code == 0
    journal = opened(project)
    assert [run.id for run in journal.runs()] == [runs[2]]
    journal.close()
    assert call("runs", "delete", "last", "--yes").exit_code == 0
    connection = sqlite3.connect(project / ".botticelli" / "runs.sqlite")
    for table in ("runs", "effects", "programs"):
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    connection.close()


def test_old_runs_are_pruned(project: Path) -> None:
    runs = some_runs(project, 4)
    for age, run in enumerate(reversed(runs)):
        started = time.time() - 86_400 * (10 * age + 1)
        write(project, f"UPDATE runs SET started = {started} WHERE id = '{run}'")
    assert call("runs", "prune").exit_code == 2
    assert call("runs", "prune", "--older-than", "soon").exit_code == 2
    assert call("runs", "prune", "--older-than", "90d", "--yes").stdout.startswith("There is noth")
    assert "1 run" in call("runs", "prune", "--older-than", "15d", "--keep", "3", "--yes").stdout
    assert len(call("runs", "list").stdout.splitlines()) == 3
    assert "2 runs" in call("runs", "prune", "--keep", "1", "--yes").stdout
    assert runs[3] in call("runs", "list").stdout


def test_a_lock_is_one_processs_and_is_given_back(tmp_path: Path) -> None:
    first, second = RunLock(tmp_path, "run"), RunLock(tmp_path, "run")
    assert not is_running(tmp_path, "run")
    assert first.acquire()
    assert not second.acquire()
    assert is_running(tmp_path, "run")
    first.release()
    assert list(tmp_path.iterdir()) == []
    assert second.acquire()
    second.release()


def test_a_journal_that_cannot_be_written_ends_the_run_with_a_word(project: Path) -> None:
    some_runs(project, 1)
    write(
        project,
        "CREATE TRIGGER full BEFORE INSERT ON effects BEGIN SELECT RAISE(ABORT, 'full'); END",
    )
    with pytest.raises(StoreError, match="cannot be written: full"):
        some_runs(project, 1)
