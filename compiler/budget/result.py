"""What an analysis gives: the use of a program, from the whole down to one part of one request.

Whoever shows or keeps bounds reads them here. A `Budget` has what a run of the entry uses; its
`narratives` what one run of each narrative does, its `carousels` each repetition with its passes,
and `acts` each act at each place of an order, with the parts that its requests are made of.
"""

from msgspec import Struct

from botticelli.compiler.budget.spent import Ask, Spent
from botticelli.compiler.budget.texts import Texts
from botticelli.compiler.ir.program import Carousel, Place, Program


class Unbounded(Struct, frozen=True, order=True):
    """Why something has no bound: in which act, the reason as a clause that says what to bound, and
    where that stands (None: nowhere in the source)."""

    narrative: str
    act: str
    why: str
    place: Place | None = None


class CarouselUse(Struct, frozen=True, kw_only=True):
    """What one carousel or repetition uses in all.

    `path` are the narratives that lead to it, `act` the act whose carousel it is. `unit` is
    `carousel` (of a narrative), `repeat` (in an order) or `act`. `certain`: no branch passes it
    over. `waits`: it, or one around it, waits for a new day. `until`: it may end after any pass.
    `iteration` is what any one pass uses.
    """

    carousel: Carousel
    path: tuple[str, ...]
    act: str | None
    unit: str
    certain: bool
    waits: bool
    until: bool
    spent: Spent
    iteration: Spent


class NarrativeUse(Struct, frozen=True, kw_only=True):
    """What one run of a narrative uses; `path` are the narratives that lead to it, it being the
    last. `iteration` is one iteration of its carousel, the whole where it has none."""

    path: tuple[str, ...]
    spent: Spent
    iteration: Spent


class Shortfall(Struct, frozen=True, kw_only=True):
    """A cap that no run of a narrative can complete under: `needed` is the least that one uses.

    `cap` is `max_requests`, `max_tokens` or `max_cost`, `value` what it says. `certain`: no branch
    passes the narrative over.
    """

    path: tuple[str, ...]
    cap: str
    value: float
    needed: float
    certain: bool


class Budget(Struct, frozen=True, kw_only=True):
    """The use of a whole run of a program's entry, of one iteration of it, of the narratives and
    carousels in the order in which they end, why ceilings are missing, and which caps are too low.

    `texts` has the templates of the program, analysed. Caps of narratives are in all that is said
    of the whole and of narratives; what is said of a carousel is what it would use without those of
    its own narrative.
    """

    program: Program
    texts: Texts
    spent: Spent
    iteration: Spent
    carousels: tuple[CarouselUse, ...]
    narratives: tuple[NarrativeUse, ...]
    unbounded: tuple[Unbounded, ...]
    shortfalls: tuple[Shortfall, ...] = ()

    @property
    def acts(self) -> tuple[Ask, ...]:
        """The acts that ask a model, at each place of an order, with all that they use."""
        return self.spent.asks
