"""The names in scope at one place of a narrative, as templates and conditions ask for them."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from msgspec import Struct

from botticelli.compiler.diagnostics import Anchor, Label
from botticelli.compiler.flow.outputs import output_type
from botticelli.compiler.flow.points import Flow, Point, follow
from botticelli.compiler.ir.types import Int, Json, Text, Type, Unknown
from botticelli.compiler.narrative.located import Name, Part
from botticelli.compiler.narrative.located import Text as Written
from botticelli.compiler.narrative.model import Act, NarrativeFile, Reference, TableQuery
from botticelli.compiler.nearest import Names, nearest
from botticelli.compiler.semantics.configuration import Configuration
from botticelli.compiler.templates.scope import (
    Absent,
    Bound,
    Maybe,
    Members,
    NoPrevious,
    NotYet,
    Resolution,
)
from botticelli.compiler.workspace.tables import row_type
from botticelli.compiler.workspace.workspace import NarrativeAt, Unit, Workspace

RESERVED = ("previous", "state", "env", "vars", "iteration", "trigger")
_VALUES = ("previous", "iteration", "trigger")


class Alias(Struct, frozen=True):
    """A name that a table input brings into scope, and the query it stands for."""

    name: str
    table: str
    anchor: Anchor
    limit: int | None
    columns: tuple[str, ...] | None = None
    written: bool = False


class Surroundings(Struct, frozen=True, dict=True):
    """What is the same at every place of one narrative.

    ``later`` are the acts that the order names anywhere, each where it does so first.
    """

    unit: Unit
    workspace: Workspace
    configuration: Configuration
    acts: Mapping[str, Act]
    later: Mapping[str, Name]
    has_triggers: bool
    _types: dict[int, Type] = {}

    @cached_property
    def aliases(self) -> Mapping[str, tuple[Alias, ...]]:
        """The names that table inputs bring into scope, by act."""
        found = ((name, _aliases(act, self.unit.file)) for name, act in self.acts.items())
        return {name: aliases for name, aliases in found if aliases}

    @cached_property
    def every_name(self) -> Names:
        """All that can be in scope anywhere."""
        return Names((*_own(self.acts, self.aliases), *RESERVED))

    def output_of(self, act: Act) -> Type:
        """Return the type of an act's output."""
        if id(act) not in self._types:
            self._types[id(act)] = output_type(act, self.unit, self.workspace)
        return self._types[id(act)]


def surround(at: NarrativeAt, workspace: Workspace) -> tuple[Surroundings, Flow]:
    """Follow a narrative, and gather what is the same at every place of it."""
    assert at.unit.file is not None
    acts = at.unit.file.acts_of(at.narrative)
    flow = follow(at.narrative, acts)
    around = Surroundings(
        unit=at.unit,
        workspace=workspace,
        configuration=workspace.configuration,
        acts=acts,
        later=flow.later,
        has_triggers=bool(at.unit.file.triggers),
    )
    return around, flow


class PlaceScope:
    """The names in scope for the inputs of an act, or for a condition (then ``act`` is None)."""

    def __init__(self, surroundings: Surroundings, point: Point, act: Act | None) -> None:
        self._around = surroundings
        self._point = point
        self._act = act

    @cached_property
    def own_names(self) -> frozenset[str]:
        return _own(self._around.acts, self._around.aliases)

    @cached_property
    def _aliases(self) -> dict[str, tuple[Alias, str | None]]:
        return dict(self._visible_aliases())

    def resolve(self, name: str, missing: frozenset[str] = frozenset()) -> Resolution | None:
        if name in self._around.acts:
            return self._resolve_act(name, self._point.without(missing))
        if name in RESERVED:
            return self._resolve_reserved(name)
        return self._resolve_alias(name) if name in self._aliases else None

    def _resolve_reserved(self, name: str) -> Resolution | None:
        match name:
            case "previous":
                return self._resolve_previous()
            case "env":
                return Members(open_type=Text())
            case "state":
                return Members(open_type=Unknown(), dotted=True)
            case "vars":
                return self._resolve_variables()
            case "iteration":
                if self._point.in_carousel:
                    return Bound(type=Int(1))
                return Absent(
                    reason="there is no carousel and no `repeat` around it",
                    help="`iteration` counts the passes of a carousel",
                )
            case "trigger":
                if self._around.has_triggers:
                    return Bound(type=Json())
                return Absent(
                    reason="no trigger starts this narrative",
                    help="declare one under `[triggers]`",
                )
        return None

    def nearest(self, name: str, others: Iterable[str]) -> str | None:
        others = tuple(others)
        if self._around.every_name.nearest(name) is None:
            return nearest(name, others)
        return nearest(name, [*self._names(), *others])

    def _names(self) -> Iterable[str]:
        point = self._point
        yield from (name for name in point.runs if name != self._own_name)
        yield from self._aliases
        if point.previous:
            yield "previous"
        yield from ("state", "env", "vars")
        if point.in_carousel:
            yield "iteration"
        if self._around.has_triggers:
            yield "trigger"

    @property
    def _own_name(self) -> str | None:
        return self._act.name.value if self._act is not None else None

    # Acts

    def _bound(self, act: Act) -> Bound:
        kind = self._around.output_of(act)
        definition: Anchor | None = None
        if act.output is not None:
            definition = act.output if isinstance(act.output, Written) else act.output.node
        return Bound(type=kind, definition=definition)

    def _resolve_act(self, name: str, point: Point) -> Resolution | None:
        act = self._around.acts[name]
        run = point.runs.get(name)
        if run is not None and point.certain(name):
            return self._bound(run.act)
        if run is not None:
            cause = run.cause
            return Maybe(
                bound=self._bound(run.act),
                reason=cause.message if cause else "it runs only on some ways",
                labels=(Label(cause.message, cause.location),) if cause else (),
                help=f"guard it: `{name} is not null` in the `when` or `if`, "
                f"or `{{% if {name} is defined %}}` in the template",
            )
        beside = point.beside(name)
        if beside is not None:
            return NotYet(
                reason=f"`{name}` runs at the same time, in the same `parallel` group",
                labels=(Label(f"`{name}` runs beside this act", beside.location),),
                help=f"run `{name}` before the group",
            )
        if name in point.earlier_pass:
            where = point.earlier_pass[name].location
            return Maybe(
                bound=self._bound(act),
                reason=f"on the first pass `{name}` has not run; later it means the pass before",
                labels=(Label(f"`{name}` runs here", where),),
                help=f"guard it: `{{% if {name} is defined %}}`",
            )
        if name in point.other_branch:
            cause = point.other_branch[name]
            return Maybe(
                bound=self._bound(act),
                reason=cause.message,
                labels=(Label(cause.message, cause.location),),
                help="use it in its own branch, or run it before the `if`",
            )
        return self._not_yet(name, act)

    def _not_yet(self, name: str, act: Act) -> Resolution:
        if name == self._own_name:
            return NotYet(reason="an act cannot use its own output")
        if name in self._around.later:
            where = self._around.later[name].location
            return NotYet(
                reason=f"`{name}` runs later",
                labels=(Label(f"`{name}` runs here", where),),
                help=f"move `{name}` before this act in the order",
            )
        return NotYet(
            reason=f"no order runs `{name}`",
            labels=(Label(f"`{name}` is defined here", act.name.location),),
            help=f"add `{name}` to the table of contents",
        )

    def _resolve_previous(self) -> Resolution:
        point = self._point
        if not point.previous:
            return NoPrevious()
        kinds = set(map(self._around.output_of, point.previous))
        kind: Type = kinds.pop() if len(kinds) == 1 else Text()
        if point.previous_certain:
            only = point.previous[0] if len(point.previous) == 1 else None
            return self._bound(only) if only is not None else Bound(type=kind)
        return Maybe(
            bound=Bound(type=kind),
            reason="every act before this one runs only on some ways",
            help="guard it: `{% if previous is defined %}`",
        )

    # Tables

    def _visible_aliases(self) -> Iterator[tuple[str, tuple[Alias, str | None]]]:
        known = self._around.aliases
        for name in self._point.runs if known else ():
            for alias in known.get(name, ()):
                yield alias.name, (alias, name)
        if self._act is not None:
            for alias in aliases_of(self._act, self._around.unit.file):
                yield alias.name, (alias, None)

    def _resolve_alias(self, name: str) -> Resolution:
        alias, act = self._aliases[name]
        known = self._around.workspace.tables.known(alias.table)
        columns = known.columns
        if columns is not None and alias.columns is not None:
            columns = {key: columns[key] for key in alias.columns if key in columns}
        bound = Bound(
            type=row_type(columns), table=True, items=alias.limit, definition=known.definition
        )
        if act is None or self._point.certain(act):
            return bound
        cause = self._point.runs[act].cause
        return Maybe(
            bound=bound,
            reason=f"`{act}`, which reads it, runs only on some ways",
            labels=(Label(cause.message, cause.location),) if cause else (),
        )

    # Variables

    def _resolve_variables(self) -> Members:
        """Declared variables have their types; others may come from the command line or a caller.

        A misspelling of a declared one is the one thing that can be known to be wrong.
        """
        declared = self._around.configuration.variables
        members = {
            name: Bound(type=variable.type or Unknown()) for name, variable in declared.items()
        }
        return Members(members=members, open=True)


def own_names(acts: Mapping[str, Act], file: NarrativeFile | None) -> frozenset[str]:
    """Return the names that `${NAME}` means before it means the environment: a narrative's own,
    wherever in it that stands. What is not there yet is a fault, and no variable."""
    return _own(acts, {name: _aliases(act, file) for name, act in acts.items()})


def _own(acts: Iterable[str], aliases: Mapping[str, tuple[Alias, ...]]) -> frozenset[str]:
    found = (alias.name for each in aliases.values() for alias in each)
    return frozenset((*acts, *_VALUES, *found))


def _aliases(act: Act, file: NarrativeFile | None) -> tuple[Alias, ...]:
    return tuple(aliases_of(act, file))


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
