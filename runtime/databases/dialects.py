"""Where SQLite and PostgreSQL differ in what an expression of the language needs.

SQLite lacks most of it, so that its connections get functions of our own, which are the ones that
evaluate conditions. PostgreSQL has all of it under other names.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from botticelli.compiler.semantics.functions import call
from botticelli.compiler.semantics.intervals import Interval, shifted
from botticelli.compiler.semantics.like import matches
from botticelli.runtime.databases.values import moment_text, read_moment

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

    Sql = ColumnElement[Any]

TEXT, INT, FLOAT, BOOL = "text", "a whole number", "a number", "a boolean"
TIMESTAMP, DATE, INTERVAL = "a moment", "a date", "an interval"
NULL, JSON, UNKNOWN = "null", "JSON", "a value of a type that is not known"


class Operand(NamedTuple):
    """A part of an expression as SQL, and what kind of value it has.

    `months` are the calendar months of an interval where the database has no intervals; `sql` is
    then its seconds.
    """

    kind: str
    sql: "Sql"
    months: int = 0


class Dialect(Protocol):
    """How one kind of database writes what the two have in different ways."""

    def column(self, sql: "Sql", kind: str, raw: Any) -> "Sql":
        """Bring a column to the one form that values of its kind have in expressions."""
        ...

    def moment(self, value: datetime) -> "Sql": ...
    def date(self, value: date) -> "Sql": ...
    def interval(self, value: Interval) -> Operand: ...
    def midnight(self, value: "Sql") -> "Sql":
        """The moment at which a date begins."""
        ...

    def shift(self, moment: "Sql", interval: Operand, sign: int) -> "Sql": ...
    def add_intervals(self, left: Operand, right: Operand, sign: int) -> Operand: ...
    def elapsed(self, left: "Sql", right: "Sql") -> Operand:
        """The interval between two moments."""
        ...

    def days(self, left: "Sql", right: "Sql") -> "Sql":
        """The days between two dates."""
        ...

    def comparable(self, interval: Operand) -> "Sql": ...
    def ordered(self, text: "Sql") -> "Sql":
        """Text with the order of its code points."""
        ...

    def like(self, text: "Sql", pattern: "Sql", *, ignore_case: bool) -> "Sql": ...
    def function(self, name: str, arguments: "list[Sql]") -> "Sql":
        """`lower`, `upper`, `trim` and `round`."""
        ...

    def json_length(self, value: "Sql") -> "Sql": ...


# SQLite


class SqliteDialect:
    """Moments are text of one length in UTC, dates ISO text, intervals months and seconds."""

    def column(self, sql: "Sql", kind: str, raw: Any) -> "Sql":
        del raw
        from sqlalchemy import func

        if kind == TIMESTAMP:
            return func.botticelli_moment(sql)
        return func.botticelli_date(sql) if kind == DATE else sql

    def moment(self, value: datetime) -> "Sql":
        from sqlalchemy import Text, literal

        return literal(moment_text(value), Text())

    def date(self, value: date) -> "Sql":
        from sqlalchemy import Text, literal

        return literal(value.isoformat(), Text())

    def interval(self, value: Interval) -> Operand:
        from sqlalchemy import Double, literal

        return Operand(INTERVAL, literal(float(value.seconds), Double()), value.months)

    def midnight(self, value: "Sql") -> "Sql":
        from sqlalchemy import func

        return func.botticelli_moment(value)

    def shift(self, moment: "Sql", interval: Operand, sign: int) -> "Sql":
        from sqlalchemy import func

        return func.botticelli_shift(moment, sign * interval.months, interval.sql, sign)

    def add_intervals(self, left: Operand, right: Operand, sign: int) -> Operand:
        from sqlalchemy.sql.elements import Grouping

        seconds: Sql = (
            left.sql + Grouping(right.sql) if sign > 0 else left.sql - Grouping(right.sql)
        )
        return Operand(INTERVAL, Grouping(seconds), left.months + sign * right.months)

    def elapsed(self, left: "Sql", right: "Sql") -> Operand:
        from sqlalchemy import Double, func

        return Operand(INTERVAL, func.botticelli_elapsed(left, right, type_=Double()))

    def days(self, left: "Sql", right: "Sql") -> "Sql":
        from sqlalchemy import BigInteger, func

        return func.botticelli_days(left, right, type_=BigInteger())

    def comparable(self, interval: Operand) -> "Sql":
        from sqlalchemy import Double, literal
        from sqlalchemy.sql.elements import Grouping

        months = Interval(interval.months).approximate_seconds
        return Grouping(literal(months, Double()) + interval.sql)

    def ordered(self, text: "Sql") -> "Sql":
        from sqlalchemy import collate

        return collate(text, "BINARY")

    def like(self, text: "Sql", pattern: "Sql", *, ignore_case: bool) -> "Sql":
        from sqlalchemy import Boolean, func

        function = func.botticelli_ilike if ignore_case else func.botticelli_like
        return function(text, pattern, type_=Boolean())

    def function(self, name: str, arguments: "list[Sql]") -> "Sql":
        from sqlalchemy.sql.functions import Function

        return Function(f"botticelli_{name}", *arguments)

    def json_length(self, value: "Sql") -> "Sql":
        from sqlalchemy import BigInteger, func

        return func.json_array_length(value, type_=BigInteger())


def _of_values(function: Callable[..., Any]) -> Callable[..., Any]:
    """SQL's rule: null for a null argument."""

    def apply(*arguments: Any) -> Any:
        return None if None in arguments else function(*arguments)

    return apply


def _moment(value: Any) -> str | None:
    found = read_moment(value)
    return None if found is None else moment_text(found)


def _date(value: Any) -> str | None:
    found = read_moment(value)
    return None if found is None else found.date().isoformat()


def _at(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


def _shift(moment: str, months: int, seconds: float, sign: int) -> str:
    return moment_text(shifted(_at(moment), Interval(months, sign * seconds)))


SQLITE_FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {
    "moment": (1, _moment),
    "date": (1, _date),
    "shift": (4, _of_values(_shift)),
    "elapsed": (2, _of_values(lambda one, two: (_at(one) - _at(two)).total_seconds())),
    "days": (
        2,
        _of_values(lambda one, two: (date.fromisoformat(one) - date.fromisoformat(two)).days),
    ),
    "like": (2, _of_values(matches)),
    "ilike": (2, _of_values(lambda text, form: matches(text, form, ignore_case=True))),
    "lower": (1, _of_values(str.lower)),
    "upper": (1, _of_values(str.upper)),
    "trim": (1, _of_values(str.strip)),
    "round": (-1, lambda *arguments: call("round", arguments)),
}
"""What connections to SQLite are given, under names that begin with `botticelli_`."""


# PostgreSQL

_SPACES = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())


class PostgresDialect:
    """Everything is there. `collation` is one that knows the letters of all alphabets, where the
    server has it; text is ordered by the collation `C`, which is that of code points."""

    def __init__(self, collation: str | None) -> None:
        self._collation = collation

    def column(self, sql: "Sql", kind: str, raw: Any) -> "Sql":
        from sqlalchemy import BigInteger, Double, String, Text, cast, func

        if kind == TIMESTAMP and not getattr(raw, "timezone", False):
            return func.timezone("UTC", sql)
        if kind == TEXT and type(raw) is not Text and not _is_varchar(raw, String):
            return cast(sql, Text())
        if kind == INT:
            return cast(sql, BigInteger())
        return cast(sql, Double()) if kind == FLOAT else sql

    def moment(self, value: datetime) -> "Sql":
        from sqlalchemy import DateTime, literal

        return literal(value, DateTime(timezone=True))

    def date(self, value: date) -> "Sql":
        from sqlalchemy import Date, literal

        return literal(value, Date())

    def interval(self, value: Interval) -> Operand:
        from sqlalchemy import Double, func, literal
        from sqlalchemy import Interval as IntervalType

        seconds: Sql = literal(float(value.seconds), Double())
        none = (0, 0, 0, 0)
        made = func.make_interval(0, value.months, *none, seconds, type_=IntervalType())
        return Operand(INTERVAL, made)

    def midnight(self, value: "Sql") -> "Sql":
        from sqlalchemy import DateTime, cast, func

        return func.timezone("UTC", cast(value, DateTime()))

    def shift(self, moment: "Sql", interval: Operand, sign: int) -> "Sql":
        return moment.op("+" if sign > 0 else "-", precedence=7)(interval.sql)

    def add_intervals(self, left: Operand, right: Operand, sign: int) -> Operand:
        return Operand(INTERVAL, self.shift(left.sql, right, sign))

    def elapsed(self, left: "Sql", right: "Sql") -> Operand:
        return Operand(INTERVAL, left.op("-", precedence=7)(right))

    def days(self, left: "Sql", right: "Sql") -> "Sql":
        from sqlalchemy import BigInteger, cast

        return cast(left.op("-", precedence=7)(right), BigInteger())

    def comparable(self, interval: Operand) -> "Sql":
        return interval.sql

    def ordered(self, text: "Sql") -> "Sql":
        from sqlalchemy import collate

        return collate(text, "C")

    def like(self, text: "Sql", pattern: "Sql", *, ignore_case: bool) -> "Sql":
        if ignore_case:
            text, pattern = self.function("lower", [text]), self.function("lower", [pattern])
        return text.like(pattern, escape="")

    def function(self, name: str, arguments: "list[Sql]") -> "Sql":
        from sqlalchemy import Text, collate, func

        value = arguments[0]
        if name == "trim":
            return func.btrim(value, _SPACES)
        if name == "round":
            return self._round(*arguments)
        located = collate(value, self._collation) if self._collation else value
        changed = getattr(func, name)(located, type_=Text())
        # No two collations may meet in one comparison, and `C` is the one that orders.
        return self.ordered(changed)

    def _round(self, value: "Sql", digits: "Sql | None" = None) -> "Sql":
        """Round half away from zero, on the digits that a float is printed with."""
        from sqlalchemy import Double, Integer, Numeric, Text, cast, func

        exact = cast(cast(value, Text()), Numeric())
        rounded = (
            func.round(exact) if digits is None else func.round(exact, cast(digits, Integer()))
        )
        return cast(rounded, Double())

    def json_length(self, value: "Sql") -> "Sql":
        from sqlalchemy import BigInteger, cast, func
        from sqlalchemy.dialects.postgresql import JSONB

        return func.jsonb_array_length(cast(value, JSONB()), type_=BigInteger())


def _is_varchar(raw: Any, string: type) -> bool:
    from sqlalchemy import CHAR, Enum

    return isinstance(raw, string) and not isinstance(raw, CHAR | Enum)


COLLATIONS = ("pg_unicode_fast", "und-x-icu", "pg_c_utf8", "C.utf8")
"""Collations of PostgreSQL that know all letters, the best first."""
