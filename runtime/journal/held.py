"""Rows that a run had taken from tables and not let go when it ended, as its journal tells."""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from botticelli.runtime.databases.records import Taken
from botticelli.runtime.effects import (
    AcknowledgeRows,
    Effect,
    Failure,
    GiveBackRows,
    QueryTable,
    Result,
    StoreContent,
    TableResult,
)
from botticelli.runtime.journal.replay import Recording

SETTLING = frozenset(kind.__struct_config__.tag for kind in (AcknowledgeRows, StoreContent))
"""The kinds of effects that may delete rows which were taken."""


class Held(Struct, frozen=True):
    """Rows that a run had taken; `unit` is the address of the iteration that took them."""

    taken: Taken
    unit: str


def concerns_rows(effect: Effect) -> bool:
    """Tell whether an effect takes rows from a table or lets them go."""
    match effect:
        case QueryTable(query=query):
            return query.consume
        case StoreContent(acknowledged=taken):
            return bool(taken)
        case AcknowledgeRows() | GiveBackRows():
            return True
    return False


def held_rows(effects: Iterable[Effect], recording: Recording) -> tuple[Held, ...]:
    """Return what was taken and not let go by recorded effects that concern rows."""
    queries: list[QueryTable] = []
    settled: set[str] = set()
    for effect in effects:
        if isinstance(effect, QueryTable):
            queries.append(effect)
        elif isinstance(effect, GiveBackRows) or not _failed(recording, effect):
            settled.update(each.place for each in let_go(effect))
    held: list[Held] = []
    for query in queries:
        place = str(query.address)
        result = None if place in settled else recording.read(place)
        if isinstance(result, TableResult) and result.taken is not None:
            held.append(Held(result.taken, str(query.unit)))
    return tuple(held)


def _failed(recording: Recording, effect: Effect) -> bool:
    return isinstance(recording.read(str(effect.address)), Failure)


def let_go(effect: Effect) -> tuple[Taken, ...]:
    """Return the rows that an effect lets go."""
    match effect:
        case StoreContent(acknowledged=taken):
            return taken
        case AcknowledgeRows(taken=taken) | GiveBackRows(taken=taken):
            return taken
    return ()


def as_seen(result: Result) -> Result:
    """Return a result as another run may use it, which does not hold the rows in it."""
    if isinstance(result, TableResult) and result.taken is not None:
        return replace(result, taken=None)
    return result
