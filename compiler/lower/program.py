"""Lowering a program: a narrative, everything that it runs, and what the project gives to both."""

from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

from botticelli.compiler.flow.aliases import own_names
from botticelli.compiler.ir import program as ir
from botticelli.compiler.ir.types import Field, Record
from botticelli.compiler.lower.context import Context
from botticelli.compiler.lower.environment import names_under, undeclared
from botticelli.compiler.lower.narratives import lower_narrative
from botticelli.compiler.lower.places import Places
from botticelli.compiler.lower.values import lower_older_template
from botticelli.compiler.semantics.configuration import Configuration
from botticelli.compiler.version import VERSION
from botticelli.compiler.workspace.composition import resolve
from botticelli.compiler.workspace.workspace import NarrativeAt, Workspace


class Lowered(Struct, frozen=True):
    """A narrative as it was lowered, the keys under which it runs others, and the variables that it
    reads, each with whether it may be missing."""

    narrative: ir.Narrative
    calls: tuple[tuple[NarrativeAt, str], ...]
    variables: Mapping[str, bool]


def lower_program(
    entry: NarrativeAt,
    workspace: Workspace,
    configuration: Configuration,
    schemas: dict[str, Record],
    before: dict[tuple[str, str], Lowered] | None = None,
) -> ir.Program:
    """Lower a narrative that has been checked, with every narrative that it reaches.

    ``before`` keeps what is lowered, for programs of the same workspace that reach the same.
    """
    before = {} if before is None else before
    keys: dict[tuple[str, str], str] = {}
    queue = [entry]
    lowered: dict[str, Lowered] = {}

    def key_of(at: NarrativeAt) -> str:
        if at.key not in keys:
            keys[at.key] = _unused_key(at, workspace.folder, set(keys.values()))
            queue.append(at)
        return keys[at.key]

    keys[entry.key] = entry.narrative.name
    for at in queue:
        found = before.get(at.key)
        # A narrative has another key where two of a program bear its name.
        if found is None or [key_of(each) for each, _ in found.calls] != [
            key for _, key in found.calls
        ]:
            found = before[at.key] = _lower(at, workspace, configuration, schemas, key_of)
        lowered[keys[at.key]] = found
    narratives = {key: each.narrative for key, each in lowered.items()}
    needed = {key: dict(each.variables) for key, each in lowered.items()}
    declared = configuration.variables
    return ir.Program(
        compiler=VERSION,
        entry=entry.narrative.name,
        narratives=narratives,
        variables=declared | undeclared(narratives, needed, entry.narrative.name, declared),
        schemas=schemas,
        triggers=_triggers(entry, workspace),
    )


def _lower(
    at: NarrativeAt,
    workspace: Workspace,
    configuration: Configuration,
    schemas: dict[str, Record],
    key_of: Callable[[NarrativeAt], str],
) -> Lowered:
    calls: list[tuple[NarrativeAt, str]] = []

    def noted(called: NarrativeAt) -> str:
        key = key_of(called)
        calls.append((called, key))
        return key

    context = context_of(at, workspace, schemas, noted)
    narrative = lower_narrative(at.narrative, configuration.defaults, context)
    return Lowered(narrative, tuple(calls), names_under("vars", narrative))


def _unused_key(at: NarrativeAt, folder: Path, taken: set[str]) -> str:
    """The narrative's name; with its file's where two narratives of a program bear one name."""
    name = at.narrative.name
    if name not in taken:
        return name
    return f"{name} ({Places(at.unit, folder).path})"


def context_of(
    at: NarrativeAt,
    workspace: Workspace,
    schemas: dict[str, Record],
    key_of: Callable[[NarrativeAt], str],
) -> Context:
    """Return what lowering one narrative needs; ``key_of`` names those that it runs."""
    assert at.unit.file is not None

    def narrative_key(name: str) -> str:
        found = resolve(name, at.unit, workspace).found
        assert found is not None
        return key_of(found)

    preserve = at.narrative.storage.preserve_source
    return Context(
        unit=at.unit,
        file=at.unit.file,
        places=Places(at.unit, workspace.folder),
        schemas=schemas,
        names=own_names(at.unit.file.acts_of(at.narrative), at.unit.file),
        narrative_key=narrative_key,
        row_of=lambda table: _row_of(table, workspace),
        consumes_by_default=preserve is not None and not preserve.value,
    )


def _row_of(table: str, workspace: Workspace) -> Record | None:
    columns = workspace.tables.known(table).columns
    if columns is None:
        return None
    return Record(tuple(Field(name, kind) for name, kind in columns.items()))


def _triggers(entry: NarrativeAt, workspace: Workspace) -> tuple[ir.Trigger, ...]:
    """What starts the entry narrative: the triggers of its file that name it, or nothing else."""
    assert entry.unit.file is not None
    places = Places(entry.unit, workspace.folder)
    return tuple(
        ir.Trigger(
            name=trigger.name.value,
            place=places.at(trigger.name.location),
            narrative=entry.narrative.name,
            schedule=trigger.schedule.value if trigger.schedule else None,
            webhook=trigger.webhook.value if trigger.webhook else None,
            secret=lower_older_template(trigger.secret, places) if trigger.secret else None,
        )
        for trigger in entry.unit.file.triggers
        if trigger.narrative is None or trigger.narrative.value == entry.narrative.name
    )
