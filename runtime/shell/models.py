"""Asking a model: caps, room in the windows, the request itself, and trying again.

Every attempt reserves anew. What an answer reports as used replaces the reservation; an attempt
whose outcome is not known counts in full.
"""

import asyncio
from collections.abc import Callable

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from botticelli.compiler.ir.program import Multipliers
from botticelli.compiler.semantics.limits import Demand, LimitError, Limits, Usage, scale
from botticelli.compiler.semantics.providers import ModelFacts
from botticelli.runtime.drivers.counting import TokenCounter
from botticelli.runtime.drivers.protocol import (
    Driver,
    DriverError,
    ModelAnswer,
    ModelRequest,
    StreamingDriver,
    TextPart,
)
from botticelli.runtime.effects import AskModel, Exhaustion, Failure
from botticelli.runtime.events import (
    Answered,
    AnswerPiece,
    Event,
    RequestReserved,
    RequestSent,
    RequestSettled,
    Retrying,
    Waiting,
    Warned,
)
from botticelli.runtime.journal.records import Spent
from botticelli.runtime.shell.clock import Clock, sleep_until
from botticelli.runtime.shell.hard_limits import HardLimits
from botticelli.runtime.shell.ledger import Pool
from botticelli.runtime.shell.limiter import Limiter, Reservation, Wanted
from botticelli.runtime.shell.media import MediaError, MediaReader
from botticelli.runtime.shell.proven import Taken
from botticelli.runtime.shell.retrying import delay_before_next, explain
from botticelli.runtime.shell.unicode import well_formed, well_formed_answer
from botticelli.runtime.shell.weighing import Most, Scales

DEFAULT_TIMEOUT = 600.0
"""Seconds for one attempt of an act without `timeout`."""

Budget = Callable[[Multipliers], Multipliers]
"""Lays the command line over, and the project's configuration under, an effect's multipliers."""


NOTHING = Usage(0, 0, requests=0)
"""What a request counts as that never left."""


class _Attempt(Struct, frozen=True):
    """What is reserved for one attempt."""

    number: int
    reservation: Reservation
    demand: Demand
    most: Most
    taken: Taken


class ModelCaller:
    """Performs `AskModel` effects of one run within its `hard` limits. `counter` counts what
    minutes reserve, as long as it can; without one that is estimated. `stream`: where the driver
    can, answers are asked for in pieces, which are emitted as they come; what is returned is the
    same.
    """

    def __init__(
        self,
        *,
        driver: Driver,
        limiter: Limiter,
        media: MediaReader,
        clock: Clock,
        budget: Budget,
        hard: HardLimits,
        emit: Callable[[Event], None],
        counter: TokenCounter | None = None,
        stream: bool = False,
    ) -> None:
        self._driver = driver
        self._counter = counter
        self._streaming = (
            driver
            if stream and driver.capabilities.streaming and isinstance(driver, StreamingDriver)
            else None
        )
        self._limiter = limiter
        self._media = media
        self._clock = clock
        self._budget = budget
        self._emit = emit
        self._hard = hard
        self._begun: dict[str, int] = {}
        self._scales = Scales()

    def restore(self, effect: AskModel, spent: Spent, *, ended: bool, again: bool) -> None:
        """Count what an effect has used before this process. One that had not `ended` goes on with
        the attempts that are left to it, at least one; one that failed and is done `again` begins
        anew, also as far as ceilings are concerned."""
        facts = self._driver.rate_limits(effect.request.model)
        attempts = 0 if again else effect.retry.attempts
        if not ended:
            attempts = self._begun[str(effect.address)] = min(spent.requests, attempts - 1)
        self._hard.restore(effect, spent, attempts, facts)

    def most(self, effect: AskModel) -> Spent:
        """Return the most that one attempt uses, for one that was lost."""
        facts = self._driver.rate_limits(effect.request.model)
        demand, most = self._scales.measure(effect.request, facts, facts.limits)
        return Spent(1, most.input, demand.output, most.cost)

    async def ask(self, effect: AskModel) -> ModelAnswer | Failure | Exhaustion:
        """Perform the effect; every expected failure is a result."""
        effect = self._suited(effect)
        facts = self._driver.rate_limits(effect.request.model)
        try:
            limits = scale(facts.limits, self._budget(effect.budget))
        except LimitError as error:
            return Failure(str(error))
        number = self._begun.pop(str(effect.address), 0)
        while True:
            number += 1
            attempt = await self._reserve(effect, facts, limits, number)
            if isinstance(attempt, Exhaustion):
                return attempt
            outcome = await self._try(effect, facts, attempt)
            if isinstance(outcome, ModelAnswer):
                return outcome
            delay = delay_before_next(effect, outcome, number)
            if delay is None:
                return Failure(explain(outcome, number))
            self._emit(
                Retrying(
                    address=str(effect.address),
                    attempt=number,
                    reason=outcome.message,
                    delay=delay,
                )
            )
            until = self._clock.now() + delay
            if outcome.status == 429:
                self._limiter.hold(attempt.reservation.pool, until)
            self._emit(Waiting(address=str(effect.address), what="retry", until=until))
            await sleep_until(self._clock, until)

    def _suited(self, effect: AskModel) -> AskModel:
        """Say in words what is asked for, where the driver has no way to hold a model to it."""
        request = effect.request
        if request.output_schema is None or self._driver.capabilities.structured_output:
            return effect
        form = msgspec.json.encode(request.output_schema).decode()
        wanted = TextPart(f"Answer with nothing but JSON that follows this JSON Schema:\n{form}")
        *before, last = request.messages
        asked = replace(last, parts=(*last.parts, wanted))
        told = replace(request, messages=(*before, asked), output_schema=None)
        return replace(effect, request=told)

    async def _reserve(
        self, effect: AskModel, facts: ModelFacts, limits: Limits, number: int
    ) -> _Attempt | Exhaustion:
        demand, most = self._scales.measure(effect.request, facts, limits)
        taken = self._hard.reserve(effect, demand, most, facts)
        if isinstance(taken, Exhaustion):
            return taken
        address = str(effect.address)
        pool = Pool(self._driver.provider, self._driver.account or "", facts.pool)
        reservation: Reservation | Exhaustion | None = None
        counted: int | None = None
        try:
            counted = await self._count(effect, most)
            if counted is not None:
                demand = replace(demand, input=counted)
            reservation = await self._limiter.reserve(
                Wanted(
                    pool=pool,
                    limits=limits,
                    demand=demand,
                    lasting=effect.timeout or DEFAULT_TIMEOUT,
                    wait_for_day=effect.wait_for_day,
                    address=address,
                ),
                self._emit,
            )
        finally:
            if not isinstance(reservation, Reservation):
                self._hard.withdraw(effect, most, taken)
        if isinstance(reservation, Exhaustion):
            return reservation
        self._emit(
            RequestReserved(
                address=address,
                model=effect.request.model,
                attempt=number,
                input_tokens=demand.input,
                output_tokens=demand.output,
                limits=self._limiter.use(pool, limits),
                counted=counted is not None,
            )
        )
        return _Attempt(number, reservation, demand, most, taken)

    async def _count(self, effect: AskModel, most: Most) -> int | None:
        """Return the input's tokens as the provider counts them, None where that is not known."""
        if self._counter is None:
            return None
        known = self._counter.known(effect.request)
        if known is not None:
            return known
        try:
            completed = await self._media.complete(effect.request) if most.held else None
            return await self._counter.count(effect.request, completed)
        except MediaError:
            return None  # which is said when the request is sent
        except DriverError as error:
            # One warning for a run: what fails once will fail again.
            self._counter = None
            message = f"tokens are estimated from here on, as counting failed: {error.message}"
            self._emit(Warned(address=str(effect.address), message=message))
            return None

    async def _try(
        self, effect: AskModel, facts: ModelFacts, attempt: _Attempt
    ) -> ModelAnswer | DriverError:
        """Send one attempt and settle it, whatever happens."""
        address = str(effect.address)
        model = effect.request.model
        self._emit(
            RequestSent(
                address=address,
                model=model,
                attempt=attempt.number,
                settings=effect.request.settings,
                streamed=self._streaming is not None,
                structured=effect.request.output_schema is not None,
            )
        )
        usage: Usage | None = None
        ended: str | None = "cancelled"
        try:
            async with asyncio.timeout(effect.timeout or DEFAULT_TIMEOUT):
                request = effect.request
                if attempt.most.held:
                    request = await self._media.complete(request)
                answer = well_formed_answer(await self._generate(effect, request, attempt.number))
            ended = None
            if answer.usage is not None:
                usage = Usage(answer.usage.input, answer.usage.output)
        except TimeoutError:
            ended = "timeout"
            seconds = effect.timeout or DEFAULT_TIMEOUT
            return DriverError(f"no answer within {seconds:g} s", retryable=True)
        except MediaError as error:
            usage, ended = NOTHING, "other"
            return DriverError(str(error), reached=False)
        except DriverError as error:
            usage, ended = _usage_of(error), str(error.status or "other")
            return error
        finally:
            self._settle(effect, facts, attempt, usage, ended)
        used = usage or Usage(0, 0)
        self._emit(
            Answered(
                address=address,
                act=effect.act,
                model=answer.model,
                finish=answer.finish,
                input_tokens=used.input,
                output_tokens=used.output,
                characters=len(answer.text),
                cost=facts.cost(used.input, used.output) if usage is not None else None,
                simulated=answer.simulated,
            )
        )
        return answer

    async def _generate(self, effect: AskModel, request: ModelRequest, number: int) -> ModelAnswer:
        """Ask, and emit the pieces of the answer where it comes in pieces."""
        if self._streaming is None:
            return await self._driver.generate(request)
        address = str(effect.address)

        def show(text: str) -> None:
            piece = well_formed(text)
            self._emit(AnswerPiece(address=address, act=effect.act, attempt=number, text=piece))

        return await self._streaming.stream(request, show)

    def _settle(
        self,
        effect: AskModel,
        facts: ModelFacts,
        attempt: _Attempt,
        usage: Usage | None,
        ended: str | None,
    ) -> None:
        reservation = attempt.reservation
        self._limiter.settle(reservation, usage)
        if usage is None:
            self._hard.leave(attempt.taken, attempt.demand, facts)
        else:
            self._hard.settle(effect, attempt.most, attempt.taken, usage, facts)
        self._emit(
            RequestSettled(
                address=str(effect.address),
                model=effect.request.model,
                attempt=attempt.number,
                requests=1 if usage is None else usage.requests,
                input_tokens=attempt.demand.input if usage is None else usage.input,
                output_tokens=attempt.demand.output if usage is None else usage.output,
                known=usage is not None,
                limits=self._limiter.use(reservation.pool, reservation.limits),
                error=ended,
            )
        )


def _usage_of(error: DriverError) -> Usage | None:
    """What a failed attempt counts as: nothing if it never arrived, no tokens if it was refused,
    everything when that is not known."""
    if not error.reached:
        return NOTHING
    return Usage(0, 0) if error.refused else None
