"""Attempts at asking a model, put together from the events that tell of them."""

from msgspec import Struct

from botticelli.runtime.events import (
    Answered,
    AnswerPiece,
    Event,
    RequestSent,
    RequestSettled,
    RunStarted,
)


class Attempt(Struct, frozen=True, kw_only=True):
    """One attempt, from `sent` to `ended` (Unix seconds). `first_piece` is when the first piece of
    a streamed answer came. Exactly one of `answer` and `error` is given."""

    address: str
    provider: str
    request: RequestSent
    first_piece: float | None
    sent: float
    ended: float
    settled: RequestSettled
    answer: Answered | None

    @property
    def error(self) -> str | None:
        return self.settled.error


class Attempts:
    """The attempts of one run that are under way."""

    def __init__(self) -> None:
        self._provider = ""
        self._sent: dict[str, RequestSent] = {}
        self._first: dict[str, float] = {}
        self._settled: dict[str, RequestSettled] = {}

    def take(self, event: Event) -> Attempt | None:
        """Take in an event, and return the attempt that ends with it."""
        match event:
            case RunStarted():
                self._provider = event.provider
            case RequestSent(address=address):
                self._sent[address] = event
            case AnswerPiece(address=address):
                self._first.setdefault(address, event.time)
            case RequestSettled(address=address, error=None):
                self._settled[address] = event
            case RequestSettled(address=address):
                return self._ended(address, event, None)
            case Answered(address=address) if address in self._settled:
                return self._ended(address, self._settled.pop(address), event)
            case _:
                pass
        return None

    def _ended(
        self, address: str, settled: RequestSettled, answer: Answered | None
    ) -> Attempt | None:
        request = self._sent.pop(address, None)
        first = self._first.pop(address, None)
        if request is None:
            return None
        return Attempt(
            address=address,
            provider=self._provider,
            request=request,
            first_piece=first,
            sent=request.time,
            ended=settled.time,
            settled=settled,
            answer=answer,
        )
