"""The ceilings that the compiler proved of a run, kept: what would pass one is not sent.

They hold for runs that are not interrupted. What an earlier process had under way when it ended
counts as an attempt as far as the act has attempts left, and not at all beyond.
"""

from collections.abc import Callable, Iterable
from math import inf

from msgspec import Struct

from botticelli.compiler.ir.bounds import ActBounds, AssumedModel, Bounds, UseBounds
from botticelli.compiler.semantics.limits import Usage
from botticelli.compiler.semantics.providers import ModelFacts
from botticelli.runtime.drivers.protocol import Driver
from botticelli.runtime.effects import AskModel, Exhaustion
from botticelli.runtime.events import ActUse
from botticelli.runtime.journal.records import Spent

_ROUNDING = 1e-9
"""Sums of prices differ in their last digits with the order in which they are added."""

_NAMES = {
    "requests": "sends at most {} requests",
    "input_tokens": "sends at most {} tokens",
    "output_tokens": "is answered at most {} tokens",
    "tokens": "takes at most {} tokens",
    "cost": "costs at most ${}",
}

Key = tuple[str, str]
"""The key of a narrative and the name of an act of it."""


class Taken(Struct, frozen=True):
    """What one attempt holds of the ceilings until it is settled."""

    key: Key
    spent: Spent


def unmet(bounds: Bounds, driver: Driver) -> str | None:
    """Say why bounds need not hold for what a driver asks; None where they do."""
    for assumed in bounds.models:
        name = assumed.name or driver.default_model
        why = _difference(assumed, driver.provider, driver.rate_limits(name))
        if why is not None:
            return f"{name}: {why}"
    return None


def _difference(assumed: AssumedModel, provider: str, facts: ModelFacts) -> str | None:
    if provider != assumed.provider:
        return f"they were proven for {assumed.provider}, and {provider} is asked"
    if facts.tokenizer != assumed.tokenizer:
        return "its tokens are counted in another way"
    if facts.tokens_per_message > assumed.tokens_per_message:
        return "a message takes more tokens"
    if assumed.max_output is not None and (facts.max_output or inf) > assumed.max_output:
        return f"an answer may have more than {assumed.max_output:,} tokens"
    prices = (facts.input_price, facts.output_price)
    if prices != (assumed.input_price, assumed.output_price):
        return "its prices are others"
    return None


class ProvenBooks:
    """What a run and each of its acts have used, and the bounds on that. Without bounds, or where
    they are not `kept`, nothing is refused."""

    def __init__(self, bounds: Bounds | None, *, kept: bool) -> None:
        self._bounds = bounds
        self._kept = bounds if kept else None
        self._acts: dict[Key, ActBounds] = (
            {(act.narrative, act.act): act for act in bounds.acts} if bounds is not None else {}
        )
        self._held = Spent()
        self._used: dict[Key, Spent] = {}

    @property
    def run(self) -> UseBounds | None:
        return None if self._bounds is None else self._bounds.run

    def restore(self, effect: AskModel, used: Spent, attempts: int, facts: ModelFacts) -> None:
        """Count what an effect has used in earlier processes, of which `attempts` stand in place of
        attempts that it could have had in one."""
        key = _key(effect)
        self._used[key] = self._used.get(key, Spent()).plus(used)
        act = self._acts.get(key)
        most_in = inf if act is None or act.request is None else act.request * attempts
        most_out = (effect.request.settings.max_tokens or facts.max_output or inf) * attempts
        tokens_in = int(min(used.input_tokens, most_in))
        tokens_out = int(min(used.output_tokens, most_out))
        cost = facts.cost(tokens_in, tokens_out) or 0.0
        requests = min(used.requests, attempts)
        self._held = self._held.plus(Spent(requests, tokens_in, tokens_out, cost))

    def reserve(
        self, effect: AskModel, most_input: int, output: int, facts: ModelFacts
    ) -> Taken | Exhaustion:
        """Take one attempt at its most from the ceilings, or say which does not admit it."""
        key = _key(effect)
        act = self._acts.get(key)
        if act is not None and act.request is not None:
            # What is said again was bounded by the tokens of answers, and here by their bytes.
            most_input = min(most_input, act.request)
        cost = facts.cost(most_input, output) or 0.0
        taken = Taken(key, Spent(1, most_input, output, cost))
        after = self._held.plus(taken.spent)
        if self._kept is not None:
            refused = _passed(self._kept.run, self._held, after)
            if refused is not None:
                return refused
        self._held = after
        return taken

    def withdraw(self, taken: Taken) -> None:
        """Give back what an attempt held that was not sent."""
        self._held = self._held.plus(_negative(taken.spent))

    def settle(self, taken: Taken, usage: Usage, facts: ModelFacts) -> None:
        """Put what an attempt counts as in place of what it held."""
        cost = facts.cost(usage.input, usage.output)
        used = Spent(usage.requests, usage.input, usage.output, cost)
        before = self._used.get(taken.key, Spent())
        self._used[taken.key] = before.plus(used)
        counted = Spent(used.requests, used.input_tokens, used.output_tokens, cost or 0.0)
        self._held = self._held.plus(_negative(taken.spent)).plus(counted)

    def acts(self) -> Iterable[ActUse]:
        """What each act has used, and what was proven of it."""
        for key in dict.fromkeys((*self._acts, *self._used)):
            used, bounds = self._used.get(key, Spent()), self._acts.get(key)
            yield ActUse(
                narrative=key[0],
                act=key[1],
                requests=used.requests,
                input_tokens=used.input_tokens,
                output_tokens=used.output_tokens,
                cost=used.cost,
                bounds=None if bounds is None else bounds.use,
            )


def _key(effect: AskModel) -> Key:
    return effect.narrative, effect.act


def _negative(spent: Spent) -> Spent:
    cost = None if spent.cost is None else -spent.cost
    return Spent(-spent.requests, -spent.input_tokens, -spent.output_tokens, cost)


def _passed(bounds: UseBounds, before: Spent, after: Spent) -> Exhaustion | None:
    for name in ("requests", "input_tokens", "output_tokens", "tokens"):
        ceiling: int | None = getattr(bounds, name).ceiling
        if ceiling is not None and getattr(after, name) > ceiling:
            return _refusal(name, ceiling, getattr(before, name), "{:,}".format)
    cost = bounds.cost
    most = None if cost is None else cost.ceiling
    if most is not None and (after.cost or 0.0) > most * (1 + _ROUNDING) + _ROUNDING:
        return _refusal("cost", most, before.cost or 0.0, "{:,.6f}".format)
    return None


def _refusal(name: str, ceiling: float, used: float, show: Callable[[float], str]) -> Exhaustion:
    proven = _NAMES[name].format(show(ceiling))
    return Exhaustion(
        limit=f"proven_{name}",
        value=ceiling,
        resets=None,
        message=f"the compiler proved that the run {proven}; {show(used)} are used, and the next "
        "request might pass that, so it was not sent. Unless rows hold more than the types of "
        "their columns say, this is a fault of Botticelli: please report it, with the narrative "
        "and the events of the run (--events FILE)",
    )
