"""Which files of a workspace depend on others: by the names that one defines and another uses."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from botticelli.compiler.narrative.model import (
    Act,
    Command,
    Input,
    NarrativeFile,
    OutputFields,
    Reference,
    TableQuery,
)
from botticelli.compiler.syntax.reader import SUFFIXES
from botticelli.compiler.workspace.composition import calls_of_act
from botticelli.compiler.workspace.tables import named_table, written_table
from botticelli.compiler.workspace.workspace import Unit

_WORD = re.compile(r"\w+")


class SharedNames(Struct, frozen=True):
    """Names that files share: those of narratives, of schemas and of tables."""

    narratives: frozenset[str] = frozenset()
    schemas: frozenset[str] = frozenset()
    tables: frozenset[str] = frozenset()

    def meets(self, other: "SharedNames") -> bool:
        return bool(
            self.narratives & other.narratives
            or self.schemas & other.schemas
            or self.tables & other.tables
        )


def defined_names(file: NarrativeFile) -> SharedNames:
    """Return what a file defines for others: a schema also says what is known of a table."""
    targets = (each.storage.target for each in file.narratives)
    written = (written_table(item) for item in _inputs(file) if isinstance(item, Command))
    return SharedNames(
        frozenset(each.name for each in file.narratives),
        frozenset(file.schemas),
        frozenset(target.value for target in targets if target is not None)
        | frozenset(name for name in written if name is not None)
        | frozenset(file.schemas),
    )


def used_names(file: NarrativeFile) -> SharedNames:
    """Return what a file uses, whether it defines that itself or another file does."""
    return SharedNames(
        frozenset(_narratives(file)), frozenset(_schemas(file)), frozenset(_tables(file))
    )


def means_file(unit: Unit, path: Path) -> bool:
    """Tell whether a file runs narratives by the name of another file beside it."""
    if unit.file is None:
        return False
    names = _narratives(unit.file)
    written = (
        name if name.endswith(SUFFIXES) else f"{name}{path.suffix}" for name in names if name
    )
    return any(unit.path.parent / name == path for name in written if "\0" not in name)


def _acts(file: NarrativeFile) -> Iterator[Act]:
    yield from file.acts.values()
    for narrative in file.narratives:
        yield from narrative.acts.values()


def _inputs(file: NarrativeFile) -> Iterator[Input]:
    for resource in (*file.bots.values(), *file.tables.values()):
        yield resource.input
    for act in _acts(file):
        yield from act.inputs


def _narratives(file: NarrativeFile) -> Iterator[str]:
    for act in _acts(file):
        yield from (call.name for call in calls_of_act(act))
    yield from (link.target.value for link in file.links.values())
    for trigger in file.triggers:
        if trigger.narrative is not None:
            yield trigger.narrative.value


def _schemas(file: NarrativeFile) -> Iterator[str]:
    for act in _acts(file):
        if isinstance(act.output, OutputFields):
            yield from _words(text.value for text in act.output.fields.values())
        elif act.output is not None:
            yield from _words([act.output.value])
    for schema in file.schemas.values():
        yield from _words(text.value for text in schema.fields.fields.values())


def _tables(file: NarrativeFile) -> Iterator[str]:
    for item in _inputs(file):
        if isinstance(item, TableQuery) and item.table_name is not None:
            yield item.table_name.value
        elif isinstance(item, Reference) and item.kind == "table":
            yield item.name
        elif isinstance(item, Command) and (name := named_table(item)) is not None:
            yield name
    for narrative in file.narratives:
        if narrative.storage.target is not None:
            yield narrative.storage.target.value


def _words(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from _WORD.findall(text)
