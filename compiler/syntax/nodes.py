"""The located tree: table, array, scalar. What TOML and YAML become; all else reads only it.

Values are read first and by the fastest reader; places are worked out for a whole document at
once, and only when something is to be said about it. A node therefore knows its parent and its key
there, and asks its document for its place.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time
from typing import NoReturn

from msgspec import Struct

from botticelli.compiler.diagnostics import Diagnostic, Location
from botticelli.compiler.source import Source, Span

_KINDS = {
    bool: "a boolean",
    int: "an integer",
    float: "a float",
    str: "a string",
    datetime: "a date-time",
    date: "a date",
    time: "a time",
    type(None): "null",
}

ScalarValue = str | int | float | bool | datetime | date | time | None


class StringMap(Struct, frozen=True):
    """Where each code point of a string's value came from.

    ``starts[i]`` and ``ends[i]`` bound the source text that produced code point ``i`` (an escape
    or a folded line break is longer than one). ``start`` and ``end`` bound the content without its
    delimiters.
    """

    starts: Sequence[int]
    ends: Sequence[int]
    start: int
    end: int

    def span(self, start: int, end: int) -> Span:
        """Return the source span of ``value[start:end]``; an empty range gives an empty span."""
        if start >= len(self.starts):
            return Span(self.ends[-1], self.ends[-1]) if self.ends else Span(self.start, self.start)
        first = self.starts[start]
        return Span(first, self.ends[min(end, len(self.ends)) - 1] if end > start else first)


class Place(Struct):
    """Where one node stands, and the places of what it holds.

    ``span`` is the whole value of a scalar or of a bracketed array or table; of a table that has a
    header or a key above it, that header or key; of a document's root, its empty beginning.
    ``string`` builds the map of a string's characters.
    """

    span: Span
    keys: dict[str, Span] = {}
    entries: dict[str, "Place"] = {}
    items: list["Place"] = []
    string: Callable[[], StringMap] | None = None


class Node:
    """What all three kinds share: a document, and the way to it from the root."""

    __slots__ = ("_place", "document", "key", "parent")

    def __init__(
        self,
        document: "Document",
        parent: "Table | Array | None",
        key: str | int,
        place: Place | None = None,
    ) -> None:
        self.document = document
        self.parent = parent
        self.key = key
        self._place = place

    @property
    def place(self) -> Place:
        """Where the node stands. The first call for a document may parse it again, with places."""
        if self._place is None:
            if self.parent is None:
                self._place = self.document.locate()
            elif isinstance(self.key, str):
                self._place = self.parent.place.entries[self.key]
            else:
                self._place = self.parent.place.items[self.key]
        return self._place

    @property
    def span(self) -> Span:
        return self.place.span

    @property
    def location(self) -> Location:
        return Location(self.document.source, self.span)

    @property
    def kind(self) -> str:
        """What a person calls this value, with its article: ``a string``, ``a table``."""
        raise NotImplementedError


class Scalar(Node):
    """A string, number, boolean, null, date or time."""

    __slots__ = ("_map", "value")

    def __init__(
        self,
        document: "Document",
        parent: "Table | Array | None",
        key: str | int,
        value: ScalarValue,
        place: Place | None = None,
    ) -> None:
        super().__init__(document, parent, key, place)
        self.value = value
        self._map: StringMap | None = None

    @property
    def kind(self) -> str:
        return _KINDS[type(self.value)]

    def locate(self, start: int, end: int) -> Location:
        """Return where ``value[start:end]`` of a string stands in the file."""
        if self._map is None and self.place.string is not None:
            self._map = self.place.string()
        span = self._map.span(start, end) if self._map else self.span
        return Location(self.document.source, span)


class Array(Node):
    """Values in order."""

    __slots__ = ("items",)

    def __init__(
        self,
        document: "Document",
        parent: "Table | Array | None",
        key: str | int,
        place: Place | None = None,
    ) -> None:
        super().__init__(document, parent, key, place)
        self.items: list[Node] = []

    @property
    def kind(self) -> str:
        return "an array"


class Table(Node):
    """Values by key, in the order written."""

    __slots__ = ("entries",)

    def __init__(
        self,
        document: "Document",
        parent: "Table | Array | None",
        key: str | int,
        place: Place | None = None,
    ) -> None:
        super().__init__(document, parent, key, place)
        self.entries: dict[str, Node] = {}

    @property
    def kind(self) -> str:
        return "a table"

    def __iter__(self) -> Iterator[tuple[str, Node]]:
        return iter(self.entries.items())

    def key_location(self, key: str) -> Location:
        """Return where the key itself is written."""
        return Location(self.document.source, self.place.keys[key])


class Document:
    """One file, read: its tree, what was wrong with its text, and the way to its places.

    ``intact`` is false when a part of the text could not be read: what is absent from the tree
    may then be present in the file, and nothing is to be concluded from its absence. ``located``
    is false when it could not even be taken apart, as a file that is not UTF-8.
    """

    def __init__(self, source: Source, locator: Callable[[], Place] | None = None) -> None:
        self.source = source
        self.root = Table(self, None, "")
        self.faults: list[Diagnostic] = []
        self.intact = True
        self.located = locator is not None
        self._locator = locator or self._unlocated

    def locate(self) -> Place:
        """Return the place of the root, and with it every place of the document."""
        return self._locator()

    def _unlocated(self) -> NoReturn:
        raise AssertionError("the document's reader gave its nodes no places")
