"""Performing effects: each kind goes to what knows how, and comes back as its result."""

from collections.abc import Callable, Mapping

from botticelli.runtime.drivers.protocol import ModelAnswer
from botticelli.runtime.effects import (
    AskModel,
    CommandResult,
    CommitState,
    Done,
    Effect,
    EffectNode,
    Exhaustion,
    Failure,
    Moment,
    QueryTable,
    ReadClock,
    ReadMedia,
    ReadState,
    Result,
    RunCommand,
    StateSnapshot,
    StoreContent,
    Wait,
)
from botticelli.runtime.events import CommandPerformed, Event, Waiting
from botticelli.runtime.journal.records import EffectRecord, RunRecord
from botticelli.runtime.problems import StoreError
from botticelli.runtime.shell.clock import sleep_until
from botticelli.runtime.shell.commands import CommandCaller, Confirm, Show
from botticelli.runtime.shell.equipment import Equipment
from botticelli.runtime.shell.models import ModelCaller
from botticelli.runtime.shell.rehearsal import Rehearsal
from botticelli.runtime.shell.tables import TableAccess

Exchange = Callable[[AskModel, Result], None]
"""Is shown what a model was asked, and what came of it."""


class Performer:
    """Performs the effects of one run.

    `records` is what is known of the effects of a run that goes on, `skipped` which of them are not
    repeated. `instead` shows commands that write instead of performing them.
    """

    def __init__(
        self,
        equipment: Equipment,
        record: RunRecord,
        *,
        models: ModelCaller,
        confirm: Confirm,
        emit: Callable[[Event], None],
        records: Mapping[str, EffectRecord],
        skipped: frozenset[str],
        instead: Show | None,
        exchange: Exchange | None,
    ) -> None:
        self._equipment = equipment
        self._clock = equipment.clock
        self._run = record.id
        self._emit = emit
        self._records = records
        self._skipped = skipped
        self._exchange = exchange
        self._models = models
        self._commands = CommandCaller(
            record.id, equipment.platforms, self._clock, confirm, emit, instead=instead
        )
        self._rehearsal = Rehearsal(self._commands, equipment.traits) if record.dry_run else None
        self._tables = TableAccess(equipment.database, record, self._clock)

    async def perform(self, effect: Effect) -> Result:
        """Perform an effect; every expected failure is a result."""
        if str(effect.address) in self._skipped:
            return self._skip(effect)
        if self._rehearsal is not None:
            rehearsed = self._rehearsal.of(effect)
            if not isinstance(rehearsed, EffectNode):
                return rehearsed
            effect = rehearsed
        return await self._perform(effect)

    async def _perform(self, effect: Effect) -> Result:
        now = self._clock.now()
        match effect:
            case ReadMedia():
                return await self._equipment.media.read(effect)
            case ReadState() | CommitState():
                return self._use_state(effect, now)
            case ReadClock():
                return Moment(now)
            case Wait():
                return await self._wait(effect, now)
            case AskModel():
                return await self._ask(effect)
            case RunCommand():
                return await self._commands.perform(effect, self._begun(effect, now))
            case QueryTable():
                return await self._tables.query(effect)
            case StoreContent():
                return await self._tables.store(effect)

    async def _ask(self, effect: AskModel) -> ModelAnswer | Failure | Exhaustion:
        answer = await self._models.ask(effect)
        if self._exchange is not None:
            self._exchange(effect, answer)
        return answer

    async def _wait(self, effect: Wait, now: float) -> Moment:
        if effect.until > now:
            self._emit(Waiting(address=str(effect.address), what="every", until=effect.until))
        await sleep_until(self._clock, effect.until)
        return Moment(self._clock.now())

    def _use_state(self, effect: ReadState | CommitState, now: float) -> Result:
        store = self._equipment.state
        try:
            if isinstance(effect, ReadState):
                return StateSnapshot(store.values())
            store.commit(self._run, str(effect.address), effect.values, now)
        except StoreError as error:
            return Failure(str(error))
        return Done()

    def _begun(self, effect: Effect, now: float) -> float:
        """Return when an effect was first begun, if it was and nobody knows how it ended."""
        record = self._records.get(str(effect.address))
        return now if record is None or record.ended is not None else record.started

    def _skip(self, effect: Effect) -> Result:
        """Go on as after a write of which nobody knows whether it took effect."""
        if not isinstance(effect, RunCommand):
            return Failure("its outcome is unknown, and it was not repeated", unknown=True)
        name = f"{effect.platform}.{effect.command}"
        self._emit(
            CommandPerformed(
                address=str(effect.address),
                act=effect.act,
                platform=effect.platform,
                command=effect.command,
                outcome="skipped",
                message=f"{name} is not repeated; whether it took effect is unknown",
            )
        )
        return CommandResult(None)
