"""Two explanations of one narrative compared: what it does otherwise, and what that costs.

An explanation is taken apart into things (acts, commands, limits) with facts; things come,
go, or have other facts. Places are no facts: what has only moved has not changed.
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from botticelli.compiler.budget.intervals import Interval
from botticelli.compiler.explain import explanation as shown
from botticelli.compiler.explain.facts import act_name, does, facts, given_text, limits_text
from botticelli.compiler.explain.wording import listed, repeated

VERSION = 1

_Things = dict[str, dict[str, str]]


class Change(Struct, frozen=True, kw_only=True):
    """A fact that differs: `before` is null where there was none, `after` where there is none.

    Of a thing that came or went, `fact` is null and one change stands for all its facts.
    """

    thing: str
    fact: str | None
    before: str | None
    after: str | None


class Bound(Struct, frozen=True, kw_only=True):
    """What is used before and after. `increase` is the greater of those of expectation and ceiling
    as a share of what was (0.2: a fifth more); null where it has no measure: from nothing to
    something, or from a bound to none."""

    name: str
    before: Interval | None
    after: Interval | None
    increase: float | None


class Difference(Struct, frozen=True, kw_only=True, tag_field="botticelli", tag="difference"):
    """All that differs. `revision` is what it is compared with, as it was asked for."""

    version: int = VERSION
    compiler: str
    source: str
    narrative: str
    revision: str
    changes: tuple[Change, ...]
    bounds: tuple[Bound, ...]
    verdict_before: str
    verdict_after: str
    reason_after: str


def difference(before: shown.Explanation, after: shown.Explanation, revision: str) -> Difference:
    """Compare two explanations, both with the pieces of their prompts."""
    return Difference(
        compiler=after.compiler,
        source=after.source,
        narrative=after.narrative,
        revision=revision,
        changes=tuple(_changes(_things(before), _things(after))),
        bounds=tuple(_bounds(before.total, after.total)),
        verdict_before=before.verdict,
        verdict_after=after.verdict,
        reason_after=after.reason,
    )


def past(found: Difference, most: float) -> tuple[Bound, ...]:
    """Return the bounds that have grown by more than a share, those without measure included."""
    return tuple(each for each in found.bounds if each.increase is None or each.increase > most)


def _changes(before: _Things, after: _Things) -> Iterator[Change]:
    for thing in dict.fromkeys((*after, *before)):
        if thing not in before:
            yield Change(thing=thing, fact=None, before=None, after=_said(after[thing]))
        elif thing not in after:
            yield Change(thing=thing, fact=None, before=_said(before[thing]), after=None)
        else:
            was, now = before[thing], after[thing]
            for fact in dict.fromkeys((*now, *was)):
                if was.get(fact) != now.get(fact):
                    yield Change(thing=thing, fact=fact, before=was.get(fact), after=now.get(fact))


def _said(known: Mapping[str, str]) -> str:
    return next(iter(known.values()), "")


def _bounds(before: shown.Amount, after: shown.Amount) -> Iterator[Bound]:
    pairs = {
        "requests": (before.requests, after.requests),
        "tokens in": (before.input_tokens, after.input_tokens),
        "tokens out": (before.output_tokens, after.output_tokens),
        "cost": (before.cost, after.cost),
        "time": (before.seconds, after.seconds),
    }
    for name, (was, now) in pairs.items():
        yield Bound(name=name, before=was, after=now, increase=_increase(was, now))


def _increase(before: Interval | None, after: Interval | None) -> float | None:
    if after is None:
        return 0.0 if before is None else None
    if before is None:
        return 0.0
    ends = [(before.expected, after.expected)]
    if before.ceiling is not None:
        ends.append((before.ceiling, after.ceiling if after.ceiling is not None else -1))
    increases = []
    for was, now in ends:
        if now < 0 or (not was and now):
            return None
        increases.append(0.0 if not was else now / was - 1)
    return max(increases)


# What an explanation says, by things and facts


def _things(explanation: shown.Explanation) -> _Things:
    things: _Things = {}
    for narrative in explanation.narratives:
        things[f"narrative {narrative.name}"] = dict(_narrative(narrative))
        for act in narrative.acts:
            name = act_name(explanation, narrative.name, act.name)
            things[f"act {name}"] = dict(_act(act, narrative))
    for use in explanation.commands:
        name = act_name(explanation, use.narrative, use.act)
        things[f"command {use.command} in {name}"] = dict(_command(use))
    for given in explanation.given:
        things[f"{given.kind} {given.name}"] = {"is": given_text(given)}
    for pool in explanation.pools:
        things[f"limits of {listed(pool.models)}"] = {"are": limits_text(pool)}
    for start in explanation.starts:
        things[f"trigger {start.name}"] = {"starts": start.schedule or start.webhook or ""}
    return things


def _narrative(narrative: shown.Narrative) -> Iterator[tuple[str, str]]:
    yield "order", order_text(narrative.order)
    if narrative.repetition is not None:
        yield "repeated", repeated(narrative.repetition)
    if narrative.description is not None:
        yield "description", narrative.description
    if narrative.caps:
        yield "caps", listed(narrative.caps)


def _act(act: shown.Act, narrative: shown.Narrative) -> Iterator[tuple[str, str]]:
    yield "does", does(act)
    if act.settings:
        yield "settings", ", ".join(act.settings)
    if act.persona_pieces:
        yield "persona", "".join(piece.text for piece in act.persona_pieces)
    counts: dict[str, int] = {}
    prompts = iter(
        "".join(piece.text for piece in each.pieces) for each in act.inputs if each.pieces
    )
    for head, text in facts(act, narrative):
        if head == "persona":
            continue
        counts[head] = counts.get(head, 0) + 1
        name = head if counts[head] == 1 else f"{head} {counts[head]}"
        yield name, next(prompts, text) if head == "prompt" else text


def _command(use: shown.CommandUse) -> Iterator[tuple[str, str]]:
    yield "does", use.about
    if use.writes:
        yield "allowed by", use.allowed_by or "nothing"
        yield "confirmed", "by a person" if use.confirmed else "by nobody"
    if use.restraints:
        yield "held to", "; ".join(use.restraints)
    for argument in use.arguments:
        name, _, value = argument.partition(" = ")
        yield name, value


def order_text(steps: tuple[shown.AnyStep, ...]) -> str:
    """Write an order on one line."""
    return ", ".join(map(_step_text, steps))


def _step_text(step: shown.AnyStep) -> str:
    match step:
        case shown.ActStep(act=name):
            return name
        case shown.SequenceStep(steps=steps):
            return f"[{order_text(steps)}]"
        case shown.ParallelStep(steps=steps):
            return f"at once [{order_text(steps)}]"
        case shown.IfStep(condition=condition, then=then, otherwise=otherwise):
            other = f" else [{order_text(otherwise)}]" if otherwise else ""
            return f"if {condition} [{order_text(then)}]{other}"
        case shown.RepeatStep(repetition=how, steps=steps):
            return f"{repeated(how)} [{order_text(steps)}]"
