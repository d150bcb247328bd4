"""`botticelli schema diff`: what is shown, and what the exit code tells."""

import json

POSTS = "CREATE TABLE posts (id INTEGER PRIMARY KEY, title TEXT NOT NULL, kind TEXT)"


def test_nothing_differs(run, sqlite):
    url = sqlite(POSTS)
    run("pull", url)
    result = run("diff", url)
    assert result.exit_code == 0
    assert result.output == "the database and schema.lock.toml agree\n"


def test_everything_that_can_differ(project, run, sqlite, snapshot):
    url = sqlite(POSTS + "; CREATE TABLE drafts (x int); CREATE TABLE same (x int)")
    run("pull", url)
    sqlite("""
        DROP TABLE drafts;
        DROP TABLE posts;
        CREATE TABLE posts (
            id INTEGER, lang TEXT, title VARCHAR(200) NOT NULL DEFAULT 'x', PRIMARY KEY (id, lang)
        );
        CREATE TABLE comments (id INTEGER PRIMARY KEY, body TEXT);
    """)
    result = run("diff", url)
    assert result.exit_code == 1
    assert result.output == snapshot
    result = run("diff", url, "--format", "json")
    assert result.exit_code == 1
    assert json.loads(result.output) == snapshot


def test_the_order_of_columns_is_no_difference(project, run, sqlite):
    url = sqlite("CREATE TABLE t (a int, b int)")
    run("pull", url)
    file = project / "schema.lock.toml"
    file.write_text('[tables.t.columns]\nb = "int?"\na = "int?"\n')
    assert run("diff", url).exit_code == 0


def test_only_what_is_selected_is_compared(run, sqlite):
    url = sqlite("CREATE TABLE a (x int); CREATE TABLE b (x int)")
    run("pull", url)
    sqlite("ALTER TABLE b ADD y int")
    assert run("diff", url, "--table", "a").exit_code == 0
    assert run("diff", url, "--table", "b").exit_code == 1


def test_schemas_that_were_not_looked_into_are_not_missed(run, postgres):
    with postgres.database("CREATE SCHEMA blog; CREATE TABLE blog.posts (id int)") as name:
        url = postgres.url(name)
        run("pull", url, "--schema", "blog")
        assert run("diff", url).exit_code == 0
        with postgres.connect(name) as connection:
            connection.execute("ALTER TABLE blog.posts ADD title text")
        result = run("diff", url, "--schema", "blog")
    assert result.exit_code == 1
    assert "~ blog.posts has changed\n    + title  text?\n" in result.output


def test_without_a_lock_file_there_is_nothing_to_compare(run, sqlite):
    result = run("diff", sqlite(POSTS))
    assert result.exit_code == 2
    assert "botticelli schema pull" in result.stderr


def test_a_broken_lock_file_is_shown_and_pulled_anew(project, run, sqlite):
    url = sqlite(POSTS)
    (project / "schema.lock.toml").write_text("[tables\n")
    result = run("diff", url)
    assert result.exit_code == 2
    assert "BOT101" in result.stderr
    assert run("pull", url, "--table", "posts").exit_code == 2
    assert run("pull", url).exit_code == 0
    assert run("diff", url).exit_code == 0
