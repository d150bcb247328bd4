"""Metrics of a run: tokens and durations as the conventions have them, and what becomes of budgets.

| metric | what it measures |
|---|---|
| `gen_ai.client.token.usage` | tokens that a provider reported |
| `gen_ai.client.operation.duration` | seconds of one attempt |
| `gen_ai.client.operation.time_to_first_chunk` | seconds to the first piece of a streamed answer |
| `gen_ai.invoke_agent.duration` | seconds of a run |
| `botticelli.budget.reserved` | tokens that were reserved before requests were sent |
| `botticelli.budget.settled` | tokens that took the reservations' place |
| `botticelli.budget.requests` | requests that were settled: `used`, `unknown` or `unsent` |
| `botticelli.budget.wait` | seconds that were waited for a limit or another attempt |
| `botticelli.budget.exhausted` | how often a limit ended a carousel |
| `botticelli.limit.used`, `botticelli.limit.capacity` | how full each window is, and its size |
| `botticelli.cost` | US dollars |
"""

from typing import TYPE_CHECKING, Any

from botticelli.runtime.events import (
    Answered,
    CarouselBudgetExhausted,
    Event,
    LimitUse,
    RequestReserved,
    RequestSettled,
    RunFinished,
    RunStarted,
    Waiting,
)
from botticelli.runtime.telemetry.attempts import Attempt
from botticelli.runtime.telemetry.conventions import (
    AGENT,
    ERROR_TYPE,
    OPERATION,
    PROVIDER,
    REQUEST_MODEL,
    RESPONSE_MODEL,
    SECONDS,
    TOKEN_TYPE,
    TOKENS,
    WORKFLOW,
    operation_name,
    provider_name,
)

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter


class Metrics:
    """The metrics of one run."""

    def __init__(self, meter: "Meter") -> None:
        self._started: RunStarted | None = None
        self._waits: dict[str, Waiting] = {}

        def histogram(name: str, unit: str, bounds: tuple[float, ...]) -> Any:
            return meter.create_histogram(
                name, unit, explicit_bucket_boundaries_advisory=list(bounds)
            )

        self._usage = histogram("gen_ai.client.token.usage", "{token}", TOKENS)
        self._duration = histogram("gen_ai.client.operation.duration", "s", SECONDS)
        self._first = histogram("gen_ai.client.operation.time_to_first_chunk", "s", SECONDS)
        self._lasting = histogram("gen_ai.invoke_agent.duration", "s", SECONDS)
        self._wait = histogram("botticelli.budget.wait", "s", (*SECONDS, 600.0, 3600.0, 86_400.0))
        self._reserved = meter.create_counter("botticelli.budget.reserved", "{token}")
        self._settled = meter.create_counter("botticelli.budget.settled", "{token}")
        self._requests = meter.create_counter("botticelli.budget.requests", "{request}")
        self._exhausted = meter.create_counter("botticelli.budget.exhausted", "{exhaustion}")
        self._cost = meter.create_counter("botticelli.cost", "{USD}")
        self._used = meter.create_gauge("botticelli.limit.used")
        self._capacity = meter.create_gauge("botticelli.limit.capacity")

    def take(self, event: Event) -> None:
        """Take in an event."""
        if event.replayed:
            return
        self._end_wait(event)
        match event:
            case RunStarted():
                self._started = event
            case RunFinished():
                self._finish(event)
            case Waiting():
                self._begin_wait(event)
            case RequestReserved():
                self._count(self._reserved, event)
                self._show(event.model, event.limits)
            case RequestSettled():
                self._settle(event)
            case Answered(cost=cost) if cost is not None:
                self._cost.add(cost, {**self._common(event.model), REQUEST_MODEL: event.model})
            case CarouselBudgetExhausted():
                self._exhausted.add(1, {"botticelli.limit": event.limit})
            case _:
                pass

    def attempt(self, attempt: Attempt) -> None:
        """Take in an attempt that has ended."""
        common = {
            OPERATION: operation_name(attempt.provider),
            PROVIDER: provider_name(attempt.provider),
            REQUEST_MODEL: attempt.request.model,
        }
        answer = attempt.answer
        if answer is not None:
            common[RESPONSE_MODEL] = answer.model
            if attempt.settled.known:
                self._usage.record(answer.input_tokens, {**common, TOKEN_TYPE: "input"})
                self._usage.record(answer.output_tokens, {**common, TOKEN_TYPE: "output"})
        if attempt.first_piece is not None:
            self._first.record(attempt.first_piece - attempt.sent, common)
        if attempt.error is not None:
            common[ERROR_TYPE] = attempt.error
        self._duration.record(attempt.ended - attempt.sent, common)

    def _finish(self, event: RunFinished) -> None:
        started = self._started
        if started is None:
            return
        attributes = {OPERATION: WORKFLOW, AGENT: started.narrative}
        if event.status != "completed":
            attributes[ERROR_TYPE] = event.status
        self._lasting.record(event.time - started.time, attributes)

    def _settle(self, event: RequestSettled) -> None:
        outcome = "unsent" if event.requests == 0 else "used" if event.known else "unknown"
        attributes = {**self._common(event.model), "botticelli.outcome": outcome}
        self._requests.add(1, attributes)
        self._count(self._settled, event)
        self._show(event.model, event.limits)

    def _count(self, counter: Any, event: RequestReserved | RequestSettled) -> None:
        common = self._common(event.model)
        counter.add(event.input_tokens, {**common, TOKEN_TYPE: "input"})
        counter.add(event.output_tokens, {**common, TOKEN_TYPE: "output"})

    def _show(self, model: str, limits: tuple[LimitUse, ...]) -> None:
        for each in limits:
            attributes = {**self._common(model), "botticelli.limit": each.limit}
            self._used.set(each.used, attributes)
            self._capacity.set(each.value, attributes)

    def _common(self, model: str) -> dict[str, str]:
        provider = "" if self._started is None else self._started.provider
        return {PROVIDER: provider_name(provider), REQUEST_MODEL: model}

    def _begin_wait(self, event: Waiting) -> None:
        if event.what == "every" and event.until is not None:
            # Nothing else is told of its end, which is known beforehand.
            self._wait.record(event.until - event.time, {"botticelli.limit": event.what})
        else:
            self._waits[event.address] = event

    def _end_wait(self, event: Event) -> None:
        waited = self._waits.pop(getattr(event, "address", ""), None) if self._waits else None
        if waited is not None:
            self._wait.record(event.time - waited.time, {"botticelli.limit": waited.what})
