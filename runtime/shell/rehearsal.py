"""What a dry run does in the place of effects: the one rule by which nothing that writes happens.

Only what is named here as a read is performed. Everything else is answered with what stands for
its result; an effect that is not named is none that a dry run can get past.
"""

from collections.abc import Callable
from typing import assert_never

from msgspec.structs import replace

from botticelli.runtime.effects import (
    AcknowledgeRows,
    AskModel,
    CommitState,
    Done,
    Effect,
    GiveBackRows,
    QueryTable,
    ReadClock,
    ReadMedia,
    ReadState,
    Result,
    RunCommand,
    StoreContent,
    Stored,
    Wait,
)
from botticelli.runtime.platforms.protocol import CommandTraits
from botticelli.runtime.shell.commands import CommandCaller

Traits = Callable[[Effect], CommandTraits]


class Rehearsal:
    """Stands between the effects of a dry run and what would perform them."""

    def __init__(self, commands: CommandCaller, traits: Traits) -> None:
        self._commands = commands
        self._traits = traits

    def of(self, effect: Effect) -> Effect | Result:
        """Return the effect that is performed after all, as it only reads, or the result that
        stands for one that is not."""
        match effect:
            case AskModel() | ReadMedia() | ReadState() | ReadClock() | Wait():
                return effect
            case QueryTable(query=query):
                return replace(effect, query=replace(query, consume=False))
            case RunCommand():
                return self._commands.rehearse(effect) if self._writes(effect) else effect
            case StoreContent(records=records):
                said = f"a dry run: {len(records):,} rows would be stored"
                return Stored(effect.target or effect.narrative, 0, (said,))
            case CommitState() | AcknowledgeRows() | GiveBackRows():
                return Done()
            case _:
                assert_never(effect)

    def _writes(self, effect: RunCommand) -> bool:
        return self._traits(effect).writes
