"""What a stretch of a run uses: in total, by pool of limits, by act, and by what is sent again."""

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from botticelli.compiler.budget.intervals import NONE, Interval, Use
from botticelli.compiler.budget.models import Model
from botticelli.compiler.ir.program import Multipliers, Place

Pool = tuple[str, str]


class Ask(Struct, frozen=True, kw_only=True):
    """The requests of one act at one place of an order.

    `request` is the input of a single one, the first; `output` the most that one answer can have.
    `parts` are the fewest tokens of its inputs, each with its place, the history without one.
    """

    narrative: str
    act: str
    step: Place
    place: Place
    model: Model
    multipliers: Multipliers
    use: Use
    request: Interval
    output: int | None
    parts: tuple[tuple[Place | None, int], ...] = ()


class Spent(Struct, frozen=True):
    """`again` has the expected input tokens of rows and media that were sent before, by input."""

    use: Use = NONE
    pools: Mapping[Pool, Use] = {}
    asks: tuple[Ask, ...] = ()
    again: Mapping[Place, float] = {}

    def __add__(self, other: "Spent") -> "Spent":
        return total((self, other))

    def __or__(self, other: "Spent") -> "Spent":
        """One or the other, each as likely."""
        pools = {
            pool: self.pools.get(pool, NONE) | other.pools.get(pool, NONE)
            for pool in (*self.pools, *other.pools)
        }
        asks = tuple(replace(ask, use=ask.use | NONE) for ask in (*self.asks, *other.asks))
        again = {
            place: (self.again.get(place, 0.0) + other.again.get(place, 0.0)) / 2
            for place in (*self.again, *other.again)
        }
        return Spent(self.use | other.use, pools, asks, again)

    def times(self, count: int) -> "Spent":
        return Spent(
            self.use.times(count),
            {pool: use.times(count) for pool, use in self.pools.items()},
            tuple(replace(ask, use=ask.use.times(count)) for ask in self.asks),
            {place: tokens * count for place, tokens in self.again.items()},
        )

    def series(self, last: "Spent", count: int) -> "Spent":
        """The sum over `count` passes of which this is the first and `last` the last."""
        return Spent(
            self.use.series(last.use, count),
            {
                pool: use.series(last.pools.get(pool, NONE), count)
                for pool, use in self.pools.items()
            },
            _paired(self.asks, last.asks, lambda one, other: one.series(other, count)),
            {
                place: (tokens + last.again.get(place, 0.0)) * count / 2
                for place, tokens in {**dict.fromkeys(last.again, 0.0), **self.again}.items()
            },
        )

    def merged(self, other: "Spent") -> "Spent":
        """The sum with a further pass of the same steps, act by act."""
        both = total((self, other))
        return replace(both, asks=_paired(self.asks, other.asks, Use.__add__))

    def unbounded(self) -> "Spent":
        return Spent(
            self.use.unbounded(),
            {pool: use.unbounded() for pool, use in self.pools.items()},
            tuple(replace(ask, use=ask.use.unbounded()) for ask in self.asks),
            self.again,
        )

    def parts(self, expected: "Spent", ceiling: "Spent") -> "Spent":
        """This floor, with the expectation and the ceiling of others."""
        pools = {
            pool: self.pools.get(pool, NONE).parts(expected.pools.get(pool, NONE), use)
            for pool, use in ceiling.pools.items()
        }
        asks = tuple(
            replace(one, use=one.use.parts(two.use, three.use))
            for one, two, three in zip(self.asks, expected.asks, ceiling.asks, strict=True)
        )
        return Spent(self.use.parts(expected.use, ceiling.use), pools, asks, expected.again)


NOTHING_SPENT = Spent()


def total(several: Iterable[Spent]) -> Spent:
    """What several stretches use, one after another."""
    use = NONE
    asks: list[Ask] = []
    pools: dict[Pool, Use] = {}
    again: dict[Place, float] = {}
    for each in several:
        use += each.use
        asks += each.asks
        for pool, part in each.pools.items():
            pools[pool] = pools.get(pool, NONE) + part
        for place, tokens in each.again.items():
            again[place] = again.get(place, 0.0) + tokens
    return Spent(use, pools, tuple(asks), again)


def _paired(
    first: tuple[Ask, ...], last: tuple[Ask, ...], join: Callable[[Use, Use], Use]
) -> tuple[Ask, ...]:
    return tuple(
        replace(one, use=join(one.use, two.use)) for one, two in zip(first, last, strict=True)
    )


def spent_by(ask: Ask, again: Mapping[Place, float]) -> Spent:
    return Spent(ask.use, {ask.model.pool: ask.use}, (ask,), again)


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
