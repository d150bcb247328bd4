"""One run: drives the interpreter, has performed what it asks for, keeps what was answered.

Everything that happens is an event; every effect is entered in the journal before it is performed
and with what came of it. A resumed run is first led through what its journal holds.
"""

from collections.abc import Callable, Sequence
from functools import partial

from msgspec.structs import replace

from botticelli.compiler.ir.program import Program
from botticelli.runtime.databases.address import DatabaseError
from botticelli.runtime.effects import AskModel, Completion, Effect
from botticelli.runtime.events import Event, EventNode, RunFinished, RunResumed, RunStarted, Warned
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
    Spent,
)
from botticelli.runtime.journal.replay import Replayed, replay
from botticelli.runtime.journal.resumption import Resumption
from botticelli.runtime.journal.starting_over import start_over
from botticelli.runtime.problems import StoreError
from botticelli.runtime.shell.bookkeeping import RunBooks
from botticelli.runtime.shell.commands import Confirm, Show
from botticelli.runtime.shell.equipment import Equipment
from botticelli.runtime.shell.hard_limits import HardLimits
from botticelli.runtime.shell.models import ModelCaller
from botticelli.runtime.shell.performing import Exchange, Performer
from botticelli.runtime.shell.proven import unmet
from botticelli.runtime.shell.records import Report
from botticelli.runtime.shell.underway import UnderWay

Sink = Callable[[Event], None]


class Run:
    """One run of one program, or the rest of one; `execute` may be called once.

    `record` is what the journal knows of it, `entries` where it is written. A run that goes on is
    given its `resumption`, what it had `spent`, and which effects of unknown outcome are `skipped`.
    `stream` has the pieces of answers emitted as they come, where the driver can do that.
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
        stream: bool = False,
    ) -> None:
        self._program = program
        self._clock = equipment.clock
        self._entries = entries
        self._sink = sink
        self._books = RunBooks(entries, spent)
        self._completed: list[Completed] = []
        self._noted = (0, 0)
        self._equipment = equipment
        carousel = program.narratives[program.entry].carousel
        self._every = carousel.every if carousel is not None else None
        self._record = record
        self._resumption = resumption
        self._kept: frozenset[str] = frozenset()
        self._only = only
        self._unmet = None if program.bounds is None else unmet(program.bounds, equipment.driver)
        self._hard = HardLimits(program.bounds, kept=self._unmet is None)
        self._models = ModelCaller(
            driver=equipment.driver,
            limiter=equipment.limiter,
            media=equipment.media,
            clock=self._clock,
            budget=equipment.budget,
            hard=self._hard,
            emit=self._emit,
            counter=equipment.counter,
            stream=stream,
        )
        self._performer = Performer(
            equipment,
            record,
            models=self._models,
            confirm=confirm,
            emit=self._emit,
            resumption=resumption,
            skipped=skipped,
            instead=instead,
            exchange=exchange,
        )
        self._tally = Tally()
        self._under_way: UnderWay[Completed] = UnderWay()
        self._effects: dict[str, Effect] = {}

    async def execute(self) -> Report:
        """Run to the end. On cancellation what is under way is ended and written first."""
        try:
            self._announce()
            outcome = await self._drive()
        except BaseException as error:
            await self._under_way.end()
            if isinstance(error, Exception):
                internal = f"internal error ({type(error).__name__})"
                self._finish(FAILED, str(error) if isinstance(error, StoreError) else internal)
            else:
                self._finish(INTERRUPTED, "the run was interrupted")
            raise
        finally:
            await self._performer.close()
        if outcome.exhausted is not None:
            return self._finish(EXHAUSTED, outcome.exhausted.message)
        if outcome.error is not None:
            return self._finish(FAILED, outcome.error)
        return self._finish(COMPLETED, None)

    def _announce(self) -> None:
        self._emit(
            RunStarted(
                run=self._record.id,
                narrative=self._record.narrative,
                driver=self._record.driver,
                provider=self._equipment.driver.provider,
                simulated=self._record.simulated,
                iterations=self._record.iterations,
                every=self._every,
            )
        )
        warnings = list(self._equipment.warnings)
        if self._unmet is not None:
            warnings.append(f"the compiled bounds are not kept: {self._unmet}")
        for warning in warnings:
            self._emit(Warned(address=self._record.narrative, message=warning))

    async def _drive(self) -> Outcome:
        """Lead the interpreter through what is recorded, and on from there to its end."""
        flow = self._equipment.interpret(self._program, self._tally)
        if self._resumption is None:
            return await self._start(flow)
        try:
            resumption = await self._take_again(self._resumption)
        except DatabaseError as error:
            return Outcome(error=str(error))
        self._kept = resumption.kept
        replayed = self._replay(flow, resumption)
        return replayed.outcome or await self._go_on(flow, replayed.pending)

    async def _start(self, flow: Scheduled[Outcome]) -> Outcome:
        try:
            batch = next(flow)
        except StopIteration as stop:  # no act runs, and nothing is said
            outcome: Outcome = stop.value
            return outcome
        return await self._go_on(flow, batch)

    async def _take_again(self, resumption: Resumption) -> Resumption:
        """Take what the run held when it ended; what others have meanwhile makes its iteration
        start over. Raises DatabaseError."""
        retaken = await self._performer.take_again(resumption.held, resumption.settling)
        lost = [each for each in resumption.held if each.taken.place in retaken.lost]
        if not lost:
            return resumption
        flow = self._equipment.interpret(self._program, Tally())
        again = start_over(flow, resumption, lost, retaken.settled, self._writes)
        for request in again.requests:
            record = resumption.records.get(str(request.address))
            self._restore(request, record, again=True)
        self._entries.start_over(again.forgotten, again.kept)
        for each in lost:
            said = f"rows that it took from `{each.taken.table}` went to another: it starts over"
            self._emit(Warned(address=each.unit, message=f"{each.unit}: {said}"))
        return again.resumption

    def _writes(self, effect: Effect) -> bool:
        return self._equipment.traits(effect).writes

    async def _go_on(self, flow: Scheduled[Outcome], batch: Batch) -> Outcome:
        """Hand completions to the interpreter until it ends."""
        under_way = 0
        while True:
            effects = self._pass_on(batch)
            held = effects and self._only is not None and self._hold_back(effects)
            if effects or not self._under_way.has_ended:
                self._enter(effects)
            under_way += len(effects)
            completed: Completed | None = None
            if under_way == 1 and effects:
                completed = await self._perform(effects[0])
            elif under_way:
                for effect in effects:
                    self._under_way.start(partial(self._perform, effect))
                completed = await self._under_way.next()
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

        recorded = resumption.recording

        def on_event(event: Event, again: bool) -> None:
            self._emit(replace(event, replayed=True) if again else event)

        def on_effect(effect: Effect) -> None:
            record = resumption.records.get(str(effect.address))
            failed = record is not None and record.ended is not None
            self._restore(effect, record, again=failed and str(effect.address) not in recorded)

        spent = self._books.spent
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

    def _restore(self, effect: Effect, record: EffectRecord | None, *, again: bool) -> None:
        """Count what an effect has used; a request that was lost counts in full, once. What is
        done `again` counts for the caps alone."""
        if record is None or not isinstance(effect, AskModel):
            return
        used = record.spent
        if record.in_flight:
            lost = self._models.most(effect)
            self._books.lose(record.address, lost)
            used = used.plus(lost)
        ended = record.ended is not None
        self._models.restore(effect, used, ended=ended or again, again=again)

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
        effects = [effect for effect in effects if str(effect.address) not in self._kept]
        writes = [self._writes(effect) for effect in effects]
        intents = [
            Intent(effect, now, writing) for effect, writing in zip(effects, writes, strict=True)
        ]
        if intents or self._completed:
            completed, self._completed = self._completed, []
            progress = (self._tally.completed, self._tally.failures)
            self._entries.enter(
                completed,
                intents,
                forced=any(writes),
                progress=progress if progress != self._noted else None,
            )
            self._noted = progress

    def _take(self, completed: Completed) -> Completion:
        """Note a completion, to be written with what follows from it."""
        effect = self._effects.pop(completed.address)
        if not self._writes(effect):
            self._completed.append(completed)
        return Completion(effect.address, completed.result)

    async def _perform(self, effect: Effect) -> Completed:
        """Perform an effect. What came of a write is kept at once."""
        address = str(effect.address)
        self._effects[address] = effect
        if self._resumption is not None and address in self._kept:
            result = self._resumption.recording.read(address)
        else:
            result = await self._performer.perform(effect)
        spent = self._books.take(address)
        completed = Completed(address, result, self._clock.now(), spent)
        if self._writes(effect):
            self._entries.enter([completed], [], forced=True)
        return completed

    def _emit(self, event: Event) -> None:
        self._books.count(event)
        self._sink(replace(event, time=self._clock.now()))

    def _finish(self, status: str, message: str | None) -> Report:
        tally, spent = self._tally, self._books.spent
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
                bounds=self._hard.proven.run,
                acts=tuple(self._hard.proven.acts()),
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
