"""What a stretch of a run uses: in total, by pool of limits, by act, and by what is sent again."""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from botticelli.compiler.budget.intervals import NONE, Interval, Use, added, greater
from botticelli.compiler.budget.models import Model
from botticelli.compiler.budget.resending import (
    NOTHING_KEPT,
    Kept,
    Sent,
    by_place,
    sent_times,
    sent_together,
)
from botticelli.compiler.ir.program import Caps, Multipliers, Place

Pool = tuple[str, str]


class PartKind(StrEnum):
    """What a part of a request is: an input of its act, the persona, the form of a typed answer,
    the columns of a content template, all that was said before, the framing of messages."""

    INPUT = "input"
    PERSONA = "persona"
    FORM = "form"
    COLUMNS = "columns"
    HISTORY = "history"
    FRAMING = "framing"


class Part(Struct, frozen=True):
    """The tokens of one part of a request; `place` is where it stands, if it stands anywhere."""

    kind: PartKind
    tokens: Interval
    place: Place | None = None


class Ask(Struct, frozen=True, kw_only=True):
    """The requests of one act at one place of an order, however often it runs there.

    `narrative` is the key of its narrative, `step` the place in the order, `place` that of the act.
    `request` is the input of any single request, `largest` the fewest tokens that the largest of
    them has, `output` the most that one answer can have. `parts` are those of the first request.
    """

    narrative: str
    act: str
    step: Place
    place: Place
    model: Model
    multipliers: Multipliers
    use: Use
    request: Interval
    largest: float
    output: int | None
    parts: tuple[Part, ...] = ()

    @property
    def key(self) -> tuple[object, ...]:
        return (self.narrative, self.act, self.step, self.model.name, self.multipliers)

    def within(self, caps: Caps) -> "Ask":
        """The same where a run is held to caps."""
        times = caps.max_requests
        most_in, most_out = self.request.ceiling, self.output
        return replace(
            self,
            use=within(
                self.use,
                caps,
                None if times is None or most_in is None else times * most_in,
                None if times is None or most_out is None else times * most_out,
            ),
        )

    def joined(self, other: "Ask", use: Use) -> "Ask":
        """Both, with the use that they have together."""
        first, second = self.request, other.request
        request = Interval(
            min(first.floor, second.floor),
            (first.expected + second.expected) / 2,
            greater(first.ceiling, second.ceiling),
        )
        return replace(self, use=use, request=request, largest=max(self.largest, other.largest))


class Spent(Struct, frozen=True):
    """`by_act` has acts by their keys, `resent` how often what was said before is sent."""

    use: Use = NONE
    pools: Mapping[Pool, Use] = {}
    by_act: Mapping[tuple[object, ...], Ask] = {}
    resent: Sent = {}

    @property
    def again(self) -> dict[Place, float]:
        """The expected input tokens of rows and media that were sent before, by input."""
        return by_place(self.resent)

    @property
    def asks(self) -> tuple[Ask, ...]:
        """The acts that ask a model, in the order in which they first do."""
        return tuple(self.by_act.values())

    def __add__(self, other: "Spent") -> "Spent":
        return total((self, other))

    def __or__(self, other: "Spent") -> "Spent":
        """One or the other, each as likely."""
        resent = sent_times(sent_together((self.resent, other.resent)), 0.5)
        return self._with(other, Use.__or__, resent)

    def times(self, count: int) -> "Spent":
        return self._each(
            lambda use: use.times(count),
            sent_times(self.resent, count),
        )

    def over(self, count: int) -> "Spent":
        """The mean of so many passes of which this is the sum."""
        return self._each(lambda use: use.over(count), sent_times(self.resent, 1 / count))

    def series(self, last: "Spent", count: int) -> "Spent":
        """The sum over `count` passes of which this is the first and `last` the last."""
        resent = sent_times(sent_together((self.resent, last.resent)), count / 2)
        return self._with(last, lambda one, other: one.series(other, count), resent)

    def within(self, caps: Caps) -> "Spent":
        """What is used at most where a run is held to caps: of requests, the largest ones."""
        if caps == Caps():
            return self
        by_act = {key: ask.within(caps) for key, ask in self.by_act.items()}
        times = caps.max_requests
        largest = _greatest(ask.request.ceiling for ask in self.asks)
        longest = _greatest(ask.output for ask in self.asks)
        most_in = None if times is None or largest is None else times * largest
        most_out = None if times is None or longest is None else times * longest
        pools = {pool: within(use, caps, most_in, most_out) for pool, use in self.pools.items()}
        return Spent(within(self.use, caps, most_in, most_out), pools, by_act, self.resent)

    def unbounded(self) -> "Spent":
        return self._each(Use.unbounded, self.resent)

    def parts(self, expected: "Spent", ceiling: "Spent") -> "Spent":
        """This floor, with the expectation and the ceiling of others."""
        pools = {
            pool: self.pools.get(pool, NONE).parts(expected.pools.get(pool, NONE), use)
            for pool, use in ceiling.pools.items()
        }
        by_act = {
            key: replace(
                ask,
                use=_use(self, key).parts(_use(expected, key), ask.use),
            )
            for key, ask in ceiling.by_act.items()
        }
        return Spent(self.use.parts(expected.use, ceiling.use), pools, by_act, expected.resent)

    def between(self, last: "Spent", average: "Spent") -> "Spent":
        """Any one of several passes: this is the first, `last` the last, `average` their mean."""
        return Spent(
            self.use.parts(average.use, last.use),
            {
                pool: _pool(self, pool).parts(use, _pool(last, pool))
                for pool, use in average.pools.items()
            },
            {
                key: replace(ask, use=_use(self, key).parts(ask.use, _use(last, key)))
                for key, ask in average.by_act.items()
            },
            average.resent,
        )

    def _each(self, change: Callable[[Use], Use], resent: Sent) -> "Spent":
        return Spent(
            change(self.use),
            {pool: change(use) for pool, use in self.pools.items()},
            {key: replace(ask, use=change(ask.use)) for key, ask in self.by_act.items()},
            resent,
        )

    def _with(self, other: "Spent", join: Callable[[Use, Use], Use], resent: Sent) -> "Spent":
        pools = {
            pool: join(_pool(self, pool), _pool(other, pool))
            for pool in (*self.pools, *other.pools)
        }
        by_act = {
            key: _joined(self.by_act.get(key), other.by_act.get(key), join)
            for key in (*self.by_act, *other.by_act)
        }
        return Spent(join(self.use, other.use), pools, by_act, resent)


NOTHING_SPENT = Spent()


def total(several: Iterable[Spent]) -> Spent:
    """What several stretches use, one after another."""
    use = NONE
    by_act: dict[tuple[object, ...], Ask] = {}
    pools: dict[Pool, Use] = {}
    resent: dict[Kept, float] = {}
    for each in several:
        use += each.use
        for key, ask in each.by_act.items():
            by_act[key] = _joined(by_act.get(key), ask, Use.__add__) if key in by_act else ask
        for pool, part in each.pools.items():
            pools[pool] = pools[pool] + part if pool in pools else part
        for kept, often in each.resent.items():
            resent[kept] = resent.get(kept, 0.0) + often
    return Spent(use, pools, by_act, resent)


def spent_by(ask: Ask, history: Kept) -> Spent:
    resent = {} if history is NOTHING_KEPT else {history: 1.0}
    return Spent(ask.use, {ask.model.pool: ask.use}, {ask.key: ask}, resent)


def cost_of(model: Model, tokens_in: Interval, tokens_out: Interval) -> Interval | None:
    """The price of tokens in US dollars, or None where it is not known."""
    prices = model.facts.input_price, model.facts.output_price
    if prices[0] is None or prices[1] is None:
        return None

    def price(first: float | None, second: float | None) -> float | None:
        if first is None or second is None:
            return 0.0 if prices == (0.0, 0.0) else None
        return (first * (prices[0] or 0.0) + second * (prices[1] or 0.0)) / 1_000_000

    return Interval(
        price(tokens_in.floor, tokens_out.floor) or 0.0,
        price(tokens_in.expected, tokens_out.expected) or 0.0,
        price(tokens_in.ceiling, tokens_out.ceiling),
    )


def within(use: Use, caps: Caps, most_in: float | None, most_out: float | None) -> Use:
    """Hold a use to caps, and to the most tokens that so few requests can have."""
    together = added(most_in, most_out)
    return Use(
        requests=use.requests.within(caps.max_requests),
        input=use.input.within(most_in).within(caps.max_tokens),
        output=use.output.within(most_out).within(caps.max_tokens),
        tokens=use.tokens.within(together).within(caps.max_tokens),
        cost=use.cost.within(caps.max_cost),
        priced=use.priced,
    )


def _greatest(numbers: Iterable[float | None]) -> float | None:
    most: float | None = 0
    for number in numbers:
        most = greater(most, number)
    return most


def _joined(first: Ask | None, second: Ask | None, join: Callable[[Use, Use], Use]) -> Ask:
    if first is None or second is None:
        only = first or second
        assert only is not None
        use = join(only.use, NONE) if second is None else join(NONE, only.use)
        return replace(only, use=use)
    return first.joined(second, join(first.use, second.use))


def _pool(spent: Spent, pool: Pool) -> Use:
    return spent.pools.get(pool, NONE)


def _use(spent: Spent, key: tuple[object, ...]) -> Use:
    ask = spent.by_act.get(key)
    return NONE if ask is None else ask.use
