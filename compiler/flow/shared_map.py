"""A mapping whose versions share what they have in common.

At each of thousands of acts something else is known. Were each of these states a dictionary of its
own, following an order would take quadratic time; so they are tries of small tuples, where another
entry makes as many new tuples as the trie is high, and two versions are compared only where they
differ.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar

from msgspec import Struct

V = TypeVar("V")

_BITS = 5
_WIDTH = 1 << _BITS
_EMPTY: tuple[Any, ...] = (None,) * _WIDTH


class SharedMap(Struct, Generic[V], frozen=True, eq=False):
    """Values, of which none is None, by name. A version never changes.

    ``names``, in the order of their ``numbers``, are those of all versions.
    """

    names: list[str] = []
    numbers: dict[str, int] = {}
    root: tuple[Any, ...] = _EMPTY
    height: int = 1

    @classmethod
    def of(cls, values: Mapping[str, V]) -> "SharedMap[V]":
        made: SharedMap[V] = cls()
        for name, value in values.items():
            made = made.having(name, value)
        return made

    def get(self, name: str) -> V | None:
        number = self.numbers.get(name)
        if number is None or number >> (_BITS * self.height):
            return None
        node: Any = self.root
        for level in range(self.height - 1, -1, -1):
            if node is None:
                return None
            node = node[(number >> (_BITS * level)) & (_WIDTH - 1)]
        found: V | None = node
        return found

    def having(self, name: str, value: V) -> "SharedMap[V]":
        """Return a version with another value for a name."""
        number = self.numbers.setdefault(name, len(self.names))
        if number == len(self.names):
            self.names.append(name)
        root, height = self.root, self.height
        while number >> (_BITS * height):
            root, height = _raised(root), height + 1
        return SharedMap(self.names, self.numbers, _put(root, height - 1, number, value), height)

    def changed_from(self, earlier: "SharedMap[V]") -> Iterator[tuple[str, V]]:
        """Yield what this version has that an earlier one had not, or had otherwise."""
        before, height = earlier.root, earlier.height
        while height < self.height:
            before, height = _raised(before), height + 1
        for number, value in _changed(self.root, before, height - 1, 0):
            yield self.names[number], value


def _raised(root: tuple[Any, ...]) -> tuple[Any, ...]:
    return (root, *_EMPTY[1:])


def _put(node: tuple[Any, ...] | None, level: int, number: int, value: Any) -> tuple[Any, ...]:
    node = node or _EMPTY
    slot = (number >> (_BITS * level)) & (_WIDTH - 1)
    inner = value if level == 0 else _put(node[slot], level - 1, number, value)
    return (*node[:slot], inner, *node[slot + 1 :])


def _changed(
    node: tuple[Any, ...], before: tuple[Any, ...] | None, level: int, start: int
) -> Iterator[tuple[int, Any]]:
    for slot, (now, then) in enumerate(zip(node, before or _EMPTY, strict=True)):
        if now is None or now is then:
            continue
        number = (start << _BITS) + slot
        if level == 0:
            yield number, now
        else:
            yield from _changed(now, then, level - 1, number)
