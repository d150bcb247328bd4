"""TOML's rules on what may define which table, and what may add to it later.

A table that a header or a finished section defined is complete; one that only stands on the way to
another may be defined once. The rules are those of TOML 1.0; where it leaves a case open, this
reader agrees with Python's `tomllib`, so that both read the same documents.
"""

from typing import Any, NamedTuple

from botticelli.compiler.source import Span
from botticelli.compiler.syntax.faults import Faults, quoted
from botticelli.compiler.syntax.nodes import Place


class KeyPart(NamedTuple):
    """One part of a dotted key."""

    name: str
    span: Span


class _Table:
    """A table under construction; ``complete`` when neither a header nor a key may add to it.

    A dotted key completes the tables on its way at the end of its section.
    """

    __slots__ = ("complete", "defined", "place", "section", "tables", "values")

    def __init__(self, values: dict[str, Any], place: Place, defined: Span) -> None:
        self.values = values
        self.place = place
        self.defined = defined
        self.complete = False
        self.section: int | None = None
        self.tables: dict[str, _Table | _Tables] = {}


class _Tables:
    """An array of tables under construction."""

    __slots__ = ("last", "place", "values")

    def __init__(self, values: list[dict[str, Any]], place: Place, last: _Table) -> None:
        self.values = values
        self.place = place
        self.last = last


class Tables:
    """The tables of a document, or the one of an inline table with what dotted keys make in it."""

    def __init__(self, faults: Faults, place: Place) -> None:
        self._faults = faults
        self.root = _Table({}, place, place.span)
        self._current = self.root
        self._section = 0

    def leave(self) -> None:
        """Read what follows, up to the next header, into a table that stands nowhere."""
        self._section += 1
        self._current = _Table({}, Place(Span(0, 0)), Span(0, 0))

    def define(self, key: list[KeyPart], value: Any, place: Place) -> None:
        """Define a key of the current table."""
        table = self._current
        for part in key[:-1]:
            below = self._step(table, part)
            if below is None:
                return
            if below.complete or below.section not in (None, self._section):
                self._duplicate_table(part, below)
                return
            below.section = self._section
            table = below
        name, span = key[-1]
        if name in table.values:
            self._faults.duplicate(span, table.place.keys[name], f"{quoted(name)} is defined twice")
            return
        table.values[name] = value
        table.place.entries[name] = place
        table.place.keys[name] = span

    def open_table(self, key: list[KeyPart], header: Span) -> None:
        """Begin the section of the header ``[key]``."""
        parent = self._enter(key)
        if parent is None:
            return
        last = key[-1]
        known = parent.tables.get(last.name)
        if known is None and last.name not in parent.values:
            self._current = self._add(parent, last, header)
        elif isinstance(known, _Table) and not known.complete and known.section is None:
            known.place.span = header
            self._current = known
        else:
            self._redefined(parent, last, key)
            return
        self._current.complete = True
        self._current.defined = last.span

    def open_array(self, key: list[KeyPart], header: Span) -> None:
        """Begin the next table of the array of tables with the header ``[[key]]``."""
        parent = self._enter(key)
        if parent is None:
            return
        last = key[-1]
        known = parent.tables.get(last.name)
        if isinstance(known, _Table) or (known is None and last.name in parent.values):
            self._redefined(parent, last, key)
            return
        table = _Table({}, Place(header), last.span)
        if known is None:
            known = _Tables([], Place(header), table)
            parent.tables[last.name] = known
            parent.values[last.name] = known.values
            parent.place.entries[last.name] = known.place
            parent.place.keys[last.name] = last.span
        table.complete = True
        known.values.append(table.values)
        known.place.items.append(table.place)
        known.last = self._current = table

    def _enter(self, key: list[KeyPart]) -> _Table | None:
        """Return the table that a header's last part stands in."""
        self.leave()
        table = self.root
        for part in key[:-1]:
            below = self._step(table, part)
            if below is None:
                return None
            table = below
        return table

    def _step(self, table: _Table, part: KeyPart) -> _Table | None:
        """Go one part of a key down, into a table that is there or is made on the way."""
        below = table.tables.get(part.name)
        if isinstance(below, _Tables):
            return below.last
        if below is None and part.name not in table.values:
            return self._add(table, part, part.span)
        if below is None:
            self._not_a_table(table, part)
        return below

    def _add(self, parent: _Table, part: KeyPart, span: Span) -> _Table:
        table = _Table({}, Place(span), part.span)
        parent.tables[part.name] = table
        parent.values[part.name] = table.values
        parent.place.entries[part.name] = table.place
        parent.place.keys[part.name] = part.span
        return table

    def _not_a_table(self, table: _Table, part: KeyPart) -> None:
        value = table.values[part.name]
        name = quoted(part.name)
        if isinstance(value, dict):
            message = f"the inline table {name} is complete: nothing can be added to it"
        elif isinstance(value, list):
            message = f"the array {name} is complete: nothing can be added to it"
        else:
            message = f"{name} is a value and not a table: it cannot hold keys"
        first = self._faults.label("defined here", table.place.keys[part.name])
        self._faults.refuse(part.span, message, note="added to here", labels=(first,))

    def _duplicate_table(self, part: KeyPart, known: _Table) -> None:
        self._faults.intact = False
        message = f"the table {quoted(part.name)} is complete: a dotted key cannot add to it"
        self._faults.duplicate(part.span, known.defined, message)

    def _redefined(self, parent: _Table, last: KeyPart, key: list[KeyPart]) -> None:
        self._faults.intact = False
        name = quoted(".".join(part.name for part in key))
        known = parent.tables.get(last.name)
        first = known.defined if isinstance(known, _Table) else parent.place.keys[last.name]
        if isinstance(known, _Tables):
            message = f"{name} is an array of tables, and cannot be a table too"
        elif isinstance(known, _Table):
            message = f"the table {name} is defined twice"
        else:
            message = f"{name} is defined twice"
        self._faults.duplicate(last.span, first, message)
