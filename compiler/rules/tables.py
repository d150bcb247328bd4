"""Rules on table queries: what is known of the table, limits without order, aliases, consuming."""

from collections.abc import Iterator

from msgspec import Struct

from botticelli.compiler.diagnostics import Anchor, Label, Location
from botticelli.compiler.flow.aliases import Alias, aliases_of
from botticelli.compiler.flow.scope import RESERVED
from botticelli.compiler.languages.ast import TableReference
from botticelli.compiler.narrative.located import Part
from botticelli.compiler.narrative.model import Act, Reference, TableQuery
from botticelli.compiler.rules.resources import acts_of_file
from botticelli.compiler.rules.subject import Subject
from botticelli.compiler.semantics.templates import has_tags
from botticelli.compiler.workspace.tables import KnownTable
from botticelli.grammar import catalogue

_MEND = "declare its columns as `[schemas.{}]`, or run `botticelli schema pull`"


class Query(Struct, frozen=True):
    """One query as an author wrote it: a resource, an input in place, or a reference with clauses.

    ``table`` is where the table is named; ``refines`` the resource that clauses refine.
    """

    name: str
    table: Anchor
    written: TableQuery | None = None
    reference: Reference | None = None
    clauses: TableReference | None = None
    refines: TableQuery | None = None


def check_tables(subject: Subject) -> None:
    """Everything about queries but their filters and orders."""
    for query in queries(subject):
        if has_tags(query.name) or "$" in query.name:
            continue
        known = subject.workspace.tables.known(query.name)
        if query.refines is None:
            _check_known(query, known, subject)
        _check_limit(query, subject)
        _check_consume(query, known, subject)
    for act in acts_of_file(subject.file):
        _check_aliases(act, subject)


def queries(subject: Subject) -> Iterator[Query]:
    """Yield every query of a file once: resources, inputs in place, references with clauses."""
    for resource in subject.file.tables.values():
        if isinstance(resource.input, TableQuery) and resource.input.table_name is not None:
            table = resource.input.table_name
            yield Query(table.value, table, written=resource.input)
    for act in acts_of_file(subject.file):
        for item in act.inputs:
            if isinstance(item, TableQuery) and item.table_name is not None:
                yield Query(item.table_name.value, item.table_name, written=item)
            elif isinstance(item, Reference) and item.kind == "table":
                name = Part(item.text, item.start, item.end)
                yield Query(item.name, name, reference=item, clauses=item.clauses)
            elif isinstance(item, Reference) and item.kind == "tables" and item.clauses:
                yield from _refinement(item, subject)


def _refinement(item: Reference, subject: Subject) -> Iterator[Query]:
    resource = subject.file.tables.get(item.name)
    if resource is None or not isinstance(resource.input, TableQuery):
        return
    table = resource.input.table_name
    if table is not None:
        yield Query(
            table.value,
            Part(item.text, item.start, item.end),
            reference=item,
            clauses=item.clauses,
            refines=resource.input,
        )


def _check_known(query: Query, known: KnownTable, subject: Subject) -> None:
    """BOT405 and BOT411: a table of which nothing, or nothing but its absence, is known."""
    if known.columns is not None:
        return
    tables = subject.workspace.tables
    produced = known.name in tables.producers or known.name in tables.written_by_command
    if not produced and (tables.has_writers() or tables.lock is not None):
        subject.reporter.report(
            catalogue.NO_PRODUCER,
            query.table.location,
            f"nothing writes the table `{known.name}`",
            note="no narrative, schema or lock file knows it",
            help=_MEND.format(known.name),
        )
        return
    subject.reporter.report(
        catalogue.UNKNOWN_SCHEMA,
        query.table.location,
        f"nothing is known of the columns of `{known.name}`",
        note="its filters are checked for form only",
        help=_MEND.format(known.name),
    )


def _check_limit(query: Query, subject: Subject) -> None:
    """BOT406, where a limit or an offset is written and no order says which rows are meant."""
    clauses, written, refined = query.clauses, query.written, query.refines
    if _consumes(query, subject):
        return
    for source in (written, refined):
        if source is not None and (source.order_by is not None or source.sample is not None):
            return
    if clauses is not None:
        if clauses.order is not None or clauses.sample is not None:
            return
        number = clauses.limit or clauses.offset
        if number is None or query.reference is None:
            return
        _report_unordered(query.reference.text.part(number.start, number.end), subject)
    elif written is not None and (limit := written.limit or written.offset) is not None:
        _report_unordered(limit.location, subject)


_CONSUMING = frozenset({"consume", "pull_and_delete"})


def _consumes(query: Query, subject: Subject) -> bool:
    """Tell whether a query takes its rows, in whatever narrative of the file it stands."""
    if query.clauses is not None and query.clauses.consume is not None:
        return True
    for source in (query.written, query.refines):
        if source is not None and source.consume is not None:
            return source.consume.value
        if source is not None and not _CONSUMING.isdisjoint(source.node.entries):
            return True  # it says something of it, which could not be read
    narratives = subject.file.narratives
    return bool(narratives) and all(
        each.storage.preserve_source is not None and not each.storage.preserve_source.value
        for each in narratives
    )


def _report_unordered(location: Location, subject: Subject) -> None:
    subject.reporter.report(
        catalogue.UNORDERED_LIMIT,
        location,
        "which rows these are is left to chance: there is no order",
        note="of which order?",
        help="add `order_by`, or `sample` if chance is meant",
    )


def _check_consume(query: Query, known: KnownTable, subject: Subject) -> None:
    """BOT412. Only a table that is known to have no key is at fault."""
    if known.keyed is not False or not _consumes(query, subject):
        return
    location = query.table.location
    if query.written is not None and query.written.consume is not None:
        location = query.written.consume.location
    elif query.clauses is not None and query.clauses.consume is not None and query.reference:
        word = query.clauses.consume
        location = query.reference.text.part(word.start, word.end)
    elif query.refines is not None:
        return  # said where the resource stands
    subject.reporter.report(
        catalogue.CONSUME_WITHOUT_KEY,
        location,
        f"`{known.name}` has no primary key, so its rows cannot be told apart once taken",
        note="needs a primary key",
    )


def _check_aliases(act: Act, subject: Subject) -> None:
    """BOT410: an alias that is already an act, another alias of the act, or a reserved name."""
    taken: dict[str, Alias] = {}
    written = [alias for alias in aliases_of(act, subject.file) if alias.written]
    acts = {each.name.value: each for each in acts_of_file(subject.file)} if written else {}
    for alias in written:
        labels = []
        if alias.name in RESERVED:
            why = "has a meaning of its own in templates"
        elif alias.name in acts:
            why = "is already the name of an act"
            labels.append(Label("the act", acts[alias.name].name.location))
        elif alias.name in taken:
            why = "already names other rows in this act"
            labels.append(Label("here first", taken[alias.name].anchor.location))
        else:
            taken[alias.name] = alias
            continue
        subject.reporter.report(
            catalogue.ALIAS_CONFLICT,
            alias.anchor.location,
            f"the alias `{alias.name}` {why}",
            note="choose another name",
            labels=labels,
        )
