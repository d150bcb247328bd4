"""Performing effects: each kind goes to what knows how, and comes back as its result."""

from collections.abc import Callable, Iterable, Sequence

from botticelli.runtime.databases.leases import Retaken
from botticelli.runtime.drivers.protocol import ModelAnswer
from botticelli.runtime.effects import (
    AcknowledgeRows,
    AskModel,
    CommandResult,
    CommitState,
    Done,
    Effect,
    EffectNode,
    Exhaustion,
    Failure,
    GiveBackRows,
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
from botticelli.runtime.journal.held import Held
from botticelli.runtime.journal.records import RunRecord
from botticelli.runtime.journal.resumption import Resumption
from botticelli.runtime.platforms.protocol import has_key
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

    A run that goes on has its `resumption`; `skipped` says which writes of unknown outcome are not
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
        resumption: Resumption | None,
        skipped: frozenset[str],
        instead: Show | None,
        exchange: Exchange | None,
    ) -> None:
        self._equipment = equipment
        self._clock = equipment.clock
        self._run = record.id
        self._emit = emit
        self._records = {} if resumption is None else resumption.records
        unknown = () if resumption is None else resumption.unknown
        self._decided = frozenset(str(effect.address) for effect in unknown)
        self._skipped = skipped
        self._exchange = exchange
        self._models = models
        self._commands = CommandCaller(
            record.id, equipment.platforms, self._clock, confirm, emit, instead=instead
        )
        self._rehearsal = Rehearsal(self._commands, equipment.traits) if record.dry_run else None
        self._tables = TableAccess(
            equipment.database, record, self._clock, emit, resumed=resumption is not None
        )

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
        if self._is_undecided(effect, now):
            message = "nobody knows whether it took effect; resume the run to decide"
            return Failure(message, unknown=True)
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
            case QueryTable() | StoreContent() | AcknowledgeRows() | GiveBackRows():
                return await self._tables.perform(effect)

    async def take_again(self, held: Sequence[Held], settling: Iterable[str]) -> Retaken:
        """Take what the run held when it ended, and tell what others have. Raises DatabaseError."""
        return await self._tables.take_again([each.taken for each in held], settling)

    async def close(self) -> None:
        """Let go of what the run holds."""
        await self._tables.close()

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

    def _is_undecided(self, effect: Effect, now: float) -> bool:
        """Tell whether a write was begun in an iteration that has started over since, so that
        nobody was asked about it, and bears no key under which it could be sent again."""
        address = str(effect.address)
        record = self._records.get(address)
        if record is None or not record.writes or record.ended is not None:
            return False
        keyed = has_key(self._equipment.traits(effect), now - record.started)
        return not keyed and address not in self._decided

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
