"""What a run holds of the rows that it took from tables, by the places that took them."""

from botticelli.runtime.address import Address
from botticelli.runtime.databases.records import Taken


class Holdings:
    """Rows that are neither acknowledged nor given back yet."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[Taken, bool]] = {}

    def take(self, taken: Taken, *, until_act: bool) -> None:
        """Hold rows until their iteration ends, or only until their act does."""
        self._held[taken.place] = (taken, until_act)

    def inside(self, address: Address) -> tuple[Taken, ...]:
        """Return what was taken within an iteration or a pass."""
        prefix = f"{address}/"
        return tuple(
            self._held[place][0] for place in sorted(self._held) if place.startswith(prefix)
        )

    def of_act(self, address: Address) -> tuple[Taken, ...]:
        """Return what an act took itself and holds until it ends."""
        prefix = f"{address}/"
        return tuple(
            taken
            for taken in self.inside(address)
            if self._held[taken.place][1] and "/" not in taken.place.removeprefix(prefix)
        )

    def settle(self, taken: tuple[Taken, ...]) -> None:
        for each in taken:
            self._held.pop(each.place, None)
