"""What a run has spent, and the hard caps on it."""

from botticelli.compiler.ir.program import Caps
from botticelli.runtime.address import Address
from botticelli.runtime.effects import CapScope, Exhaustion


class Spending:
    """Requests, tokens and dollars of one run of one narrative, those under way at their most.

    None stands for what has no bound or no known price; a cap on it admits nothing.
    """

    def __init__(self) -> None:
        self.requests = 0
        self.tokens: float = 0
        self.cost: float = 0.0

    def refusal(
        self, caps: Caps, tokens: int | None, cost: float | None, whose: str
    ) -> Exhaustion | None:
        """Say which cap one more request of so many tokens and dollars at most would pass."""
        if caps.max_requests is not None and self.requests + 1 > caps.max_requests:
            why = "it allows no further request"
            return _exhausted(whose, "max_requests", caps.max_requests, why)
        if caps.max_tokens is not None:
            if tokens is None:
                return _exhausted(
                    whose,
                    "max_tokens",
                    caps.max_tokens,
                    "the request has no bound; give the act `max_tokens`",
                )
            if self.tokens + tokens > caps.max_tokens:
                why = f"{self.tokens:,.0f} are used and the next request may take {tokens:,}"
                return _exhausted(whose, "max_tokens", caps.max_tokens, why)
        if caps.max_cost is not None:
            if cost is None:
                return _exhausted(
                    whose,
                    "max_cost",
                    caps.max_cost,
                    "the request's price has no bound; "
                    "give the act `max_tokens` and the model a price",
                )
            if self.cost + cost > caps.max_cost:
                why = f"${self.cost:.4f} is spent and the next request may cost ${cost:.4f}"
                return _exhausted(whose, "max_cost", caps.max_cost, why)
        return None

    def add(self, requests: int, tokens: float | None, cost: float | None) -> None:
        self.requests += requests
        self.tokens += tokens or 0
        self.cost += cost or 0.0


def _exhausted(whose: str, cap: str, value: float, why: str) -> Exhaustion:
    message = f"{cap} = {value:,}, which caps {whose}, would be passed: {why}"
    return Exhaustion(limit=cap, value=value, resets=None, message=message)


def _named(owner: Address) -> str:
    """Say whose caps these are: the run's, in whichever way it was given them, or those of a
    narrative that it calls."""
    called = owner.steps[-1]
    return f"`{called.removeprefix('call-')}`" if called.startswith("call-") else "the run"


class SpendingBooks:
    """The spending of every narrative's run that has caps, by its address."""

    def __init__(self) -> None:
        self._spent: dict[Address, Spending] = {}

    def reserve(
        self, scopes: tuple[CapScope, ...], tokens: int | None, cost: float | None
    ) -> Exhaustion | None:
        """Take one request at its most from all scopes, or say which cap does not admit it."""
        spent = [self._of(scope) for scope in scopes]
        for scope, spending in zip(scopes, spent, strict=True):
            refusal = spending.refusal(scope.caps, tokens, cost, _named(scope.owner))
            if refusal is not None:
                return refusal
        for spending in spent:
            spending.add(1, tokens, cost)
        return None

    def correct(
        self, scopes: tuple[CapScope, ...], requests: int, tokens: float, cost: float
    ) -> None:
        """Add what was used less what was reserved."""
        for scope in scopes:
            self._of(scope).add(requests, tokens, cost)

    def _of(self, scope: CapScope) -> Spending:
        return self._spent.setdefault(scope.owner, Spending())
