"""The fix of a misspelt name: the name that was most likely meant in its place."""

import re

from botticelli.compiler.diagnostics import Edit, Fix, Location

_PLAIN = re.compile(r"\w(?:[\w.:/-]*\w)?")


def is_slip(written: str, meant: str | None) -> bool:
    """Tell whether two names differ by one slip of the fingers: one letter too many, too few,
    other, or two exchanged."""
    if meant is None:
        return False
    a, b = sorted((written, meant), key=len)
    if len(b) - len(a) > 1:
        return False
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(a))
    if len(a) < len(b):
        return a[start:] == b[start + 1 :]
    return a[start + 1 :] == b[start + 1 :] or (
        a[start : start + 2] == b[start : start + 2][::-1] and a[start + 2 :] == b[start + 2 :]
    )


def renaming(location: Location, written: str, meant: str | None) -> Fix | None:
    """Put the name that was meant in the place of a misspelt one, quotes left as they are.

    There is no such fix for a name that does not stand for itself everywhere: in a list of YAML
    without quotes, `a, b` is two.
    """
    if meant is None or not written or _PLAIN.fullmatch(meant) is None:
        return None
    return Fix(safe=is_slip(written, meant), edits=(Edit(location, meant),))
