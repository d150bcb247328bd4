"""Traces of a run: the run holds its iterations, these their acts, and those their attempts.

A called narrative's acts stand within the act that calls it. What happens in between (waits,
commands, rows) are events of the span that they happen in.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botticelli.runtime.events import (
    ActFailed,
    ActFinished,
    ActSkipped,
    ActStarted,
    AnswerRejected,
    CarouselBudgetExhausted,
    CommandPerformed,
    ContentStored,
    Event,
    IterationFinished,
    IterationStarted,
    Retrying,
    RunFinished,
    RunResumed,
    RunStarted,
    TableQueried,
    Waiting,
    Warned,
)
from botticelli.runtime.telemetry.attempts import Attempt
from botticelli.runtime.telemetry.conventions import (
    AGENT,
    ERROR_TYPE,
    FINISH_REASONS,
    FIRST_CHUNK,
    INPUT_TOKENS,
    OPERATION,
    OUTPUT_TOKENS,
    PROVIDER,
    REQUEST_MODEL,
    RESPONSE_MODEL,
    WORKFLOW,
    operation_name,
    provider_name,
)

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

_MARKS = (
    ActSkipped
    | AnswerRejected
    | CarouselBudgetExhausted
    | CommandPerformed
    | ContentStored
    | Retrying
    | RunResumed
    | TableQueried
    | Waiting
    | Warned
)
"""Events that become events of the span that they happen in."""

_FAILED = frozenset({"failed", "exhausted", "interrupted"})


class Spans:
    """The spans of one run."""

    def __init__(self, tracer: "Tracer") -> None:
        self._tracer = tracer
        self._run: Span | None = None
        self._open: dict[str, Span] = {}

    def take(self, event: Event) -> None:
        """Take in an event: begin, mark or end what it says."""
        match event:
            case RunStarted():
                self._begin_run(event)
            case IterationStarted(address=address):
                number = {"botticelli.iteration": event.iteration}
                self._begin(address, "iteration", number, event.time)
            case ActStarted(address=address):
                self._begin(address, f"act {event.act}", {"botticelli.act": event.act}, event.time)
            case IterationFinished(address=address):
                self._end(address, event, None if event.succeeded else "its acts failed")
            case ActFinished(address=address):
                self._end(address, event, None)
            case ActFailed(address=address):
                self._end(address, event, event.message)
            case RunFinished():
                self._end_run(event)
            case _ if isinstance(event, _MARKS) and not event.replayed:
                self._mark(event)
            case _:
                pass

    def attempt(self, attempt: Attempt, messages: Mapping[str, str]) -> None:
        """Add an attempt that has ended, with what was said where that is asked for."""
        from opentelemetry.trace import SpanKind, Status, StatusCode

        operation = operation_name(attempt.provider)
        span = self._tracer.start_span(
            f"{operation} {attempt.request.model}",
            context=self._context(attempt.address),
            kind=SpanKind.CLIENT,
            attributes={**_attributes(attempt, operation), **messages},
            start_time=_nanoseconds(attempt.sent),
        )
        if attempt.error is not None:
            span.set_status(Status(StatusCode.ERROR, attempt.error))
        span.end(_nanoseconds(attempt.ended))

    def _begin_run(self, event: RunStarted) -> None:
        self._run = self._tracer.start_span(
            f"{WORKFLOW} {event.narrative}",
            attributes={
                OPERATION: WORKFLOW,
                AGENT: event.narrative,
                PROVIDER: provider_name(event.provider),
                "botticelli.run.id": event.run,
                "botticelli.driver": event.driver,
                "botticelli.simulated": event.simulated,
            },
            start_time=_nanoseconds(event.time),
        )

    def _end_run(self, event: RunFinished) -> None:
        from opentelemetry.trace import Status, StatusCode

        for span in reversed(self._open.values()):
            span.set_status(Status(StatusCode.ERROR, event.status))
            span.end(_nanoseconds(event.time))
        self._open.clear()
        if self._run is None:
            return
        self._run.set_attributes(
            {
                "botticelli.status": event.status,
                "botticelli.requests": event.requests,
                "botticelli.iterations.completed": event.completed,
                INPUT_TOKENS: event.input_tokens,
                OUTPUT_TOKENS: event.output_tokens,
            }
        )
        if event.cost is not None:
            self._run.set_attribute("botticelli.cost", event.cost)
        if event.status in _FAILED:
            self._run.set_attribute(ERROR_TYPE, event.status)
            self._run.set_status(Status(StatusCode.ERROR, event.message))
        self._run.end(_nanoseconds(event.time))

    def _begin(self, address: str, name: str, attributes: dict[str, Any], time: float) -> None:
        self._open[address] = self._tracer.start_span(
            name,
            context=self._context(address),
            attributes={"botticelli.address": address, **attributes},
            start_time=_nanoseconds(time),
        )

    def _end(self, address: str, event: Event, failure: str | None) -> None:
        from opentelemetry.trace import Status, StatusCode

        span = self._open.pop(address, None)
        if span is None or event.replayed:
            # What an earlier process has done is in that one's trace.
            return
        if failure is not None:
            span.set_status(Status(StatusCode.ERROR, failure))
        span.end(_nanoseconds(event.time))

    def _mark(self, event: Event) -> None:
        import msgspec

        fields = msgspec.to_builtins(event)
        time, name = fields.pop("time"), fields.pop("event")
        attributes = {
            f"botticelli.{key}": value for key, value in fields.items() if value is not None
        }
        span = self._around(fields.get("address"))
        if span is not None:
            span.add_event(f"botticelli.{name}", attributes, _nanoseconds(time))

    def _around(self, address: str | None) -> "Span | None":
        """Return the innermost span that is open where something happens."""
        path = (address or "").partition("#")[0]
        while path:
            span = self._open.get(path)
            if span is not None:
                return span
            path = path.rpartition("/")[0]
        return self._run

    def _context(self, address: str) -> Any:
        from opentelemetry.trace import set_span_in_context

        path = address.partition("#")[0].rpartition("/")[0]
        span = self._around(path)
        return None if span is None else set_span_in_context(span)


def _attributes(attempt: Attempt, operation: str) -> dict[str, Any]:
    request, settings = attempt.request, attempt.request.settings
    found: dict[str, Any] = {
        OPERATION: operation,
        PROVIDER: provider_name(attempt.provider),
        REQUEST_MODEL: request.model,
        "gen_ai.request.stream": True if request.streamed else None,
        "gen_ai.request.max_tokens": settings.max_tokens,
        "gen_ai.request.temperature": settings.temperature,
        "gen_ai.request.top_p": settings.top_p,
        "gen_ai.request.seed": settings.seed,
        "gen_ai.request.stop_sequences": settings.stop or None,
        "gen_ai.output.type": "json" if request.structured else None,
        "botticelli.address": attempt.address,
        "botticelli.attempt": request.attempt,
        ERROR_TYPE: attempt.error,
    }
    if attempt.first_piece is not None:
        found[FIRST_CHUNK] = attempt.first_piece - attempt.sent
    answer = attempt.answer
    if answer is not None:
        found |= {RESPONSE_MODEL: answer.model, FINISH_REASONS: (answer.finish,)}
        if attempt.settled.known:
            found |= {INPUT_TOKENS: answer.input_tokens, OUTPUT_TOKENS: answer.output_tokens}
        if answer.cost is not None:
            found["botticelli.cost"] = answer.cost
    return {name: value for name, value in found.items() if value is not None}


def _nanoseconds(time: float) -> int:
    return int(time * 1e9)
