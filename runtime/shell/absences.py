"""Tables, columns and keys of the state that acts ask for, looked for before the first request.

What an act that certainly runs will miss keeps the run from starting; what only some branch asks
for is a warning. What the run itself makes first is not missed.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from botticelli.compiler.ir.expressions import Column, ExpressionNode
from botticelli.compiler.ir.program import (
    Act,
    CommandInput,
    Constant,
    FilterValue,
    ListValue,
    OrderValue,
    Place,
    Program,
    RecordValue,
    TableInput,
    Value,
)
from botticelli.compiler.ir.types import Record
from botticelli.compiler.semantics.commands import find
from botticelli.compiler.semantics.policies import DATABASE, TABLE
from botticelli.compiler.semantics.state import is_id, keys_of
from botticelli.compiler.semantics.templates import has_tags
from botticelli.runtime.databases.address import DatabaseError
from botticelli.runtime.databases.database import Database
from botticelli.runtime.databases.own_tables import PREFIX
from botticelli.runtime.databases.reflection import ReflectedTable, table_names
from botticelli.runtime.flow.certain import acts_in_order
from botticelli.runtime.flow.reach import reachable
from botticelli.runtime.flow.readings import state_keys
from botticelli.runtime.problems import Problem, StoreError
from botticelli.runtime.state import StateStore

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


class Wanted(Struct, frozen=True):
    """A table that an act asks for, and columns of it; `required`: it must be there."""

    place: Place
    table: str
    columns: tuple[str, ...]
    required: bool
    certain: bool


async def absent_tables(
    program: Program, database: Database | None
) -> tuple[list[Problem], list[str]]:
    """Return what keeps the program from running, and what may fail an act on the way."""
    made = {each.content.target for each in reachable(program) if not each.content.skip}
    wanted = [each for each in _wanted(program) if each.table not in made]
    if not wanted or database is None:
        return [], []
    try:
        found = await _faults(database, wanted)
    except DatabaseError as error:
        if any(each.certain for each in wanted):
            return [Problem(str(error))], []
        return [], [str(error)]
    problems = [problem for each, problem in found if each.certain]
    return _once(problems), [said.message for each, said in found if not each.certain]


async def _faults(database: Database, wanted: Iterable[Wanted]) -> list[tuple[Wanted, Problem]]:
    if not database.exists:
        return [(each, _no_table(each, ())) for each in wanted if each.required]
    faults: list[tuple[Wanted, Problem]] = []
    async with database.reading() as connection:
        for each in wanted:
            table = await database.table(connection, each.table)
            if table is not None:
                faults += ((each, problem) for problem in _no_columns(each, table))
            elif each.required:
                faults.append((each, _no_table(each, await _names(connection))))
    return faults


async def _names(connection: "AsyncConnection") -> list[str]:
    return await connection.run_sync(table_names)


def _no_table(wanted: Wanted, known: Iterable[str]) -> Problem:
    message = f"{_at(wanted.place)}: there is no table `{wanted.table}` in the database"
    return Problem(message, name=wanted.table, known=tuple(known))


def _no_columns(wanted: Wanted, table: ReflectedTable) -> Iterator[Problem]:
    for name in wanted.columns:
        if name not in table.columns:
            message = f"{_at(wanted.place)}: the table `{wanted.table}` has no column `{name}`"
            yield Problem(message, name=name, known=tuple(table.columns))


def _wanted(program: Program) -> Iterator[Wanted]:
    for act, certain in acts_in_order(program):
        for source in act.inputs:
            if isinstance(source, TableInput) and not has_tags(source.table.source):
                order = (term.column for term in source.order)
                named = (*(source.columns or ()), *_columns(source.where), *order)
                table = source.table.source.strip()
                yield Wanted(source.place, table, _unique(named), source.required, certain)
            elif isinstance(source, CommandInput) and source.platform == DATABASE:
                yield from _of_command(source, certain=certain)


def _of_command(source: CommandInput, *, certain: bool) -> Iterator[Wanted]:
    known = find(DATABASE, source.command)
    if known is None:
        return
    given: dict[str, Value] = {}
    for name, value in source.arguments.items():
        argument = known.argument(name)
        if argument is not None:
            given[argument.name] = value
    table = given.pop(TABLE, None)
    own = isinstance(table, Constant) and str(table.data).startswith(PREFIX)
    if isinstance(table, Constant) and isinstance(table.data, str) and not own:
        named = _unique(name for value in given.values() for name in _in_value(value))
        certain = certain and source.required
        yield Wanted(source.place, table.data, named, True, certain)


def _in_value(value: Value) -> Iterator[str]:
    """Yield the columns that an argument names: of a filter, of an order, or as keys of rows."""
    match value:
        case FilterValue(where=where):
            yield from _columns(where)
        case OrderValue(terms=terms):
            yield from (term.column for term in terms)
        case RecordValue(fields=fields):
            yield from fields
        case ListValue(items=items):
            for item in items:
                yield from _in_value(item)
        case _:
            pass


def _columns(expression: Any) -> Iterator[str]:
    if isinstance(expression, Column):
        yield expression.name
    elif isinstance(expression, ExpressionNode):
        for field in expression.__struct_fields__:
            value = getattr(expression, field)
            for part in value if isinstance(value, tuple) else (value,):
                yield from _columns(part)


# The state


def absent_state(program: Program, store: StateStore) -> list[Problem]:
    """Return the keys that certainly are read before anything has written them."""
    wanted = [(act, certain, list(state_keys(act))) for act, certain in acts_in_order(program)]
    if not any(keys for _, _, keys in wanted):
        return []
    try:
        known = set(store.values())
    except StoreError as error:
        return [Problem(str(error))]
    problems: list[Problem] = []
    for act, certain, keys in wanted:
        written = _written(act)
        if written is None:
            break
        known |= written
        for place, path in keys:
            if certain and not _is_known(path, known):
                key = ".".join(path)
                message = (
                    f"{_at(place)}: nothing has written the state key `{key}`, and no command "
                    f"before does; `botticelli state set {key} VALUE` sets it"
                )
                problems.append(Problem(message))
    return _once(problems)


def _written(act: Act) -> set[str] | None:
    """Return the keys that an act's commands leave; None where nobody knows."""
    keys: set[str] = set()
    for source in act.inputs:
        if isinstance(source, CommandInput):
            command = find(source.platform, source.command)
            if command is None or not isinstance(command.result, Record):
                return None
            for field in command.result.fields:
                if is_id(field.name):
                    keys.update(keys_of(source.platform, source.command, field.name))
    return keys


def _is_known(path: tuple[str, ...], known: Iterable[str]) -> bool:
    """Whether a key is there, or one that it is a step into, or one that goes on from it."""
    whole = ".".join(path)
    steps = {".".join(path[:length]) for length in range(1, len(path) + 1)}
    return any(key in steps or key.startswith(f"{whole}.") for key in known)


def _at(place: Place) -> str:
    return f"{place.path}:{place.line}:{place.column}"


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _once(problems: Iterable[Problem]) -> list[Problem]:
    found: Mapping[str, Problem] = {each.message: each for each in problems}
    return list(found.values())
