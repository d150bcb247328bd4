"""Where the templates of a program stand in their sources, character by character."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from botticelli.compiler.explain.explanation import Span
from botticelli.compiler.ir.program import Template
from botticelli.compiler.lower.places import Places
from botticelli.compiler.syntax.nodes import Array, Node, Scalar, Table
from botticelli.compiler.workspace.workspace import Unit


class Sources:
    """The files that a program was made of. `folder` is the project's."""

    def __init__(self, units: Iterable[Unit], folder: Path) -> None:
        self._units = {Places(unit, folder).path: unit for unit in units}
        self._folder = folder

    def text(self, path: str) -> str | None:
        """Return the text of a file by its path relative to the project; None if there is none."""
        if path in self._units:
            return self._units[path].document.source.text
        try:
            return (self._folder / path).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def locate(self, template: Template, start: int, end: int) -> Span | None:
        """Return where a range of a template's source stands; None where that is not known."""
        place = template.place
        unit = self._units.get(place.path)
        if unit is None:
            return _span(place.path, template.source, start, end)
        node = self._strings[place.path].get((place.line, place.column))
        if node is None or node.value != template.source:
            return None
        span = node.locate(start, end).span
        first = unit.document.source.position(span.start)
        last = unit.document.source.position(span.end)
        return Span(place.path, first.line, first.column, last.line, last.column)

    @cached_property
    def _strings(self) -> dict[str, dict[tuple[int, int], Scalar]]:
        found: dict[str, dict[tuple[int, int], Scalar]] = {}
        for path, unit in self._units.items():
            places = found.setdefault(path, {})
            for node in _strings_in(unit.document.root):
                position = unit.document.source.position(node.locate(0, 0).span.start)
                places[(position.line, position.column)] = node
        return found


def _strings_in(node: Node) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        if isinstance(node.value, str):
            yield node
    elif isinstance(node, Table | Array):
        items = (item for _, item in node) if isinstance(node, Table) else iter(node.items)
        for item in items:
            yield from _strings_in(item)


def _span(path: str, text: str, start: int, end: int) -> Span:
    """The range in a prompt that is a whole file."""

    def at(offset: int) -> tuple[int, int]:
        before = text[:offset]
        return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1

    return Span(path, *at(start), *at(end))
