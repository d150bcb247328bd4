"""What a reader gathers that is wrong with one file's text."""

from botticelli.compiler.diagnostics import Diagnostic, Fix, Label, Location
from botticelli.compiler.source import Source, Span
from botticelli.grammar.catalogue import DUPLICATE_KEY, SYNTAX_ERROR

MOST_FAULTS = 100


class Faults:
    """The syntax faults of one source, up to the number a person can make use of.

    ``intact`` becomes false with the first fault that keeps a part of the text from the tree.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.found: list[Diagnostic] = []
        self.intact = True

    @property
    def full(self) -> bool:
        """Whether there are so many that nothing more is to be read."""
        return len(self.found) > MOST_FAULTS

    def in_order(self) -> list[Diagnostic]:
        """Return the faults in the order of their places, and last that there are too many."""
        faults = sorted(self.found[:MOST_FAULTS], key=lambda fault: fault.order)
        return faults + self.found[MOST_FAULTS:]

    def stand_on_line_of(self, span: Span) -> bool:
        """Return whether a fault has been reported on the line in which ``span`` begins."""
        line = self.source.position(span.start).line
        return any(
            self.source.position(fault.location.span.start).line == line
            for fault in reversed(self.found)
        )

    def label(self, message: str, span: Span) -> Label:
        return Label(message, Location(self.source, span))

    def refuse(
        self,
        span: Span,
        message: str,
        *,
        note: str = "",
        labels: tuple[Label, ...] = (),
        help: str | None = None,  # noqa: A002  the word that a diagnostic uses
        fix: Fix | None = None,
    ) -> None:
        """Add a syntax fault (BOT101)."""
        self.intact = False
        location = Location(self.source, span)
        self._add(
            Diagnostic(
                rule=SYNTAX_ERROR,
                message=message,
                location=location,
                note=note,
                labels=labels,
                help=help,
                fix=fix,
            )
        )

    def duplicate(self, span: Span, first: Span, message: str) -> None:
        """Add a second definition of a key (BOT102), with the place of the first."""
        self._add(
            Diagnostic(
                rule=DUPLICATE_KEY,
                message=message,
                location=Location(self.source, span),
                note="defined again here",
                labels=(self.label("first defined here", first),),
            )
        )

    def _add(self, diagnostic: Diagnostic) -> None:
        if len(self.found) < MOST_FAULTS:
            self.found.append(diagnostic)
        elif not self.full:
            self.intact = False
            message = f"more than {MOST_FAULTS} errors: the rest of the file was not read"
            location = diagnostic.location
            self.found.append(Diagnostic(rule=SYNTAX_ERROR, message=message, location=location))


def quoted(text: str, most: int = 40) -> str:
    """Return a piece of source text as it is shown within a message."""
    shown = "".join(c if c.isprintable() else f"\\u{{{ord(c):04X}}}" for c in text[: most + 1])
    return f"`{shown if len(text) <= most else shown[:most] + '…'}`"
