"""The JSON form is what its schema says, and the schema is that of the records."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import msgspec
import pytest

from botticelli.compiler.explain.difference import Difference
from botticelli.compiler.explain.explanation import Explanation

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SCHEMA = DOCS / "explain-output.schema.json"


def schema_of(record: type) -> str:
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(head | msgspec.json.schema(record), indent=2) + "\n"


@pytest.mark.parametrize(
    ("name", "record"),
    [("explain-output", Explanation), ("explain-difference", Difference)],
)
def test_the_schema_is_that_of_the_records(name: str, record: type) -> None:
    file = DOCS / f"{name}.schema.json"
    if os.environ.get("BOTTICELLI_UPDATE_PAGES"):
        file.write_text(schema_of(record), "utf-8")

    assert file.read_text("utf-8") == schema_of(record)


@pytest.mark.parametrize(
    "file",
    ["narratives/quickstart.toml", "tests/explain/narratives/newsroom.toml"],
)
def test_what_is_written_fits_the_schema(file: str) -> None:
    command = ["compile", "--explain", file, "--format", "json"]
    done = subprocess.run(
        [sys.executable, "-m", "botticelli.cli", *command],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )

    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8"))).validate(
        json.loads(done.stdout)
    )


def test_pieces_of_prompts_have_the_places_of_their_source() -> None:
    file = ROOT / "tests/explain/narratives/newsroom.toml"
    command = ["compile", "--explain", str(file), "--format", "json"]
    done = subprocess.run(
        [sys.executable, "-m", "botticelli.cli", *command], capture_output=True, check=True
    )
    lines = file.read_text("utf-8").splitlines()
    newsroom = json.loads(done.stdout)["narratives"][0]

    for act in newsroom["acts"]:
        for piece in (piece for each in act["inputs"] for piece in each["pieces"]):
            span = piece["span"]
            assert span["line"] == span["end_line"]
            written = lines[span["line"] - 1][span["column"] - 1 : span["end_column"] - 1]
            assert written == piece["text"]


def test_the_pieces_of_a_prompt_share_what_is_expected_of_it() -> None:
    file = ROOT / "tests/explain/narratives/newsroom.toml"
    command = ["compile", "--explain", str(file), "--format", "json"]
    done = subprocess.run(
        [sys.executable, "-m", "botticelli.cli", *command], capture_output=True, check=True
    )
    acts = json.loads(done.stdout)["narratives"][0]["acts"]

    for each in (each for act in acts for each in act["inputs"] if each["pieces"]):
        shares = sum(piece["tokens"] or 0 for piece in each["pieces"])
        assert shares == pytest.approx(each["tokens"]["expected"], abs=1)
