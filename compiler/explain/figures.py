"""The table of numbers: requests, tokens, money and time, at least, expected and at most."""

from botticelli.compiler.budget.intervals import Interval
from botticelli.compiler.explain import explanation as shown
from botticelli.compiler.explain.sheet import Sheet, shortened
from botticelli.compiler.explain.wording import UNBOUNDED, dollars
from botticelli.compiler.report.colors import BOLD, FRAME

_NAME = 15
_COLUMNS = (("requests", 9), ("tokens in", 12), ("tokens out", 12), ("cost", 11), ("time", 10))
_ENDS = ("at least", "expected", "at most")
_MANY = 1e9


def write_figures(sheet: Sheet, explanation: shown.Explanation) -> None:
    """Write what each act takes, one iteration, and the whole."""
    if not explanation.pools:
        return
    sheet.blank()
    head = "What it takes".ljust(2 + _NAME + 9)
    sheet.line((head, BOLD), *((f"{name:>{width}}", FRAME) for name, width in _COLUMNS))
    with sheet.margin("  "):
        for narrative in explanation.narratives:
            acts = [act for act in narrative.acts if act.amount is not None]
            if acts and len(explanation.narratives) > 1:
                sheet.line((f"{narrative.name}:", FRAME))
            for act in acts:
                assert act.amount is not None
                _write(sheet, act.name, act.amount, timed=True)
        if explanation.narratives[0].repetition is not None:
            _write(sheet, "one iteration", explanation.iteration, timed=False)
        _write(sheet, "in all", explanation.total, timed=True, style=BOLD)


def _write(sheet: Sheet, name: str, amount: shown.Amount, *, timed: bool, style: str = "") -> None:
    head = shortened(name, _NAME - 1).ljust(_NAME)
    for number, end in enumerate(_ENDS):
        cells = [
            _count(_end(amount.requests, number)),
            _count(_end(amount.input_tokens, number)),
            _count(_end(amount.output_tokens, number)),
            "unknown" if amount.cost is None else dollars(_end(amount.cost, number)),
            _time(_end(amount.seconds, number)) if timed else "",
        ]
        row = "".join(f"{cell:>{width}}" for cell, (_, width) in zip(cells, _COLUMNS, strict=True))
        sheet.line((head, style or BOLD), f"{end:<9}", (row, style))
        head = " " * _NAME


def _end(interval: Interval, number: int) -> float | None:
    return (interval.floor, interval.expected, interval.ceiling)[number]


def _count(number: float | None) -> str:
    if number is None:
        return UNBOUNDED
    return f"{number / _MANY:,.1f} bn" if number >= _MANY else f"{number:,.0f}"


def _time(seconds: float | None) -> str:
    """Write a length of time in little room: its two largest units."""
    if seconds is None:
        return UNBOUNDED
    left, parts = round(seconds), []
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"
