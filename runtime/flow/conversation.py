"""What a model gets to see: the messages of an act, and what is kept of them afterwards.

Retention is the language's: `full` keeps an input, `summary` leaves a line that names it, `drop`
leaves nothing, and what is over 10,000 bytes is summarised even when it says `full`.
"""

from msgspec import Struct

from botticelli.compiler.ir.program import CommandInput, InputNode, NarrativeInput
from botticelli.runtime.drivers.protocol import (
    ASSISTANT,
    USER,
    MediaPart,
    Message,
    Part,
    TextPart,
)

KEPT_BYTES = 10_000
"""The longest input that stays in the history as it is."""

OMITTED = TextPart("[inputs omitted]")


class Contribution(Struct, frozen=True):
    """What one input gives to a message, and what stays of it: None when nothing does."""

    part: Part
    kept: Part | None


def contribute(source: InputNode, text: str, summary: str | None = None) -> Contribution:
    """Make an input's text part of a message; `summary` says what stays, if its kind does not."""
    part = TextPart(text)
    if source.retention == "drop":
        return Contribution(part, None)
    if source.retention == "summary" or _size(text) > KEPT_BYTES:
        return Contribution(part, TextPart(summary or _summary(source, text)))
    return Contribution(part, part)


def contribute_medium(source: InputNode, part: MediaPart, summary: str) -> Contribution:
    """Make a medium part of a message; `summary` is what stays where the medium does not."""
    if source.retention == "drop":
        return Contribution(part, None)
    if source.retention == "summary" or (part.size or 0) > KEPT_BYTES:
        return Contribution(part, TextPart(summary))
    return Contribution(part, part)


def _summary(source: InputNode, text: str) -> str:
    match source:
        case CommandInput(platform=platform, command=command):
            return f"[Bot command: {platform}.{command}]"
        case NarrativeInput(narrative=narrative):
            return f"[Narrative: {narrative}]"
        case _:
            return f"[Text: ~{max(1, round(_size(text) / 1000))} KB]"


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def cut(text: str, max_bytes: int | None) -> str:
    """Cut a text to so many bytes, after its last whole line where it has several."""
    if max_bytes is None or _size(text) <= max_bytes:
        return text
    head = text.encode("utf-8", "surrogatepass")[:max_bytes].decode("utf-8", "ignore")
    line_end = head.rfind("\n")
    return head[:line_end] if line_end > 0 else head


class Conversation:
    """The history of one narrative's run, and what waits for the next message to the model."""

    def __init__(self, history: tuple[Message, ...] = (), pending: tuple[Part, ...] = ()) -> None:
        self.history = history
        self.pending = pending

    def message(self, contributions: list[Contribution]) -> Message:
        """Return the user's message: results of action-only acts first, then the inputs."""
        parts = (*self.pending, *(each.part for each in contributions))
        return Message(USER, tuple(part for part in parts if not part.blank))

    def add_exchange(self, contributions: list[Contribution], answer: str) -> None:
        """Keep a message and its answer as retention says."""
        kept = [*self.pending, *(each.kept for each in contributions if each.kept is not None)]
        parts = tuple(part for part in kept if not part.blank) or (OMITTED,)
        self.pending = ()
        self.history = (
            *self.history,
            Message(USER, parts),
            Message(ASSISTANT, (TextPart(answer),)),
        )

    def add_result(self, contribution: Contribution) -> None:
        """Keep the result of an action-only act for the head of the next message."""
        if contribution.kept is not None:
            self.pending = (*self.pending, contribution.kept)

    def copy(self) -> "Conversation":
        return Conversation(self.history, self.pending)

    def join(self, branches: list["Conversation"]) -> None:
        """Take in what several copies of this conversation have added, in their order."""
        length, waiting = len(self.history), len(self.pending)
        asked = False
        pending: tuple[Part, ...] = ()
        for branch in branches:
            added = branch.history[length:]
            self.history = (*self.history, *added)
            asked = asked or bool(added)
            pending = (*pending, *(branch.pending if added else branch.pending[waiting:]))
        self.pending = pending if asked else (*self.pending, *pending)
