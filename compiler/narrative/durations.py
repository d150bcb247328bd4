"""Durations as people write them: `90s`, `5m`, `1h30m`, `1d`."""

import re

_UNITS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_FORM = re.compile(
    r"(?:(?P<d>\d+(?:\.\d+)?)d)?(?:(?P<h>\d+(?:\.\d+)?)h)?(?:(?P<m>\d+(?:\.\d+)?)m(?!s))?"
    r"(?:(?P<s>\d+(?:\.\d+)?)s)?(?:(?P<ms>\d+)ms)?"
)


def parse_duration(text: str) -> float | None:
    """Return the seconds that ``text`` stands for, or None if it is no duration."""
    match = _FORM.fullmatch(text.replace(" ", "").lower())
    if match is None or not any(match.groupdict().values()):
        return None
    return sum(float(number) * _UNITS[unit] for unit, number in match.groupdict("0").items())
