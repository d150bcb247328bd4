"""One run: drives the interpreter, performs what it asks for, keeps what was answered.

Everything that happens is an event; everything that was answered goes to the store.
"""

import asyncio
import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from botticelli.compiler.ir.program import Program
from botticelli.compiler.semantics.templates import as_json
from botticelli.runtime.drivers.protocol import ModelAnswer
from botticelli.runtime.effects import (
    AskModel,
    CommandResult,
    Completion,
    Effect,
    Moment,
    ReadClock,
    Result,
    RunCommand,
    Wait,
)
from botticelli.runtime.events import (
    Answered,
    Event,
    EventNode,
    RequestSettled,
    RunFinished,
    RunStarted,
    Waiting,
    Warned,
)
from botticelli.runtime.flow.carousel import Tally
from botticelli.runtime.flow.interpret import Outcome, interpret
from botticelli.runtime.flow.schedule import Batch
from botticelli.runtime.shell.clock import sleep_until
from botticelli.runtime.shell.commands import CommandCaller, Confirm
from botticelli.runtime.shell.models import ModelCaller
from botticelli.runtime.shell.setup import Equipment
from botticelli.runtime.shell.store import Store, StoredResult, StoredRun

Sink = Callable[[Event], None]

COMPLETED = "completed"
EXHAUSTED = "exhausted"
FAILED = "failed"
INTERRUPTED = "interrupted"


class Report(Struct, frozen=True, kw_only=True):
    """How a run ended, and what it used. `message` says why it did not complete."""

    run: str
    status: str
    completed: int
    iterations: int
    failures: int
    message: str | None


class _Totals(Struct):
    """What a run has used; `cost` is None once something had no known price."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = 0.0


def new_run_id(now: float) -> str:
    """Return an id that sorts by time and that nobody else has."""
    moment = datetime.fromtimestamp(now, UTC).strftime("%Y%m%d-%H%M%S")
    return f"{moment}-{secrets.token_hex(3)}"


class Run:
    """One run of one program; `execute` may be called once. `source` names the file that it is
    from."""

    def __init__(
        self,
        program: Program,
        equipment: Equipment,
        *,
        source: str,
        store: Store,
        confirm: Confirm,
        sink: Sink,
    ) -> None:
        self._program = program
        self._clock = equipment.clock
        self._store = store
        self._sink = sink
        self._totals = _Totals()
        self._equipment = equipment
        narrative = program.narratives[program.entry]
        carousel = narrative.carousel
        now = self._clock.now()
        self._every = carousel.every if carousel is not None else None
        self._record = StoredRun(
            id=new_run_id(now),
            narrative=narrative.name,
            source=source,
            driver=equipment.driver.name,
            simulated=equipment.driver.simulated,
            started=now,
            iterations=carousel.iterations if carousel is not None else 1,
        )
        self._models = ModelCaller(
            equipment.driver, equipment.limiter, self._clock, equipment.budget, self._emit
        )
        self._commands = CommandCaller(
            self._record.id, equipment.platforms, self._clock, confirm, self._emit
        )
        self._tally = Tally()
        self._completions: asyncio.Queue[Completion | Exception] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()

    async def execute(self) -> Report:
        """Run to the end. On cancellation what is under way is ended and written first."""
        record = self._record
        self._store.begin(record)
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
        """Hand completions to the interpreter until it ends."""
        flow = interpret(
            self._program,
            default_model=self._equipment.driver.default_model,
            variables=self._equipment.variables,
            environment=self._equipment.environment,
            tally=self._tally,
        )
        under_way = 0
        batch = next(flow)
        while True:
            effects = self._pass_on(batch)
            under_way += len(effects)
            completion: Completion | None = None
            if under_way == 1 and effects:
                completion = Completion(effects[0].address, await self._perform(effects[0]))
            elif under_way:
                for effect in effects:
                    self._start(effect)
                completion = await self._next_completion()
            if completion is not None:
                under_way -= 1
            try:
                batch = flow.send(completion)
            except StopIteration as stop:
                outcome: Outcome = stop.value
                return outcome

    def _pass_on(self, batch: Batch) -> list[Effect]:
        """Emit a batch's events and return its effects."""
        effects: list[Effect] = []
        for item in batch:
            if isinstance(item, EventNode):
                self._emit(item)
            else:
                effects.append(item)
        return effects

    def _start(self, effect: Effect) -> None:
        async def perform() -> None:
            try:
                found: Completion | Exception = Completion(
                    effect.address, await self._perform(effect)
                )
            except Exception as error:  # noqa: BLE001 - raised again where the run is driven
                found = error
            self._completions.put_nowait(found)

        task = asyncio.create_task(perform())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _next_completion(self) -> Completion:
        found = await self._completions.get()
        if isinstance(found, Exception):
            raise found
        return found

    async def _end_tasks(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _perform(self, effect: Effect) -> Result:
        started = self._clock.now()
        match effect:
            case ReadClock():
                return Moment(started)
            case Wait(until=until):
                if until > started:
                    self._emit(Waiting(address=str(effect.address), what="every", until=until))
                await sleep_until(self._clock, until)
                return Moment(self._clock.now())
            case AskModel():
                answer = await self._models.ask(effect)
                if isinstance(answer, ModelAnswer):
                    self._keep_answer(effect, answer, started)
                return answer
            case RunCommand():
                result = await self._commands.perform(effect)
                if isinstance(result, CommandResult):
                    self._keep_result(effect, result, started)
                return result

    def _keep_answer(self, effect: AskModel, answer: ModelAnswer, started: float) -> None:
        usage = answer.usage
        self._store.add(
            StoredResult(
                run=self._record.id,
                address=str(effect.address),
                kind="answer",
                act=effect.act,
                iteration=effect.iteration,
                source=answer.model,
                text=answer.text,
                finish=answer.finish,
                input_tokens=None if usage is None else usage.input,
                output_tokens=None if usage is None else usage.output,
                started=started,
                ended=self._clock.now(),
            )
        )

    def _keep_result(self, effect: RunCommand, result: CommandResult, started: float) -> None:
        self._store.add(
            StoredResult(
                run=self._record.id,
                address=str(effect.address),
                kind="command",
                act=effect.act,
                iteration=effect.iteration,
                source=f"{effect.platform}.{effect.command}",
                text=as_json(result.value),
                started=started,
                ended=self._clock.now(),
            )
        )

    def _emit(self, event: Event) -> None:
        self._count(event)
        self._sink(replace(event, time=self._clock.now()))

    def _count(self, event: Event) -> None:
        totals = self._totals
        match event:
            case RequestSettled(requests=requests, input_tokens=input_tokens, output_tokens=output):
                totals.requests += requests
                totals.input_tokens += input_tokens
                totals.output_tokens += output
            case Answered(cost=cost):
                if totals.cost is not None:
                    totals.cost = None if cost is None else totals.cost + cost
            case _:
                pass

    def _finish(self, status: str, message: str | None) -> Report:
        tally, totals = self._tally, self._totals
        self._store.finish(
            replace(
                self._record,
                ended=self._clock.now(),
                status=status,
                completed=tally.completed,
                failures=tally.failures,
                message=message,
            )
        )
        self._emit(
            RunFinished(
                run=self._record.id,
                status=status,
                completed=tally.completed,
                iterations=self._record.iterations,
                failures=tally.failures,
                requests=totals.requests,
                input_tokens=totals.input_tokens,
                output_tokens=totals.output_tokens,
                cost=totals.cost,
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
