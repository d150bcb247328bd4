"""The JSON form is what its schema says, and the schema is that of the records."""

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from click.testing import CliRunner
from published_schemas import on_one_line

from botticelli.cli.main import cli
from botticelli.compiler.explain.difference import Difference
from botticelli.compiler.explain.explanation import Explanation

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SCHEMA = DOCS / "explain-output.schema.json"


def schema_of(record: type) -> str:
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(head | on_one_line(msgspec.json.schema(record)), indent=2) + "\n"


@pytest.mark.parametrize(
    ("name", "record"),
    [("explain-output", Explanation), ("explain-difference", Difference)],
)
def test_the_schema_is_that_of_the_records(name: str, record: type) -> None:
    file = DOCS / f"{name}.schema.json"
    if os.environ.get("BOTTICELLI_UPDATE_PAGES"):
        file.write_text(schema_of(record), "utf-8")

    assert file.read_text("utf-8") == schema_of(record)


def explained(file: Path | str) -> Any:
    arguments = ["compile", "--explain", str(ROOT / file), "--format", "json"]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    "file",
    ["narratives/quickstart.toml", "tests/explain/narratives/newsroom.toml"],
)
def test_what_is_written_fits_the_schema(file: str) -> None:
    said = explained(file)

    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8"))).validate(said)


def test_pieces_of_prompts_have_the_places_of_their_source() -> None:
    file = ROOT / "tests/explain/narratives/newsroom.toml"
    said = explained(str(file))
    lines = file.read_text("utf-8").splitlines()
    newsroom = said["narratives"][0]

    for act in newsroom["acts"]:
        for piece in (piece for each in act["inputs"] for piece in each["pieces"]):
            span = piece["span"]
            assert span["line"] == span["end_line"]
            written = lines[span["line"] - 1][span["column"] - 1 : span["end_column"] - 1]
            assert written == piece["text"]


def test_the_pieces_of_a_prompt_share_what_is_expected_of_it() -> None:
    file = ROOT / "tests/explain/narratives/newsroom.toml"
    said = explained(str(file))
    acts = said["narratives"][0]["acts"]

    for each in (each for act in acts for each in act["inputs"] if each["pieces"]):
        shares = sum(piece["tokens"] or 0 for piece in each["pieces"])
        assert shares == pytest.approx(each["tokens"]["expected"], abs=1)


def test_keys_are_covered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    key = "ghp_" + "aB3dE5gH7jK9" * 3
    Path("a.toml").write_text(
        '[narrative]\nname = "a"\nmax_tokens = 9\n[toc]\norder = ["a"]\n'
        f'[acts]\na = "Line\\n{key} and more."\n'
    )
    result = CliRunner().invoke(cli, ["compile", "--explain", "a.toml", "--format", "json"])
    assert key not in result.stdout
    assert "and more." in json.dumps(json.loads(result.stdout))
