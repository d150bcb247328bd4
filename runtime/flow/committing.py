"""When the project's state is read and written by a run.

It is read once, at the start. Writes are committed when an iteration of the run has succeeded, and
with them those of failed ones before it: what was performed there has had its effect.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from botticelli.compiler.ir.expressions import Name, Parameter
from botticelli.compiler.ir.program import Program, Template
from botticelli.runtime.address import Address
from botticelli.runtime.effects import CommitState, Failure, ReadState, StateSnapshot
from botticelli.runtime.flow.schedule import Walk
from botticelli.runtime.flow.scope import ActFailedError, Frame
from botticelli.runtime.flow.state import State

NAME = "state"


def read_state(frame: Frame) -> Walk[State]:
    """Return the state to start with; it is only read where the program uses it.

    Raises ActFailedError.
    """
    if not _uses_state(frame.program):
        return State()
    result = yield ReadState(address=frame.address.into("read-state"))
    if isinstance(result, Failure):
        raise ActFailedError(frame.address, None, result.message)
    assert isinstance(result, StateSnapshot)
    return State(result.values)


def commit_state(address: Address, state: State) -> Walk[None]:
    """Make the writes since the last commit last, if there are any. Raises ActFailedError."""
    written = state.take_writes()
    if not written:
        return
    result = yield CommitState(address=address.into(NAME), values=written)
    if isinstance(result, Failure):
        raise ActFailedError(address, None, result.message)


def _uses_state(program: Program) -> bool:
    """Whether any template or condition may name the state; a template that only speaks of it
    counts as well, since a reading costs little."""
    if NAME.encode() not in msgspec.json.encode(program):
        return False
    return any(
        node.root == NAME if isinstance(node, Name) else NAME in node.source
        for node in _nodes(program)
        if isinstance(node, Template | Parameter | Name)
    )


def _nodes(value: Any) -> Iterator[Any]:
    if isinstance(value, Struct):
        yield value
        for field in value.__struct_fields__:
            yield from _nodes(getattr(value, field))
    elif isinstance(value, dict):
        for item in value.values():
            yield from _nodes(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from _nodes(item)
