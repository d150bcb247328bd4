"""Table inputs of narratives, run from the command line on both databases."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from botticelli.cli.main import cli

POSTS = (
    (
        "CREATE TABLE posts (id integer PRIMARY KEY, title text NOT NULL, rating integer,"
        " price numeric(8, 2), draft boolean, made timestamp)"
    ),
    (
        "INSERT INTO posts VALUES"
        " (1, 'Spring', 5, 10.50, false, '2026-03-01 10:00:00'),"
        " (2, 'Venus | shell', 3, 2, true, NULL),"
        " (3, 'Wind', 5, NULL, false, '2026-03-02 10:00:00')"
    ),
)

NARRATIVE = """
[narrative]
name = "rows"
[toc]
order = ["look", "tell", "again"]

[tables.recent]
table_name = "posts"
columns = ["title", "rating", "price", "draft", "made"]
where = "rating >= {{ vars.least }}"
order_by = "rating desc, title"
format = "FORMAT"
history_retention = "summary"

[acts]
look = "tables.recent"
tell = ["{{ best | length }} of {{ recent }}", "table posts where rating = 5 order by id as best"]
again = "{% for row in best %}{{ row.title }} {{ row.made.year }} {{ row.price }};{% endfor %}"
"""

VARIABLES = "[vars]\nleast = { type = 'int', default = 1 }\n"

TEXTS = {
    "json": '[{"title": "Spring", "rating": 5, "price": 10.5, "draft": false,'
    ' "made": "2026-03-01T10:00:00+00:00"},\n'
    ' {"title": "Wind", "rating": 5, "price": null, "draft": false,'
    ' "made": "2026-03-02T10:00:00+00:00"},\n'
    ' {"title": "Venus | shell", "rating": 3, "price": 2.0, "draft": true, "made": null}]',
    "csv": "title,rating,price,draft,made\n"
    "Spring,5,10.5,false,2026-03-01T10:00:00+00:00\n"
    "Wind,5,,false,2026-03-02T10:00:00+00:00\n"
    "Venus | shell,3,2.0,true,\n",
    "markdown": "| title | rating | price | draft | made |\n"
    "| --- | --- | --- | --- | --- |\n"
    "| Spring | 5 | 10.5 | false | 2026-03-01T10:00:00+00:00 |\n"
    "| Wind | 5 |  | false | 2026-03-02T10:00:00+00:00 |\n"
    "| Venus \\| shell | 3 | 2.0 | true |  |\n",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, desk) -> Path:
    desk.sql(*POSTS)
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    monkeypatch.setenv("DATABASE_URL", desk.url)
    (folder / "botticelli.toml").write_text(VARIABLES)
    return folder


def execute(*arguments: str) -> Result:
    done = CliRunner().invoke(cli, ["exec", "rows.toml", "--driver", "simulate", *arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def narrative(project: Path, text: str = NARRATIVE, form: str = "json") -> None:
    (project / "rows.toml").write_text(text.replace("FORMAT", form))


def results(project: Path) -> dict[str, str]:
    """Return what the last run got, by the table or model that it came from; the last of each."""
    from botticelli.runtime.journal.file import open_journal

    journal = open_journal(project, create=False)
    assert journal is not None
    found = list(journal.answers(journal.runs(1)[0].id))
    journal.close()
    return {each.source: each.text for each in found}


@pytest.mark.parametrize("form", TEXTS)
def test_rows_are_read_and_are_in_scope(project, form):
    narrative(project, form=form)
    done = execute("--events", "events.jsonl")
    assert done.exit_code == 0, done.output
    assert "look: 3 rows of posts" in done.stdout
    events = [json.loads(line) for line in (project / "events.jsonl").read_text().splitlines()]
    queried = [event for event in events if event["event"] == "table"]
    assert [(event["act"], event["rows"], event["consumed"]) for event in queried] == [
        ("look", 3, False),
        ("tell", 2, False),
    ]
    assert queried[0]["bytes"] == len(TEXTS[form].encode())
    assert "Spring" not in (project / "events.jsonl").read_text()


def test_formats_and_histories_as_the_model_sees_them(project):
    """The interpreter and the database together, with everything that is sent kept."""
    for form, text in TEXTS.items():
        narrative(project, form=form)
        sent = messages(project)
        assert sent[0] == [f"[Table: posts, 3 rows]\n2 of {text}\n{BEST}"]
        assert sent[1][0] == sent[0][0]
        assert sent[1][-1] == "Spring 2026 10.5;Wind 2026 ;"


BEST = (
    '[{"id": 1, "title": "Spring", "rating": 5, "price": 10.5, "draft": false,'
    ' "made": "2026-03-01T10:00:00+00:00"},\n'
    ' {"id": 3, "title": "Wind", "rating": 5, "price": null, "draft": false,'
    ' "made": "2026-03-02T10:00:00+00:00"}]'
)


def messages(project: Path, **variables: str) -> list[list[str]]:
    """Run the narrative and return the user's messages of each request."""
    from botticelli.compiler.compile import compile_file
    from botticelli.runtime.drivers.simulate import SimulateDriver

    compiled = compile_file(project / "rows.toml")
    assert compiled.program is not None, compiled.diagnostics
    seen: list[list[str]] = []
    generate = SimulateDriver.generate

    async def listen(driver: SimulateDriver, request: Any) -> Any:
        seen.append([message.text for message in request.messages if message.role == "user"])
        return await generate(driver, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SimulateDriver, "generate", listen)
        assert execute().exit_code == 0
    return seen


def test_a_variable_is_bound_and_never_expanded(project):
    narrative(project)
    done = execute("--var", "least=4")
    assert "look: 2 rows of posts" in done.stdout


def test_sample_limit_and_offset(project):
    narrative(
        project,
        """
[narrative]
name = "rows"
[toc]
order = ["some", "skip", "none"]
[acts]
some = "table posts sample 2 as a"
skip = "table posts(id) order by rating, id limit 1 offset 1 as b"
none = "table posts where title = 'x' order by id as c"
""",
    )
    done = execute()
    assert done.exit_code == 0, done.output
    assert "some: 2 rows" in done.stdout
    found = results(project)
    assert json.loads(found["posts"]) == []


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('table_name = "post"', "there is no table `post` in the database; did you mean `posts`?"),
        ('table_name = "sqlite_master"', "there is no table `sqlite_master`"),
        ('table_name = "SQLITE_SCHEMA"', "there is no table `SQLITE_SCHEMA`"),
        ('table_name = "pragma_database_list"', "there is no table `pragma_database_list`"),
        ('table_name = "pg_catalog.pg_class"', "there is no table `pg_catalog.pg_class`"),
        ('table_name = "pg_class"', "there is no table `pg_class`"),
        (
            'table_name = "information_schema.tables"',
            "there is no table `information_schema.tables`",
        ),
        ('table_name = "posts"\ncolumns = ["titel"]', "no column `titel`; did you mean `title`?"),
        ('table_name = "posts"\norder_by = "ratng"', "no column `ratng`; did you mean `rating`?"),
    ],
)
def test_what_is_not_there_keeps_the_run_from_starting(project, table, said):
    narrative(
        project,
        f"""
[narrative]
name = "rows"
[toc]
order = ["look"]
[tables.t]
{table}
[acts]
look = ["tables.t", "Say it."]
""",
    )
    done = execute()
    assert done.exit_code == 1
    assert said in done.output


def test_a_missing_table_that_is_not_required_has_no_rows(project):
    narrative(
        project,
        """
[narrative]
name = "rows"
[toc]
order = ["look"]
[tables.t]
table_name = "nothing"
required = false
[acts]
look = ["tables.t", "There are {{ t | length }}."]
""",
    )
    assert messages(project) == [["[]\nThere are 0."]]


def test_rows_are_cut_at_the_bound_of_the_input_and_of_the_project(project, desk):
    desk.sql("DELETE FROM posts WHERE id > 2")
    text = """
[narrative]
name = "rows"
[toc]
order = ["look"]
[tables.t]
table_name = "posts"
columns = ["id", "title"]
max_bytes = 50
[acts]
look = ["tables.t", "There are {{ t | length }}."]
"""
    narrative(project, text)
    assert messages(project) == [['[{"id": 1, "title": "Spring"}]\nThere are 1.']]
    assert "cut after 1: more do not fit 50 bytes" in execute().stdout
    narrative(project, text.replace("max_bytes = 50", "limit = 2\norder_by = 'id'"))
    (project / "botticelli.toml").write_text("[database]\nmax_rows = 1\n")
    done = execute()
    assert "asks for 2 rows and gets 1 at most" in done.stdout
    assert "look: 1 row of posts" in done.stdout


def test_the_projects_own_database_is_not_made_by_reading(project, monkeypatch):
    monkeypatch.delenv("DATABASE_URL")
    narrative(project)
    done = execute()
    assert done.exit_code == 1
    assert "there is no table `posts`" in done.stderr
    assert not (project / ".botticelli" / "tables.sqlite").exists()


def test_a_database_that_cannot_be_reached_is_said_without_its_password(project):
    narrative(project)
    done = execute("--database", "postgresql://ada:hunter2@127.0.0.1:1/x")
    assert done.exit_code == 1
    assert "hunter2" not in done.output
    wrong = execute("--database", "mysql://ada:hunter2@127.0.0.1/x")
    assert wrong.exit_code == 2
    assert "hunter2" not in wrong.output
