"""How the tokens of a prompt are shared out among its pieces.

What is expected of the whole is known from the budget. Text has its own estimate; the rest belongs
to what is printed into it, in proportion to what each value is expected to have by itself.
"""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from botticelli.compiler.explain.explanation import Piece
from botticelli.compiler.semantics.tokens import Family

Weight = Callable[[str], float]
"""The tokens that the value of a name is expected to have by itself."""

_LITTLE = 1.0


def weighed(
    pieces: Sequence[Piece], whole: float | None, weight: Weight, family: Family
) -> tuple[Piece, ...]:
    """Return the pieces with their shares of ``whole``, all None where that is not known."""
    if whole is None:
        return tuple(pieces)
    texts = [float(family.estimate(each.text)) if each.kind == "text" else 0.0 for each in pieces]
    values = [_weight(each, weight) for each in pieces]
    rest = whole - sum(texts)
    if not any(values) or rest < 0:
        # Nothing but text is certain to be there: it shares the whole.
        known = sum(texts) + sum(values)
        factor = whole / known if known else 0.0
        shares = [(text + value) * factor for text, value in zip(texts, values, strict=True)]
    else:
        factor = rest / sum(values)
        shares = [text + value * factor for text, value in zip(texts, values, strict=True)]
    return tuple(
        each if each.kind == "logic" else replace(each, tokens=round(share, 1))
        for each, share in zip(pieces, shares, strict=True)
    )


def _weight(piece: Piece, weight: Weight) -> float:
    if piece.kind != "value":
        return 0.0
    return max((weight(name) for name in piece.names), default=0.0) + _LITTLE
