"""`botticelli schema pull` on real databases: which tables, which types, which file."""

import re
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from servers.postgres import PostgresServer

from botticelli.compiler.reporter import Reporter
from botticelli.compiler.workspace.files import Files
from botticelli.compiler.workspace.lock import read_lock

Run = Callable[..., Result]

POSTS = """
CREATE TABLE posts (
    id INTEGER PRIMARY KEY,
    title VARCHAR(200) NOT NULL,
    body TEXT,
    created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
);
"""


def lock(project: Path) -> dict[str, Any]:
    """Return the tables of the lock file, which has to be one that the checker can read."""
    path = project / "schema.lock.toml"
    reporter = Reporter()
    assert read_lock(path, reporter, Files()) is not None
    assert reporter.diagnostics == []
    return tomllib.loads(path.read_text("utf-8"))["tables"]


def test_a_table_of_sqlite_with_columns_key_and_defaults(project, run, sqlite):
    result = run("pull", sqlite(POSTS))
    assert result.exit_code == 0
    assert result.output == "wrote schema.lock.toml: 1 table, 4 columns\n"
    assert lock(project) == {
        "posts": {
            "primary_key": ["id"],
            "defaults": ["id", "created_at"],
            "columns": {
                "id": "int",
                "title": "text(..200)",
                "body": "text?",
                "created_at": "timestamp",
            },
        }
    }


@pytest.mark.parametrize("own", ["botticelli_leases", "botticelli_effects"])
def test_the_runtimes_own_tables_are_none_of_the_projects(project, run, sqlite, own):
    url = sqlite(POSTS + f"CREATE TABLE {own} (run TEXT PRIMARY KEY);")
    assert run("pull", url).output == "wrote schema.lock.toml: 1 table, 4 columns\n"
    assert run("diff", url).exit_code == 0


SQLITE_TYPES = {
    "smallint": "int?",
    "numeric(8, 2)": "float?",
    "double precision": "float?",
    "boolean": "bool?",
    "date": "date?",
    "timestamp": "timestamp?",
    "timestamptz": "timestamp?",
    "json": "json?",
    "uuid": "text?",
    "string": "text?",
    "blob": "unknown?",
    "": "unknown?",
    "mood": "unknown?",
    "text check (c in ('open', 'it''s'))": "enum('open', 'it''s')?",
    "text check (\"c\" IN ('a'))": "enum('a')?",
    "text check (c in ('a') or c like 'b%')": "text?",
    "text check (lower(c) in ('a'))": "text?",
    "text check (c not in ('a'))": "text?",
    "text check (length(c) > 1 and c in ('a'))": "text?",
    "integer check (c in ('1'))": "int?",
}
POSTGRESQL_TYPES = {
    "bigint": "int?",
    "varchar(20)[]": "list[text(..20)]?",
    "integer[] not null": "list[int]",
    "timestamp with time zone": "timestamp?",
    "numeric": "float?",
    "jsonb": "json?",
    "uuid": "text?",
    "time": "text?",
    "inet": "text?",
    "interval": "interval?",
    "interval[]": "unknown?",
    "bytea": "unknown?",
    "point": "unknown?",
    "mood": "enum('fine', 'it''s')?",
    "mood[]": "list[enum('fine', 'it''s')]?",
    "colour": "enum('red', 'blue')?",
    "some_text": "text",
    "text check (c in ('a', 'b'))": "enum('a', 'b')?",
    "varchar(5) check (c in ('a', 'b'))": "enum('a', 'b')?",
    "char(2) check (c = any (array['ab']))": "enum('ab')?",
    "text check (c = 'only')": "enum('only')?",
    "text check (c in ('a') or c like 'b%')": "text?",
    "text check (c <> 'a')": "text?",
}


def test_types_of_sqlite(project, run, sqlite):
    assert pulled(project, run, sqlite(columns(SQLITE_TYPES))) == SQLITE_TYPES


def test_types_of_postgresql(project, run, postgres):
    statements = f"""
        CREATE TYPE mood AS ENUM ('fine', 'it''s');
        CREATE DOMAIN colour AS text CHECK (value IN ('red', 'blue'));
        CREATE DOMAIN some_text AS text NOT NULL;
        {columns(POSTGRESQL_TYPES)}
    """
    with postgres.database(statements) as name:
        assert pulled(project, run, postgres.url(name)) == POSTGRESQL_TYPES


def columns(types: Iterable[str]) -> str:
    """Write a table with a column of each type, which a constraint calls `c`."""
    declared = (
        f"c{index} " + re.sub(r"\bc\b", f"c{index}", kind) for index, kind in enumerate(types)
    )
    return f"CREATE TABLE t ({', '.join(declared)})"


def pulled(project: Path, run: Run, url: str) -> dict[str, str]:
    """Pull that table; return what each declared type has become."""
    declared = SQLITE_TYPES if url.startswith("sqlite") else POSTGRESQL_TYPES
    assert run("pull", url).exit_code == 0
    return dict(zip(declared, lock(project)["t"]["columns"].values(), strict=True))


def test_a_constraint_that_nobody_validated_says_nothing(project, run, postgres):
    with postgres.database(
        "CREATE TABLE t (c text); ALTER TABLE t ADD CHECK (c IN ('a')) NOT VALID"
    ) as name:
        run("pull", postgres.url(name))
    assert lock(project)["t"]["columns"] == {"c": "text?"}


def test_keys_defaults_and_views_of_postgresql(project, run, postgres):
    statements = """
        CREATE TABLE entries (
            id bigserial, lang text, number integer GENERATED ALWAYS AS IDENTITY,
            twice integer GENERATED ALWAYS AS (1 + 1) STORED,
            PRIMARY KEY (lang, id)
        );
        CREATE VIEW recent AS SELECT id, lang FROM entries;
        CREATE MATERIALIZED VIEW kept AS SELECT id FROM entries;
    """
    with postgres.database(statements) as name:
        run("pull", postgres.url(name, scheme="postgres"))
    tables = lock(project)
    assert list(tables) == ["entries", "kept", "recent"]
    assert tables["entries"]["primary_key"] == ["lang", "id"]
    assert tables["entries"]["defaults"] == ["id", "number", "twice"]
    assert tables["recent"] == {"columns": {"id": "int?", "lang": "text?"}}


def test_names_with_odd_characters(project, run, postgres):
    with postgres.database('CREATE TABLE "x-Odd ""name"" é\n" ("a b" int, "c""d" text)') as name:
        run("pull", postgres.url(name))
    assert lock(project) == {
        'x-Odd "name" é\n': {"columns": {"a b": "int?", 'c"d': "text?"}},
    }


def test_tables_of_other_schemas_are_called_by_both_names(project, run, postgres):
    with postgres.database(
        "CREATE SCHEMA blog; CREATE TABLE blog.posts (id int); CREATE TABLE posts (id int)"
    ) as name:
        url = postgres.url(name)
        assert run("pull", url, "--schema", "blog").exit_code == 0
        assert list(lock(project)) == ["blog.posts"]
        assert run("pull", url).exit_code == 0
        assert list(lock(project)) == ["blog.posts", "posts"]
        postgres_sql(postgres, name, "DROP TABLE blog.posts")
        run("pull", url, "--schema", "blog", "--schema", "public")
        assert list(lock(project)) == ["posts"]
        result = run("pull", url, "--schema", "blag")
    assert result.exit_code == 2
    assert "no schema `blag`; it has `blog`" in result.stderr


def postgres_sql(server: PostgresServer, database: str, statement: str) -> None:
    with server.connect(database) as connection:
        connection.execute(statement)


def test_a_selected_table_is_renewed_and_the_rest_stays(project, run, sqlite):
    url = sqlite("CREATE TABLE a (x int); CREATE TABLE b (x int); CREATE TABLE c (x int)")
    run("pull", url)
    sqlite("ALTER TABLE a ADD y int; ALTER TABLE b ADD y int; DROP TABLE c")
    run("pull", url, "--table", "b*", "--table", "c")
    assert {name: list(table["columns"]) for name, table in lock(project).items()} == {
        "a": ["x"],
        "b": ["x", "y"],
    }


def test_a_table_that_is_not_there(project, run, sqlite):
    result = run("pull", sqlite(POSTS), "--table", "psots")
    assert result.exit_code == 2
    assert "`psots`; did you mean `posts`?" in result.stderr
    assert not (project / "schema.lock.toml").exists()


def test_pulling_twice_changes_no_byte(project, run, sqlite):
    url = sqlite(POSTS + "CREATE TABLE a (b text)")
    run("pull", url)
    before = (project / "schema.lock.toml").read_bytes()
    result = run("pull", url)
    assert result.output == "schema.lock.toml is up to date: 2 tables, 5 columns\n"
    assert (project / "schema.lock.toml").read_bytes() == before
    assert before.startswith(b"# ")
    assert b"botticelli schema pull" in before


def test_the_file_stands_beside_the_configuration(project, run, sqlite, monkeypatch):
    (project / "botticelli.toml").write_text("")
    (project / "deep" / "down").mkdir(parents=True)
    monkeypatch.chdir(project / "deep" / "down")
    result = run("pull", sqlite(POSTS))
    assert result.output == "wrote ../../schema.lock.toml: 1 table, 4 columns\n"
    assert "posts" in lock(project)


@pytest.mark.parametrize("source", ["option", "environment", "configuration", "default"])
def test_where_the_url_comes_from(project, run, sqlite, monkeypatch, source):
    url = sqlite(POSTS)
    file = Path(url.removeprefix("sqlite:///"))
    (project / "botticelli.toml").write_text(f'[database]\nurl = "sqlite:///{file}"\n')
    if source == "configuration":
        (project / "botticelli.toml").write_text('[database]\nurl = "sqlite:///data/mine.sqlite"\n')
        (project / "data").mkdir()
        file.rename(project / "data" / "mine.sqlite")
    elif source == "default":
        (project / "botticelli.toml").unlink()
        (project / ".botticelli").mkdir()
        file.rename(project / ".botticelli" / "tables.sqlite")
    elif source == "environment":
        (project / "botticelli.toml").write_text('[database]\nurl = "sqlite:///nothing.sqlite"\n')
        monkeypatch.setenv("DATABASE_URL", url)
    elif source == "option":
        monkeypatch.setenv("DATABASE_URL", "sqlite:///nothing.sqlite")
    result = run("pull", *(["--database", url] if source == "option" else []))
    assert result.exit_code == 0, result.output
    assert list(lock(project)) == ["posts"]


def test_a_configuration_with_errors_is_not_guessed_at(project, run):
    (project / "botticelli.toml").write_text("[database]\nurll = 'sqlite:///x'\n")
    result = run("pull")
    assert result.exit_code == 2
    assert "BOT103" in result.stderr


# What goes wrong


def test_a_missing_file_is_not_made(project, run):
    result = run("pull", "sqlite:///nothing.sqlite")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: there is no database nothing.sqlite")
    assert list(project.iterdir()) == []


def test_a_file_that_is_no_database(project, run):
    (project / "notes.txt").write_text("not a database, but long enough to be taken for one" * 40)
    result = run("pull", "sqlite:///notes.txt")
    assert result.exit_code == 2
    assert "file is not a database" in result.stderr


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:hunter2@127.0.0.1:1/x",
        "postgres://ada:hunter2@127.0.0.1:1/x?sslmode=disable",
        "postgresql+asyncpg://ada:hunter2@127.0.0.1:1/x",
        "postgresql://ada:hunt%65r2@127.0.0.1:1/x",
        "postgresql://ada:x@hunter2@127.0.0.1:1/x",
        "postgresql://ada:x@hunter2/w@127.0.0.1:1/x",
        "postgresql://ada@127.0.0.1:1/x?password=hunter2",
        "postgresql://ada:hunter2@127.0.0.1:port/x",
        "postgresql://ada:hunter2@127.0.0.1:1/x?hunter=1",
        "mysql://ada:hunter2@127.0.0.1/x",
        "postgresql:ada:hunter2@127.0.0.1/x",
    ],
)
def test_no_message_shows_the_password(project, run, url):
    result = run("pull", url)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert "***" in result.stderr
    assert "hunter2" not in result.output
    assert "hunt%65r2" not in result.output


def test_a_refused_password_is_not_shown_and_a_right_one_is_not_kept(project, run, postgres):
    with postgres.database("CREATE TABLE t (c int)") as name:
        try:
            postgres_sql(postgres, name, "CREATE ROLE guarded LOGIN PASSWORD 'hunter2'")
            query = postgres.url(name).partition("?")[2]
            result = run("pull", f"postgresql://guarded:wrong-one@/{name}?{query}")
            assert result.exit_code == 2
            assert "password authentication failed" in result.stderr
            assert "wrong-one" not in result.output
            assert run("pull", f"postgresql://guarded:hunter2@/{name}?{query}").exit_code == 0
        finally:
            postgres_sql(postgres, name, "DROP ROLE guarded")
    written = (project / "schema.lock.toml").read_text()
    assert "hunter2" not in written
    assert "guarded" not in written
    assert str(postgres.folder) not in written


def test_sqlite_has_no_schemas(project, run, sqlite):
    result = run("pull", sqlite(POSTS), "--schema", "blog")
    assert result.exit_code == 2
    assert "SQLite has no schemas" in result.stderr


def test_a_missing_driver_says_what_to_install(project, run, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "psycopg", None)
    result = run("pull", "postgresql://ada@127.0.0.1:1/x")
    assert result.exit_code == 2
    assert "pip install 'botticelli[postgres]'" in result.stderr
