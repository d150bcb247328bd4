"""Rules on types: in schemas, in the outputs of acts, and of what is stored into a target."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from botticelli.compiler.diagnostics import Anchor, Label
from botticelli.compiler.faults import to_diagnostic
from botticelli.compiler.flow.outputs import record_of
from botticelli.compiler.ir.types import Json, Optional, Record, Type, Unknown
from botticelli.compiler.languages.kinds import describe
from botticelli.compiler.narrative.model import Act, OutputFields
from botticelli.compiler.nearest import listing, nearest
from botticelli.compiler.rules.resources import acts_of_file
from botticelli.compiler.rules.subject import Subject
from botticelli.compiler.semantics.content import GENERATED
from botticelli.compiler.workspace.schemas import resolve_output
from botticelli.compiler.workspace.tables import storing_acts
from botticelli.compiler.workspace.workspace import NarrativeAt
from botticelli.grammar import catalogue


def check_types(subject: Subject) -> None:
    """Types that cannot be read, and BOT409."""
    types = subject.workspace.types if subject.file.schemas else None
    for found in types.faults if types is not None else ():
        if found.text.node.document is subject.unit.document:
            subject.reporter.add(to_diagnostic(found.fault, found.text.node))
    for act in acts_of_file(subject.file):
        if act.output is not None:
            resolve_output(act.output, subject.workspace.types.records, subject.reporter)
    for narrative in subject.file.narratives:
        storage = narrative.storage
        # Without a target, rows go into a new table with the columns of the template.
        stored = storage.target or storage.template
        if stored is not None and not (storage.skip and storage.skip.value):
            _check_target(NarrativeAt(subject.unit, narrative), stored.value, subject)


def _check_target(at: NarrativeAt, target: str, subject: Subject) -> None:
    """BOT409, where both the columns and the type of what is stored are declared."""
    tables = subject.workspace.tables
    declared = target in subject.workspace.schemas or (tables.lock and target in tables.lock)
    table = tables.known(target)
    if not declared or table.columns is None:
        return
    for act in storing_acts(at):
        record = record_of(act, at, subject.workspace)
        if record is None or act.output is None:
            continue
        for misfit in _misfits(record, table.columns, table.defaults):
            definition = table.definition
            subject.reporter.report(
                catalogue.OUTPUT_MISMATCH,
                _anchor(act, misfit).location,
                f"what `{act.name.value}` stores does not fit the table `{target}`: "
                f"{misfit.message}",
                labels=[Label("the table's columns", definition.location)] if definition else (),
            )


class _Misfit(Struct, frozen=True):
    """What does not fit, and of which field."""

    message: str
    field: str | None = None


def _anchor(act: Act, misfit: _Misfit) -> Anchor:
    """Return where a field is written, or else the output as a whole."""
    assert act.output is not None
    if not isinstance(act.output, OutputFields):
        return act.output
    field = act.output.fields.get(misfit.field or "")
    return act.output.node if field is None else field


def _misfits(
    record: Record, columns: Mapping[str, Type], defaults: tuple[str, ...]
) -> Iterator[_Misfit]:
    fields = {field.name: field for field in record.fields}
    filled = {*GENERATED, *defaults}
    needed = [
        name
        for name, kind in columns.items()
        if name not in filled and not isinstance(kind, Optional)
    ]
    missing = [name for name in needed if name not in fields]
    for name, field in fields.items():
        if name not in columns:
            # A field without a column is most likely one that is missing, by another name.
            alone = missing[0] if len(missing) == 1 else None
            guess = nearest(name, [each for each in columns if each not in fields]) or alone
            missing = [each for each in missing if each != guess]
            said = f"; did you mean `{guess}`?" if guess else ""
            yield _Misfit(f"it has no column `{name}`{said}", name)
            continue
        wanted, found = _bare(columns[name]), _bare(field.type)
        if type(wanted) is not type(found) and not _fits(wanted, found):
            yield _Misfit(f"`{name}` is {describe(found)}, the column {describe(wanted)}", name)
        elif name in needed and field.optional:
            yield _Misfit(f"`{name}` may be absent, the column may not", name)
    if missing:
        what, get = ("columns", "get") if len(missing) > 1 else ("column", "gets")
        yield _Misfit(f"the {what} {listing(missing)} {get} no value")


def _bare(kind: Type) -> Type:
    return kind.of if isinstance(kind, Optional) else kind


def _fits(wanted: Type, found: Type) -> bool:
    """Whether values of one type can be stored as another without loss."""
    from botticelli.compiler.ir.types import Enum, Float, Int, Text

    if isinstance(wanted, Json | Unknown) or isinstance(found, Unknown):
        return True
    if isinstance(wanted, Text):
        return isinstance(found, Enum)
    return isinstance(wanted, Float) and isinstance(found, Int)
