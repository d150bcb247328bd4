"""Whatever a file says, checking it gives diagnostics that stand within it, and no traceback."""

from pathlib import Path
from typing import Any

import pytest
from documents import as_toml, as_yaml, files, values
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from botticelli.compiler.batch.run import check_paths
from botticelli.compiler.check import check_unit
from botticelli.compiler.diagnostics import Diagnostic
from botticelli.compiler.report import render
from botticelli.compiler.source import Source
from botticelli.compiler.syntax.reader import read, read_text
from botticelli.compiler.workspace.workspace import Workspace, understand

quickly = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("empty")


def _check(name: str, data: bytes, folder: Path) -> list[Diagnostic]:
    unit = understand(folder / name, read(name, data))
    return check_unit(unit, Workspace(folder, configured=False), named=True)


def _codes(diagnostics: list[Diagnostic]) -> list[str]:
    return sorted(each.rule.code for each in diagnostics)


def _stands_within(diagnostic: Diagnostic) -> bool:
    places = [diagnostic.location, *(label.location for label in diagnostic.labels)]
    return all(
        0 <= place.span.start <= place.span.end <= len(place.source.text) for place in places
    )


@quickly
@given(files())
def test_the_two_languages_say_the_same(empty: Path, document: dict[str, Any]) -> None:
    in_toml = _check("x.toml", as_toml(document).encode(), empty)
    in_yaml = _check("x.yaml", as_yaml(document).encode(), empty)

    assert _codes(in_toml) == _codes(in_yaml)
    assert all(map(_stands_within, [*in_toml, *in_yaml]))


@quickly
@given(st.dictionaries(st.sampled_from(["narrative", "toc", "acts", "act", "bots"]), values))
def test_values_of_any_kind_are_judged(empty: Path, document: dict[str, Any]) -> None:
    found = _check("x.toml", as_toml(document).encode(), empty)

    assert all(map(_stands_within, found))


@quickly
@given(files(), st.data())
def test_damage_is_survived(empty: Path, document: dict[str, Any], data: st.DataObject) -> None:
    suffix, write = data.draw(st.sampled_from([("toml", as_toml), ("yaml", as_yaml)]))
    text = write(document).encode()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 8)))
    damaged = text[:start] + data.draw(st.binary(max_size=4)) + text[end:]

    found = _check(f"x.{suffix}", damaged, empty)

    assert all(map(_stands_within, found))
    render("text", found, color=True, files=1)


@quickly
@given(files())
def test_the_order_is_that_of_places_and_stays(empty: Path, document: dict[str, Any]) -> None:
    text = as_toml(document).encode()

    first, second = (_check("x.toml", text, empty) for _ in range(2))

    assert [each.order for each in first] == [each.order for each in second]
    assert [each.order for each in first] == sorted(each.order for each in first)


@quickly
@given(files())
def test_one_rule_says_one_thing_of_one_place(empty: Path, document: dict[str, Any]) -> None:
    found = _check("x.toml", as_toml(document).encode(), empty)

    said = [(each.rule.code, each.location.span, each.message) for each in found]

    assert len(set(said)) == len(said)


@settings(max_examples=60, deadline=None)
@given(files())
def test_safe_fixes_leave_a_file_that_can_be_read(empty: Path, document: dict[str, Any]) -> None:
    text = as_toml(document)
    for diagnostic in _check("x.toml", text.encode(), empty):
        if diagnostic.fix is None or not diagnostic.fix.safe:
            continue
        mended = text
        for edit in sorted(diagnostic.fix.edits, key=lambda each: -each.location.span.start):
            span = edit.location.span
            mended = mended[: span.start] + edit.text + mended[span.end :]
        assert read_text(Source("x.toml", mended)).intact, diagnostic.message


def test_a_folder_of_random_files(tmp_path: Path) -> None:
    for index, data in enumerate([b"", b"\xff", b"\0", b"narrative", b"[narrative", b"{", b"- a"]):
        for suffix in ("toml", "yaml", "yml"):
            (tmp_path / f"f{index}.{suffix}").write_bytes(data)

    paths = [tmp_path, *tmp_path.iterdir()]

    assert {each.rule.code for each in check_paths(paths).diagnostics} <= {
        "BOT101",
        "BOT104",
        "BOT109",
    }
