"""A difference as text for a terminal of 80 columns."""

from itertools import groupby

from botticelli.compiler.budget.intervals import Interval
from botticelli.compiler.explain.difference import Bound, Change, Difference
from botticelli.compiler.explain.sheet import Sheet
from botticelli.compiler.explain.text import VERDICTS
from botticelli.compiler.explain.wording import UNBOUNDED, dollars, span_of_time, whole
from botticelli.compiler.report.colors import ADDED, BOLD, FRAME, REMOVED, SECONDARY, painter

_NAMES = ("at least", "expected", "at most")


def render(found: Difference, *, color: bool = False) -> str:
    """Return the text, with colours or without."""
    sheet = Sheet(painter(color=color))
    sheet.line((found.narrative, BOLD), (f"  {found.source} against {found.revision}", FRAME))
    sheet.blank()
    sheet.line(("What it does", BOLD))
    with sheet.margin("  "):
        if not found.changes:
            sheet.words("the same as before")
        for thing, changes in groupby(found.changes, key=lambda change: change.thing):
            _write_thing(sheet, thing, list(changes))
    sheet.blank()
    head = "What it takes".ljust(24)
    columns = (f"{name:>18}" for name in ("was", "is", "change"))
    sheet.line((head, BOLD), *((column, FRAME) for column in columns))
    with sheet.margin("  "):
        for bound in found.bounds:
            _write_bound(sheet, bound)
    sheet.blank()
    sheet.line(("Does it fit", BOLD))
    with sheet.margin("  "):
        style = VERDICTS[found.verdict_after]
        if found.verdict_before == found.verdict_after:
            sheet.words(
                f"as before: {found.reason_after}", head=f"{found.verdict_after}  ", style=style
            )
        else:
            head = f"{found.verdict_after}  "
            sheet.words(f"was {found.verdict_before}; {found.reason_after}", head=head, style=style)
    return sheet.text()


def _write_thing(sheet: Sheet, thing: str, changes: list[Change]) -> None:
    first = changes[0]
    if first.fact is None:
        came = first.before is None
        said = first.after if came else first.before
        style = ADDED if came else REMOVED
        sheet.words(said or "", head=f"{'+' if came else '-'} {thing}  ", indent=4, style=style)
        return
    sheet.line(("~ ", FRAME), (thing, SECONDARY))
    with sheet.margin("    "):
        for change in changes:
            sheet.line((change.fact or "", FRAME))
            sheet.words(change.before or "nothing", head="  was  ")
            sheet.words(change.after or "nothing", head="  is   ")


def _write_bound(sheet: Sheet, bound: Bound) -> None:
    name = bound.name
    for number, end in enumerate(_NAMES):
        was, now = (_end(each, number) for each in (bound.before, bound.after))
        change = _change(was, now)
        style = REMOVED if change.startswith("+") and number else ""
        sheet.line(
            (name.ljust(12), BOLD),
            end.ljust(10),
            f"{_shown(bound.name, bound.before, was):>18}",
            f"{_shown(bound.name, bound.after, now):>18}",
            (f"{change:>18}", style),
        )
        name = ""


def _end(interval: Interval | None, number: int) -> float | None:
    return (
        None if interval is None else (interval.floor, interval.expected, interval.ceiling)[number]
    )


def _shown(name: str, interval: Interval | None, number: float | None) -> str:
    if interval is None:
        return "unknown"
    if number is None:
        return UNBOUNDED
    return {"cost": dollars, "time": span_of_time}.get(name, whole)(number)


def _change(was: float | None, now: float | None) -> str:
    if was == now:
        return ""
    if was is None or now is None:
        return "+ no bound" if now is None else "bounded"
    if not was:
        return "+"
    return f"{now / was - 1:+.0%}"
