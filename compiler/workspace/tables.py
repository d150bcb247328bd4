"""What a workspace knows of tables: their columns, from whom, and which narratives write them."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from botticelli.compiler.diagnostics import Anchor
from botticelli.compiler.ir.types import List, Record, Type
from botticelli.compiler.narrative.model import Act, Command, Narrative
from botticelli.compiler.semantics.content import GENERATED
from botticelli.compiler.semantics.tables import DatabaseTable
from botticelli.compiler.syntax.nodes import Scalar
from botticelli.compiler.workspace.files import Memory, remembered
from botticelli.compiler.workspace.lock import read_lock_file

if TYPE_CHECKING:
    from botticelli.compiler.workspace.workspace import NarrativeAt, Workspace

_WRITING_COMMANDS = frozenset({"insert", "update_table"})


class KnownTable(Struct, frozen=True, kw_only=True):
    """A table of the workspace.

    ``columns`` is None when nothing is known of them. ``keyed`` is False only for a table that is
    known to have no primary key. ``definition`` is where the columns are declared. ``defaults`` are
    the columns that the database is known to fill by itself.
    """

    name: str
    columns: Mapping[str, Type] | None
    definition: Anchor | None = None
    keyed: bool | None = None
    defaults: tuple[str, ...] = ()


class Tables:
    """The tables of a workspace by name."""

    def __init__(self, workspace: "Workspace") -> None:
        self.files = workspace.files
        self._workspace = workspace
        self._known: Memory[KnownTable] = Memory(workspace.files)

    def known(self, name: str) -> KnownTable:
        """Return what is known of a table, if only that nothing is."""
        return self._known.get(name, lambda: self._look_up(name))

    @remembered
    def lock(self) -> Mapping[str, DatabaseTable] | None:
        """The tables of the lock file, or None where there is no such file."""
        return read_lock_file(self._workspace.folder, self.files)

    @remembered
    def producers(self) -> dict[str, list["NarrativeAt"]]:
        """The narratives that store into each table by `target`."""
        found: dict[str, list[NarrativeAt]] = {}
        for at in self._workspace.narratives():
            storage = at.narrative.storage
            if storage.target is not None and not (storage.skip and storage.skip.value):
                found.setdefault(storage.target.value, []).append(at)
        return found

    @remembered
    def written_by_command(self) -> frozenset[str]:
        """The tables that commands of the `database` platform write, as far as they are named."""
        return frozenset(self._written())

    def _written(self) -> Iterator[str]:
        for unit in self._workspace.units:
            if unit.file is None:
                continue
            resources = [resource.input for resource in unit.file.bots.values()]
            acts = [*unit.file.acts.values()]
            for narrative in unit.file.narratives:
                acts.extend(narrative.acts.values())
            inputs = [item for act in acts for item in act.inputs]
            for item in (*resources, *inputs):
                if isinstance(item, Command) and (name := written_table(item)) is not None:
                    yield name

    def has_writers(self) -> bool:
        """Whether anything of the workspace is known to write tables."""
        return bool(self.producers or self.written_by_command)

    def _look_up(self, name: str) -> KnownTable:
        schema = self._workspace.schemas.get(name)
        produced = name in self.producers
        if schema is not None:
            record = self._workspace.types.records[name]
            columns = _columns(record)
            if produced:
                columns = {**GENERATED, **columns}
            return KnownTable(name=name, columns=columns, definition=schema.name)
        if self.lock is not None and name in self.lock:
            locked = self.lock[name]
            return KnownTable(
                name=name, columns=locked.columns, keyed=locked.keyed, defaults=locked.defaults
            )
        if produced:
            return KnownTable(name=name, columns=self._produced_columns(name), keyed=True)
        return KnownTable(name=name, columns=None)

    def _produced_columns(self, name: str) -> Mapping[str, Type] | None:
        from botticelli.compiler.flow.outputs import record_of

        columns: dict[str, Type] = {}
        for at in self.producers[name]:
            for act in storing_acts(at):
                record = record_of(act, at, self._workspace)
                if record is None:
                    return None
                columns.update(_columns(record))
        return {**GENERATED, **columns} if columns else None


def storing_acts(at: "NarrativeAt") -> Iterator[Act]:
    """Yield the acts whose answers a narrative stores: those with `extract_output`, and the last
    in written order that asks the model."""
    from botticelli.compiler.flow.outputs import asks_model
    from botticelli.compiler.flow.steps import act_names

    narrative: Narrative = at.narrative
    if at.unit.file is None or narrative.order is None:
        return
    acts = at.unit.file.acts_of(narrative)
    ordered = [acts[name.value] for name in act_names(narrative.order.body) if name.value in acts]
    asking = [act for act in ordered if asks_model(act)]
    seen: set[int] = set()
    for act in asking:
        extracts = act.extract_output is not None and act.extract_output.value
        if (extracts or act is asking[-1]) and id(act) not in seen:
            seen.add(id(act))
            yield act


def _columns(record: Record) -> dict[str, Type]:
    from botticelli.compiler.ir.types import Optional

    return {
        field.name: Optional(field.type) if field.optional else field.type
        for field in record.fields
    }


def row_type(columns: Mapping[str, Type] | None) -> Type:
    """Return the type of a table's rows."""
    from botticelli.compiler.ir.types import Field, Unknown

    if columns is None:
        return List(Unknown())
    return List(Record(tuple(Field(name, kind) for name, kind in columns.items())))


def named_table(command: Command) -> str | None:
    """Return the table that a command of the `database` platform is about, if it is named."""
    if command.platform is None or command.platform.value != "database":
        return None
    for key in ("table", "table_name"):
        node = command.arguments.get(key)
        if isinstance(node, Scalar) and isinstance(node.value, str):
            return node.value
    return None


def written_table(command: Command) -> str | None:
    """Return the table that a command writes, if it is named."""
    name = command.command.value if command.command is not None else ""
    writes = name.removeprefix("database.") in _WRITING_COMMANDS
    return named_table(command) if writes else None
