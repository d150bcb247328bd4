"""SQL's `like` without regular expressions, so that no pattern can make matching explode.

`%` stands for any run of characters, `_` for any one; there is no escape character. The pattern is
cut at its `%`; each piece is then found once, from left to right, as early as possible.
"""


def matches(text: str, pattern: str, *, ignore_case: bool = False) -> bool:
    """Whether the whole text has the form of the pattern."""
    if ignore_case:
        text, pattern = text.lower(), pattern.lower()
    first, *rest = pattern.split("%")
    if not rest:
        return len(text) == len(first) and _fits(text, first, 0)
    *middle, last = rest
    end = len(text) - len(last)
    if end < len(first) or not _fits(text, first, 0) or not _fits(text, last, end):
        return False
    position = len(first)
    for piece in middle:
        position = _find(text, piece, position, end)
        if position < 0:
            return False
        position += len(piece)
    return True


def _fits(text: str, piece: str, start: int) -> bool:
    """Whether a piece without `%` stands at a place that has room for it."""
    for part in piece.split("_"):
        if not text.startswith(part, start):
            return False
        start += len(part) + 1
    return True


def _find(text: str, piece: str, start: int, end: int) -> int:
    """Return the first place at which a piece without `%` stands within the range, or -1."""
    parts = piece.split("_")
    longest = max(parts, key=len)
    offset = len("_".join(parts[: parts.index(longest)])) + (parts[0] is not longest)
    while start + len(piece) <= end:
        found = text.find(longest, start + offset, end)
        if found < 0:
            return -1
        start = found - offset
        if start + len(piece) > end:
            return -1
        if _fits(text, piece, start):
            return start
        start += 1
    return -1
