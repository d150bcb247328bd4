"""Did you mean: the known name that a misspelt one most likely stands for."""

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name closest to ``name``, or None when none is close.

    Case, hyphens and underscores count as alike; a misspelling in three letters out of ten is
    still recognised.
    """
    from difflib import get_close_matches

    folded: dict[str, str] = {}
    for candidate in known:
        folded.setdefault(_fold(candidate), candidate)
    # Long strings are never misspelt names, and comparing them takes quadratic time.
    if len(name) > 100:
        return None
    matches = get_close_matches(_fold(name), folded, n=1, cutoff=0.65)
    return folded[matches[0]] if matches else None


def listing(names: Iterable[str], limit: int = 12) -> str:
    """Write names for a sentence, in back-quotes: `a`, `b` and `c`."""
    quoted = [f"`{name}`" for name in names]
    if len(quoted) > limit:
        quoted = [*quoted[:limit], f"{len(quoted) - limit} more"]
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def _fold(name: str) -> str:
    return name.casefold().replace("-", "_")
