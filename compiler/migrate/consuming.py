"""`preserve_source`, which is `consume` on each read today.

`preserve_source = true` is what happens anyway. `false` made every read of the narrative consume
that did not say otherwise; those reads now say so themselves.
"""

from collections.abc import Iterator

from botticelli.compiler.diagnostics import Edit
from botticelli.compiler.faults import Replacement
from botticelli.compiler.flow.steps import act_names
from botticelli.compiler.migrate.editing import add, remove, rewrite
from botticelli.compiler.narrative.model import (
    Input,
    Narrative,
    NarrativeFile,
    Reference,
    TableQuery,
)


def consuming_edits(file: NarrativeFile) -> Iterator[Edit]:
    """Yield the edits of all narratives of a file, or none where one of them cannot be made."""
    preserved = {
        item.name
        for narrative in file.narratives
        if not _consumes(narrative)
        for item in _inputs(file, narrative)
        if isinstance(item, Reference) and item.kind == "tables"
    }
    edits: list[Edit | None] = []
    for narrative in file.narratives:
        if narrative.storage.preserve_source is None:
            continue
        edits.append(remove(narrative.header, "preserve_source"))
        for item in _inputs(file, narrative) if _consumes(narrative) else ():
            edits += _consume(item, file, preserved)
    if None not in edits:
        yield from (edit for edit in edits if edit is not None)


def _consumes(narrative: Narrative) -> bool:
    preserve = narrative.storage.preserve_source
    return preserve is not None and not preserve.value


def _inputs(file: NarrativeFile, narrative: Narrative) -> Iterator[Input]:
    """The inputs of the acts that a narrative runs."""
    if narrative.order is None:
        return
    acts = file.acts_of(narrative)
    for name in dict.fromkeys(name.value for name in act_names(narrative.order.body)):
        if name in acts:
            yield from acts[name].inputs


def _consume(item: Input, file: NarrativeFile, preserved: set[str]) -> Iterator[Edit | None]:
    """Let one read say that it consumes: at the resource, unless others read that and do not."""
    if isinstance(item, TableQuery):
        if item.consume is None:
            yield add(item.node, "consume", "true", after="table_name")
        return
    if not isinstance(item, Reference) or item.kind not in {"tables", "table"}:
        return
    resource = file.tables.get(item.name) if item.kind == "tables" else None
    query = resource.input if resource is not None else None
    if isinstance(query, TableQuery) and query.consume is not None:
        return
    if isinstance(query, TableQuery) and item.name not in preserved:
        yield add(query.node, "consume", "true", after="table_name")
    elif item.clauses is None or item.clauses.consume is None:
        end = len(item.text.value.rstrip())
        yield from rewrite(item.node, [Replacement(end, end, " consume")])
