"""From a program and its budget to an explanation."""

from collections.abc import Iterator
from datetime import UTC, datetime

from msgspec.structs import replace

from botticelli.compiler.budget.intervals import Interval
from botticelli.compiler.budget.models import Models
from botticelli.compiler.budget.result import Budget
from botticelli.compiler.explain import explanation as shown
from botticelli.compiler.explain.amounts import (
    again,
    amount,
    by_act,
    has_no_bound,
    resent,
    whole_run,
)
from botticelli.compiler.explain.assumptions import assumptions
from botticelli.compiler.explain.course import Begin, Course
from botticelli.compiler.explain.narratives import Describing
from botticelli.compiler.explain.outside import commands, given, starts, tables
from botticelli.compiler.explain.summary import summary
from botticelli.compiler.explain.templates import Locate
from botticelli.compiler.explain.verdicts import Judging, carousels, overall, pools
from botticelli.compiler.ir import program as ir


def explain(
    budget: Budget, models: Models, source: str, locate: Locate | None, begin: Begin | None = None
) -> shown.Explanation:
    """Explain a program with its budget.

    ``source`` is its file, relative to the project. ``locate`` says where its templates stand; with
    it, the pieces of prompts and the course of the run are told as well, which only some renderers
    show. ``begin`` says when the run begins and what has been used until then.
    """
    program = budget.program
    judging, run = Judging(begin), whole_run(budget)
    course = judging.course(run, drawn=locate is not None)
    describing = Describing(budget, models, by_act(budget, course.waits), locate)
    described = tuple(describing.describe(key) for key in _reached(program))
    parts = tuple(carousels(budget, judging))
    verdict, reason = overall(run, parts, judging)
    explanation = shown.Explanation(
        compiler=program.compiler,
        source=source,
        narrative=program.entry,
        summary=(),
        narratives=described,
        starts=tuple(starts(program)),
        given=tuple(given(program, described)),
        tables=tuple(tables(program, described)),
        commands=tuple(commands(program, described)),
        resent=tuple(resent(budget)),
        again=tuple(again(budget, described)),
        total=amount(budget.spent.use, course.seconds),
        iteration=amount(budget.iteration.use, Interval()),
        pools=tuple(pools(budget)),
        course=course.drawn,
        carousels=parts,
        now=None if begin is None else _now(begin, course),
        verdict=verdict,
        reason=reason,
        unbounded=tuple(_unbounded(budget, described)),
        assumptions=tuple(assumptions(budget, models, begin)),
    )
    return replace(explanation, summary=summary(explanation))


def _reached(program: ir.Program) -> list[str]:
    """The narratives that run, the entry first."""
    return [program.entry, *(key for key in program.narratives if key != program.entry)]


def _now(begin: Begin, course: Course) -> shown.Now:
    def moment(seconds: float) -> str:
        return datetime.fromtimestamp(begin.moment + seconds, UTC).isoformat(" ", "seconds")

    ends = None if course.stops else moment(course.seconds.expected)
    return shown.Now(begins=moment(0), ends=ends)


def _unbounded(budget: Budget, described: tuple[shown.Narrative, ...]) -> Iterator[shown.Missing]:
    """Yield why ceilings are missing; what an act gives that no request carries needs no bound."""
    if not has_no_bound(budget.spent.use):
        return
    sent = {
        (narrative.name, act.name)
        for narrative in described
        for act in narrative.acts
        if act.does == "asks"
        or narrative.called_by
        or any(each.kind in {"act", "conversation"} for each in act.destinations)
    }
    for each in budget.unbounded:
        if (each.narrative, each.act) not in sent:
            continue
        yield shown.Missing(narrative=each.narrative, act=each.act, why=each.why, place=each.place)
