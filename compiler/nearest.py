"""Did you mean: the known name that a misspelt one most likely stands for."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import lru_cache

LONGEST = 100
"""Longer strings are never misspelt names, and comparing them takes quadratic time."""

_NEIGHBOURS = 8


class Names:
    """Known names, made ready to be asked for the nearest one many times.

    Among many names only those are compared that begin or end like the one asked for.
    """

    def __init__(self, known: Iterable[str]) -> None:
        self._by_folded: dict[str, str] = {}
        for name in known:
            self._by_folded.setdefault(_fold(name), name)
        self._forwards = sorted(self._by_folded)
        self._backwards = sorted(name[::-1] for name in self._by_folded)

    def nearest(self, name: str) -> str | None:
        """Return the known name closest to ``name``, or None when none is close.

        Case, hyphens and underscores count as alike; a misspelling in three letters out of ten is
        still recognised.
        """
        if len(name) > LONGEST:
            return None
        folded = _fold(name)
        match = _closest(folded, self._near(folded))
        return self._by_folded[match] if match is not None else None

    def alike(self, name: str) -> Iterator[str]:
        """Yield the known names among which the closest one is."""
        if len(name) <= LONGEST:
            yield from map(self._by_folded.__getitem__, self._near(_fold(name)))

    def _near(self, folded: str) -> tuple[str, ...]:
        if len(self._by_folded) <= 4 * _NEIGHBOURS:
            return tuple(self._by_folded)
        alike = _around(self._forwards, folded)
        return (*alike, *(name[::-1] for name in _around(self._backwards, folded[::-1])))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name closest to ``name``, or None when none is close."""
    return _ready(tuple(known)).nearest(name)


@lru_cache(maxsize=64)  # many misspellings in one file are of the same names
def _ready(known: tuple[str, ...]) -> Names:
    return Names(known)


def listing(names: Iterable[str], limit: int = 12) -> str:
    """Write names for a sentence, in back-quotes: `a`, `b` and `c`."""
    every = list(names)
    quoted = [f"`{name}`" for name in every[:limit]]
    if len(every) > limit:
        quoted.append(f"{len(every) - limit} more")
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} and {quoted[-1]}"


@lru_cache(maxsize=4096)  # several rules ask about the same misspelling
def _closest(name: str, candidates: tuple[str, ...]) -> str | None:
    from difflib import get_close_matches

    matches = get_close_matches(name, candidates, n=1, cutoff=0.65)
    return matches[0] if matches else None


def _around(names: list[str], name: str) -> list[str]:
    """The names on both sides of where ``name`` would stand among sorted ones."""
    place = bisect_left(names, name)
    return names[max(0, place - _NEIGHBOURS) : place + _NEIGHBOURS]


def _fold(name: str) -> str:
    return name.casefold().replace("-", "_")
