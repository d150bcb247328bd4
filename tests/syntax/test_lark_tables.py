"""The parsers of the grammars are kept between runs, and nothing depends on that."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from botticelli.compiler.syntax import lark_tables

READ = """
from botticelli.compiler.source import Source
from botticelli.compiler.syntax.toml import parse_toml
from botticelli.compiler.syntax import lark_tables
document = parse_toml(Source("a.toml", "a = [1,\\n true]\\nb = yes"))
print(len(document.root.entries), document.faults[0].message)
"""
EXPECTED = "1 `yes` is not a TOML value\n"


def run(home: Path) -> str:
    variable = "LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME"
    environment = {**os.environ, variable: str(home)}
    done = subprocess.run(
        [sys.executable, "-c", READ], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout


def tables(home: Path) -> list[Path]:
    return sorted((home / "botticelli").iterdir())


def test_tables_are_stored_once_and_read_again(tmp_path: Path) -> None:
    assert run(tmp_path) == EXPECTED
    stored = tables(tmp_path)
    assert [path.suffix for path in stored] == [".tables"]
    before = stored[0].stat()
    assert run(tmp_path) == EXPECTED
    assert tables(tmp_path) == stored
    assert stored[0].stat().st_mtime_ns == before.st_mtime_ns
    if os.name == "posix":
        assert stored[0].parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("damage", [b"", b"\x80", b"\xc1\xff", b"\x82\xa4data\x80\xa4memo\x80"])
def test_damaged_tables_are_made_anew(tmp_path: Path, damage: bytes) -> None:
    run(tmp_path)
    stored = tables(tmp_path)[0]
    sound = stored.read_bytes()
    for broken in (damage, sound[: len(sound) // 2], sound.replace(b"BOOLEAN", b"INTEGER")):
        stored.write_bytes(broken)
        assert run(tmp_path) == EXPECTED
        assert stored.read_bytes() != broken


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "botticelli").write_text("a file where the directory would be")
    assert run(tmp_path) == EXPECTED


def test_processes_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    variable = "LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME"
    environment = {**os.environ, variable: str(tmp_path)}
    command = [sys.executable, "-c", READ]
    started = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [process.communicate()[0] for process in started] == [EXPECTED] * 4
    assert len(tables(tmp_path)) == 1


def test_a_clean_file_needs_neither_grammar_nor_lark(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from botticelli.compiler.syntax.reader import read\n"
        "assert not read('a.toml', b'a = 1').faults\n"
        "print([name for name in ('lark', 'yaml', 'jinja2') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_one_parser_serves_a_process() -> None:
    first = lark_tables.load_parser("toml", start=("document",))
    assert lark_tables.load_parser("toml", start=("document",)) is first
