"""How many tokens a text is: an estimate for the minute's windows, and a bound for hard limits.

No tokenizer is asked: vocabularies are large, differ between models, and for some are not public.
The estimate follows how vocabularies are made (pieces of words, single signs, digits in small
groups); the bound follows from what they are made of (bytes).
"""

import re

_PIECE = re.compile(r"(?P<word>[^\W\d_]+)|(?P<digits>\d+)|(?P<space>\s+)|(?P<sign>.)", re.DOTALL)
_LETTERS_PER_PIECE = 7


def estimate(text: str) -> int:
    """Estimate the tokens of a text, a little high: what a minute's window reserves."""
    return sum(_weigh(match) for match in _PIECE.finditer(text))


def ceiling(text: str) -> int:
    """Return a bound on the tokens of a text: one per UTF-8 byte, as every byte-level vocabulary
    has the single bytes. Framing and what a family adds in front is not in it."""
    return len(text.encode("utf-8", "surrogatepass"))


def _weigh(match: re.Match[str]) -> int:
    piece = match.group()
    if match.lastgroup == "word":
        if piece.isascii():
            return -(-len(piece) // _LETTERS_PER_PIECE)
        return -(-len(piece.encode("utf-8", "surrogatepass")) // 3)
    if match.lastgroup == "space":
        return 0 if piece == " " else 1
    return len(piece)
