"""What holds for one run of one narrative while its steps are walked."""

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from botticelli.compiler.budget.sizes import Value
from botticelli.compiler.ir.program import Carousel, Multipliers, Narrative
from botticelli.compiler.semantics.limits import overlay


class Frame(Struct, frozen=True, kw_only=True):
    """`path` are the narratives that led here, this one the last. `waits`: a carousel around it
    waits for a new day; `certain`: no branch passes it over; `iterations` are those of the
    innermost repetition."""

    narrative: Narrative
    variables: Mapping[str, Value]
    multipliers: Multipliers
    path: tuple[str, ...]
    waits: bool = False
    certain: bool = True
    iterations: int | None = None

    @property
    def key(self) -> str:
        """The key of the narrative in its program."""
        return self.path[-1]

    def within(self, carousel: Carousel) -> "Frame":
        """The frame of a pass."""
        return replace(
            self,
            multipliers=overlay(carousel.budget, self.multipliers),
            waits=self.waits or carousel.on_exhausted == "wait",
            iterations=carousel.iterations,
        )

    def calling(self, key: str, narrative: Narrative, variables: Mapping[str, Value]) -> "Frame":
        """The frame of a narrative that this one runs."""
        return replace(
            self,
            narrative=narrative,
            variables=variables,
            multipliers=overlay(narrative.budget, self.multipliers),
            iterations=None,
            path=(*self.path, key),
        )

    @property
    def maybe(self) -> "Frame":
        """The frame of what some branch passes over."""
        return replace(self, certain=False)
