"""Answers that are still coming, as a terminal shows them: the last lines of each."""

from typing import TYPE_CHECKING

from botticelli.cli.printable import printable
from botticelli.runtime.events import AnswerPiece, Event, RequestSent, RequestSettled

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

MOST_ACTS = 3
"""Acts whose answers are shown at a time, the ones that began first."""

MOST_LINES = 6
"""Lines that all of them share."""

_TAIL = 4000
"""Code points of an answer that are remembered: more than its last lines hold."""


class ComingAnswers:
    """What has come so far of the answers to requests that are under way."""

    def __init__(self) -> None:
        self._tails: dict[str, tuple[str, str]] = {}

    def take(self, event: Event) -> None:
        """Take in an event; an attempt that begins or ends begins or ends what is shown of it."""
        match event:
            case AnswerPiece(address=address):
                before = self._tails.get(address, ("", ""))[1]
                self._tails[address] = event.act, (before + event.text)[-_TAIL:]
            case RequestSent(address=address) | RequestSettled(address=address):
                self._tails.pop(address, None)
            case _:
                pass

    def lines(self, console: "Console") -> "list[Text]":
        """Return what is to be shown. May be called by another thread than `take`."""
        from rich.text import Text

        shown = tuple(self._tails.values())[:MOST_ACTS]
        several = len(shown) > 1
        found: list[Text] = []
        for act, tail in shown:
            text = Text(printable(tail).strip("\n"), style="dim")
            indent = f"  {act}: " if several else "  "
            lines = text.wrap(console, max(20, console.width - len(indent)))
            last = lines[-(MOST_LINES // len(shown)) :]
            found.extend(Text.assemble(indent, line) for line in last)
        return found
