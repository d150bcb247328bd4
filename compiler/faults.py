"""Faults inside a string value: what the small languages and the templates find.

They know offsets into the value they were given, and nothing of files. Here a fault becomes a
diagnostic, at the place where those characters stand in the file.
"""

from msgspec import Struct

from botticelli.compiler.diagnostics import Diagnostic, Edit, Fix, Label
from botticelli.compiler.syntax.nodes import Scalar
from botticelli.grammar.catalogue import Rule


class Mark(Struct, frozen=True):
    """A further range of the same value, with what is to be seen there."""

    message: str
    start: int
    end: int


class Replacement(Struct, frozen=True):
    """Put `text` in place of `value[start:end]`."""

    start: int
    end: int
    text: str


class Fault(Struct, frozen=True, kw_only=True):
    """One fault in `value[start:end]`, in code points.

    `marks` are places in the same value, `labels` places anywhere. `edits` together mend the fault;
    they are `safe` when they cannot change what the author meant.
    """

    rule: Rule
    start: int
    end: int
    message: str
    note: str = ""
    help: str | None = None
    marks: tuple[Mark, ...] = ()
    labels: tuple[Label, ...] = ()
    edits: tuple[Replacement, ...] = ()
    safe: bool = False

    def shifted(self, offset: int) -> "Fault":
        """Return the fault as it stands in a longer text that holds the value at `offset`."""
        return Fault(
            rule=self.rule,
            start=self.start + offset,
            end=self.end + offset,
            message=self.message,
            note=self.note,
            help=self.help,
            marks=tuple(Mark(m.message, m.start + offset, m.end + offset) for m in self.marks),
            labels=self.labels,
            edits=tuple(Replacement(e.start + offset, e.end + offset, e.text) for e in self.edits),
            safe=self.safe,
        )


def to_diagnostic(fault: Fault, scalar: Scalar) -> Diagnostic:
    """Place a fault of a string in its file."""
    marks = (Label(mark.message, scalar.locate(mark.start, mark.end)) for mark in fault.marks)
    fix = None
    if fault.edits and all(fits(edit.text, scalar) for edit in fault.edits):
        edits = (Edit(scalar.locate(edit.start, edit.end), edit.text) for edit in fault.edits)
        fix = Fix(fault.safe, tuple(edits))
    return Diagnostic(
        rule=fault.rule,
        message=fault.message,
        location=scalar.locate(fault.start, fault.end),
        note=fault.note,
        labels=(*marks, *fault.labels),
        help=fault.help,
        fix=fix,
    )


def fits(text: str, scalar: Scalar) -> bool:
    """Whether text can be written into this string as it is, without escapes."""
    if not text.isprintable() or "\\" in text:
        return False
    span = scalar.span
    written = scalar.document.source.text[span.start : span.end]
    quote = written[:1]
    if quote in {"'", '"'}:
        return quote not in text
    block = quote in {"|", ">"}
    return block or not (": " in text or " #" in text or text.endswith(":"))
