"""How many tokens a text is: an estimate for the minute's windows, and a bound for hard limits.

No tokenizer is asked: vocabularies are large, differ between models, and for some are not public.
The estimate follows how vocabularies are made (words and pieces of them, groups of digits, runs of
signs), with what each of these takes on average in the family of the model; `bench/` measures it.
The bound follows from what vocabularies are made of (bytes), after what a family does to a text
before it is taken apart.
"""

import math
import re
from collections.abc import Callable, Mapping
from functools import cache
from unicodedata import normalize

from msgspec import Struct

Weight = tuple[float, float]
"""Tokens of a piece, and of each unit of it: what a unit is, `_units` says."""

_LETTERS_OF_A_PIECE = 5
"""Letters of a word that are nearly always one token."""


_SHORT = 32
"""Characters of a piece that is worth remembering: words and signs come again, long ones do not."""

_REMEMBERED = 20_000
"""How many pieces are remembered."""


class PieceWeights(dict[str, float]):
    """What each piece weighs in a family, by the weights of its kinds; pieces that were met are
    remembered, as the few thousand words of a language make up most of every text."""

    def __init__(self, kinds: Mapping[str, Weight]) -> None:
        super().__init__({" ": 0.0})
        self._kinds = kinds

    def __missing__(self, piece: str) -> float:
        match = _named_pieces().fullmatch(piece)
        kind = (match and match.lastgroup) or "rest"
        each, unit = self._kinds[kind]
        weight = each * _pieces(kind, piece) + unit * _units(kind, piece)
        if len(piece) <= _SHORT and len(self) < _REMEMBERED:
            self[piece] = weight
        return weight


class Family(Struct, frozen=True):
    """What a family of models does to text.

    `growth`: by how much what is done before can lengthen text of which only the length is known;
    `prefix`: tokens that each text may get in front. `weights` are those of the estimate.
    """

    name: str
    normalizes: bool
    growth: int
    prefix: int
    weights: PieceWeights

    def estimate(self, text: str) -> int:
        """Estimate the tokens of a text."""
        total = math.fsum(map(self.weights.__getitem__, _splitter()(text)))
        return round(total) or int(bool(text.strip()))

    def ceiling(self, text: str) -> int:
        """Return a bound on the tokens of a text: one per UTF-8 byte, as every vocabulary has the
        single bytes. What is added in front of a text is not in it."""
        size = byte_length(text)
        if self.normalizes and not text.isascii():
            size = max(size, byte_length(normalize("NFKC", text)))
        return size


class Counting:
    """Texts whose tokens were counted, by model, and those that were estimated meanwhile.

    Whoever wants counts has a program bounded once, counts what `estimated` has gathered, enters it
    into `counts`, and has the program bounded again.
    """

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], int] = {}
        self.estimated: dict[tuple[str, str], None] = {}

    def family(self, model: str, family: Family) -> Family:
        """Return a family that knows what was counted with a model."""
        return _CountedFamily(
            family.name,
            family.normalizes,
            family.growth,
            family.prefix,
            family.weights,
            model,
            self,
        )


class _CountedFamily(Family, frozen=True):
    model: str
    counting: Counting

    def estimate(self, text: str) -> int:
        key = (self.model, text)
        if key in self.counting.counts:
            return self.counting.counts[key]
        self.counting.estimated[key] = None
        return super().estimate(text)


def byte_length(text: str) -> int:
    """Return the length of a text in UTF-8; halves of surrogate pairs count as what they are."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


_PIECE = (
    r"(?P<capitals>[A-Z]{2,}(?![a-z]))"
    r"|(?P<word>[A-Z]?[a-z]+|[A-Z])"
    r"|(?P<digits>[0-9]+)"
    r"|(?P<han>[\u3400-\u9fff\uf900-\ufaff]+)"
    r"|(?P<kana>[\u3040-\u30ff]+)"
    r"|(?P<hangul>[\uac00-\ud7af]+)"
    r"|(?P<letters>[^\W\d_]+)"
    r"|(?P<line>[ \t]*(?:\r?\n)+)"
    r"|(?P<space>[ \t]+)"
    r"|(?P<sign>[!-/:-@\[-`{-~]+)"
    r"|(?P<rest>.)"
)


# Both are compiled when a text is weighed for the first time: most checks weigh none.


@cache
def _named_pieces() -> re.Pattern[str]:
    return re.compile(_PIECE, re.DOTALL)


@cache
def _splitter() -> Callable[[str], list[str]]:
    """Return what takes a text apart; without names, which costs less."""
    return re.compile(re.sub(r"\?P<\w+>", "?:", _PIECE), re.DOTALL).findall


def _pieces(kind: str, piece: str) -> int:
    return -(-len(piece) // 3) if kind == "digits" else 1


def _units(kind: str, piece: str) -> int:
    """Letters beyond a word's first, signs beyond the first of a run, bytes of other scripts."""
    match kind:
        case "word":
            return max(0, len(piece) - _LETTERS_OF_A_PIECE)
        case "sign":
            return len(piece) - 1
        case "letters" | "rest":
            return byte_length(piece)
    return len(piece)


def _family(name: str, *, normalizes: bool, **weights: Weight) -> Family:
    # NFKC makes at most eleven bytes of one: of U+FDFA, in three bytes, eighteen signs.
    growth, prefix = (11, 1) if normalizes else (1, 0)
    return Family(name, normalizes, growth, prefix, PieceWeights(weights))


# Fitted by least squares of the relative error to what the vocabularies count of READMEs, modules,
# JSON files and tutorials of well-known packages; `bench/token_estimate.py` measures with others.
O200K = _family(
    "o200k",
    normalizes=False,
    capitals=(0.18, 0.22),
    word=(0.99, 0.10),
    digits=(1.43, 0.0),
    han=(0.0, 0.68),
    kana=(0.13, 0.60),
    hangul=(1.08, 0.37),
    letters=(0.66, 0.13),
    line=(0.35, 0.0),
    space=(1.05, 0.0),
    sign=(0.78, 0.07),
    rest=(0.0, 0.62),
)
CL100K = _family(
    "cl100k",
    normalizes=False,
    capitals=(0.43, 0.17),
    word=(0.99, 0.10),
    digits=(1.45, 0.0),
    han=(0.0, 1.02),
    kana=(0.06, 0.94),
    hangul=(1.69, 0.60),
    letters=(1.79, 0.17),
    line=(0.28, 0.0),
    space=(1.09, 0.0),
    sign=(0.77, 0.07),
    rest=(0.0, 0.73),
)
GEMMA = _family(
    "gemma",
    normalizes=False,
    capitals=(0.0, 0.23),
    word=(0.99, 0.07),
    digits=(1.11, 0.55),
    han=(0.0, 0.57),
    kana=(0.21, 0.34),
    hangul=(0.78, 0.39),
    letters=(0.31, 0.15),
    line=(1.01, 0.0),
    space=(1.04, 0.0),
    sign=(0.98, 0.10),
    rest=(0.0, 0.55),
)
CLAUDE = _family(
    "claude",
    normalizes=True,
    capitals=(0.71, 0.11),
    word=(1.02, 0.10),
    digits=(1.04, 0.0),
    han=(0.0, 0.93),
    kana=(0.31, 0.90),
    hangul=(1.91, 0.67),
    letters=(3.34, 0.05),
    line=(0.45, 0.0),
    space=(0.64, 0.0),
    sign=(1.0, 0.06),
    rest=(0.0, 0.75),
)

FAMILIES: Mapping[str, Family] = {each.name: each for each in (O200K, CL100K, GEMMA, CLAUDE)}
"""Families by the names that providers' data gives them."""

UNKNOWN = CLAUDE
"""What is taken for the family of a model of which nothing is known: one that normalises."""


def family_of(tokenizer: str | None) -> Family:
    """Return the family of that name."""
    return UNKNOWN if tokenizer is None else FAMILIES.get(tokenizer, UNKNOWN)
