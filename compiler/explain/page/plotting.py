"""The budget over time: how full each limit is, where the run waits, and where it ends."""

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from botticelli.compiler.explain import explanation as shown
from botticelli.compiler.explain.course import EVERY
from botticelli.compiler.explain.wording import LIMITS, span_of_time

WIDTH = 720.0
HEIGHT = 92.0
_LEFT = 8.0
_RIGHT = 8.0
_TOP = 14.0
_TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200)
_DAY = 86_400
_MOST_TICKS = 8


class Tick(Struct, frozen=True):
    x: float
    text: str


class Band(Struct, frozen=True):
    """A stretch in which nothing is sent, and why."""

    x: float
    width: float
    text: str


class Panel(Struct, frozen=True):
    """The plot of one limit. `points` are seconds and use, for a reader that asks for them."""

    title: str
    pool: str
    value: int
    peak: int
    area: str
    line: str
    limit_y: float
    points: str
    crowded: bool


class Plot(Struct, frozen=True):
    """All panels over one axis of time. `end` is where the run ends, None beyond it."""

    panels: tuple[Panel, ...]
    ticks: tuple[Tick, ...]
    waits: tuple[Band, ...]
    end: float | None
    end_text: str
    span: float


def plot(course: shown.Course, stop: shown.Stop | None) -> Plot:
    """Lay out a course."""
    span = max(
        0.0 if course.cut else course.seconds,
        *(curve.readings[-1].seconds for curve in course.curves if curve.readings),
        1.0,
    )

    def x(seconds: float) -> float:
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * seconds / span, 2)

    waits = tuple(
        Band(x(each.start), round(max(0.5, x(each.end) - x(each.start)), 2), _reason(each))
        for each in course.waits
        if each.reason != EVERY
    )
    end_text = f"ends after {span_of_time(course.seconds)}"
    if stop is not None:
        end_text = f"runs out of {LIMITS[stop.limit]} after {span_of_time(course.seconds)}"
    if course.cut:
        end_text += f"; only its first {span_of_time(span)} are drawn"
    return Plot(
        panels=tuple(_panel(curve, x) for curve in course.curves if curve.readings),
        ticks=tuple(Tick(x(at), text) for at, text in _ticks(span)),
        waits=waits,
        end=None if course.cut else x(course.seconds),
        end_text=end_text,
        span=span,
    )


def _reason(wait: shown.Wait) -> str:
    return f"waits {span_of_time(wait.end - wait.start)} for {LIMITS.get(wait.reason, wait.reason)}"


class _Scale(Struct, frozen=True):
    top: int

    def y(self, used: float) -> float:
        return round(HEIGHT - (HEIGHT - _TOP) * used / self.top, 2)


def _panel(curve: shown.Curve, x: Callable[[float], float]) -> Panel:
    peak = max(each.used for each in curve.readings)
    scale = _Scale(max(curve.value, peak, 1))
    line = "".join(_steps(curve.readings, x, scale))
    first, last = x(curve.readings[0].seconds), x(curve.readings[-1].seconds)
    floor = scale.y(0)
    return Panel(
        title=LIMITS[curve.limit],
        pool=curve.pool,
        value=curve.value,
        peak=peak,
        area=f"{line}V{floor:g}H{first:g}Z" if last >= first else "",
        line=line,
        limit_y=scale.y(curve.value),
        points=" ".join(f"{each.seconds:g}:{each.used}" for each in curve.readings),
        crowded=peak >= 0.9 * curve.value,
    )


def _steps(
    readings: Sequence[shown.Reading], x: Callable[[float], float], scale: _Scale
) -> Iterator[str]:
    for number, each in enumerate(readings):
        at, height = x(each.seconds), scale.y(each.used)
        yield f"M{at:g} {height:g}" if number == 0 else f"H{at:g}V{height:g}"


def _ticks(span: float) -> Iterator[tuple[float, str]]:
    steps = (*_TICKS, *(_DAY * days for days in (1, 2, 5, 10, 30, 100, 365, 1_000)))
    step = next((each for each in steps if span / each <= _MOST_TICKS), steps[-1])
    count = int(span // step)
    for number in range(count + 1):
        yield number * step, span_of_time(number * step)
