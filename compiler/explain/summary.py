"""An explanation in a few sentences: what somebody says who is asked what this narrative does."""

from collections.abc import Iterator

from botticelli.compiler.budget.intervals import Interval
from botticelli.compiler.explain import explanation as shown
from botticelli.compiler.explain.wording import (
    counted,
    dollars,
    each_time,
    listed,
    range_of,
    span_of_time,
    whole,
)


def summary(explanation: shown.Explanation) -> tuple[str, ...]:
    """Return the sentences."""
    return tuple(
        sentence[0].upper() + sentence[1:]
        for sentence in (
            *_runs(explanation),
            *_touches(explanation),
            *_takes(explanation),
        )
    )


def _runs(explanation: shown.Explanation) -> Iterator[str]:
    entry = explanation.narratives[0]
    acts = counted(len(entry.acts), "act")
    others = len(explanation.narratives) - 1
    called = f" and {counted(others, 'other narrative')}" if others else ""
    repeated = entry.repetition
    often = "once" if repeated is None else f"up to {counted(repeated.iterations, 'time')}"
    if repeated is not None and repeated.every is not None:
        often += f", one every {each_time(repeated.every)}"
    started = ""
    if explanation.starts:
        started = f", started by {listed(_start(each) for each in explanation.starts)}"
    yield f"runs {acts}{called} {often}{started}."


def _start(start: shown.Start) -> str:
    ways = []
    if start.schedule is not None:
        ways.append(f"the schedule {start.schedule}")
    if start.webhook is not None:
        ways.append(f"the webhook {start.webhook}")
    return listed(ways, "or")


def _touches(explanation: shown.Explanation) -> Iterator[str]:
    verbs = {"reads": "reads", "consumes": "takes rows from", "writes": "writes"}
    said = []
    for does, verb in verbs.items():
        names = dict.fromkeys(use.table for use in explanation.tables if use.does == does)
        if names:
            said.append(f"{verb} {listed(names)}")
    changing = dict.fromkeys(use.command for use in explanation.commands if use.writes)
    looking = dict.fromkeys(use.command for use in explanation.commands if not use.writes)
    if looking:
        said.append(f"looks at the world with {listed(looking)}")
    if changing:
        said.append(f"acts on {'it' if looking else 'the world'} with {listed(changing)}")
    if said:
        yield f"{listed(said)}."
    if not changing:
        yield "performs no command that changes anything."


def _takes(explanation: shown.Explanation) -> Iterator[str]:
    total = explanation.total
    if not total.requests.ceiling and total.requests.ceiling is not None:
        yield "asks no model, and costs nothing."
        return
    models = dict.fromkeys(
        act.model for narrative in explanation.narratives for act in narrative.acts if act.model
    )
    requests = f"{range_of(total.requests)} requests"
    tokens = total.input_tokens + total.output_tokens
    yield (
        f"asks {listed(models)} in {requests} with about {whole(tokens.expected)} tokens, "
        f"{_price(total.cost)}."
    )
    yield _ends(explanation)


def _price(cost: Interval | None) -> str:
    if cost is None:
        return "at an unknown price"
    if cost.ceiling == 0:
        return "free of charge"
    about = f"for about {dollars(cost.expected)}"
    if cost.ceiling is None:
        return f"{about} and without an upper bound"
    return about if cost.ceiling == cost.expected else f"{about}, at most {dollars(cost.ceiling)}"


def _ends(explanation: shown.Explanation) -> str:
    least = explanation.total.seconds.floor
    if least < 1:
        return f"{explanation.reason}."
    return f"takes at least {span_of_time(least)}; {explanation.reason}."
