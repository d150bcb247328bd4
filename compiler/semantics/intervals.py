"""Lengths of time in calendar months and seconds, and what adding one to a moment gives."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta

from msgspec import Struct

_DAYS_OF_MONTH = 30
"""Days that a month counts for where two intervals are compared, as PostgreSQL has it."""


class Interval(Struct, frozen=True):
    """Months are kept apart from seconds, as they differ in length."""

    months: int = 0
    seconds: float = 0

    @property
    def approximate_seconds(self) -> float:
        return self.months * _DAYS_OF_MONTH * 86_400 + self.seconds

    def __add__(self, other: "Interval") -> "Interval":
        return Interval(self.months + other.months, self.seconds + other.seconds)

    def __neg__(self) -> "Interval":
        return Interval(-self.months, -self.seconds)


def shifted(moment: datetime | date, interval: Interval) -> datetime:
    """Add an interval to a moment; a day that the month lacks becomes its last.

    Raises OverflowError for what lies outside the years 1 to 9999.
    """
    moment = as_moment(moment)
    months = moment.year * 12 + moment.month - 1 + interval.months
    year, month = divmod(months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError("the date lies outside the years 1 to 9999")
    day = min(moment.day, monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day) + timedelta(seconds=interval.seconds)


def as_moment(value: datetime | date) -> datetime:
    """Return a moment with its offset: a date is its midnight, and what has no offset is UTC."""
    if not isinstance(value, datetime):
        return datetime.combine(value, time(), UTC)
    return value if value.tzinfo else value.replace(tzinfo=UTC)
