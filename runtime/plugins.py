"""Drivers and platforms that are installed, by the entry points that name them."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

DRIVERS = "botticelli.drivers"
PLATFORMS = "botticelli.platforms"


class UnknownPluginError(LookupError):
    """Nothing of that name is installed; `known` are the names that are."""

    def __init__(self, group: str, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"no {group.rpartition('.')[2].removesuffix('s')} is named {name!r}")
        self.name = name
        self.known = known


@cache
def _entries(group: str) -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=group)}


def names(group: str) -> tuple[str, ...]:
    return tuple(sorted(_entries(group)))


def load(group: str, name: str) -> Any:
    """Import what an entry point names. Raises UnknownPluginError."""
    entry = _entries(group).get(name)
    if entry is None:
        raise UnknownPluginError(group, name, names(group))
    return entry.load()
