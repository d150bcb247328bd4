"""The telemetry of one run: events go in, spans and metrics come out."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from botticelli.runtime.drivers.protocol import ModelAnswer
from botticelli.runtime.effects import AskModel, Result
from botticelli.runtime.events import Event
from botticelli.runtime.telemetry.attempts import Attempt, Attempts
from botticelli.runtime.telemetry.messages import messages_of
from botticelli.runtime.telemetry.metrics import Metrics
from botticelli.runtime.telemetry.spans import Spans

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter
    from opentelemetry.trace import Tracer


class Telemetry:
    """Follows one run. `messages`: what was said stands in the spans. `finish` sends what has not
    been sent yet."""

    def __init__(
        self, tracer: "Tracer", meter: "Meter", *, messages: bool, finish: Callable[[], None]
    ) -> None:
        self.messages = messages
        self._attempts = Attempts()
        self._spans = Spans(tracer)
        self._metrics = Metrics(meter)
        self._finish = finish
        self._untold: dict[str, Attempt] = {}

    def take(self, event: Event) -> None:
        """Take in an event."""
        attempt = self._attempts.take(event)
        if attempt is not None:
            self._metrics.attempt(attempt)
            if self.messages and attempt.answer is not None:
                self._untold[attempt.address] = attempt
            else:
                self._spans.attempt(attempt, {})
        self._spans.take(event)
        self._metrics.take(event)

    def exchange(self, effect: AskModel, result: Result) -> None:
        """Take in what was said, right after the attempt has ended; for runs with `messages`."""
        attempt = self._untold.pop(str(effect.address), None)
        if attempt is not None and isinstance(result, ModelAnswer):
            self._spans.attempt(attempt, messages_of(effect.request, result))

    def close(self) -> None:
        self._finish()
