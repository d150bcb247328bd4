"""Values that remember where they were written."""

from typing import Generic, TypeVar

from msgspec import Struct

from botticelli.compiler.diagnostics import Location
from botticelli.compiler.syntax.nodes import Node, Scalar, Table

T = TypeVar("T")


class Located(Struct, Generic[T], frozen=True):
    """A value and the node that it was read from."""

    value: T
    node: Node

    @property
    def location(self) -> Location:
        return self.node.location


class Text(Struct, frozen=True):
    """A string, whose every character has a place."""

    value: str
    node: Scalar

    @property
    def location(self) -> Location:
        return self.node.location

    def part(self, start: int, end: int) -> Location:
        """Return where ``value[start:end]`` stands."""
        return self.node.locate(start, end)


class Key(Struct, frozen=True):
    """A name that is the key of a table."""

    table: Table
    value: str

    @property
    def location(self) -> Location:
        return self.table.key_location(self.value)


class Part(Struct, frozen=True):
    """A part of a string."""

    text: Text
    start: int
    end: int

    @property
    def location(self) -> Location:
        return self.text.part(self.start, self.end)


Name = Key | Text
