"""Consuming reads from the command line on both databases: who gets which row, and when it goes."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from botticelli.cli.main import cli

JOBS = (
    "CREATE TABLE jobs (id integer PRIMARY KEY, kind text NOT NULL, size integer)",
    "INSERT INTO jobs VALUES (3, 'b', 30), (1, 'a', 10), (2, 'a', 20), (4, 'a', 40), (5, 'b', 5)",
)

WORK = """
[narrative]
name = "work"
target = "done"
[toc]
order = ["take"]
[carousel]
iterations = 2
CAROUSEL
[tables.queue]
table_name = "jobs"
columns = ["id"]
limit = 2
consume = true
TABLE
[acts]
take = ["tables.queue", "Do it."]
"""


class Shop:
    """A project with a queue in its database."""

    def __init__(self, folder: Path, desk: Any) -> None:
        self.folder = folder
        self.desk = desk

    def write(self, text: str = WORK, *, table: str = "", carousel: str = "") -> None:
        text = text.replace("TABLE", table).replace("CAROUSEL", carousel)
        (self.folder / "work.toml").write_text(text)

    def answers(self, *answers: Any) -> None:
        lines = "\n".join(json.dumps(each) for each in answers)
        (self.folder / "answers.jsonl").write_text(lines)

    def run(self, *arguments: str, driver: str = "simulate:answers=answers.jsonl") -> Result:
        given = ["exec", "work.toml", "--driver", driver, *arguments]
        done = CliRunner().invoke(cli, given)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    def left(self) -> list[int]:
        return [row[0] for row in self.desk.sql("SELECT id FROM jobs ORDER BY id")]

    def leases(self) -> list[tuple[Any, ...]]:
        return self.desk.sql("SELECT row_key, place FROM botticelli_leases ORDER BY row_key")

    def last_run(self) -> str:
        from botticelli.runtime.journal.file import open_journal

        journal = open_journal(self.folder, create=False)
        assert journal is not None
        run = journal.runs(1)[0].id
        journal.close()
        return run

    def taken(self) -> list[list[dict[str, Any]]]:
        """Return what the last run's queries gave, in their order."""
        from botticelli.runtime.journal.file import open_journal

        journal = open_journal(self.folder, create=False)
        assert journal is not None
        found = list(journal.answers(journal.runs(1)[0].id))
        journal.close()
        return [json.loads(each.text) for each in found if each.kind == "rows"]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, desk) -> Shop:
    desk.sql(*JOBS)
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    monkeypatch.setenv("DATABASE_URL", desk.url)
    made = Shop(folder, desk)
    made.answers(*({"n": number} for number in range(20)))
    return made


def ids(*rows: int) -> list[dict[str, Any]]:
    return [{"id": row} for row in rows]


def test_rows_are_read_in_the_order_of_their_key_and_go(shop):
    shop.write()
    done = shop.run()
    assert done.exit_code == 0, done.output
    assert shop.taken() == [ids(1, 2), ids(3, 4)]
    assert shop.left() == [5]
    assert shop.leases() == []
    assert len(shop.desk.sql("SELECT n FROM done")) == 2


def test_filters_limits_and_orders_choose_what_is_taken(shop):
    shop.write(table="where = \"kind = 'a'\"\norder_by = 'size desc'")
    assert shop.run().exit_code == 0
    assert shop.taken() == [ids(4, 2), ids(1)]
    assert shop.left() == [3, 5]


def test_offset_and_sample(shop):
    shop.write(table="offset = 3")
    assert shop.run().exit_code == 0
    assert shop.taken() == [ids(4, 5), []]
    shop.write(table="sample = 3")
    assert shop.run().exit_code == 0
    first, second = shop.taken()
    assert sorted(row["id"] for row in first) == [1, 2, 3]
    assert second == []
    assert shop.left() == []


def test_what_is_cut_away_is_not_taken(shop):
    shop.write(table="max_bytes = 12")
    assert shop.run().exit_code == 0
    assert shop.taken() == [ids(1), ids(2)]
    assert shop.left() == [3, 4, 5]


KEYS = {
    "text": ("k text", "k", ["'it''s'", "'[\"1\"]'", "''", "'Ünï'", "'a,b'"]),
    "several": ("k text, n integer", "k, n", ["'a', 1", "'a', 2", "'1', 1", "'1,', 1", "'', 11"]),
    "moment": ("k timestamp", "k", ["'2026-01-01 10:00:00.123456'", "'2026-01-02'"]),
    "decimal": ("k numeric(30, 10)", "k", ["1.5", "0.1000000001", "12345678901234"]),
    "float": ("k double precision", "k", ["0.1", "1e300", "-1e-300", "3"]),
    "words": ("run integer, place text", "run, place", ["1, 'row_key'", "2, 'x'"]),
}


@pytest.mark.parametrize("kind", KEYS)
def test_rows_are_told_apart_by_any_key(shop, kind):
    columns, key, rows = KEYS[kind]
    shop.desk.sql(f"CREATE TABLE odd ({columns}, PRIMARY KEY ({key}))")
    shop.desk.sql(f"INSERT INTO odd VALUES {', '.join(f'({row})' for row in rows)}")
    shop.write(
        WORK.replace('"jobs"', '"odd"')
        .replace('columns = ["id"]', "")
        .replace("limit = 2", "limit = 1")
        .replace("iterations = 2", f"iterations = {len(rows) + 1}")
    )
    done = shop.run()
    assert done.exit_code == 0, done.output
    taken = shop.taken()
    assert [len(found) for found in taken] == [1] * len(rows) + [0]
    assert len({str(found) for found in taken}) == len(rows) + 1
    assert shop.desk.sql("SELECT count(*) FROM odd") == [(0,)]
    assert shop.leases() == []


def test_a_failed_iteration_gives_its_rows_back(shop):
    shop.write(carousel="continue_on_error = true")
    done = shop.run(driver="simulate:answers=answers.jsonl,fail=1,error=400")
    assert done.exit_code == 0, done.output
    assert shop.taken() == [ids(1, 2), ids(1, 2)]
    assert shop.left() == [3, 4, 5]
    assert shop.leases() == []


def test_a_failed_run_gives_its_rows_back_and_takes_them_again(shop):
    shop.write()
    assert shop.run(driver="simulate:answers=answers.jsonl,fail=1,error=400").exit_code == 1
    assert shop.leases() == []
    assert shop.left() == [1, 2, 3, 4, 5]
    done = shop.run("--resume", "last")
    assert done.exit_code == 0, done.output
    assert shop.taken() == [ids(1, 2), ids(3, 4)]
    assert shop.left() == [5]


def test_rows_that_went_to_another_make_the_iteration_start_over(shop):
    shop.write()
    assert shop.run(driver="simulate:answers=answers.jsonl,fail=1,error=400").exit_code == 1
    shop.desk.sql(
        "INSERT INTO botticelli_leases SELECT 'public.jobs', '[\"2\"]', 'another', 'x', 1e12",
        "INSERT INTO botticelli_leases SELECT 'jobs', '[\"2\"]', 'another', 'x', 1e12",
    )
    done = shop.run("--resume", "last")
    assert done.exit_code == 0, done.output
    assert "went to another: it starts over" in done.stdout
    assert shop.taken() == [ids(1, 3), ids(4, 5)]
    assert shop.left() == [2]


def test_rows_that_are_gone_make_the_iteration_start_over(shop):
    shop.write()
    assert shop.run(driver="simulate:answers=answers.jsonl,fail=1,error=400").exit_code == 1
    shop.desk.sql("DELETE FROM jobs WHERE id = 1")
    assert shop.run("--resume", "last").exit_code == 0
    assert shop.taken() == [ids(2, 3), ids(4, 5)]


def test_an_expired_lease_is_no_lease(shop):
    shop.write()
    assert shop.run().exit_code == 0
    shop.desk.sql(
        "INSERT INTO botticelli_leases VALUES ('public.jobs', '[\"5\"]', 'dead', 'x', 1)",
        "INSERT INTO botticelli_leases VALUES ('jobs', '[\"5\"]', 'dead', 'x', 1)",
    )
    assert shop.run().exit_code == 0
    assert shop.left() == []


TWO = """
[narrative]
name = "work"
skip_content_generation = true
[toc]
order = ["first", "second"]
[tables.queue]
table_name = "jobs"
columns = ["id"]
limit = 2
consume = true
[tables.quick]
table_name = "jobs"
columns = ["id"]
limit = 2
consume = true
ack = "act"
[acts]
first = ["tables.quick", "Do it."]
second = ["tables.queue", "Do it."]
"""


def test_rows_go_with_their_act_if_they_are_to(shop):
    shop.write(TWO)
    shop.answers("One.", "")
    assert shop.run().exit_code == 1
    assert shop.taken() == [ids(1, 2), ids(3, 4)]
    assert shop.left() == [3, 4, 5]


def test_what_an_act_has_dealt_with_stays_so_when_its_iteration_starts_over(shop):
    shop.write(TWO)
    shop.answers("One.", "", "Three.", "Four.")
    assert shop.run().exit_code == 1
    shop.desk.sql("DELETE FROM jobs WHERE id = 3")
    shop.answers("One.", "Two.")
    done = shop.run("--resume", "last")
    assert done.exit_code == 0, done.output
    assert shop.taken() == [ids(1, 2), ids(4, 5)]
    assert shop.left() == []


PASSES = """
[narrative]
name = "work"
skip_content_generation = true
[toc]
order = [{ repeat = ["take"], iterations = 2, continue_on_error = true }, "say"]
[acts]
take = ["table jobs(id) order by id limit 2 consume", "Do it."]
say = "Say it."
"""


def test_a_failed_pass_gives_back_and_the_iteration_acknowledges(shop):
    shop.write(PASSES)
    shop.answers("One.")
    done = shop.run(driver="simulate:answers=answers.jsonl,fail=1,error=400")
    assert done.exit_code == 0, done.output
    assert shop.taken() == [ids(1, 2), ids(1, 2)]
    assert shop.left() == [3, 4, 5]
    failed = shop.run(driver="simulate:answers=answers.jsonl,fail-every=3,error=400")
    assert failed.exit_code == 1
    assert shop.taken() == [ids(3, 4), ids(5)]
    assert shop.left() == [3, 4, 5]


def test_readers_side_by_side_get_different_rows(shop):
    shop.write(
        PASSES.replace(
            'order = [{ repeat = ["take"], iterations = 2, continue_on_error = true }, "say"]',
            'order = [{ parallel = ["take", "also"] }]',
        )
        + 'also = ["table jobs(id) order by id limit 2 consume as mine", "Do it."]\n'
    )
    shop.answers("One.")
    assert shop.run().exit_code == 0
    found = shop.taken()
    assert sorted(row["id"] for rows in found for row in rows) == [1, 2, 3, 4]
    assert shop.left() == [5]


CALLING = """
[narrative.outer]
toc = ["call", "say"]
[narrative.work]
toc = ["take"]
CAROUSEL
[acts]
call = { narrative = "work" }
say = "Say it."
take = ["table jobs(id) order by id limit 2 consume", "Do it."]
"""


@pytest.mark.parametrize(("carousel", "left"), [("", 5), ("carousel = { iterations = 2 }", 1)])
def test_a_called_narrative_belongs_to_its_callers_iteration_or_has_its_own(shop, carousel, left):
    shop.write(CALLING, carousel=carousel)
    shop.answers("One.")
    number = 2 if not carousel else 3
    driver = f"simulate:answers=answers.jsonl,fail-every={number},error=400"
    assert shop.run("--narrative", "outer", driver=driver).exit_code == 1
    assert len(shop.left()) == left
    done = shop.run("--resume", "last")
    assert done.exit_code == 0, done.output
    assert len(shop.left()) == min(left, 3)


def test_a_dry_run_takes_nothing(shop):
    shop.write()
    done = shop.run("--dry-run")
    assert done.exit_code == 0, done.output
    assert shop.taken() == [ids(1, 2), ids(1, 2)]
    assert shop.left() == [1, 2, 3, 4, 5]


def test_without_a_key_nothing_is_taken(shop):
    shop.desk.sql("CREATE TABLE heap (id integer)", "INSERT INTO heap VALUES (1)")
    shop.write(WORK.replace('"jobs"', '"heap"'))
    done = shop.run()
    assert done.exit_code == 1
    assert "the table `heap` has no primary key" in done.output
    assert shop.desk.sql("SELECT count(*) FROM heap") == [(1,)]


def test_own_tables_are_no_queues(shop):
    shop.write()
    assert shop.run().exit_code == 0
    shop.write(WORK.replace('"jobs"', '"botticelli_effects"').replace('["id"]', '["run"]'))
    done = shop.run()
    assert done.exit_code == 1
    assert "which is no queue" in done.output


OLDER = """
[narrative]
name = "work"
preserve_source = false
skip_content_generation = true
[toc]
order = ["take"]
[acts]
take = ["table jobs(id) order by id limit 2", "Do it."]
"""


@pytest.mark.parametrize("text", [OLDER, WORK.replace("consume = true", "pull_and_delete = true")])
def test_older_forms_consume(shop, text):
    shop.write(text)
    assert shop.run().exit_code == 0
    assert shop.taken()[0] == ids(1, 2)
    assert 1 not in shop.left()


def test_what_another_runs_results_show_is_not_held(shop):
    shop.write(TWO)
    shop.answers("One.", "Two.")
    assert shop.run().exit_code == 0
    assert shop.left() == [5]
    done = shop.run("--from", "second", "--run", "last")
    assert done.exit_code == 0, done.output
    assert shop.left() == []
    again = shop.run("--from", "second", "--run", "last", driver="simulate:fail=1,error=400")
    assert again.exit_code == 1
    assert shop.run("--resume", "last").exit_code == 0


def test_deleting_a_run_releases_what_it_holds(shop):
    shop.write()
    assert shop.run().exit_code == 0
    lease = f"'jobs', 'k', '{shop.last_run()}', 'x', 1e12"
    shop.desk.sql(f"INSERT INTO botticelli_leases VALUES ({lease})")
    journal = sqlite3.connect(shop.folder / ".botticelli" / "runs.sqlite")
    with journal:
        journal.execute("UPDATE runs SET status = 'running'")
    journal.close()
    deleted = CliRunner().invoke(cli, ["runs", "delete", "last", "--yes"])
    assert deleted.exit_code == 0, deleted.output
    assert shop.leases() == []
