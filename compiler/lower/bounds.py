"""Lowering bounds: what the analysis proved of a program, written into the program."""

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import reduce

from msgspec.structs import replace

from botticelli.compiler.budget.analysis import WHOLE, budget_of
from botticelli.compiler.budget.intervals import Interval, Use, greater
from botticelli.compiler.budget.models import Models
from botticelli.compiler.budget.spent import Ask
from botticelli.compiler.ir import bounds as ir
from botticelli.compiler.ir.program import Act, Multipliers, Program


def bounded(
    program: Program,
    models: Models,
    *,
    project: Multipliers = WHOLE,
    command_line: Multipliers = WHOLE,
    variables: Mapping[str, str] | None = None,
) -> Program:
    """Return a program with its bounds; without any where narratives nest too deep for them."""
    program = replace(program, bounds=None)
    try:
        budget = budget_of(
            program, models, project=project, command_line=command_line, variables=variables
        )
    except RecursionError:
        return program
    asks = budget.acts
    bounds = ir.Bounds(
        run=_use(budget.spent.use),
        acts=tuple(_acts(asks)),
        models=tuple(_assumed(program, models, asks)),
    )
    return replace(program, bounds=bounds)


def _acts(asks: Iterable[Ask]) -> Iterator[ir.ActBounds]:
    """Each act once, with what it uses at all places of all orders."""
    together: dict[tuple[str, str], list[Ask]] = {}
    for ask in asks:
        together.setdefault((ask.narrative, ask.act), []).append(ask)
    for (narrative, act), several in together.items():
        heaviest = reduce(greater, (ask.request.ceiling for ask in several))
        yield ir.ActBounds(
            narrative=narrative,
            act=act,
            use=_use(reduce(Use.__add__, (ask.use for ask in several))),
            request=None if heaviest is None or heaviest > _COUNTED else math.ceil(heaviest),
        )


def _assumed(program: Program, models: Models, asks: Iterable[Ask]) -> Iterator[ir.AssumedModel]:
    acts: dict[str | None, list[Act]] = {}
    for ask in asks:
        act = program.narratives[ask.narrative].acts[ask.act]
        acts.setdefault(act.settings.model, []).append(act)
    for name, several in acts.items():
        model = models.find(name)
        limited = all(act.settings.max_tokens is not None for act in several)
        yield ir.AssumedModel(
            name=name,
            provider=model.provider,
            tokenizer=model.facts.tokenizer,
            tokens_per_message=model.facts.tokens_per_message,
            max_output=None if limited else model.facts.max_output,
            input_price=model.facts.input_price,
            output_price=model.facts.output_price,
        )


_COUNTED = 2**53
"""Beyond what a float counts exactly, a number is as good as no bound; JSON may not hold it."""


def _use(use: Use) -> ir.UseBounds:
    return ir.UseBounds(
        requests=_bound(use.requests),
        input_tokens=_bound(use.input),
        output_tokens=_bound(use.output),
        tokens=_bound(use.tokens),
        cost=_cost(use.cost) if use.priced else None,
    )


def _bound(interval: Interval) -> ir.Bound:
    """An interval in whole numbers, no narrower than it was."""
    floor, expected, ceiling = interval.floor, interval.expected, interval.ceiling
    return ir.Bound(
        math.floor(min(floor, _COUNTED)),
        float(min(expected, _COUNTED)),
        None if ceiling is None or ceiling > _COUNTED else math.ceil(ceiling),
    )


def _cost(interval: Interval) -> ir.CostBound:
    floor, expected, ceiling = interval.floor, interval.expected, interval.ceiling
    return ir.CostBound(
        float(min(floor, _COUNTED)),
        float(min(expected, _COUNTED)),
        None if ceiling is None or ceiling > _COUNTED else float(ceiling),
    )
