"""How a schedule goes on once its pace is steady, without following every request of it.

A carousel takes the same of every limit in each iteration. Once a few thousand requests have shown
how long an iteration takes, arithmetic tells when a day's limit is used up, and when all is done.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from botticelli.compiler.budget.spent import Pool
from botticelli.compiler.semantics.limits import DAY, Limits


class Load(Struct, frozen=True):
    """What one act asks of its pool in each iteration: requests, and the tokens of a day. `spare`
    are those that a day must have room for beyond what one request uses."""

    act: str
    pool: Pool
    limits: Limits
    requests: float
    tokens: float
    spare: float = 0.0


class Steady(Struct, frozen=True, kw_only=True):
    """A schedule so far: `done` of `iterations` after so many `seconds`, and what one takes now.

    `used` has what a day's limits had given away before it began, by pool and limit.
    """

    loads: Sequence[Load]
    iterations: int
    done: float
    seconds: float
    pace: float
    used: Mapping[tuple[Pool, str], int]


class Shortage(Struct, frozen=True):
    """The first limit of a day that does not last: how many iterations it holds, and what breaks
    it."""

    lasts: float
    load: Load
    limit: str
    value: int


class Course(Struct, frozen=True):
    """How it goes on: seconds in all, iterations done, and what ended it before the last."""

    seconds: float
    done: float
    shortage: Shortage | None = None


def go_on(so_far: Steady, *, waits: bool) -> Course:
    """Follow a steady schedule to its end, or to the limit of a day that it does not wait for."""
    left = so_far.iterations - so_far.done
    whole = Course(so_far.seconds + left * so_far.pace, so_far.iterations)
    shortage = _shortage(so_far)
    if shortage is None or so_far.seconds >= DAY:
        return whole  # a whole day has shown that it lasts
    in_a_day = so_far.done + (DAY - so_far.seconds) / so_far.pace if so_far.pace else float("inf")
    if shortage.lasts >= min(so_far.iterations, in_a_day):
        return whole
    if not waits:
        more = max(0.0, shortage.lasts - so_far.done)
        return Course(so_far.seconds + more * so_far.pace, shortage.lasts, shortage)
    days, rest = divmod(so_far.iterations, max(shortage.lasts, 1e-9))
    return Course(days * DAY + rest * so_far.pace, so_far.iterations)


def _shortage(so_far: Steady) -> Shortage | None:
    found: Shortage | None = None
    for pool in dict.fromkeys(load.pool for load in so_far.loads):
        loads = [load for load in so_far.loads if load.pool == pool]
        for limit in ("rpd", "tpd"):
            value = min(
                (each for load in loads if (each := getattr(load.limits, limit)) is not None),
                default=None,
            )
            taken = [load.requests if limit == "rpd" else load.tokens for load in loads]
            if value is None or not sum(taken):
                continue
            spare = 0.0 if limit == "rpd" else max(load.spare for load in loads)
            lasts = (value - spare - so_far.used.get((pool, limit), 0)) / sum(taken)
            if found is None or lasts < found.lasts:
                found = Shortage(lasts, _breaking(loads, taken, lasts % 1.0), limit, value)
    return found


def _breaking(loads: Sequence[Load], taken: Sequence[float], part: float) -> Load:
    """The act at which an iteration comes past a part of what it takes."""
    left = part * sum(taken)
    for load, each in zip(loads, taken, strict=True):
        left -= each
        if left < 0:
            return load
    return loads[-1]
