"""Whether carousels fit their limits and how they go, asked of the schedule, and said in words."""

from collections.abc import Iterator
from contextlib import suppress

from botticelli.compiler.budget.intervals import Interval
from botticelli.compiler.budget.models import Model
from botticelli.compiler.budget.result import Budget, CarouselUse
from botticelli.compiler.budget.schedule import Judgement, Verdict, judge_along, limits_of
from botticelli.compiler.budget.spent import Pool
from botticelli.compiler.explain import explanation as shown
from botticelli.compiler.explain.amounts import amount
from botticelli.compiler.explain.course import Begin, Course, course_of
from botticelli.compiler.explain.order import repetition, steps_in
from botticelli.compiler.explain.wording import LIMITS, counted
from botticelli.compiler.ir.program import Multipliers, Repeat
from botticelli.compiler.semantics.limits import LimitError, scale

_WORST = (Verdict.FEASIBLE, Verdict.LIKELY, Verdict.UNLIKELY, Verdict.INFEASIBLE)


class Judging:
    """Judges carousels and follows their courses, each once; from `begin`, if that is given."""

    def __init__(self, begin: Begin | None = None) -> None:
        self._begin = begin
        self._judgements: dict[int, tuple[CarouselUse, Judgement]] = {}
        self._courses: dict[int, tuple[CarouselUse, Course]] = {}

    def judge(self, use: CarouselUse) -> Judgement:
        if id(use) not in self._judgements:
            along = self.course(use).schedules.__getitem__
            found = judge_along(use, along, unused=self._begin is None)
            self._judgements[id(use)] = use, found
        return self._judgements[id(use)][1]

    def course(self, use: CarouselUse, *, drawn: bool = False) -> Course:
        if id(use) not in self._courses:
            self._courses[id(use)] = use, course_of(use, drawn=drawn, begin=self._begin)
        return self._courses[id(use)][1]


def carousels(budget: Budget, judging: Judging) -> Iterator[shown.CarouselPart]:
    """Yield each carousel and repetition with its verdict."""
    for use in budget.carousels:
        judgement = judging.judge(use)
        course = judging.course(use)
        stop = judgement.stop
        yield shown.CarouselPart(
            path=use.path,
            act=use.act,
            unit=use.unit,
            repetition=_repetition(budget, use),
            verdict=verdict_of(use, judgement),
            reason=reason(use, judgement),
            stop=None
            if stop is None
            else shown.Stop(
                iteration=stop.iteration, act=stop.act, limit=stop.limit, value=stop.value
            ),
            fits=judgement.fits,
            amount=amount(use.spent.use, course.seconds),
            iteration=amount(use.iteration.use, Interval()),
        )


def _repetition(budget: Budget, use: CarouselUse) -> shown.Repetition:
    if use.unit == "carousel":
        return repetition(use.carousel)
    for step in steps_in(budget.program.narratives[use.path[-1]].order):
        if isinstance(step, Repeat) and step.carousel.place == use.carousel.place:
            return repetition(step.carousel, until=step.until, history=step.history)
    return repetition(use.carousel, history="shared")


def verdict_of(use: CarouselUse, judgement: Judgement) -> str:
    """Return the verdict; one that waits for days cannot run out of them."""
    return Verdict.FEASIBLE.value if use.waits else judgement.verdict.value


def reason(use: CarouselUse, judgement: Judgement) -> str:
    """Say why a verdict is what it is, in a clause or two."""
    if not use.spent.asks:
        return "no model is asked"
    if use.waits:
        return "it waits for the next day whenever a day's limit is used up"
    limits = limits_of(use)
    if limits is None:
        return "the multipliers leave nothing of a limit"
    if not any(each.rpd or each.tpd for each in limits.values()):
        return "no limit of a day is known: only those of a minute make it wait"
    stop = judgement.stop
    match judgement.verdict:
        case Verdict.FEASIBLE:
            return "even the most that it can take fits the limits of its days"
        case Verdict.LIKELY:
            return (
                "what is expected fits the limits of its days, the most that it can take does not"
            )
    assert stop is not None
    least = judgement.verdict is Verdict.INFEASIBLE
    what = "even the least that it takes" if least else "what is expected"
    said = (
        f"{what} does not fit: {counted(stop.value, LIMITS[stop.limit], LIMITS[stop.limit])} are "
        f"used up in iteration {stop.iteration:,}, at {stop.act}"
    )
    return f"{said}; {counted(judgement.fits, 'iteration')} fit" if judgement.fits else said


def overall(
    run: CarouselUse, parts: tuple[shown.CarouselPart, ...], judging: Judging
) -> tuple[str, str]:
    """Return the verdict on the whole run with its reason: the worst of it and its carousels."""
    judgement = judging.judge(run)
    found = [(verdict_of(run, judgement), reason(run, judgement))]
    found += [(part.verdict, part.reason) for part in parts]
    return max(found, key=lambda each: _WORST.index(Verdict(each[0])))


def pools(budget: Budget) -> Iterator[shown.Pool]:
    """Yield what shares limits, with the limits that hold for the run."""
    found: dict[tuple[Pool, Multipliers], dict[str, Model]] = {}
    for ask in budget.acts:
        found.setdefault((ask.model.pool, ask.multipliers), {})[ask.model.name] = ask.model
    for (pool, multipliers), models in found.items():
        yield _pool(pool, multipliers, tuple(models.values()))


def _pool(pool: Pool, multipliers: Multipliers, models: tuple[Model, ...]) -> shown.Pool:
    model = models[0]
    limits = model.facts.limits
    with suppress(LimitError):  # reported where the multipliers stand
        limits = scale(limits, multipliers)
    values = ((name, getattr(limits, name)) for name in LIMITS)
    return shown.Pool(
        provider=pool[0],
        tier=model.tier,
        name=pool[1],
        models=tuple(each.name for each in models),
        known=model.facts.known,
        day=limits.day,
        counts=limits.counts,
        limits=tuple(
            shown.Limit(name=name, value=value) for name, value in values if value is not None
        ),
    )
