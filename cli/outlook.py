"""What a carousel may expect now: whether it fits what today has left, and when it would end.

It is asked of the limiter's own books, as they stand, in virtual time.
"""

from typing import TYPE_CHECKING

from botticelli.cli.bounding import models_of
from botticelli.cli.lines import count, duration, moment
from botticelli.runtime.shell.ledger import Pool

if TYPE_CHECKING:
    from botticelli.cli.plan import Plan
    from botticelli.compiler.budget.result import CarouselUse
    from botticelli.compiler.semantics.limits import Books
    from botticelli.runtime.shell.equipment import Equipment

_LIMITS = {"rpd": "requests a day", "tpd": "tokens a day"}


def outlook(plan: "Plan", equipment: "Equipment") -> str | None:
    """Return a line or two on the carousel of what is about to run; None where it has none, or asks
    no model. Raises StoreError when the ledger cannot be read."""
    use = _carousel(plan, equipment)
    if use is None:
        return None
    from botticelli.compiler.budget.schedule import Track, judge, limits_of, predict

    limits = limits_of(use)
    if not limits:
        return None
    account = equipment.driver.account or ""

    def opened(pool: tuple[str, str]) -> "Books":
        return equipment.limiter.books(Pool(pool[0], account, pool[1]), limits[pool])

    now = equipment.clock.now()
    judgement = judge(use, start=now, opened=opened)
    course = predict(use, Track.EXPECTED, start=now, opened=opened)
    iterations = use.carousel.iterations
    if course.stop is None:
        verdict = "waits for days" if use.waits else judgement.verdict.value
        end = f"{moment(now + course.seconds)}, in {duration(course.seconds)}"
        fitting = "it fits" if iterations == 1 else f"all {iterations:,} iterations fit"
        return f"outlook: {verdict}; {fitting}, and would end {end} at the earliest"
    stop = course.stop
    limit = _LIMITS.get(stop.limit, stop.limit)
    return (
        f"outlook: {judgement.verdict.value}; {stop.iteration - 1:,} of "
        f"{count(iterations, 'iteration')} would complete\n"
        f"         {moment(now + course.seconds)}, at {stop.act}: nothing left of {stop.value:,} "
        f"{limit} for it"
    )


def _carousel(plan: "Plan", equipment: "Equipment") -> "CarouselUse | None":
    program = plan.program
    if program.narratives[program.entry].carousel is None:
        return None
    from botticelli.compiler.budget.analysis import budget_of

    try:
        budget = budget_of(
            program,
            models_of(plan, equipment.driver),
            project=plan.configuration.budget,
            command_line=plan.settings.budget,
            variables=plan.variables,
        )
    except RecursionError:
        return None
    uses = (use for use in budget.carousels if len(use.path) == 1 and use.unit == "carousel")
    return next(uses, None)
