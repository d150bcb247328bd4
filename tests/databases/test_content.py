"""Content generation from the command line on both databases: what is stored, where, and once."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from botticelli.cli.main import cli

NARRATIVE = """
[narrative]
name = "makes posts"
SETTINGS
[toc]
order = ["think", "write"]
[acts]
think = "Think of something."
write = "Write it as JSON."
"""

SCHEMAS = """
[schemas.Post]
title = "text(3..20)"
score = "int(1..5)?"
kind = 'enum("news", "story")?'
at = "timestamp?"
"""

ROWS = [{"title": "Spring", "score": 5}, {"title": "Venus", "extra": {"a": [1]}}]


class Project:
    def __init__(self, folder: Path, desk: Any) -> None:
        self.folder = folder
        self.desk = desk

    def write(self, settings: str = "", text: str = NARRATIVE, schemas: str = "") -> None:
        (self.folder / "n.toml").write_text(text.replace("SETTINGS", settings) + schemas)

    def answers(self, *answers: Any) -> None:
        lines = "\n".join(json.dumps(each) for each in answers)
        (self.folder / "answers.jsonl").write_text(lines)

    def run(self, *arguments: str) -> Result:
        return call("exec", "n.toml", "--driver", "simulate:answers=answers.jsonl", *arguments)

    def rows(self, table: str) -> list[dict[str, Any]]:
        done = call("content", "export", table)
        assert done.exit_code == 0, done.output
        rows: list[dict[str, Any]] = json.loads(done.stdout)
        return rows


def call(*arguments: str) -> Result:
    done = CliRunner().invoke(cli, arguments)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, desk) -> Project:
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    monkeypatch.setenv("DATABASE_URL", desk.url)
    made = Project(folder, desk)
    made.answers("A thought.", ROWS)
    return made


def made_table(output: str) -> str:
    found = re.search(r"stored [\d,]+ rows? in (\S+)", output)
    assert found, output
    return found.group(1)


def test_columns_are_inferred_into_a_table_of_the_run(project):
    project.write()
    done = project.run()
    assert done.exit_code == 0, done.output
    table = made_table(done.stdout)
    assert re.fullmatch(r"makes_posts_\d{8}_\d{6}", table)
    rows = project.rows(table)
    assert list(rows[0]) == [
        *("id", "generated_at", "source_narrative", "source_act", "generation_model"),
        *("review_status", "tags", "rating", "title", "score", "extra"),
    ]
    assert [(row["id"], row["title"], row["score"], row["extra"]) for row in rows] == [
        (1, "Spring", 5, None),
        (2, "Venus", None, {"a": [1]}),
    ]
    assert {row["source_act"] for row in rows} == {"write"}
    assert {row["source_narrative"] for row in rows} == {"makes posts"}
    assert {row["generation_model"] for row in rows} == {"gemini-2.5-flash"}
    assert {row["review_status"] for row in rows} == {"pending"}
    assert rows[0]["generated_at"].endswith("+00:00")


def test_an_answer_without_json_stores_nothing_and_says_so(project):
    project.write()
    project.answers("A thought.", "Only words.")
    done = project.run()
    assert done.exit_code == 0
    assert "the answer of write holds no JSON object: nothing is stored" in done.stdout
    assert call("content", "list").stdout == "Nothing is stored.\n"


def test_answers_without_json_are_counted(project):
    project.write()
    source = project.folder / "n.toml"
    source.write_text("[carousel]\niterations = 3\n" + source.read_text())
    project.answers(*["Only words."] * 6)
    done = project.run()
    assert done.exit_code == 0, done.output
    said = "the answer of write holds no JSON object: nothing is stored"
    assert done.stdout.count(said) == 2
    assert f"note     {said} (3 times)" in done.stdout


def test_a_target_is_made_from_its_schema_and_then_used(project):
    project.write('target = "Post"', schemas=SCHEMAS)
    project.answers("A thought.", [{"title": "Spring", "at": "2026-03-01T10:00:00+02:00"}])
    assert "stored 1 row in Post" in project.run().stdout
    project.answers("A thought.", {"title": "Venus", "kind": "news"})
    assert "stored 1 row in Post" in project.run().stdout
    rows = project.rows("Post")
    assert [(row["title"], row["kind"]) for row in rows] == [("Spring", None), ("Venus", "news")]
    assert rows[0]["at"] == "2026-03-01T08:00:00+00:00"
    assert len(call("content", "generations").stdout.splitlines()) == 2


def test_what_does_not_fit_is_not_repeated(project):
    project.write('target = "Post"', schemas=SCHEMAS)
    private = "a private word"
    rows = [{"title": "Good", "kind": private}, {"title": [private], private + " as a key": 1}]
    project.answers("A thought.", rows)
    done = project.run("--events", "events.jsonl")
    assert "`kind` is text, and not one of" in done.stdout
    assert "`title` is a list, which is no text" in done.stdout
    assert private not in done.output + Path("events.jsonl").read_text()


def test_what_does_not_fit_is_left_out_and_named(project):
    project.write('target = "Post"', schemas=SCHEMAS)
    rows = [
        {"title": "ab"},
        {"title": "Fine", "score": "4"},
        {"score": 3},
        {"title": "Good", "kind": "poem"},
        {"title": "Nice", "score": 4.5, "unknown": 1},
    ]
    project.answers("A thought.", rows)
    done = project.run()
    assert "stored 1 row in Post" in done.stdout
    assert "4 of 5 objects do not fit" in done.stdout
    assert "`title` has 2 characters, and needs 3 at least" in done.stdout
    assert "`title` is missing" in done.stdout
    assert "has no column for `unknown`" in done.stdout
    assert [(row["title"], row["score"]) for row in project.rows("Post")] == [("Fine", 4)]


def test_an_existing_target_keeps_its_own_form(project):
    project.desk.sql(
        "CREATE TABLE posts (number integer PRIMARY KEY, title varchar(20) NOT NULL,"
        " score numeric(4, 1), draft boolean DEFAULT true, at timestamp, review_status text)"
    )
    project.write('target = "posts"')
    project.answers(
        "A thought.",
        [
            {"number": 7, "TITLE": "Spring", "score": 2.5, "review_status": "approved"},
            {"number": 8, "title": "Wind", "at": "2026-03-01T10:00:00Z", "draft": False},
        ],
    )
    done = project.run()
    assert "stored 2 rows in posts" in done.stdout, done.output
    assert project.rows("posts") == [
        {
            "number": 7,
            "title": "Spring",
            "score": 2.5,
            "draft": True,
            "at": None,
            "review_status": "pending",
        },
        {
            "number": 8,
            "title": "Wind",
            "score": None,
            "draft": False,
            "at": "2026-03-01T10:00:00+00:00",
            "review_status": "pending",
        },
    ]


@pytest.mark.parametrize("source", ["schema", "table"])
def test_a_template_gives_its_columns_and_is_told_to_the_model(project, source, monkeypatch):
    if source == "table":
        project.desk.sql("CREATE TABLE shape (title text NOT NULL, score integer)")
    project.write(
        f'template = "{"Post" if source == "schema" else "shape"}"',
        schemas=SCHEMAS if source == "schema" else "",
    )
    prompts = heard(monkeypatch)
    done = project.run()
    table = made_table(done.stdout)
    assert table.startswith("makes_posts_")
    assert [row["score"] for row in project.rows(table)] == [5, None]
    assert "score" in prompts[1]
    assert prompts[0] == "Think of something."
    told = prompts[1].splitlines()
    assert told[0] == "Write it as JSON."
    if source == "schema":
        assert told[2:] == [
            "- title: text of 3 to 20 characters",
            "- score: a whole number from 1 to 5 (may be absent or null)",
            '- kind: one of "news", "story" (may be absent or null)',
            "- at: a moment as in 2026-01-31T09:30:00Z (may be absent or null)",
        ]


def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    from botticelli.runtime.drivers.simulate import SimulateDriver

    prompts: list[str] = []
    generate = SimulateDriver.generate

    async def listen(driver: SimulateDriver, request: Any) -> Any:
        prompts.append(request.messages[-1].text)
        return await generate(driver, request)

    monkeypatch.setattr(SimulateDriver, "generate", listen)
    return prompts


def test_a_template_that_is_nothing_is_said_before_anything_is_asked(project):
    project.write('template = "Pots"', schemas=SCHEMAS.replace("Post", "Pots2"))
    done = project.run()
    assert done.exit_code != 0
    assert "`Pots`" in done.stderr


def test_all_iterations_store_into_one_table(project):
    project.write("", NARRATIVE + "[carousel]\niterations = 3\n")
    project.answers("A.", {"n": 1}, "B.", {"n": 2, "more": True}, "C.", {"n": 3})
    done = project.run()
    assert done.stdout.count("stored 1 row in") == 3
    rows = project.rows(made_table(done.stdout))
    assert [(row["n"], row["more"]) for row in rows] == [(1, None), (2, True), (3, None)]
    (generation,) = call("content", "generations").stdout.splitlines()
    assert "3 rows (inferred)" in generation


def test_an_act_may_store_its_answer_too_and_skipping_stores_none(project):
    extracting = NARRATIVE.replace(
        'think = "Think of something."',
        'think = { prompt = "Think of something.", extract_output = true }',
    )
    project.write("", extracting)
    project.answers({"a": 1}, {"a": 2})
    done = project.run()
    rows = project.rows(made_table(done.stdout))
    assert [(row["source_act"], row["a"]) for row in rows] == [("think", 1), ("write", 2)]
    project.write("skip_content_generation = true", extracting)
    assert "stored" not in project.run().stdout


def test_a_called_narrative_stores_only_where_it_says(project):
    calling = """
[narrative.outer]
toc = ["call", "say"]
[narrative.inner]
toc = ["think"]
SETTINGS
[acts]
call = { narrative = "inner" }
say = "Say it."
think = "Think."
"""
    project.answers({"a": 1}, "Words.")
    project.write("", calling)
    assert "stored" not in project.run("--narrative", "outer").stdout.replace("is stored", "")
    project.write('target = "thoughts"', calling)
    assert "stored 1 row in thoughts" in project.run("--narrative", "outer").stdout


def test_mending_is_reported(project):
    project.write('target = "things"')
    project.answers("A thought.", '```json\n[{"a": 1,}, {"a": 2')
    done = project.run()
    assert "the JSON of write was mended: a comma too many" in done.stdout
    assert "the JSON of write was mended: an end that was cut off" in done.stdout
    assert [row["a"] for row in project.rows("things")] == [1]


HOSTILE = {
    'x"); DROP TABLE posts; --': "Robert'); DROP TABLE posts; --",
    "id": "1; DELETE FROM posts",
    "review_status": "approved",
    "Review_Status": "approved",
    "generated_at": "never",
    "botticelli": "{{ env.PATH }} ${env:PATH}",
    "naïve Größe": "\x00 \ud800 \x1b[2J",
    "": None,
    "a" * 300: "long",
    "A" * 300: "longer",
    "1st": 2**70,
    "mixed%(x)s": [{"deep": "\x00"}],
}


def test_names_and_values_of_a_model_never_become_sql(project):
    project.desk.sql("CREATE TABLE posts (id integer PRIMARY KEY)", "INSERT INTO posts VALUES (1)")
    project.write()
    project.answers("A thought.", [HOSTILE, {"x": 1}])
    done = project.run()
    table = made_table(done.stdout)
    rows = project.rows(table)
    assert project.desk.sql("SELECT count(*) FROM posts") == [(1,)]
    assert [row["review_status"] for row in rows] == ["pending", "pending"]
    assert [row["id"] for row in rows] == [1, 2]
    first = rows[0]
    assert first["x_DROP_TABLE_posts"] == "Robert'); DROP TABLE posts; --"
    assert first["model_review_status"] == "approved"
    assert first["botticelli"] == "{{ env.PATH }} ${env:PATH}"
    assert first["naïve_Größe"] == "\ufffd ? \x1b[2J"
    assert first["_1st"] == 2**70
    assert first["mixed_x_s"] == [{"deep": "\ufffd"}]
    assert sorted(len(name) for name in first if name.casefold().startswith("aaa")) == [63, 63]
    assert all(re.fullmatch(r"\w{1,63}", name) for name in first)
    shown = call("content", "show", table).stdout
    assert "\x1b[2J" not in shown


def test_a_flood_of_columns_and_rows_is_bounded(project):
    project.write()
    wide = {f"c{number}": number for number in range(500)}
    project.answers("A thought.", [wide] + [{"c1": number} for number in range(1_100)])
    done = project.run()
    table = made_table(done.stdout)
    assert "stored 1,000 rows in" in done.stdout
    assert "of 1,101 objects the first 1,000 are stored" in done.stdout
    assert "has no column for `c92`" in done.stdout
    assert len(project.rows(table)[0]) == 100


def test_own_tables_are_nobodys_target(project):
    project.write('target = "botticelli_effects"')
    done = project.run()
    assert done.exit_code == 1
    assert "one of Botticelli's own tables" in done.stdout


def test_a_dry_run_stores_nothing(project):
    project.write('target = "things"')
    done = project.run("--dry-run")
    assert "a dry run: 2 rows would be stored" in done.stdout
    assert call("content", "list").stdout == "Nothing is stored.\n"


def test_a_typed_answer_is_stored(project):
    project.write(
        'target = "Post"',
        NARRATIVE.replace(
            'write = "Write it as JSON."',
            'write = { prompt = "Write it as JSON.", output = "list[Post]" }',
        ),
        SCHEMAS,
    )
    project.answers("A thought.", [{"title": "Spring", "at": "2026-03-01T10:00:00Z"}])
    assert "stored 1 row in Post" in project.run().stdout
    (row,) = project.rows("Post")
    assert row["at"] == "2026-03-01T10:00:00+00:00"


def test_a_resumed_run_stores_nothing_twice(project):
    """The run dies after the rows are stored and before the journal knows of it."""
    project.write('target = "things"', NARRATIVE + "[carousel]\niterations = 2\n")
    project.answers("A.", {"n": 1}, "B.", {"n": 2})
    done = project.run()
    run = re.search(r"run (\S+),", done.stdout)
    assert run is not None
    forget_results(project.folder, run.group(1))
    again = project.run("--resume", run.group(1))
    assert again.exit_code == 0, again.output
    assert [row["n"] for row in project.rows("things")] == [1, 2]


def forget_results(folder: Path, run: str) -> None:
    """Take back what the journal knows of the last store and of the end of the run."""
    import sqlite3

    connection = sqlite3.connect(folder / ".botticelli" / "runs.sqlite")
    with connection:
        number = "(SELECT number FROM runs WHERE id = ?)"
        changed = connection.execute(
            "UPDATE effects SET ended = NULL, place = NULL, result = NULL, value = NULL"
            f" WHERE run = {number} AND address LIKE '%iteration-2%/store'",
            (run,),
        )
        assert changed.rowcount == 1
        connection.execute("UPDATE runs SET status = 'running', ended = NULL WHERE id = ?", (run,))
    connection.close()


# The commands


@pytest.fixture
def stored(project: Project) -> Project:
    project.write('target = "things"')
    project.answers("A.", [{"t": 'one, "two"', "n": 1}, {"t": "three|four", "n": 2.5}])
    project.run()
    return project


def test_lists_and_shows(stored):
    assert re.fullmatch(r"things  \S+ \S+  2 pending\n", call("content", "list").stdout)
    assert "makes posts -> things  2 rows (target)" in call("content", "generations").stdout
    shown = call("content", "show", "things", "--id", "2").stdout
    assert "three|four" in shown
    assert "one" not in shown
    assert call("content", "last").stdout.startswith("things\n")
    missing = call("content", "show", "thing")
    assert missing.exit_code == 1
    assert "did you mean `things`?" in missing.stderr


def test_statuses_are_set(stored):
    done = call("content", "set-status", "things", "approved", "2")
    assert done.stdout == "1 row is approved\n"
    assert [row["id"] for row in stored.rows("things") if row["review_status"] == "approved"] == [2]
    assert call("content", "export", "things", "--status", "approved").stdout.count("\n") == 1
    assert call("content", "set-status", "things", "rejected", "1", "9").exit_code == 1
    gone = call("content", "set-status", "things", "rejected", "9")
    assert (gone.stdout, gone.stderr) == ("", "error: the row 9 is not in things\n")
    assert call("content", "set-status", "things", "nonsense", "1").exit_code == 2
    attack = call("content", "set-status", "things", "approved", "1; DROP TABLE things")
    assert attack.exit_code == 1
    assert "no number" in attack.stderr


def test_exports(stored, tmp_path):
    import csv

    file = tmp_path / "things.csv"
    done = call("content", "export", "things", "--format", "csv", "-o", str(file))
    assert done.stdout == f"wrote {file}: 2 rows\n"
    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [(row["t"], row["n"]) for row in rows] == [('one, "two"', "1.0"), ("three|four", "2.5")]
    assert "three\\|four" in call("content", "export", "things", "--format", "markdown").stdout


def test_a_review_needs_a_terminal(stored):
    done = call("content", "review", "things")
    assert done.exit_code == 2
    assert "needs a terminal" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals on Windows")
def test_a_review_goes_through_rows_and_edits_them(stored, tmp_path):
    editor = tmp_path / "editor.sh"
    editor.write_text('#!/bin/sh\nsed -i \'s/three|four/edited/; s/2.5/"x"/\' "$1"\n')
    editor.chmod(0o755)
    shown = reviewed(str(editor), "ser" + "q")
    assert "1 of 2" in shown
    assert "not changed: `n` is text, which is no number" in shown
    editor.write_text("#!/bin/sh\nsed -i 's/three|four/edited/' \"$1\"\n")
    shown = reviewed(str(editor), "a" + "ea")
    assert "2 approved" not in shown
    rows = {row["id"]: (row["t"], row["review_status"]) for row in stored.rows("things")}
    assert rows[2][1] == "rejected"
    assert rows[1][1] == "approved"


def reviewed(editor: str, keys: str) -> str:
    """Run a review on a terminal of its own, with one key for each question."""
    import pty
    import select
    import subprocess
    import sys
    import time

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "botticelli.cli", "content", "review", "things"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "EDITOR": editor, "VISUAL": editor, "TERM": "dumb"},
    )
    os.close(theirs)
    shown, waiting, deadline = "", list(keys), time.monotonic() + 30
    asked = 0
    while time.monotonic() < deadline:
        if select.select([ours], [], [], 0.1)[0]:
            try:
                shown += os.read(ours, 65536).decode(errors="replace")
            except OSError:
                break
        if waiting and shown.count("[q]uit") > asked:
            asked = shown.count("[q]uit")
            time.sleep(0.2)  # what is typed before the question is read is thrown away
            os.write(ours, waiting.pop(0).encode())
        if process.poll() is not None and not select.select([ours], [], [], 0.1)[0]:
            break
    process.kill()
    process.wait()
    os.close(ours)
    return shown
