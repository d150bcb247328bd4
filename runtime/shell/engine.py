"""One run: drives the interpreter, performs what it asks for, keeps what was answered.

Everything that happens is an event; every effect is entered in the journal before it is performed
and with what came of it. A resumed run is first led through what its journal holds.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from botticelli.compiler.ir.program import Program
from botticelli.runtime.effects import (
    AskModel,
    CommandResult,
    CommitState,
    Completion,
    Done,
    Effect,
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
from botticelli.runtime.events import (
    Answered,
    CommandPerformed,
    Event,
    EventNode,
    RequestSent,
    RequestSettled,
    Retrying,
    RunFinished,
    RunResumed,
    RunStarted,
    Waiting,
    Warned,
)
from botticelli.runtime.flow.carousel import Tally
from botticelli.runtime.flow.interpret import Outcome
from botticelli.runtime.flow.schedule import Batch, Scheduled
from botticelli.runtime.flow.selection import belongs_to
from botticelli.runtime.journal.entries import Completed, Intent, RunEntries
from botticelli.runtime.journal.records import (
    COMPLETED,
    EXHAUSTED,
    FAILED,
    INTERRUPTED,
    EffectRecord,
    RunRecord,
    Settings,
    Spent,
)
from botticelli.runtime.journal.replay import Replayed, replay
from botticelli.runtime.journal.resumption import Resumption
from botticelli.runtime.problems import StoreError
from botticelli.runtime.shell.clock import sleep_until
from botticelli.runtime.shell.commands import CommandCaller, Confirm, Show
from botticelli.runtime.shell.models import ModelCaller
from botticelli.runtime.shell.setup import Equipment
from botticelli.runtime.shell.tables import TableAccess

Sink = Callable[[Event], None]

Exchange = Callable[[AskModel, Result], None]
"""Is shown what a model was asked, and what came of it."""


class Report(Struct, frozen=True, kw_only=True):
    """How a run ended, and what it used. `message` says why it did not complete."""

    run: str
    status: str
    completed: int
    iterations: int
    failures: int
    message: str | None


def new_run_id(now: float) -> str:
    """Return an id that sorts by time and that nobody else has."""
    moment = datetime.fromtimestamp(now, UTC).strftime("%Y%m%d-%H%M%S")
    return f"{moment}-{secrets.token_hex(3)}"


def new_record(
    program: Program,
    equipment: Equipment,
    *,
    source: str,
    source_hash: str = "",
    settings: Settings = Settings(),  # noqa: B008 - frozen
    dry_run: bool = False,
    origin: str | None = None,
) -> RunRecord:
    """Return the record of a run that begins now."""
    narrative = program.narratives[program.entry]
    now = equipment.clock.now()
    return RunRecord(
        id=new_run_id(now),
        narrative=narrative.name,
        source=source,
        source_hash=source_hash,
        driver=equipment.driver.name,
        simulated=equipment.driver.simulated,
        dry_run=dry_run,
        origin=origin,
        settings=settings,
        started=now,
        iterations=narrative.carousel.iterations if narrative.carousel is not None else 1,
    )


class Run:
    """One run of one program, or the rest of one; `execute` may be called once.

    `record` is what the journal knows of it, `entries` where it is written. A run that goes on is
    given its `resumption`, what it had `spent`, and which effects of unknown outcome are `skipped`.
    `instead` shows commands that write instead of performing them; `only` ends the run after an
    act.
    """

    def __init__(
        self,
        program: Program,
        equipment: Equipment,
        *,
        record: RunRecord,
        entries: RunEntries,
        confirm: Confirm,
        sink: Sink,
        instead: Show | None = None,
        resumption: Resumption | None = None,
        spent: Spent = Spent(),  # noqa: B008 - frozen
        skipped: frozenset[str] = frozenset(),
        only: str | None = None,
        exchange: Exchange | None = None,
    ) -> None:
        self._program = program
        self._clock = equipment.clock
        self._entries = entries
        self._sink = sink
        self._spent = spent
        self._unsettled: dict[str, Spent] = {}
        self._sent: dict[str, None] = {}
        self._completed: list[Completed] = []
        self._equipment = equipment
        carousel = program.narratives[program.entry].carousel
        self._every = carousel.every if carousel is not None else None
        self._record = record
        self._resumption = resumption
        self._skipped = skipped
        self._only = only
        self._exchange = exchange
        self._models = ModelCaller(
            driver=equipment.driver,
            limiter=equipment.limiter,
            media=equipment.media,
            clock=self._clock,
            budget=equipment.budget,
            emit=self._emit,
        )
        self._commands = CommandCaller(
            record.id, equipment.platforms, self._clock, confirm, self._emit, instead=instead
        )
        self._tables = TableAccess(equipment.database, record, self._clock)
        self._tally = Tally()
        self._completions: asyncio.Queue[Completed | Exception] = asyncio.Queue()
        self._effects: dict[str, Effect] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def execute(self) -> Report:
        """Run to the end. On cancellation what is under way is ended and written first."""
        record = self._record
        self._emit(
            RunStarted(
                run=record.id,
                narrative=record.narrative,
                driver=record.driver,
                simulated=record.simulated,
                iterations=record.iterations,
                every=self._every,
            )
        )
        for warning in self._equipment.warnings:
            self._emit(Warned(address=record.narrative, message=warning))
        try:
            outcome = await self._drive()
        except BaseException as error:
            await self._end_tasks()
            if isinstance(error, Exception):
                self._finish(FAILED, f"internal error ({type(error).__name__})")
            else:
                self._finish(INTERRUPTED, "the run was interrupted")
            raise
        if outcome.exhausted is not None:
            return self._finish(EXHAUSTED, outcome.exhausted.message)
        if outcome.error is not None:
            return self._finish(FAILED, outcome.error)
        return self._finish(COMPLETED, None)

    async def _drive(self) -> Outcome:
        """Lead the interpreter through what is recorded, and on from there to its end."""
        flow = self._equipment.interpret(self._program, self._tally)
        if self._resumption is None:
            return await self._go_on(flow, next(flow))
        replayed = self._replay(flow, self._resumption)
        return replayed.outcome or await self._go_on(flow, replayed.pending)

    async def _go_on(self, flow: Scheduled[Outcome], batch: Batch) -> Outcome:
        """Hand completions to the interpreter until it ends."""
        under_way = 0
        while True:
            effects = self._pass_on(batch)
            held = effects and self._only is not None and self._hold_back(effects)
            if effects or self._completions.empty():
                self._enter(effects)
            under_way += len(effects)
            completed: Completed | None = None
            if under_way == 1 and effects:
                completed = await self._perform(effects[0])
            elif under_way:
                for effect in effects:
                    self._start(effect)
                completed = await self._next_completion()
            elif held:
                flow.close()
                self._tally.completed = 1
                return Outcome()
            completion = None
            if completed is not None:
                under_way -= 1
                completion = self._take(completed)
            try:
                batch = flow.send(completion)
            except StopIteration as stop:
                outcome: Outcome = stop.value
                return outcome

    def _replay(self, flow: Scheduled[Outcome], resumption: Resumption) -> Replayed:
        """Lead a fresh flow through what is recorded."""

        def on_event(event: Event, again: bool) -> None:
            self._emit(replace(event, replayed=True) if again else event)

        def on_effect(effect: Effect) -> None:
            record = resumption.records.get(str(effect.address))
            if record is not None and isinstance(effect, AskModel):
                self._restore(effect, record)

        spent = self._spent
        self._emit(
            RunResumed(
                run=self._record.id,
                effects=len(resumption.recording),
                origin=self._record.origin,
                requests=spent.requests,
                input_tokens=spent.input_tokens,
                output_tokens=spent.output_tokens,
                cost=spent.cost,
            )
        )
        return replay(flow, resumption.recording, on_event=on_event, on_effect=on_effect)

    def _restore(self, effect: AskModel, record: EffectRecord) -> None:
        """Count what an effect has used; a request that was lost counts in full, once."""
        used = record.spent
        if record.in_flight:
            lost = self._models.most(effect)
            self._entries.settle(record.address, lost)
            self._spent = self._spent.plus(lost)
            used = used.plus(lost)
        self._models.restore(effect, used)

    def _pass_on(self, batch: Batch) -> list[Effect]:
        """Emit a batch's events and return its effects."""
        effects: list[Effect] = []
        for item in batch:
            if isinstance(item, EventNode):
                self._emit(item)
            else:
                effects.append(item)
        return effects

    def _hold_back(self, effects: list[Effect]) -> bool:
        """Take out what does not belong to the one act that is asked for."""
        assert self._only is not None
        wanted = [each for each in effects if belongs_to(str(each.address), self._only)]
        held = len(wanted) < len(effects)
        effects[:] = wanted
        return held

    def _enter(self, effects: Sequence[Effect]) -> None:
        """Enter results and what is performed next, before anything is."""
        now = self._clock.now()
        writes = [self._equipment.traits(effect).writes for effect in effects]
        intents = [
            Intent(effect, now, writing) for effect, writing in zip(effects, writes, strict=True)
        ]
        if intents or self._completed:
            completed, self._completed = self._completed, []
            self._entries.enter(completed, intents, forced=any(writes))

    def _take(self, completed: Completed) -> Completion:
        """Note a completion, to be written with what follows from it."""
        effect = self._effects.pop(completed.address)
        if not self._equipment.traits(effect).writes:
            self._completed.append(completed)
        return Completion(effect.address, completed.result)

    def _start(self, effect: Effect) -> None:
        async def perform() -> None:
            try:
                found: Completed | Exception = await self._perform(effect)
            except Exception as error:  # noqa: BLE001 - raised again where the run is driven
                found = error
            self._completions.put_nowait(found)

        task = asyncio.create_task(perform())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _next_completion(self) -> Completed:
        found = await self._completions.get()
        if isinstance(found, Exception):
            raise found
        return found

    async def _end_tasks(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _perform(self, effect: Effect) -> Completed:
        """Perform an effect. What came of a write is kept at once."""
        address = str(effect.address)
        self._effects[address] = effect
        result = await self._result(effect)
        spent = self._unsettled.pop(address, Spent())
        completed = Completed(address, result, self._clock.now(), spent)
        if self._equipment.traits(effect).writes:
            self._entries.enter([completed], [], forced=True)
        return completed

    async def _result(self, effect: Effect) -> Result:  # noqa: C901 - a table of cases
        now = self._clock.now()
        if str(effect.address) in self._skipped:
            return self._skip(effect)
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
                answer = await self._models.ask(effect)
                if self._exchange is not None:
                    self._exchange(effect, answer)
                return answer
            case RunCommand():
                return await self._commands.perform(effect, self._begun(effect, now))
            case QueryTable():
                return await self._tables.query(effect)
            case StoreContent():
                return await self._tables.store(effect)

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
            if not self._record.dry_run:
                store.commit(self._record.id, str(effect.address), effect.values, now)
        except StoreError as error:
            return Failure(str(error))
        return Done()

    def _begun(self, effect: Effect, now: float) -> float:
        """Return when an effect was first begun, if it was and nobody knows how it ended."""
        records = {} if self._resumption is None else self._resumption.records
        record = records.get(str(effect.address))
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

    def _emit(self, event: Event) -> None:
        self._count(event)
        self._sink(replace(event, time=self._clock.now()))

    def _count(self, event: Event) -> None:
        """Keep the books of requests: what they used, and which are under way."""
        match event:
            case RequestSent(address=address):
                if not self._sent:
                    asyncio.get_running_loop().call_soon(self._note_sent)
                self._sent[address] = None
            case RequestSettled(address=address):
                self._sent.pop(address, None)
                self._use(address, Spent(event.requests, event.input_tokens, event.output_tokens))
            case Answered(address=address, cost=cost):
                self._use(address, Spent(cost=cost))
            case Retrying(address=address) if address in self._unsettled:
                self._entries.settle(address, self._unsettled.pop(address))
            case _:
                pass

    def _note_sent(self) -> None:
        """Note which requests are under way; all that start together are noted together."""
        sent, self._sent = tuple(self._sent), {}
        if sent:
            # A journal that cannot be written ends the run at its next entry.
            with contextlib.suppress(StoreError):
                self._entries.sent(sent)

    def _use(self, address: str, spent: Spent) -> None:
        self._spent = self._spent.plus(spent)
        self._unsettled[address] = self._unsettled.get(address, Spent()).plus(spent)

    def _finish(self, status: str, message: str | None) -> Report:
        tally, spent = self._tally, self._spent
        self._enter(())
        self._record = replace(
            self._record,
            ended=self._clock.now(),
            status=status,
            completed=tally.completed,
            failures=tally.failures,
            message=message,
        )
        self._entries.update(self._record)
        self._emit(
            RunFinished(
                run=self._record.id,
                status=status,
                completed=tally.completed,
                iterations=self._record.iterations,
                failures=tally.failures,
                requests=spent.requests,
                input_tokens=spent.input_tokens,
                output_tokens=spent.output_tokens,
                cost=spent.cost,
                simulated=self._record.simulated,
                message=message,
            )
        )
        return Report(
            run=self._record.id,
            status=status,
            completed=tally.completed,
            iterations=self._record.iterations,
            failures=tally.failures,
            message=message,
        )
