"""What is asked of a database and what comes back, as the interpreter and the shell exchange it."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from msgspec import Struct

from botticelli.compiler.ir.expressions import Expression, OrderTerm


class TableQuery(Struct, frozen=True, kw_only=True):
    """A query with the values of its placeholders, by their source. `max_bytes` bounds its text in
    bytes; no `limit` means the ceiling on rows."""

    table: str
    columns: tuple[str, ...] | None = None
    where: Expression | None = None
    parameters: Mapping[str, Any] = {}
    order: tuple[OrderTerm, ...] = ()
    limit: int | None = 10
    offset: int = 0
    sample: int | None = None
    format: str = "json"
    max_bytes: int | None = None
    required: bool = True
    consume: bool = False


class BoundFilter(Struct, frozen=True):
    """A filter that a command is given, with the values of its placeholders; `text` is for people,
    with the values in their places."""

    where: Expression
    parameters: Mapping[str, Any]
    text: str


class BoundOrder(Struct, frozen=True):
    """An order that a command is given; `text` is for people."""

    terms: tuple[OrderTerm, ...]
    text: str


class Taken(Struct, frozen=True, kw_only=True):
    """Rows that a run has taken from a table for a place in it, by the text of their keys."""

    place: str
    table: str
    keys: tuple[str, ...]


MOMENT = "moment"
DATE = "date"


class Rows(Struct, frozen=True, kw_only=True):
    """What a query gave: values of JSON by row and column, their text, and why it may not be
    everything. `moments` says of columns whether their texts are moments or dates."""

    columns: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...] = ()
    moments: Mapping[str, str] = {}
    text: str
    warnings: tuple[str, ...] = ()

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows as the run sees them, with moments and dates."""
        read = [_READERS.get(self.moments.get(column, "")) for column in self.columns]
        return [
            {
                column: value if reader is None else reader(value)
                for column, value, reader in zip(self.columns, row, read, strict=True)
            }
            for row in self.values
        ]


def _moment(value: Any) -> Any:
    """What the database holds instead of a moment stays as it is."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _date(value: Any) -> Any:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return value


_READERS: dict[str, Callable[[Any], Any]] = {MOMENT: _moment, DATE: _date}
