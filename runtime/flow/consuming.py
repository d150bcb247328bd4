"""When rows that were taken from a table are acknowledged, and when they are given back.

They go when the narrative's iteration that took them has succeeded, or with `ack = "act"` when the
act has; a called narrative without a carousel is part of its caller's iteration. They return when
a carousel goes on after a failure. Whatever is still held when the run ends, the shell gives back.
"""

from botticelli.runtime.address import Address
from botticelli.runtime.databases.records import Taken
from botticelli.runtime.effects import AcknowledgeRows, Failure, GiveBackRows
from botticelli.runtime.events import RowsAcknowledged, RowsGivenBack, Warned
from botticelli.runtime.flow.schedule import Walk
from botticelli.runtime.flow.scope import ActFailedError, Frame


def acknowledge(frame: Frame, taken: tuple[Taken, ...], act: str | None = None) -> Walk[None]:
    """Have rows deleted that have been dealt with. Raises ActFailedError."""
    if not taken:
        return
    address = frame.address.into("acknowledge")
    result = yield AcknowledgeRows(address=address, taken=taken)
    if isinstance(result, Failure):
        raise ActFailedError(address, act, result.message)
    yield from note_acknowledged(frame, taken, address)


def note_acknowledged(frame: Frame, taken: tuple[Taken, ...], address: Address) -> Walk[None]:
    """Hold rows no longer that are gone."""
    frame.holdings.settle(taken)
    for each in taken:
        yield RowsAcknowledged(address=str(address), table=each.table, rows=len(each.keys))


def give_back(frame: Frame) -> Walk[None]:
    """Return what was taken within an iteration or a pass that failed."""
    taken = frame.holdings.inside(frame.address)
    if not taken:
        return
    address = frame.address.into("give-back")
    result = yield GiveBackRows(address=address, taken=taken)
    frame.holdings.settle(taken)
    if isinstance(result, Failure):
        said = f"rows could not be given back, and return when their lease ends: {result.message}"
        yield Warned(address=str(address), message=said)
        return
    for each in taken:
        yield RowsGivenBack(address=str(address), table=each.table, rows=len(each.keys))
