"""The project's state as a run sees it: as it was at the start, with its own writes over that."""

from collections.abc import Mapping

from botticelli.compiler.semantics.state import remembered
from botticelli.compiler.semantics.templates import DottedKeys
from botticelli.runtime.platforms.protocol import Json


class State:
    """Values by key; the branches of a parallel group each write to a copy."""

    def __init__(self, values: Mapping[str, Json] | None = None) -> None:
        self._values = dict(values or {})
        self._writes: dict[str, Json] = {}

    def remember(self, platform: str, command: str, result: Json) -> None:
        """Write the ids in a command's result."""
        self._write(remembered(platform, command, result))

    def names(self) -> DottedKeys:
        """Return the values as templates and conditions reach them."""
        return DottedKeys(self._values)

    def take_writes(self) -> dict[str, Json]:
        """Return what was written since the last time; it counts as committed."""
        writes, self._writes = self._writes, {}
        return writes

    def copy(self) -> "State":
        """Return the state for a branch, which gathers its own writes."""
        return State(self._values)

    def join(self, branches: list["State"]) -> None:
        """Take in what branches wrote, in written order."""
        for branch in branches:
            self._write(branch.take_writes())

    def _write(self, values: Mapping[str, Json]) -> None:
        self._values.update(values)
        self._writes.update(values)
