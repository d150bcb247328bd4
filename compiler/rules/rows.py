"""Rules on the rows that commands write: their columns exist, and take what is known of values."""

from collections.abc import Iterator, Mapping

from botticelli.compiler.flow.commands import Performed, commands_of_file, specify
from botticelli.compiler.ir.types import Date, Enum, Json, Text, Timestamp, Type
from botticelli.compiler.languages.kinds import bare
from botticelli.compiler.narrative.located import Key
from botticelli.compiler.rules.commands import known_value, table_of
from botticelli.compiler.rules.filters import unknown_column
from botticelli.compiler.rules.subject import Subject
from botticelli.compiler.semantics.commands.database import MOMENTS_NOW
from botticelli.compiler.syntax.nodes import Array, Node, Scalar, Table
from botticelli.grammar import catalogue


def check_rows(subject: Subject) -> None:
    """Check what commands on the database write into tables whose columns are known."""
    for command in commands_of_file(subject.file):
        performed = specify(command)
        table = table_of(performed) if performed is not None else None
        if performed is None or table is None:
            continue
        columns = subject.workspace.tables.known(table.value).columns
        for row in _rows_of(performed) if columns is not None else ():
            assert columns is not None
            _check_row(row, columns, subject)


def _rows_of(performed: Performed) -> Iterator[Table]:
    """Yield the tables in a command's arguments whose keys are columns."""
    for name, node in performed.command.arguments.items():
        argument = performed.known.argument(name)
        if argument is not None and isinstance(argument.type, Json):
            items = node.items if isinstance(node, Array) else [node]
            yield from (each for each in items if isinstance(each, Table))


def _check_row(row: Table, columns: Mapping[str, Type], subject: Subject) -> None:
    for name, node in row:
        if name not in columns:
            unknown_column(Key(row, name), columns, subject)
        elif isinstance(node, Scalar):
            _check_value(name, node, bare(columns[name]), subject)


def _check_value(name: str, node: Node, kind: Type, subject: Subject) -> None:
    from botticelli.compiler.semantics.commands.values import converted

    value, _ = known_value(node)
    if isinstance(value, str) and not isinstance(kind, Text | Enum):
        said = value.strip().lower()
        if not said or (isinstance(kind, Timestamp | Date) and said in MOMENTS_NOW):
            return
    if value is None:
        return
    for fault in converted(kind, value)[1]:
        subject.reporter.report(
            catalogue.BAD_ARGUMENT,
            node.location,
            f"the column `{name}` takes {fault.expected}, found {fault.found}",
            note=f"expected {fault.expected}",
        )
