"""What a program can use, as the compiler proved it: written into the program for who keeps it.

Floors hold for runs that complete, ceilings for every run that is not interrupted; a ceiling of
null has no bound. Costs are US dollars, null where the price of a model is not known.
"""

from msgspec import Struct


class Bound(Struct, frozen=True):
    """At least `floor`, about `expected`, at most `ceiling`: whole requests or tokens."""

    floor: int
    expected: float
    ceiling: int | None


class CostBound(Struct, frozen=True):
    floor: float
    expected: float
    ceiling: float | None


class UseBounds(Struct, frozen=True, kw_only=True):
    """`tokens` are those in and out together, which may have less than the sum of both ceilings."""

    requests: Bound
    input_tokens: Bound
    output_tokens: Bound
    tokens: Bound
    cost: CostBound | None = None


class ActBounds(Struct, frozen=True, kw_only=True):
    """What all runs of one act use in a run of the program; `narrative` is the key of its own.

    `request` is the most input tokens of any one of its requests, asked again included.
    """

    narrative: str
    act: str
    use: UseBounds
    request: int | None


class AssumedModel(Struct, frozen=True, kw_only=True):
    """What was taken to be true of a model: `name` as acts say it, null for the driver's default.

    `max_output` is null where every act has `max_tokens`, and nothing rests on it.
    """

    name: str | None
    provider: str
    tokenizer: str | None
    tokens_per_message: int
    max_output: int | None
    input_price: float | None
    output_price: float | None


class Bounds(Struct, frozen=True, kw_only=True):
    """The use of one run of a program's entry with all that it calls, in total and by act, and
    what it was proven for."""

    run: UseBounds
    acts: tuple[ActBounds, ...]
    models: tuple[AssumedModel, ...]
