"""The texts of `date '…'`, `timestamp '…'` and `interval '…'`.

Dates and timestamps are those of ISO 8601 in their extended form; an interval is a whole number
and a unit, as `interval '30 days'`.
"""

import re
from datetime import date, datetime

from botticelli.compiler.faults import Fault
from botticelli.compiler.languages.ast import DateLiteral, IntervalLiteral, TimestampLiteral
from botticelli.compiler.nearest import listing, nearest
from botticelli.grammar.catalogue import BAD_VALUE, EXPRESSION_SYNTAX

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?",
    re.IGNORECASE,
)
_INTERVAL = re.compile(r"\s*(-?)([0-9]{1,9})\s*([^\W\d]+)\s*")
_MONTHS = {"month": 1, "year": 12}
_SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
_UNITS = (*_SECONDS, *_MONTHS)


def date_literal(text: str, start: int, end: int) -> DateLiteral | Fault:
    if not _DATE.fullmatch(text):
        return _malformed("a date is written 'YYYY-MM-DD'", start, end)
    try:
        return DateLiteral(start, end, date.fromisoformat(text).isoformat())
    except ValueError:
        return _outside("there is no such date", start, end)


def timestamp_literal(text: str, start: int, end: int) -> TimestampLiteral | Fault:
    if not _TIMESTAMP.fullmatch(text):
        return _malformed("a timestamp is written 'YYYY-MM-DD HH:MM:SS'", start, end)
    try:
        return TimestampLiteral(start, end, datetime.fromisoformat(text.upper()).isoformat())
    except ValueError:
        return _outside("there is no such moment", start, end)


def interval_literal(text: str, start: int, end: int) -> IntervalLiteral | Fault:
    match = _INTERVAL.fullmatch(text)
    if match is None:
        return _malformed("an interval is a whole number and a unit: '30 days'", start, end)
    sign, digits, written = match.groups()
    number = -int(digits) if sign else int(digits)
    unit = written.lower()
    unit = unit if unit in _UNITS else unit.removesuffix("s")
    if unit in _MONTHS:
        return IntervalLiteral(start, end, number * _MONTHS[unit], 0)
    if unit in _SECONDS:
        return IntervalLiteral(start, end, 0, number * _SECONDS[unit])
    meant = nearest(unit, _UNITS)
    return Fault(
        rule=BAD_VALUE,
        start=start,
        end=end,
        message=f"`{written[:40]}` is not a unit of time",
        note=f"did you mean `{meant}`?" if meant else "",
        help=f"the units are {listing(_UNITS)}, also in the plural",
    )


def _malformed(message: str, start: int, end: int) -> Fault:
    return Fault(rule=EXPRESSION_SYNTAX, start=start, end=end, message=message)


def _outside(message: str, start: int, end: int) -> Fault:
    return Fault(rule=BAD_VALUE, start=start, end=end, message=message)
