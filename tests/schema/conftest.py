"""A project in a folder of its own, and the command line as it is used there."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from botticelli.cli.main import cli

Run = Callable[..., Result]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return folder


@pytest.fixture
def run(project: Path) -> Run:
    def invoke(*arguments: str) -> Result:
        result = CliRunner().invoke(cli, ["schema", *arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


@pytest.fixture
def sqlite(tmp_path: Path) -> Callable[[str], str]:
    """Makes an SQLite database, or runs more SQL in it, and returns its URL."""

    def make(statements: str) -> str:
        file = tmp_path / "data.sqlite"
        connection = sqlite3.connect(file)
        connection.executescript(statements)
        connection.close()
        return f"sqlite:///{file}"

    return make
