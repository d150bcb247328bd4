"""TOML 1.0, point by point, by both ways of reading it; and what is at hand of its own suite."""

import importlib.util
from pathlib import Path

import pytest
from plain import same, values
from toml_cases import INVALID, VALID

from botticelli.compiler.source import Source
from botticelli.compiler.syntax.encoding import decode
from botticelli.compiler.syntax.toml import parse_toml, read_toml

READERS = pytest.mark.parametrize("read", [read_toml, parse_toml])


def official(kind: str) -> list[pytest.param]:
    found = importlib.util.find_spec("test.test_tomllib")
    folder = Path(found.origin).parent / "data" / kind if found and found.origin else Path("absent")
    files = sorted(folder.rglob("*.toml"))
    if not files:
        reason = "this Python was installed without its own tests (test.test_tomllib)"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason))]
    return [pytest.param(path, id=str(path.relative_to(folder))) for path in files]


@READERS
@pytest.mark.parametrize("name", VALID)
def test_valid(name: str, read) -> None:
    text, expected = VALID[name]
    document = read(Source("a.toml", text))
    assert document.faults == []
    assert document.intact
    found = values(document)
    assert same(found.get("v", found), expected)


@READERS
@pytest.mark.parametrize("name", INVALID)
def test_invalid(name: str, read) -> None:
    document = read(Source("a.toml", INVALID[name]))
    assert {fault.rule.code for fault in document.faults} <= {"BOT101", "BOT102"}
    assert len(document.faults) == 1, [fault.message for fault in document.faults]


@READERS
@pytest.mark.parametrize("path", official("valid"))
def test_official_valid(path: Path, read) -> None:
    import tomllib

    source, fault = decode(str(path), path.read_bytes())
    assert fault is None
    document = read(source)
    assert document.faults == []
    assert same(values(document), tomllib.loads(source.text))


@READERS
@pytest.mark.parametrize("path", official("invalid"))
def test_official_invalid(path: Path, read) -> None:
    source, fault = decode(str(path), path.read_bytes())
    assert fault is not None or read(source).faults
