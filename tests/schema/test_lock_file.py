"""The lock file as the checker reads it: what narratives take from it, and what is wrong in it."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from botticelli.compiler.batch.run import check_paths
from botticelli.compiler.ir import types as ir
from botticelli.compiler.reporter import Reporter
from botticelli.compiler.semantics.tables import DatabaseTable
from botticelli.compiler.workspace.files import Files
from botticelli.compiler.workspace.lock import read_lock, write_lock

LOCK = """
[tables.posts]
primary_key = ["id"]
defaults = ["id", "created_at"]

[tables.posts.columns]
id = "int"
created_at = "timestamp"
title = "text(..200)"
status = "enum('draft', 'approved')?"
shape = "unknown"

[tables.log.columns]
line = "text"
"""
NARRATIVE = """
[narrative]
name = "n"
toc = ["a"]
{narrative}

[acts.a]
{act}
"""


def findings(project: Path, lock: str, *, narrative: str = "", act: str = "") -> list[str]:
    """Check a project with a lock file and one narrative; return codes and lines by file."""
    (project / "schema.lock.toml").write_text(lock, "utf-8")
    (project / "botticelli.toml").write_text("")
    if act:
        text = NARRATIVE.format(narrative=narrative, act=act)
        (project / "n.toml").write_text(text, "utf-8")
    found = check_paths([project]).diagnostics
    return [f"{each.location.source.path}:{each.rule.code}:{each.message}" for each in found]


def test_filters_are_checked_against_its_columns(project):
    good = 'input = ["table posts where status = \'approved\' and shape > 3", "Go"]'
    assert findings(project, LOCK, act=good) == []
    wrong = 'input = ["table posts where titel = \'x\'", "Go"]'
    (found,) = findings(project, LOCK, act=wrong)
    assert found.startswith("n.toml:BOT402:")


def test_a_table_without_a_key_cannot_be_consumed(project):
    assert findings(project, LOCK, act='input = ["table posts consume", "Go"]') == []
    (found,) = findings(project, LOCK, act='input = ["table log consume", "Go"]')
    assert found.startswith("n.toml:BOT412:")


def test_what_the_database_fills_need_not_be_stored(project):
    act = 'prompt = "Go"\noutput = {{ title = "text(..200)"{more} }}'
    target = 'target = "posts"'
    optional = LOCK.replace('"unknown"', '"unknown?"')
    assert findings(project, optional, narrative=target, act=act.format(more="")) == []
    without = optional.replace(', "created_at"', "")
    (found,) = findings(project, without, narrative=target, act=act.format(more=""))
    assert "the column `created_at` gets no value" in found


@pytest.mark.parametrize(
    ("lock", "code", "line"),
    [
        ("[tables.a.columns]\nx = 'int\n", "BOT101", 2),
        ("[tables.a.columns]\nx = 'int'\nx = 'int'\n", "BOT102", 3),
        ("[tabels.a.columns]\nx = 'int'\n", "BOT103", 1),
        ("[tables.a]\nkey = []\ncolumns = {}\n", "BOT103", 2),
        ("[tables]\na = 'posts'\n", "BOT104", 2),
        ("[tables.a.columns]\nx = 1\n", "BOT104", 2),
        ("[tables.a]\n", "BOT105", 1),
        ("[tables.a]\nprimary_key = ['y']\n[tables.a.columns]\nx = 'int'\n", "BOT107", 2),
        ("[tables.a.columns]\nx = 'varchar'\n", "BOT202", 2),
        ("[tables.a.columns]\nx = 'text('\n", "BOT401", 2),
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_what_is_wrong_in_it_is_reported_where_it_stands(project, lock, code, line, named):
    path = project / "schema.lock.toml"
    path.write_text(lock)
    result = check_paths([path if named else project])
    assert result.files == 1
    (found,) = result.diagnostics
    start = found.location.source.position(found.location.span.start)
    assert (found.rule.code, start.line) == (code, line)


def test_bytes_that_are_no_text(project):
    (project / "schema.lock.toml").write_bytes(b"[tables]\xff\n")
    (found,) = check_paths([project]).diagnostics
    assert found.rule.code == "BOT101"


def test_a_lock_file_that_cannot_be_read_is_not_blamed_on_narratives(project):
    found = findings(project, "[tables", act='input = ["table posts where a = 1", "Go"]')
    assert sorted(each.split(":")[1] for each in found) == ["BOT101", "BOT405"]


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
BOUNDS = st.none() | st.integers(0, 50)
PLAIN = [ir.Float(), ir.Bool(), ir.Timestamp(), ir.Date(), ir.Json(), ir.Int(), ir.Text()]
SCALARS = (
    st.sampled_from(PLAIN)
    | st.builds(lambda low, more: ir.Text(low, low + more), st.integers(0, 9), st.integers(0, 9))
    | st.builds(ir.Text, maximum=BOUNDS)
    | st.builds(ir.Int, minimum=st.integers(-9, 9))
    | st.builds(ir.Enum, st.lists(NAMES, min_size=1, max_size=3, unique=True).map(tuple))
)
TYPES = SCALARS | st.builds(ir.List, SCALARS) | st.just(ir.Interval()) | st.just(ir.Unknown())
TABLES = st.dictionaries(
    NAMES,
    st.dictionaries(NAMES, TYPES | st.builds(ir.Optional, TYPES), max_size=4).flatmap(
        lambda columns: st.builds(
            DatabaseTable,
            columns=st.just(columns),
            primary_key=st.lists(st.sampled_from([*columns]), unique=True).map(tuple)
            if columns
            else st.just(()),
        )
    ),
    max_size=3,
)


@settings(deadline=None)
@given(tables=TABLES)
def test_what_is_written_reads_back_as_it_was(tmp_path_factory, tables):
    path = tmp_path_factory.mktemp("lock") / "schema.lock.toml"
    path.write_text(write_lock(tables, "SQLite"), "utf-8", newline="")
    reporter = Reporter()
    assert read_lock(path, reporter, Files()) == tables
    assert reporter.diagnostics == []
