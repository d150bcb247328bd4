"""What cannot be read is reported for its own faults, and not for what follows."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from botticelli.cli.main import cli

FILTERED = """\
[narrative]
name = "digest"
toc = ["write"]

[acts]
write = ["tables.recent", "Write a digest."]

[tables.recent]
table_name = "posts"
where = "{}"

[schemas.posts]
id = "int"
title = "text"
rating = "int?"
"""
REFERRED = """\
[narrative]
name = "digest"
toc = ["write"]

[acts]
write = ["table posts where {}", "Write a digest."]

[schemas.posts]
id = "int"
title = "text"
rating = "int?"
"""
BRANCHED = """\
[narrative]
name = "digest"
toc = ["write", {{ if = "{}", then = ["shorten"] }}]

[acts]
write = "Write a digest."
shorten = "Make it shorter."
"""


def codes(text: str, folder: Path) -> list[str]:
    path = folder / "digest.toml"
    path.write_text(text)
    done = CliRunner().invoke(cli, ["check", str(path), "--format", "json"])
    return [each["code"] for each in json.loads(done.output)["diagnostics"]]


@pytest.mark.parametrize("written", [FILTERED, REFERRED], ids=["filter", "reference"])
@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("id in (select id from posts)", ["BOT401"]),
        ("id in (select author from people where name = 'x')", ["BOT401"]),
        ("rating {{ vars.operator }} 3", ["BOT408"]),
        ("rating > 3 and title sounds like 'x'", ["BOT401"]),
        ("rating >", ["BOT401"]),
        ("raiting > 3 and title sounds like 'x'", ["BOT402", "BOT401"]),
        ("title > 3 and rating >", ["BOT403", "BOT401"]),
    ],
)
def test_a_fault_of_a_filter_is_said_once(
    written: str, expression: str, expected: list[str], tmp_path: Path
) -> None:
    assert codes(written.format(expression), tmp_path) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("write sounds like 'x'", ["BOT401"]),
        ("length(write) > 3 and write", ["BOT403"]),
        ("write > 3 and write =", ["BOT403", "BOT401"]),
    ],
)
def test_a_fault_of_a_condition_is_said_once(
    condition: str, expected: list[str], tmp_path: Path
) -> None:
    assert codes(BRANCHED.format(condition), tmp_path) == expected


@pytest.mark.parametrize("columns", ['["{{ vars.column }}"]', '["title", "{{ vars.column }}"]'])
@pytest.mark.parametrize("schema", [True, False], ids=["known", "unknown"])
def test_a_template_is_no_name_of_a_column(columns: str, schema: bool, tmp_path: Path) -> None:
    text = FILTERED.replace('where = "{}"', f"columns = {columns}")
    if not schema:
        text = text.partition("[schemas.posts]")[0]

    assert [code for code in codes(text, tmp_path) if code != "BOT405"] == ["BOT408"]


@pytest.mark.parametrize(
    ("repetition", "expected"),
    [
        ("[carousel]\niterations = 0", "BOT107"),
        ("[carousel]\niterations = 'many'", "BOT104"),
        ("[carousel]\nevery = '1h'", "BOT105"),
        ("[carousel]\niteratons = 3", "BOT103"),
        ("[acts.write]\nprompt = 'Pass {{ iteration }}.'\ncarousel = 'x'", "BOT104"),
    ],
)
def test_iterations_that_are_wrong_are_iterations(
    repetition: str, expected: str, tmp_path: Path
) -> None:
    text = BRANCHED.partition("toc")[0] + 'toc = ["write"]\n'
    if "[acts" not in repetition:
        text += "[acts]\nwrite = 'Pass {{ iteration }}.'\n"

    assert codes(text + repetition, tmp_path) == [expected]
