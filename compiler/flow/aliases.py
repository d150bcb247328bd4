"""The names by which table inputs are in scope, and all names of a narrative itself."""

from collections.abc import Container, Iterator, Mapping
from functools import cached_property

from msgspec import Struct

from botticelli.compiler.diagnostics import Anchor
from botticelli.compiler.narrative.located import Part
from botticelli.compiler.narrative.model import Act, NarrativeFile, Reference, TableQuery

_VALUES = ("previous", "iteration", "trigger")


class Alias(Struct, frozen=True):
    """A name that a table input brings into scope, and the query it stands for."""

    name: str
    table: str
    anchor: Anchor
    limit: int | None
    columns: tuple[str, ...] | None = None
    written: bool = False


class Aliases(Mapping[str, Mapping[str, Alias]]):
    """The names that the table inputs of acts bring into scope, by act, each looked for when it is
    asked for: a narrative runs few of the acts of a large file."""

    def __init__(self, acts: Mapping[str, Act], file: NarrativeFile | None) -> None:
        self._acts = acts
        self._file = file
        self._known: dict[str, dict[str, Alias]] = {}

    def __getitem__(self, act: str) -> Mapping[str, Alias]:
        found = self._known.get(act)
        if found is None:
            found = {alias.name: alias for alias in aliases_of(self._acts[act], self._file)}
            self._known[act] = found
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._acts)

    def __len__(self) -> int:
        return len(self._acts)


class OwnNames(Container[str]):
    """The names that `${NAME}` means before it means the environment: a narrative's own, wherever
    in it that stands. What is not there yet is a fault, and no variable."""

    def __init__(self, acts: Mapping[str, Act], aliases: Aliases) -> None:
        self._acts = acts
        self._by_act = aliases

    def __contains__(self, name: object) -> bool:
        return name in _VALUES or name in self._acts or name in self.aliases

    @cached_property
    def aliases(self) -> frozenset[str]:
        return frozenset(name for each in self._by_act.values() for name in each)


def own_names(acts: Mapping[str, Act], file: NarrativeFile | None) -> OwnNames:
    """Return the names that a narrative with these acts brings into scope itself."""
    return OwnNames(acts, Aliases(acts, file))


def aliases_of(act: Act, file: NarrativeFile | None) -> Iterator[Alias]:
    """Yield the names under which an act's table inputs are in scope.

    With an alias, only the alias is; otherwise the resource's name and the table's.
    """
    if file is None:
        return
    for item in act.inputs:
        if isinstance(item, TableQuery):
            yield from _query_aliases(item, None, item.node)
        elif isinstance(item, Reference) and item.kind == "tables" and item.name in file.tables:
            query = file.tables[item.name].input
            if isinstance(query, TableQuery):
                yield from _refined_aliases(item, query)
        elif isinstance(item, Reference) and item.kind == "table":
            yield from _refined_aliases(item, None)


def _query_aliases(query: TableQuery, name: str | None, where: Anchor) -> Iterator[Alias]:
    if query.table_name is None:
        return
    limit = query.sample or query.limit
    rows = limit.value if limit is not None else DEFAULT_LIMIT
    columns = tuple(text.value for text in query.columns) if query.columns is not None else None
    table = query.table_name.value
    if query.alias is not None:
        yield Alias(query.alias.value, table, query.alias, rows, columns, written=True)
        return
    for known in dict.fromkeys((name, table) if name else (table,)):
        yield Alias(known, table, where, rows, columns)


def _refined_aliases(item: Reference, query: TableQuery | None) -> Iterator[Alias]:
    clauses = item.clauses
    base = (
        list(_query_aliases(query, item.name, item))
        if query is not None
        else [Alias(item.name, item.name, item, DEFAULT_LIMIT)]
    )
    for alias in base if clauses is None or clauses.alias is None else base[:1]:
        limit, columns = alias.limit, alias.columns
        name, where, written = alias.name, alias.anchor, alias.written
        if clauses is not None:
            count = clauses.sample or clauses.limit
            limit = int(count.value) if count is not None else limit
            if clauses.columns is not None:
                columns = tuple(column.name for column in clauses.columns)
            if clauses.alias is not None:
                name, written = clauses.alias.value, True
                where = Part(item.text, clauses.alias.start, clauses.alias.end)
        yield Alias(name, alias.table, where, limit, columns, written)


DEFAULT_LIMIT = 10
"""Rows that a query gives when it says nothing."""
