"""What a program uses, in the numbers of an explanation: by act, by carousel and in all."""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from botticelli.compiler.budget.intervals import NONE, Interval, Use
from botticelli.compiler.budget.result import Budget, CarouselUse
from botticelli.compiler.budget.spent import Ask, PartKind
from botticelli.compiler.explain import explanation as shown
from botticelli.compiler.ir.program import Carousel

_SOME = 0.5
"""Expected tokens of a history from which it is worth a line."""


class Measured(Struct, frozen=True):
    """What is known of an act's use: nothing, where it asks no model."""

    amount: shown.Amount | None = None
    request: tuple[shown.Share, ...] = ()


def amount(use: Use, seconds: Interval) -> shown.Amount:
    return shown.Amount(
        requests=use.requests,
        input_tokens=use.input,
        output_tokens=use.output,
        cost=use.cost if use.priced else None,
        seconds=seconds,
    )


def has_no_bound(use: Use) -> bool:
    """Tell whether any ceiling is missing."""
    return None in (use.requests.ceiling, use.input.ceiling, use.output.ceiling, use.cost.ceiling)


def by_act(
    budget: Budget, waits: Mapping[tuple[str, str], Interval]
) -> dict[tuple[str, str], Measured]:
    """Return what acts use in the whole run, and what their first request is made of.

    ``waits`` are the seconds that their requests wait for limits.
    """
    uses: dict[tuple[str, str], Use] = {}
    first: dict[tuple[str, str], Ask] = {}
    for ask in budget.acts:
        key = (ask.narrative, ask.act)
        uses[key] = uses.get(key, NONE) + ask.use
        first.setdefault(key, ask)
    return {
        key: Measured(amount(use, waits.get(key, Interval())), tuple(_shares(first[key])))
        for key, use in uses.items()
    }


def _shares(ask: Ask) -> Iterator[shown.Share]:
    for part in ask.parts:
        yield shown.Share(kind=part.kind.value, tokens=part.tokens, place=part.place)


def resent(budget: Budget) -> Iterator[shown.Resent]:
    """Yield the acts whose first request carries what was said before."""
    seen: set[tuple[str, str]] = set()
    for ask in budget.acts:
        key = (ask.narrative, ask.act)
        for part in ask.parts:
            if part.kind is PartKind.HISTORY and part.tokens.expected >= _SOME and key not in seen:
                seen.add(key)
                whole = sum(each.tokens.expected for each in ask.parts)
                share = part.tokens.expected / whole if whole else 0.0
                yield shown.Resent(
                    narrative=ask.narrative, act=ask.act, history=part.tokens, share=share
                )


def again(budget: Budget, described: Iterable[shown.Narrative]) -> Iterator[shown.Again]:
    """Yield the inputs whose rows or media are sent again, the largest first."""
    inputs = {
        each.place: (narrative.name, act.name, each.title)
        for narrative in described
        for act in narrative.acts
        for each in act.inputs
    }
    for place, tokens in sorted(budget.spent.again.items(), key=lambda each: -each[1]):
        if place in inputs and tokens >= _SOME:
            narrative, act, title = inputs[place]
            yield shown.Again(narrative=narrative, act=act, title=title, tokens=tokens, place=place)


def whole_run(budget: Budget) -> CarouselUse:
    """Return the run of the entry as one carousel: its own, else one of a single iteration."""
    entry = budget.program.entry
    for use in budget.carousels:
        if use.path == (entry,) and use.unit == "carousel":
            return use
    return CarouselUse(
        carousel=Carousel(1, budget.program.narratives[entry].place),
        path=(entry,),
        act=None,
        unit="run",
        certain=True,
        waits=False,
        until=False,
        spent=budget.spent,
        iteration=budget.spent,
    )
