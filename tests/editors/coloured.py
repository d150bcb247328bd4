"""Coloured text as an editor sees it, and how a test names a place in it."""

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
NARRATIVES = [
    path
    for folder in (ROOT / "narratives", HERE / "fixtures")
    for path in sorted(folder.rglob("*"))
    if path.suffix in {".toml", ".yaml", ".yml"}
]
ORDINARY = [*sorted((HERE / "ordinary").iterdir()), ROOT / "pyproject.toml"]


class Run(NamedTuple):
    """Characters of one line with the same names, from the outermost to the innermost."""

    start: int
    end: int
    names: tuple[str, ...]


Lines = list[list[Run]]
Tokenize = Callable[[str, Path, bool], Lines]
Groups = Callable[[Path, bool], Lines]


class Place(NamedTuple):
    """A word in the one line of a file that contains `line`, and a name that it must bear."""

    line: str
    word: str
    name: str


def is_yaml(path: Path) -> bool:
    return path.suffix != ".toml"


def names_at(path: Path, lines: Lines, place: Place) -> list[tuple[str, ...]]:
    """The names of every run that the word at this place touches."""
    text = path.read_text(encoding="utf-8").splitlines()
    numbers = [number for number, line in enumerate(text) if place.line in line]
    assert len(numbers) == 1, f"{place.line!r} stands in lines {numbers}"
    line = text[numbers[0]]
    start = line.index(place.word, line.index(place.line))
    end = start + len(place.word)
    return [run.names for run in lines[numbers[0]] if run.start < end and start < run.end]


def found(path: Path, lines: Lines, *names: str) -> set[str]:
    """The texts of all runs that bear one of these names."""
    text = path.read_text(encoding="utf-8").splitlines()
    return {
        text[number][run.start : run.end].strip()
        for number, line in enumerate(lines)
        for run in line
        if set(names) & set(run.names)
    }


def act_names(path: Path) -> set[str]:
    """The names of a file's acts, read as the format reads them."""
    data = read(path)
    narratives = [data, *_tables(data.get("narrative")), *_tables(data.get("narratives"))]
    return {name for narrative in narratives for name in _own_acts(narrative)}


def references(path: Path) -> set[str]:
    """The resources that the file's inputs name with nothing else around them."""
    kinds = ("bots.", "tables.", "media.", "narratives.", "narrative:")
    return {
        text.replace(":", ".").partition(".")[2]
        for text in _strings(read(path))
        if text.startswith(kinds) and text.replace(":", ".").count(".") == 1 and " " not in text
    }


def read(path: Path) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8")
    data: dict[str, Any] = yaml.safe_load(text) if is_yaml(path) else tomllib.loads(text)
    return data


def _tables(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        yield from (item for item in value.values() if isinstance(item, dict))


def _own_acts(narrative: dict[str, Any]) -> Iterator[str]:
    for key in ("acts", "act"):
        acts = narrative.get(key, {})
        if isinstance(acts, list):
            yield from (act.get("act_name") or act["name"] for act in acts)
        elif isinstance(acts, dict):
            yield from acts


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
