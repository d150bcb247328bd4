"""What no request of a run may pass: the caps that its author set, and the ceiling that was proven.

Both are taken from before a request waits for room, and corrected by what it used after all.
"""

from botticelli.compiler.ir.bounds import Bounds
from botticelli.compiler.semantics.limits import Demand, Usage
from botticelli.compiler.semantics.providers import ModelFacts
from botticelli.runtime.effects import AskModel, Exhaustion
from botticelli.runtime.journal.records import Spent
from botticelli.runtime.shell.proven import ProvenBooks, Taken
from botticelli.runtime.shell.spending import SpendingBooks
from botticelli.runtime.shell.weighing import Most


class HardLimits:
    """The hard limits of one run; `proven` has what its acts used. `kept`: the bounds hold for what
    is asked."""

    def __init__(self, bounds: Bounds | None, *, kept: bool) -> None:
        self._spending = SpendingBooks()
        self.proven = ProvenBooks(bounds, kept=kept)

    def restore(self, effect: AskModel, spent: Spent, attempts: int, facts: ModelFacts) -> None:
        """Count what an effect has used before this process; see `ProvenBooks.restore`."""
        tokens = spent.input_tokens + spent.output_tokens
        self._spending.correct(effect.caps, spent.requests, tokens, spent.cost or 0.0)
        self.proven.restore(effect, spent, attempts, facts)

    def reserve(
        self, effect: AskModel, demand: Demand, most: Most, facts: ModelFacts
    ) -> Taken | Exhaustion:
        """Take one attempt at its most, or say which limit does not admit it."""
        refusal = self._spending.reserve(effect.caps, most.tokens, most.cost)
        if refusal is not None:
            return refusal
        taken = self.proven.reserve(effect, most.input, demand.output, facts)
        if isinstance(taken, Exhaustion):
            self._give_back(effect, most)
        return taken

    def withdraw(self, effect: AskModel, most: Most, taken: Taken) -> None:
        """Give back what an attempt took that was not sent."""
        self._give_back(effect, most)
        self.proven.withdraw(taken)

    def settle(
        self, effect: AskModel, most: Most, taken: Taken, usage: Usage, facts: ModelFacts
    ) -> None:
        """Put what an attempt used in place of what it took."""
        cost = facts.cost(usage.input, usage.output) or 0.0
        self._spending.correct(
            effect.caps,
            usage.requests - 1,
            usage.input + usage.output - (most.tokens or 0),
            cost - (most.cost or 0.0),
        )
        self.proven.settle(taken, usage, facts)

    def leave(self, taken: Taken, demand: Demand, facts: ModelFacts) -> None:
        """Let an attempt of unknown use count in full: against the caps at its most, against the
        ceiling as it was estimated, since that is what its prompt certainly was about."""
        self.proven.settle(taken, Usage(demand.input, demand.output), facts)

    def _give_back(self, effect: AskModel, most: Most) -> None:
        self._spending.correct(effect.caps, -1, -(most.tokens or 0), -(most.cost or 0.0))
