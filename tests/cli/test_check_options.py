"""The options of `botticelli check`, as a user meets them."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from botticelli.cli.main import cli

BOTTICELLI = [sys.executable, "-c", "from botticelli.cli.main import main; main()"]

SOURCE = """\
[narrative]
name = "x"
toc = ["a"]
[acts.a]
promt = "hi"
[acts.b]
prompt = "never"
"""
MENDED = SOURCE.replace("promt", "prompt")
NOTE = '[narrative]\nname = "n"\ntoc = ["a"]\nacts.a = ["Hi.", "table posts where x > 1"]\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.toml").write_text(SOURCE)
    return tmp_path


def check(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["check", *arguments], input=stdin)


def concise(*arguments: str, stdin: str | None = None) -> list[str]:
    result = check("--format", "concise", *arguments, stdin=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.stdout.splitlines()


# What is reported


def test_select_and_ignore_take_lists_and_may_be_repeated() -> None:
    assert [line.split()[1] for line in concise("x.toml")] == ["BOT103", "BOT205"]
    assert [line.split()[1] for line in concise("x.toml", "--select", "BOT2")] == ["BOT205"]
    assert concise("x.toml", "--select", "BOT4, bad-value", "--select=BOT3") == []
    assert [line.split()[1] for line in concise("x.toml", "--ignore", "unknown-key")] == ["BOT205"]
    assert concise("x.toml", "--ignore=BOT103", "--ignore=BOT108,BOT205") == []


@pytest.mark.parametrize("option", ["--select", "--ignore"])
def test_an_unknown_rule_is_wrong_usage(option: str) -> None:
    result = check("x.toml", option, "BOT2,unusd-act")
    assert result.exit_code == 2
    assert "`unusd-act` is no rule; did you mean `unused-act`?" in result.stderr


@pytest.mark.parametrize(
    ("source", "options", "code"),
    [
        (SOURCE, [], 1),
        (MENDED, [], 1),
        (MENDED, ["--fail-on", "error"], 0),
        (MENDED, ["--ignore", "BOT205"], 0),
        (SOURCE, ["--fail-on", "error"], 1),
        (NOTE, [], 0),
        (NOTE, ["--fail-on", "info"], 1),
        (NOTE, ["--strict", "--fail-on", "error"], 1),
        (NOTE, ["--strict", "--ignore", "BOT405"], 0),
    ],
)
def test_what_makes_the_exit_code_one(
    folder: Path, source: str, options: list[str], code: int
) -> None:
    (folder / "x.toml").write_text(source)
    assert check("x.toml", *options).exit_code == code
    assert check("x.toml", *options, "--quiet").exit_code == code


def test_quiet_says_nothing() -> None:
    result = check("x.toml", "-q", "--statistics")
    assert (result.output, result.exit_code) == ("", 1)


def test_statistics_follow_the_findings() -> None:
    assert concise("x.toml", "--statistics")[2:] == [
        "1  BOT103  unknown-key  error",
        "1  BOT205  unused-act   warning",
    ]
    result = check("x.toml", "--statistics", "--format", "json")
    assert len(json.loads(result.stdout)["diagnostics"]) == 2
    assert result.stderr.startswith("1  BOT103")


def test_colours_can_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in check("x.toml").output
    assert "\x1b[" not in check("x.toml", "--no-color").output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Missing argument 'PATHS...'"),
        (["nowhere.toml"], "Path 'nowhere.toml' does not exist"),
        (["x.toml", "--unsafe-fixes"], "--unsafe-fixes needs --fix or --diff"),
        (["x.toml", "--watch", "--fix"], "takes neither --fix, --diff nor --hook"),
        (["x.toml", "--stdin-filename", "y.toml"], "needs `-` as path"),
        (["-", "x.toml"], "takes no other path"),
        (["-", "--hook"], "Standard input is checked alone"),
        (["x.toml", "--watch", "--hook"], "takes neither --fix, --diff nor --hook"),
        (["-", "--watch"], "Standard input is checked alone"),
        (["x.toml", "--format", "xml"], "'xml' is not one of"),
        (["x.toml", "--fail-on", "note"], "'note' is not one of"),
    ],
)
def test_wrong_usage(arguments: list[str], said: str) -> None:
    result = check(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr


# Fixes


def test_fix_mends_the_file_and_reports_what_is_left(folder: Path) -> None:
    result = check("x.toml", "--fix", "--format", "concise")
    assert (folder / "x.toml").read_text() == MENDED
    assert result.stdout == "x.toml:6:7: BOT205 warning: no order leads to `b`\n" or (
        "BOT205" in result.stdout and "BOT103" not in result.stdout
    )
    assert result.stderr == "1 fix applied in 1 file\n"
    assert result.exit_code == 1
    assert check("x.toml", "--fix", "--ignore", "BOT205").exit_code == 0
    assert check("x.toml", "--fix").stderr == "Nothing to fix\n"


def test_only_what_is_reported_is_fixed(folder: Path) -> None:
    check("x.toml", "--fix", "--ignore", "BOT103")
    assert (folder / "x.toml").read_text() == SOURCE


def test_diff_writes_nothing_and_can_be_applied(folder: Path) -> None:
    (folder / "x.toml").write_bytes(SOURCE.rstrip("\n").replace("hi", "hi \u00fc\u2028").encode())
    before = (folder / "x.toml").read_bytes()
    done = subprocess.run(
        [*BOTTICELLI, "check", "x.toml", "--diff"], capture_output=True, check=False
    )
    assert done.returncode == 1
    assert (folder / "x.toml").read_bytes() == before
    assert done.stderr == b"1 fix would be applied in 1 file\n"
    subprocess.run(["git", "apply", "-p0", "-"], input=done.stdout, check=True)
    assert (folder / "x.toml").read_bytes() == before.replace(b"promt", b"prompt")
    again = check("x.toml", "--diff")
    assert (again.stdout, again.exit_code) == ("", 0)


def test_diff_of_the_last_line_and_of_windows(folder: Path) -> None:
    text = SOURCE.replace("\n", "\r\n") + "x = 1 # botticelli: ignore[BOT104,BOT103]"
    (folder / "x.toml").write_bytes(text.encode())
    done = subprocess.run(
        [*BOTTICELLI, "check", "x.toml", "--diff"], capture_output=True, check=False
    )
    subprocess.run(["git", "apply", "-p0", "-"], input=done.stdout, check=True)
    expected = text.replace("promt", "prompt").replace("BOT104,", "")
    assert (folder / "x.toml").read_bytes() == expected.encode()


def test_permissions_and_links_stay(folder: Path) -> None:
    real = folder / "real"
    real.mkdir()
    (real / "x.toml").write_text(SOURCE)
    (real / "x.toml").chmod(0o640)
    (folder / "x.toml").unlink()
    (folder / "x.toml").symlink_to("real/x.toml")
    check("x.toml", "--fix")
    assert (folder / "x.toml").is_symlink()
    assert (real / "x.toml").read_text() == MENDED
    assert stat.S_IMODE((real / "x.toml").stat().st_mode) == 0o640


def test_a_file_that_cannot_be_written_is_told(folder: Path) -> None:
    resource = pytest.importorskip("resource", reason="file sizes are limited by POSIX alone")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))  # holds for root as well
    try:
        result = check("x.toml", "--fix")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert result.exit_code == 1
    assert "x.toml cannot be written" in result.stderr
    assert (folder / "x.toml").read_text() == SOURCE


def test_a_folder_is_fixed_file_by_file(folder: Path) -> None:
    (folder / "y.toml").write_text(SOURCE.replace('"x"', '"y"'))
    (folder / "service.toml").write_text("promt = 1\n")
    assert check(".", "--fix").stderr == "2 fixes applied in 2 files\n"
    assert (folder / "service.toml").read_text() == "promt = 1\n"


# Standard input


def test_standard_input() -> None:
    assert concise("-", stdin=SOURCE)[0].startswith("stdin.toml:5:1: BOT103")
    assert concise(
        "-", "--stdin-filename", "n/a.yaml", "--select=BOT103", stdin="narrative: {nmae: x}"
    )[0].startswith("n/a.yaml:1:13: BOT103")


def test_standard_input_takes_the_place_of_a_file(folder: Path) -> None:
    (folder / "y.toml").write_text('[narrative]\nname = "y"\ntoc = ["a"]\nacts.a = "narrative:x"\n')
    renamed = MENDED.replace('"x"', '"z"')
    assert [line.split()[1] for line in concise("-", "--stdin-filename", "y.toml", stdin=NOTE)] == [
        "BOT405"
    ]
    assert concise("-", "--stdin-filename", "x.toml", "--select", "BOT1", stdin=renamed) == []
    assert concise("-", "--stdin-filename", "w.toml", "--select", "BOT1", stdin=MENDED) == []


def test_standard_input_is_mended_on_standard_output(folder: Path) -> None:
    result = check("-", "--fix", "--stdin-filename", "x.toml", "--format", "concise", stdin=SOURCE)
    assert result.stdout == MENDED
    assert "BOT205" in result.stderr
    assert (folder / "x.toml").read_text() == SOURCE
    assert check("-", "--fix", stdin=NOTE).stdout == NOTE
    assert check("-", "--diff", stdin=SOURCE).stdout.startswith("--- stdin.toml\n+++ stdin.toml\n")


def test_standard_input_that_is_not_text() -> None:
    done = subprocess.run(
        [*BOTTICELLI, "check", "-", "--format", "concise"],
        input=b"a = \xff",
        capture_output=True,
        check=False,
    )
    assert done.stdout.startswith(b"stdin.toml:1:5: BOT101")
    assert done.returncode == 1


# Watching


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
def test_watch_checks_again_after_a_change_and_ends_cleanly(folder: Path) -> None:
    (folder / "y.toml").write_text('[narrative]\nname = "y"\ntoc = ["a"]\nacts.a = "narrative:z"\n')
    with subprocess.Popen(
        [*BOTTICELLI, "check", "y.toml", "--watch", "--format", "concise"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        try:
            assert "BOT203" in next(lines)
            assert next(lines).startswith("Watching")
            # What was looked for and not found is watched as well.
            (folder / "z.toml").write_text('[narrative]\nname = "z"\ntoc = ["a"]\nacts.a = "hi"\n')
            assert next(lines).startswith("Watching")
            (folder / "z.toml").unlink()
            assert "BOT203" in next(lines)
            assert next(lines).startswith("Watching")
            process.send_signal(signal.SIGINT)
            assert [*lines] == []
            assert process.wait(10) == 0
        finally:
            process.kill()
