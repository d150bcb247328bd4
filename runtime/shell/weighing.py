"""What requests weigh in tokens: expected, for a minute's windows, and at most, for hard limits.

A conversation is sent again and again and grows by a message or two, so that each message is
weighed once and remembered as long as the conversation goes on.
"""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from botticelli.compiler.semantics.limits import Demand, Limits
from botticelli.compiler.semantics.media import media_tokens
from botticelli.compiler.semantics.providers import ModelFacts
from botticelli.compiler.semantics.tokens import ceiling, estimate
from botticelli.runtime.drivers.protocol import MediaPart, Message, ModelRequest

_SPARE = 64
"""Messages that are remembered beyond those of the last request: of branches side by side."""


class Most(Struct, frozen=True):
    """The most that one attempt can use; None where that has no bound or no price. `held`: there
    are media to be put in before it is sent."""

    input: int
    tokens: int | None
    cost: float | None
    held: bool = False


class _Weight(Struct, frozen=True):
    """The tokens of one message; not `bounded` where a medium's size is not known."""

    expected: int
    most: int
    bounded: bool
    held: bool


class Scales:
    """Weighs requests."""

    def __init__(self) -> None:
        # By identity, as comparing long messages takes as long as weighing them; the message is
        # kept beside its weight, so that its identity stays its own.
        self._known: dict[int, tuple[Message, _Weight]] = {}

    def measure(
        self, request: ModelRequest, facts: ModelFacts, limits: Limits
    ) -> tuple[Demand, Most]:
        """Say what a request takes from a minute (estimated) and from a day (at most)."""
        expected = input_most = facts.tokens_per_message * (len(request.messages) + 1)
        weights = self._weigh(request.messages)
        expected += sum([weight.expected for weight in weights])
        input_most += sum([weight.most for weight in weights])
        bounded = False not in [weight.bounded for weight in weights]
        held = True in [weight.held for weight in weights]
        for text in _beside(request):
            expected += estimate(text)
            input_most += ceiling(text)
        output = request.settings.max_tokens or facts.max_output
        # An answer without any bound takes the whole window.
        window = output if output is not None else (limits.tpm or limits.otpm or 0)
        if output is None or not bounded:
            return Demand(expected, window, None), Most(input_most, None, None, held)
        cost = facts.cost(input_most, output)
        tokens = input_most + output
        return Demand(expected, window, tokens), Most(input_most, tokens, cost, held)

    def _weigh(self, messages: tuple[Message, ...]) -> list[_Weight]:
        known = self._known
        found: list[_Weight] = []
        for message in messages:
            entry = known.get(id(message))
            if entry is None:
                entry = known[id(message)] = (message, _weigh(message))
            found.append(entry[1])
        if len(known) > 2 * len(messages) + _SPARE:
            self._known = {id(message): known[id(message)] for message in messages}
        return found


def _weigh(message: Message) -> _Weight:
    # Parts stand on lines of their own.
    expected = most = len(message.parts) - 1
    bounded, held = True, False
    for part in message.parts:
        if isinstance(part, MediaPart):
            usual, bound = media_tokens(part.kind, part.size)
            held = held or part.held is not None
        else:
            usual, bound = estimate(part.text), ceiling(part.text)
        expected += usual
        most += bound or 0
        bounded = bounded and bound is not None
    return _Weight(expected, most, bounded, held)


def _beside(request: ModelRequest) -> Iterable[str]:
    """The texts that go with the messages: the system instruction, the form of the answer."""
    if request.system:
        yield request.system
    if request.output_schema is not None:
        yield msgspec.json.encode(request.output_schema).decode()
