"""What `exec` says of tables, columns and the state before the first request."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from botticelli.cli.main import cli


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, desk) -> Path:
    desk.sql("CREATE TABLE posts (id integer PRIMARY KEY, title text, rating integer)")
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DATABASE_URL", desk.url)
    return folder


def run(project: Path, acts: str, order: str = '"a"', more: str = "") -> Result:
    source = f'[narrative]\nname = "n"\ntoc = [{order}]\n{more}\n[acts]\n{acts}\n'
    (project / "n.toml").write_text(source)
    done = CliRunner().invoke(cli, ["exec", "n.toml", "--driver", "simulate"])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def faults(done: Result) -> list[str]:
    return [line for line in done.stderr.splitlines() if line.startswith("error: ")]


COUNT = """
[bots.b]
platform = "database"
command = "count"
table = "TABLE"
where = "rating > 1"
required = true
"""


@pytest.mark.parametrize(
    ("acts", "said"),
    [
        ('a = "table psts"', "there is no table `psts` in the database; did you mean `posts`?"),
        ('a = "table posts(titel)"', "the table `posts` has no column `titel`; did you mean"),
        ('a = "table posts where ratign = 1"', "has no column `ratign`; did you mean `rating`?"),
        ('a = "table posts order by made"', "the table `posts` has no column `made`"),
        ('a = "bots.b"' + COUNT.replace("TABLE", "psts"), "there is no table `psts`"),
        (
            'a = "bots.b"' + COUNT.replace("TABLE", "posts").replace("rating", "ratign"),
            "has no column `ratign`",
        ),
    ],
)
def test_what_is_not_there_is_said_before_the_run(project: Path, acts: str, said: str) -> None:
    done = run(project, acts)
    assert done.exit_code == 1
    (fault,) = faults(done)
    assert said in fault
    assert "n.toml:6:" in fault or "n.toml:7:" in fault
    assert not (project / ".botticelli" / "runs.sqlite").exists()


def test_all_of_it_is_said_at_once(project: Path) -> None:
    acts = 'a = ["table x", "Hi {{ env.NOWHERE }} {{ state.y }} {{ vars.z }}"]'
    done = run(project, acts)
    assert len(faults(done)) == 4


@pytest.mark.parametrize(
    "acts",
    [
        'a = [{ table_name = "x", required = false }, "Tell."]',
        'a = { input = ["table x", "Tell."], when = "1 = 2" }',
        'a = [{ table_name = "{{ vars.t }}" }, "Tell."]\n[vars.x-none]',
    ],
    ids=["not required", "not certain", "not known"],
)
def test_what_may_not_be_missed_lets_the_run_start(project: Path, acts: str) -> None:
    done = run(project, acts.replace("\n[vars.x-none]", ""))
    assert "there is no table" not in "".join(faults(done))


def test_a_doubt_is_a_warning(project: Path) -> None:
    done = run(project, 'a = { input = "table x", when = "1 = 2" }')
    assert done.exit_code == 0
    assert "there is no table `x`" in done.stdout


def test_what_the_run_makes_first_is_not_missed(project: Path) -> None:
    (project / "answers.jsonl").write_text('"[{\\"title\\": \\"x\\"}]"\n"done"\n')
    (project / "n.toml").write_text(
        '[narrative]\nname = "n"\ntoc = ["make", "look"]\ntarget = "fresh"\n[acts]\n'
        'make = { prompt = "Make.", extract_output = true }\n'
        'look = ["table fresh(title)", "Tell."]\n'
    )
    words = ["exec", "n.toml", "--driver", "simulate:answers=answers.jsonl"]
    done = CliRunner().invoke(cli, words)
    assert "there is no table" not in done.output
    assert "look:" in done.stdout


WRITES = """
[bots.add]
platform = "database"
command = "insert"
table = "posts"
values = { title = "x" }
required = true
[security.policy]
allowed_commands = ["insert"]
[security.tables]
write = ["posts"]
"""


@pytest.mark.parametrize(
    ("acts", "order", "missing"),
    [
        ('a = "Hi {{ state.who }}"', '"a"', ["who"]),
        ("a = \"Hi {{ state['some.key'] }}\"", '"a"', ["some.key"]),
        ('a = "Hi {{ state.known }}"', '"a"', []),
        ("a = \"Hi {{ state.who | default('you') }}\"", '"a"', []),
        ('a = "Hi {% if state.who is defined %}{{ state.who }}{% endif %}"', '"a"', []),
        ('a = { prompt = "Hi {{ state.who }}", when = "state.who is not null" }', '"a"', []),
        ('a = "Hi {{ state.id }}"\nb = "bots.add"', '"b", "a"', []),
        ('a = "Hi {{ state.database.insert.id }}"\nb = "bots.add"', '"b", "a"', []),
        ('a = "Hi {{ state.id }}"\nb = "bots.add"', '"a", "b"', ["id"]),
        ('a = "Hi {{ state.id }}"', '{ if = "1 = 2", then = ["a"] }', []),
    ],
)
def test_state_that_nobody_has_written(
    project: Path, acts: str, order: str, missing: list[str]
) -> None:
    CliRunner().invoke(cli, ["state", "set", "known", "x"])
    done = run(project, acts + (WRITES if "bots.add" in acts else ""), order)
    said = [line.split("`")[1] for line in faults(done) if "state key" in line]
    assert said == missing, done.output
