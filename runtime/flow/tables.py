"""Table inputs: the query with its values, and the rows in scope."""

from collections.abc import Mapping
from typing import Any

from botticelli.compiler.ir.program import Act, TableInput
from botticelli.compiler.semantics.templates import TableRows, compile_expression
from botticelli.runtime.address import Address
from botticelli.runtime.databases.records import TableQuery
from botticelli.runtime.effects import Failure, QueryTable, TableResult
from botticelli.runtime.events import TableQueried, Warned
from botticelli.runtime.flow.schedule import Walk
from botticelli.runtime.flow.scope import ActFailedError, Frame, Scope
from botticelli.runtime.flow.values import parameters_of, render


def read_table(
    frame: Frame, scope: Scope, act: Act, source: TableInput, address: Address
) -> Walk[TableRows]:
    """Read the rows of an input and put them in scope. Raises ActFailedError, TemplateError."""
    query = _query(source, scope.names(frame))
    result = yield QueryTable(
        address=address,
        act=act.name,
        iteration=frame.iteration,
        query=query,
        unit=frame.unit if query.consume else None,
        retry=act.retry,
    )
    if isinstance(result, Failure):
        raise ActFailedError(frame.address, act.name, result.message)
    assert isinstance(result, TableResult)
    found, taken = result.value, result.taken
    if taken is not None:
        frame.holdings.take(taken, until_act=source.acknowledge == "act")
    for warning in found.warnings:
        yield Warned(address=str(address), message=warning)
    rows = TableRows(found.rows(), found.text)
    yield TableQueried(
        address=str(address),
        act=act.name,
        table=query.table,
        rows=len(rows),
        bytes=len(found.text.encode("utf-8", "surrogatepass")),
        consumed=taken is not None,
    )
    for name in source.names:
        scope.tables[name] = rows
    return rows


def rows_summary(table: str, rows: int) -> str:
    """What stays of a table input in the history when it is summarised."""
    return f"[Table: {table}, {rows:,} {'row' if rows == 1 else 'rows'}]"


def _query(source: TableInput, names: Mapping[str, Any]) -> TableQuery:
    parameters = {
        each: compile_expression(each).evaluate(names) for each in parameters_of(source.where)
    }
    return TableQuery(
        table=render(source.table, names).strip(),
        columns=source.columns,
        where=source.where,
        parameters=parameters,
        order=source.order,
        limit=source.limit,
        offset=source.offset,
        sample=source.sample,
        format=source.format,
        max_bytes=source.max_bytes,
        required=source.required,
        consume=source.consume,
    )
