"""What an act gives: the type of its output, as templates, conditions and tables see it."""

from botticelli.compiler.ir.types import List, Record, Text, Type, Unknown
from botticelli.compiler.narrative.model import (
    Act,
    Command,
    Input,
    NarrativeFile,
    Reference,
    TableQuery,
    TextInput,
)
from botticelli.compiler.reporter import Reporter
from botticelli.compiler.workspace.composition import resolve
from botticelli.compiler.workspace.schemas import resolve_output
from botticelli.compiler.workspace.workspace import NarrativeAt, Unit, Workspace


def asks_model(act: Act) -> bool:
    """An act with text asks the model, and so does one that has nothing but media to show it."""
    if act.narrative is not None:
        return False
    if any(_is_text(item) for item in act.inputs):
        return True
    return not any(_is_performed(item) for item in act.inputs)


def _is_text(item: Input) -> bool:
    return isinstance(item, TextInput) or (
        isinstance(item, Reference) and item.kind in {"narrative", "narratives"}
    )


def _is_performed(item: Input) -> bool:
    return isinstance(item, Command | TableQuery) or (
        isinstance(item, Reference) and item.kind in {"bots", "tables", "table"}
    )


def command_of(item: Input, file: NarrativeFile) -> Command | None:
    """Return the command that an input is or refers to."""
    if isinstance(item, Reference) and item.kind == "bots" and item.name in file.bots:
        found = file.bots[item.name].input
        return found if isinstance(found, Command) else None
    return item if isinstance(item, Command) else None


def output_type(act: Act, unit: Unit, workspace: Workspace) -> Type:
    """Return the type of an act's output; unknown where nothing certain can be said."""
    if unit.file is None:
        return Unknown()
    if act.output is not None:
        return resolve_output(act.output, workspace.types.records, Reporter())
    if act.narrative is not None:
        called = resolve(act.narrative.value, unit, workspace).found
        return Unknown() if called is None else workspace.results.of(called)
    if asks_model(act):
        return Text()
    last = act.inputs[-1] if act.inputs else None
    command = command_of(last, unit.file) if last is not None else None
    return _result_type(command) if command is not None else Unknown()


def _result_type(command: Command) -> Type:
    from botticelli.compiler.semantics.commands import find

    if command.platform is None or command.command is None:
        return Unknown()
    found = find(command.platform.value, command.command.value)
    return found.result if found is not None else Unknown()


def record_of(act: Act, at: NarrativeAt, workspace: Workspace) -> Record | None:
    """Return the record that an act's answer is or lists, if its output is typed as one."""
    kind = output_type(act, at.unit, workspace)
    if isinstance(kind, List):
        kind = kind.item
    return kind if isinstance(kind, Record) else None
