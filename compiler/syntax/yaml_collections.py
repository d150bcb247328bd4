"""Mappings and sequences of YAML while they are read: keys, duplicates, merged mappings."""

from enum import Enum, auto
from typing import Any

from botticelli.compiler.source import Span
from botticelli.compiler.syntax.faults import Faults, quoted
from botticelli.compiler.syntax.nodes import Place


class _Awaits(Enum):
    """What a mapping takes next."""

    KEY = auto()
    VALUE = auto()
    MERGED = auto()
    DROPPED_VALUE = auto()
    END_OF_REFUSED_KEY = auto()


class Mapping:
    """A mapping that is being read. ``size`` counts its nodes and all below."""

    wants_key = True

    def __init__(
        self, faults: Faults, span: Span, anchor: str | None = None, *, bracketed: bool = False
    ) -> None:
        self._faults = faults
        self.values: dict[str, Any] = {}
        self.place = Place(span)
        self.anchor = anchor
        self.bracketed = bracketed
        self.size = 1
        self._awaits = _Awaits.KEY
        self._key = ""
        self.key_span = Span(0, 0)
        self._merged: set[str] = set()
        self._merges: Span | None = None

    def restart(self) -> None:
        """Take a key next, whatever was half read."""
        self._awaits = _Awaits.KEY
        self.wants_key = True

    def take_key(self, name: str, span: Span, *, plain: bool) -> None:
        """Take a scalar as the next key; plain, without a tag, `<<` merges."""
        if not self.bracketed and self.place.span.start == span.start:
            self.place.span = span  # an item of a list: it is known by its first key
        self.key_span = span
        self._key = name
        if plain and name == "<<":
            self._take_merge(span)
        elif plain and not name:
            self._faults.refuse(span, "expected a key before `:`")
            self._await(_Awaits.DROPPED_VALUE)
        elif name in self.values and name not in self._merged:
            message = f"{quoted(name)} is defined twice"
            self._faults.duplicate(span, self.place.keys[name], message)
            self._await(_Awaits.DROPPED_VALUE)
        else:
            self._await(_Awaits.VALUE)

    def drop_key(self) -> None:
        """Read the next value for nothing: its key was refused."""
        self._await(_Awaits.DROPPED_VALUE)

    def begin_refused_key(self) -> None:
        """Read a collection that stands where a key would, for nothing."""
        self._await(_Awaits.END_OF_REFUSED_KEY)

    def begin(self, values: Any, place: Place) -> None:
        """Take a value that may still be growing."""
        if self._awaits is not _Awaits.VALUE:
            return
        if self._key in self._merged:
            self._merged.discard(self._key)
            del self.values[self._key]
        self.values[self._key] = values
        self.place.entries[self._key] = place
        self.place.keys[self._key] = self.key_span

    def finish(self, values: Any, place: Place, size: int) -> None:
        """Note that the value begun last is complete."""
        self.size += size
        if self._awaits is _Awaits.MERGED:
            self._merge(values, place)
        self.skip()

    def skip(self) -> None:
        """Go on without the value that was awaited."""
        refused = self._awaits is _Awaits.END_OF_REFUSED_KEY
        self._await(_Awaits.DROPPED_VALUE if refused else _Awaits.KEY)

    def _await(self, what: _Awaits) -> None:
        self._awaits = what
        self.wants_key = what is _Awaits.KEY

    def _take_merge(self, span: Span) -> None:
        if self._merges is None:
            self._merges = span
            self._await(_Awaits.MERGED)
        else:
            self._faults.duplicate(span, self._merges, "`<<` is defined twice")
            self._await(_Awaits.DROPPED_VALUE)

    def _merge(self, value: Any, place: Place) -> None:
        """Take the keys of other mappings that this one does not define itself."""
        listed = zip(value, place.items, strict=False) if isinstance(value, list) else None
        for values, found in listed or [(value, place)]:
            if not isinstance(values, dict):
                self._faults.refuse(found.span, "`<<` takes a mapping, or a list of mappings")
                continue
            for name, item in values.items():
                if name not in self.values:
                    self.values[name] = item
                    self.place.entries[name] = found.entries[name]
                    self.place.keys[name] = found.keys[name]
                    self._merged.add(name)


class Sequence:
    """A sequence that is being read."""

    wants_key = False

    def __init__(self, span: Span, anchor: str | None = None, *, bracketed: bool = False) -> None:
        self.values: list[Any] = []
        self.place = Place(span)
        self.anchor = anchor
        self.bracketed = bracketed
        self.size = 1

    def begin(self, values: Any, place: Place) -> None:
        """Take an item that may still be growing."""
        self.values.append(values)
        self.place.items.append(place)

    def finish(self, values: Any, place: Place, size: int) -> None:  # noqa: ARG002  as a mapping's
        """Note that the item begun last is complete."""
        self.size += size

    def skip(self) -> None:
        """Go on without an item that was refused."""
