"""Where the stages of the compiler put what they find."""

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from botticelli.compiler.diagnostics import Anchor, Diagnostic, Fix, Label, Location
from botticelli.grammar.catalogue import Rule


class Reporter:
    """Collects diagnostics. Saying the same of the same place twice says it once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int, int, str, str], Diagnostic] = {}

    def report(
        self,
        rule: Rule,
        location: Location,
        message: str,
        *,
        note: str = "",
        labels: Iterable[Label] = (),
        help: str | None = None,  # noqa: A002 - the word users read
        fix: Fix | None = None,
        about: str | None = None,
    ) -> None:
        """Add one diagnostic.

        ``about`` tells apart what one rule may say of one place, where the message says too much:
        a table that YAML aliases bring to two acts has its faults once.
        """
        diagnostic = Diagnostic(
            rule=rule,
            message=message,
            location=location,
            note=note,
            labels=tuple(labels),
            help=help,
            fix=fix,
        )
        path, start, end, code, _ = diagnostic.order
        known = about if about is not None else message
        self._found.setdefault((path, start, end, code, known), diagnostic)

    def add(self, diagnostic: Diagnostic) -> None:
        self._found.setdefault(diagnostic.order, diagnostic)

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        for diagnostic in diagnostics:
            self.add(diagnostic)

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """What was found, in the order of files and places; no secret of a file stands in it."""
        return sorted(map(_discreet, self._found.values()), key=lambda each: each.order)


def _discreet(diagnostic: Diagnostic) -> Diagnostic:
    """Take the keys that stand in the files that a diagnostic shows out of its words, and leave
    out a fix that would have to write one."""
    edits = diagnostic.fix.edits if diagnostic.fix is not None else ()
    places: tuple[Anchor, ...] = (diagnostic, *diagnostic.labels, *edits)
    sources = {id(place.location.source): place.location.source for place in places}
    for source in sources.values():
        if source.has_keys:
            diagnostic = _without_keys(diagnostic, source.concealer.without_keys)
    return diagnostic


def _without_keys(diagnostic: Diagnostic, conceal: Callable[[str], str]) -> Diagnostic:
    fix = diagnostic.fix
    return replace(
        diagnostic,
        message=conceal(diagnostic.message),
        note=conceal(diagnostic.note),
        labels=tuple(Label(conceal(each.message), each.location) for each in diagnostic.labels),
        help=None if diagnostic.help is None else conceal(diagnostic.help),
        fix=None if fix and any(conceal(edit.text) != edit.text for edit in fix.edits) else fix,
    )
