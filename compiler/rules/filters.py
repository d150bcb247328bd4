"""Rules on filters and orders: that they parse, name existing columns, compare like with like."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from botticelli.compiler.faults import Fault, to_diagnostic
from botticelli.compiler.flow.commands import (
    clauses_of,
    commands_of_file,
    specify,
)
from botticelli.compiler.flow.outputs import command_of
from botticelli.compiler.flow.scope import PlaceScope
from botticelli.compiler.ir.types import Type
from botticelli.compiler.languages import ast
from botticelli.compiler.languages.checking import (
    check_filter,
    check_order,
    check_reference,
    independent,
)
from botticelli.compiler.languages.filters import parse_filter
from botticelli.compiler.languages.orders import parse_order
from botticelli.compiler.languages.references import parse_reference
from botticelli.compiler.narrative.located import Key, Text
from botticelli.compiler.narrative.model import Act, Command, NarrativeFile, Reference, TableQuery
from botticelli.compiler.nearest import listing, nearest
from botticelli.compiler.rules.commands import table_of
from botticelli.compiler.rules.resources import acts_of_file
from botticelli.compiler.rules.subject import Subject
from botticelli.compiler.rules.tables import queries
from botticelli.compiler.rules.templates import surroundings
from botticelli.compiler.semantics.commands.kinds import Filter, Order
from botticelli.compiler.semantics.templates import has_tags
from botticelli.compiler.templates.checking import check_value
from botticelli.grammar import catalogue

Columns = Mapping[str, Type] | None


def check_filters(subject: Subject) -> None:
    """Check every query's filter, order and columns, and the templates within its filter."""
    for query in queries(subject):
        dynamic = has_tags(query.name) or "$" in query.name
        columns = None if dynamic else subject.workspace.tables.known(query.name).columns
        if query.written is not None:
            _check_query(query.written, columns, subject)
        if query.reference is not None and query.clauses is not None:
            _check_clauses(query.clauses, query.reference.text, columns, subject)
    for command in commands_of_file(subject.file):
        _check_command(command, subject)
    for unnamed in _queries_without_table(subject.file):
        _check_query(unnamed, None, subject)
    for narrative in subject.file.narratives:
        around, flow = surroundings(narrative, subject)
        for at in flow.acts:
            _check_placeholders(at.act, PlaceScope(around, at.point, at.act), subject)


def _queries_without_table(file: NarrativeFile) -> Iterator[TableQuery]:
    """Yield the queries whose table is missing; what they say beside it is read all the same."""
    named = (resource.input for resource in file.tables.values())
    in_place = (item for act in acts_of_file(file) for item in act.inputs)
    for item in chain(named, in_place):
        if isinstance(item, TableQuery) and item.table_name is None:
            yield item


def _check_query(query: TableQuery, columns: Columns, subject: Subject) -> None:
    if query.table_name is not None and has_tags(query.table_name.value):
        _name_by_template(query.table_name, "the name of a table", subject)
    if query.where is not None:
        _check_filter(query.where, columns, subject)
    if query.order_by is not None:
        _check_order(query.order_by, columns, subject)
    for name in query.columns or ():
        if has_tags(name.value):
            _name_by_template(name, "the name of a column", subject)
        elif columns is not None and name.value not in columns:
            unknown_column(name, columns, subject)


def _check_filter(text: Text, columns: Columns, subject: Subject) -> None:
    parsed = parse_filter(text.value)
    _report(parsed.faults, text, subject)
    if parsed.tree is not None:
        found = check_filter(parsed.tree, columns)
        _report(independent(found, parsed.faults, text.value), text, subject)


def _check_order(text: Text, columns: Columns, subject: Subject) -> None:
    order = parse_order(text.value)
    _report(order.faults, text, subject)
    if order.tree is not None:
        found = check_order(order.tree, columns)
        _report(independent(found, order.faults, text.value), text, subject)


def _check_command(command: Command, subject: Subject) -> None:
    """Check the rows that a command on the database chooses."""
    performed = specify(command)
    table = table_of(performed) if performed is not None else None
    columns = None if table is None else subject.workspace.tables.known(table.value).columns
    for text in clauses_of(command, Filter).values():
        _check_filter(text, columns, subject)
    for text in clauses_of(command, Order).values():
        _check_order(text, columns, subject)


def _check_clauses(
    clauses: ast.TableReference, text: Text, columns: Columns, subject: Subject
) -> None:
    """Check the clauses of a reference, whose syntax has been judged where it was read."""
    found = check_reference(clauses, columns)
    if found:
        found = tuple(independent(found, parse_reference(text.value).faults, text.value))
    _report(found, text, subject)


def _name_by_template(name: Text, expected: str, subject: Subject) -> None:
    """BOT408 outside filters: in a list of columns, and in the place of a table."""
    subject.reporter.report(
        catalogue.VALUE_AS_NAME,
        name.location,
        f"a template stands for a value only; expected {expected}",
        note="a value cannot stand here",
    )


def unknown_column(name: Text | Key, columns: Mapping[str, Type], subject: Subject) -> None:
    """BOT402 where a column is named that the table does not have."""
    guess = nearest(name.value, columns)
    subject.reporter.report(
        catalogue.UNKNOWN_COLUMN,
        name.location,
        f"the table has no column `{name.value}`",
        note=f"did you mean `{guess}`?" if guess else "no such column",
        help=f"the columns are {listing(columns)}",
    )


def _report(faults: Iterable[Fault], text: Text, subject: Subject) -> None:
    subject.reporter.extend(to_diagnostic(fault, text.node) for fault in faults)


def _check_placeholders(act: Act, scope: PlaceScope, subject: Subject) -> None:
    """The templates of an act's filters, by what the act knows when it runs."""
    for text, tree in _filters_of(act, subject.file):
        for placeholder in ast.placeholders(tree):
            analysis = check_value(placeholder.written, scope)
            shifted = (fault.shifted(placeholder.start) for fault in analysis.faults)
            _report(shifted, text, subject)


def _filters_of(act: Act, file: NarrativeFile) -> Iterable[tuple[Text, ast.Expression]]:
    for item in act.inputs:
        query = item
        command = command_of(item, file)
        if command is not None:
            for text in clauses_of(command, Filter).values():
                tree = parse_filter(text.value).tree
                if tree is not None:
                    yield text, tree
        if isinstance(item, Reference):
            if item.clauses is not None and item.clauses.where is not None:
                yield item.text, item.clauses.where
            resource = file.tables.get(item.name) if item.kind == "tables" else None
            query = resource.input if resource is not None else item
        if isinstance(query, TableQuery) and query.where is not None:
            tree = parse_filter(query.where.value).tree
            if tree is not None:
                yield query.where, tree
