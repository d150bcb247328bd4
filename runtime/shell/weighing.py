"""What requests weigh in tokens: expected, for a minute's windows, and at most, for hard limits.

A conversation is sent again and again and grows by a message or two, so that a request weighs its
last messages only: the sum of those before is remembered, and the weight of each message as well,
for branches that leave a conversation side by side.
"""

from collections import deque
from collections.abc import Iterable

import msgspec
from msgspec import Struct

from botticelli.compiler.semantics.limits import Demand, Limits
from botticelli.compiler.semantics.media_tokens import MediaRules, tokens_of
from botticelli.compiler.semantics.providers import ModelFacts
from botticelli.compiler.semantics.tokens import Family
from botticelli.runtime.drivers.protocol import MediaPart, Message, ModelRequest

_SPARE = 64
"""Messages that are remembered beyond those of the last request: of branches side by side."""

_HISTORIES = 8
"""How many histories are remembered with their sums: of branches, and of a shared beginning."""


class Most(Struct, frozen=True):
    """The most that one attempt can use; None where that has no bound or no price. `held`: there
    are media to be put in before it is sent."""

    input: int
    tokens: int | None
    cost: float | None
    held: bool = False


class _Weight(Struct, frozen=True):
    """The tokens of one message; not `bounded` where a medium's size is not known."""

    expected: int = 0
    most: int = 0
    bounded: bool = True
    held: bool = False

    def plus(self, other: "_Weight") -> "_Weight":
        return _Weight(
            self.expected + other.expected,
            self.most + other.most,
            self.bounded and other.bounded,
            self.held or other.held,
        )


class Scales:
    """Weighs requests, those to each family of models by itself."""

    def __init__(self) -> None:
        self._families: dict[tuple[str, MediaRules], _FamilyScales] = {}

    def measure(
        self, request: ModelRequest, facts: ModelFacts, limits: Limits
    ) -> tuple[Demand, Most]:
        """Say what a request takes from a minute (estimated) and from a day (at most)."""
        key = facts.family.name, facts.media
        scales = self._families.get(key)
        if scales is None:
            scales = self._families[key] = _FamilyScales(facts.family, facts.media)
        return scales.measure(request, facts, limits)


class _FamilyScales:
    """Weighs requests to models that count tokens alike."""

    def __init__(self, family: Family, media: MediaRules) -> None:
        self._family = family
        self._media = media
        # By identity, as comparing long messages takes as long as weighing them; the message is
        # kept beside its weight, so that its identity stays its own.
        self._known: dict[int, tuple[Message, _Weight]] = {}
        self._histories: deque[tuple[tuple[Message, ...], _Weight]] = deque(maxlen=_HISTORIES)

    def measure(
        self, request: ModelRequest, facts: ModelFacts, limits: Limits
    ) -> tuple[Demand, Most]:
        """Say what a request takes from a minute (estimated) and from a day (at most)."""
        framing = facts.tokens_per_message * (len(request.messages) + 1)
        weight = self._weigh(request.messages)
        expected, input_most = framing + weight.expected, framing + weight.most
        for text in _beside(request):
            expected += self._family.estimate(text)
            input_most += self._family.ceiling(text) + self._family.prefix
        output = request.settings.max_tokens or facts.max_output
        # An answer without any bound takes the whole window.
        window = output if output is not None else (limits.tpm or limits.otpm or 0)
        if output is None or not weight.bounded:
            return Demand(expected, window, None), Most(input_most, None, None, weight.held)
        cost = facts.cost(input_most, output)
        tokens = input_most + output
        return Demand(expected, window, tokens), Most(input_most, tokens, cost, weight.held)

    def _weigh(self, messages: tuple[Message, ...]) -> _Weight:
        history, latest = messages[:-1], messages[-1:]
        known, weight = self._remembered(history)
        for message in history[len(known) :]:
            weight = weight.plus(self._weight(message))
        if len(known) < len(history):
            self._histories.append((history, weight))
        for message in latest:
            weight = weight.plus(self._weight(message))
        if len(self._known) > 2 * len(messages) + _SPARE:
            kept = [self._known.get(id(message)) for message in messages]
            self._known = {id(entry[0]): entry for entry in kept if entry is not None}
        return weight

    def _remembered(self, history: tuple[Message, ...]) -> tuple[tuple[Message, ...], _Weight]:
        """Return the longest beginning of a history whose sum is remembered, and the sum."""
        found: tuple[tuple[Message, ...], _Weight] = ((), _Weight())
        for entry in self._histories:
            length = len(entry[0])
            if len(found[0]) < length <= len(history) and history[:length] == entry[0]:
                found = entry
        return found

    def _weight(self, message: Message) -> _Weight:
        entry = self._known.get(id(message))
        if entry is None:
            entry = self._known[id(message)] = (message, _weigh(message, self._family, self._media))
        return entry[1]


def _weigh(message: Message, family: Family, media: MediaRules) -> _Weight:
    # Parts stand on lines of their own.
    expected = most = len(message.parts) - 1
    bounded, held = True, False
    for part in message.parts:
        if isinstance(part, MediaPart):
            usual, bound = tokens_of(part.medium, media)
            held = held or part.held is not None
        else:
            usual = family.estimate(part.text)
            bound = family.ceiling(part.text) + family.prefix
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
