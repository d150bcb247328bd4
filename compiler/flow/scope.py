"""The names in scope at one place of a narrative, as templates and conditions ask for them."""

from collections.abc import Container, Iterable, Mapping, Sequence
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from botticelli.compiler.diagnostics import Anchor, Label
from botticelli.compiler.flow.aliases import Alias, Aliases, OwnNames
from botticelli.compiler.flow.outputs import output_type
from botticelli.compiler.flow.points import Flow, Latest, Point, follow
from botticelli.compiler.ir.types import Int, Json, Text, Type, Unknown
from botticelli.compiler.narrative.located import Name
from botticelli.compiler.narrative.located import Text as Written
from botticelli.compiler.narrative.model import Act
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


class Previous(Struct, frozen=True):
    """What `previous` means where it is one of some acts: the only one, else the type that they
    have in common, if they have."""

    only: Act | None = None
    type: Type | None = None

    def says_as(self, other: "Previous | None") -> bool:
        return other is not None and self.only is other.only and self.type == other.type


class Surroundings(Struct, frozen=True, dict=True):
    """What is the same at every place of one narrative.

    ``aliases`` are the names that table inputs bring into scope, by act; ``later`` are the acts
    that the order names anywhere, each where it does so first; ``misnamed`` are names in it that
    are no acts, and ``wanted`` collects the acts that something uses and no order runs.
    """

    unit: Unit
    workspace: Workspace
    configuration: Configuration
    acts: Mapping[str, Act]
    aliases: Aliases
    later: Mapping[str, Name]
    misnamed: Mapping[str, Act | None]
    latest: Sequence[Latest]
    has_triggers: bool
    wanted: set[str] = set()
    _types: dict[int, Type] = {}

    @cached_property
    def own_names(self) -> OwnNames:
        """All names that the narrative itself brings into scope anywhere."""
        return OwnNames(self.acts, self.aliases)

    @cached_property
    def readers(self) -> Mapping[str, str]:
        """The act that first brings each alias of a table into scope, by the alias."""
        found: dict[str, str] = {}
        for act, aliases in self.aliases.items():
            for name in aliases:
                if act in self.later:
                    found.setdefault(name, act)
        return found

    @cached_property
    def every_name(self) -> Names:
        """All that can be in scope anywhere."""
        return Names((*self.acts, *self.own_names.aliases, *RESERVED))

    @cached_property
    def variables(self) -> Members:
        """Declared variables have their types; others may come from the command line or a caller.

        A misspelling of a declared one is the one thing that can be known to be wrong.
        """
        declared = self.configuration.variables
        members = {
            name: Bound(type=variable.type or Unknown()) for name, variable in declared.items()
        }
        return Members(members=members, open=True)

    @cached_property
    def previous(self) -> Sequence[Previous]:
        """What `previous` means, by the number of what is known of the act that ran last."""
        found: list[Previous | None] = [None] * len(self.latest)
        settled = False
        while not settled:
            settled = True
            for number, latest in enumerate(self.latest):
                joined = self._joined(latest, found)
                if joined is not None and not joined.says_as(found[number]):
                    found[number] = joined
                    # What stands before it may rest on it, where something is repeated.
                    settled = not self._repeats
        return [each or Previous() for each in found]

    @cached_property
    def _repeats(self) -> bool:
        return any(
            other > number for number, latest in enumerate(self.latest) for other in latest.others
        )

    def _joined(self, latest: Latest, found: Sequence[Previous | None]) -> Previous | None:
        """What `previous` means by what is known so far, if anything is."""
        known = [each for number in latest.others if (each := found[number]) is not None]
        if latest.act is not None:
            known.append(Previous(latest.act, self.output_of(latest.act)))
        if not known:
            return Previous(type=Unknown()) if latest.unread else None
        alone = all(each.only is known[0].only for each in known)
        types = {each.type for each in known}
        if Unknown() in types:
            return Previous(type=Unknown())
        return Previous(known[0].only if alone else None, types.pop() if len(types) == 1 else None)

    def output_of(self, act: Act) -> Type:
        """Return the type of an act's output."""
        if id(act) not in self._types:
            self._types[id(act)] = output_type(act, self.unit, self.workspace)
        return self._types[id(act)]


def surround(at: NarrativeAt, workspace: Workspace) -> tuple[Surroundings, Flow]:
    """Follow a narrative, and gather what is the same at every place of it."""
    assert at.unit.file is not None
    acts = at.unit.file.acts_of(at.narrative)
    aliases = Aliases(acts, at.unit.file)
    flow = follow(at.narrative, acts, aliases)
    around = Surroundings(
        unit=at.unit,
        workspace=workspace,
        configuration=workspace.configuration,
        acts=acts,
        aliases=aliases,
        later=flow.later,
        misnamed=flow.misnamed,
        latest=flow.latest,
        has_triggers=bool(at.unit.file.triggers),
    )
    return around, flow


class PlaceScope:
    """The names in scope for the inputs of an act, or for a condition (then ``act`` is None)."""

    def __init__(self, surroundings: Surroundings, point: Point, act: Act | None) -> None:
        self._around = surroundings
        self._point = point
        self._act = act

    @property
    def own_names(self) -> Container[str]:
        return self._around.own_names

    def resolve(self, name: str, missing: frozenset[str] = frozenset()) -> Resolution | None:
        act: Resolution | None = None
        if name in self._around.acts:
            act = self._resolve_act(name, self._point.without(missing))
            # Until an act has run, rows may be what its name means.
            if not isinstance(act, NotYet):
                return act
        elif name in RESERVED:
            return self._resolve_reserved(name)
        found = self._alias(name)
        if found is not None:
            return self._resolve_alias(*found)
        if act is None and name in self._around.misnamed:
            return self._resolve_misnamed(name, missing)
        if act is not None and name != self._own_name and name not in self._around.later:
            self._around.wanted.add(name)
        if act is None and name in self._around.readers:
            return self._resolve_unread(self._around.readers[name])
        return act

    def _resolve_unread(self, reader: str) -> Resolution | None:
        """An alias of a table that an act reads which has not run here."""
        found = self._resolve_act(reader, self._point)
        reason = f"`{reader}` reads it"
        match found:
            case NotYet():
                return replace(found, reason=f"{reason}, and {found.reason}")
            case Maybe():
                bound = Bound(table=True)
                return replace(found, bound=bound, reason=f"{reason}, and {found.reason}")
        return None

    def _resolve_misnamed(self, name: str, missing: frozenset[str]) -> Resolution | None:
        """A name that the order takes for an act's, which is reported there, stands for the act
        that it most likely means, or for one of which nothing is known."""
        act = self._around.misnamed[name]
        if act is None:
            return Bound(type=Unknown())
        return self._resolve_act(act.name.value, self._point.without(missing))

    def _resolve_reserved(self, name: str) -> Resolution | None:
        match name:
            case "previous":
                return self._resolve_previous()
            case "env":
                return Members(open_type=Text())
            case "state":
                return Members(open_type=Unknown(), dotted=True)
            case "vars":
                return self._around.variables
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
        alike = self._around.every_name.alike(name)
        return nearest(name, [*filter(self._is_visible, alike), *others])

    def _is_visible(self, name: str) -> bool:
        match name:
            case "previous":
                return bool(self._point.previous)
            case "iteration":
                return self._point.in_carousel
            case "trigger":
                return self._around.has_triggers
            case "state" | "env" | "vars":
                return True
        has_run = self._point.runs.get(name) is not None and name != self._own_name
        return has_run or self._alias(name) is not None

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
        before = point.ran_in_earlier_pass(name)
        if before is not None:
            return Maybe(
                bound=self._bound(act),
                reason=f"on the first pass `{name}` has not run; later it means the pass before",
                labels=(Label(f"`{name}` runs here", before.location),),
                help=f"guard it: `{{% if {name} is defined %}}`",
            )
        cause = point.on_other_side(name)
        if cause is not None:
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
        before = self._around.previous[point.previous]
        kind = before.type or Text()
        if not point.begun:
            return NoPrevious(later=Bound(type=kind) if point.previous else None)
        if point.previous_certain:
            return self._bound(before.only) if before.only is not None else Bound(type=kind)
        return Maybe(
            bound=Bound(type=kind),
            reason="every act before this one runs only on some ways",
            help="guard it: `{% if previous is defined %}`",
        )

    # Tables

    def _alias(self, name: str) -> tuple[Alias, str | None] | None:
        """Return what an alias means here, and the earlier act that has brought it if one has."""
        aliases = self._around.aliases
        own = aliases.get(self._act.name.value, {}).get(name) if self._act is not None else None
        if own is not None:
            return own, None
        reader = self._point.readers.get(name)
        return None if reader is None else (aliases[reader][name], reader)

    def _resolve_alias(self, alias: Alias, act: str | None) -> Resolution:
        known = self._around.workspace.tables.known(alias.table)
        columns = known.columns
        if columns is not None and alias.columns is not None:
            columns = {key: columns[key] for key in alias.columns if key in columns}
        bound = Bound(
            type=row_type(columns), table=True, items=alias.limit, definition=known.definition
        )
        if act is None or self._point.certain(act):
            return bound
        run = self._point.runs.get(act)
        cause = run.cause if run is not None else None
        return Maybe(
            bound=bound,
            reason=f"`{act}`, which reads it, runs only on some ways",
            labels=(Label(cause.message, cause.location),) if cause else (),
        )
