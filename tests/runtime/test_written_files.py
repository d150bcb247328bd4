"""Files that `exec` writes on request: nothing that somebody wrote is lost to a slip."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from botticelli.cli.main import cli

SOURCE = '[narrative]\nname = "x"\ntoc = ["a"]\nacts.a = "Hi."\n'


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    Path("x.toml").write_text(SOURCE)
    Path("botticelli.toml").write_text("")
    return tmp_path


def execute(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["exec", "x.toml", "--driver", "simulate", *arguments])


EVENTS = "--events={}"
CASSETTE = "--driver=record:driver=simulate,file={}"
PRECIOUS = ("x.toml", ".botticelli/runs.sqlite", "link", "notes.md", ".")


@pytest.mark.parametrize(
    ("option", "name"),
    [
        *((option, name) for option in (EVENTS, CASSETTE) for name in PRECIOUS),
        (EVENTS, "botticelli.toml"),
        (EVENTS, "new.yaml"),
    ],
)
def test_what_somebody_wrote_is_not_written_over(option: str, name: str) -> None:
    assert execute().exit_code == 0
    Path("notes.md").write_text("By hand.\n")
    Path("link").symlink_to(".botticelli/runs.sqlite")
    before = {path: path.read_bytes() for path in map(Path, ("x.toml", "notes.md", "link"))}
    result = execute(option.format(name))
    assert result.exit_code == 2, result.output
    assert str(Path(name)) in result.stderr or str(Path.cwd()) in result.stderr
    assert before == {path: path.read_bytes() for path in before}
    assert not Path("new.yaml").exists()
    assert "completed" in CliRunner().invoke(cli, ["runs", "list"]).output


@pytest.mark.parametrize(
    "arguments",
    [["--driver", "nobody"], ["--var", "who=Simonetta"], ["--resume", "nothing"]],
)
def test_a_run_that_does_not_start_leaves_the_earlier_events(arguments: list[str]) -> None:
    assert execute("--events", "events.jsonl").exit_code == 0
    before = Path("events.jsonl").read_bytes()
    assert json.loads(before.splitlines()[0])["event"] == "run-started"
    result = execute("--events", "events.jsonl", *arguments)
    assert result.exit_code in {1, 2}, result.output
    assert Path("events.jsonl").read_bytes() == before


def test_earlier_events_and_cassettes_are_replaced() -> None:
    arguments = ["--events", "e.jsonl", "--driver", "record:driver=simulate,file=c.jsonl"]
    assert [execute(*arguments).exit_code for _ in range(2)] == [0, 0]
    started = [line for line in Path("e.jsonl").read_text().splitlines() if "run-started" in line]
    assert len(started) == 1


def test_an_event_file_that_fills_the_disk_ends_the_run_and_is_named() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full, as Linux has it")
    result = execute("--events", "/dev/full")
    assert result.exit_code == 1
    assert "the event file /dev/full cannot be written: No space left on device" in result.stderr
    assert "internal" not in result.output
    assert "resume" in result.stdout
    assert "failed" in CliRunner().invoke(cli, ["runs", "list"]).output


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "NaN"])
@pytest.mark.parametrize(
    "option",
    [
        "--max-cost={}",
        "--rpm-multiplier={}",
        "--tpm-multiplier={}",
        "--rpd-multiplier={}",
        "--driver=simulate:delay={}",
        "--driver=simulate:fail={}",
        "--driver=simulate:retry-after={}",
    ],
)
def test_what_is_no_finite_number_is_refused(option: str, value: str) -> None:
    result = execute(option.format(value))
    assert result.exit_code == 2, result.output


@pytest.mark.parametrize("value", ["nan", "inf"])
@pytest.mark.parametrize("option", ["--rpm-multiplier={}", "--against=HEAD --max-increase={}%"])
def test_an_explanation_refuses_it_as_well(option: str, value: str) -> None:
    arguments = ["compile", "x.toml", "--explain", *option.format(value).split()]
    assert CliRunner().invoke(cli, arguments).exit_code == 2
