"""Filters and orders as SQL: expression nodes in, SQLAlchemy's elements out, values bound.

Nothing of an expression becomes text of a query but the names of columns that exist, which are
quoted. What a filter means is said in `compiler.semantics.expressions`; both databases are held to
it, three-valued logic, code points and half-up rounding included.
"""

from collections.abc import Mapping
from datetime import date, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from botticelli.compiler.ir import expressions as ir
from botticelli.compiler.ir import types
from botticelli.compiler.semantics.intervals import Interval, as_moment
from botticelli.runtime.databases.dialects import (
    BOOL,
    DATE,
    FLOAT,
    INT,
    INTERVAL,
    JSON,
    NULL,
    TEXT,
    TIMESTAMP,
    UNKNOWN,
    Dialect,
    Operand,
)
from botticelli.runtime.databases.reflection import ReflectedTable
from botticelli.runtime.databases.values import MOST_WHOLE, UnfitError, clean, fitted

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

    Sql = ColumnElement[Any]

_KINDS: dict[type[types.TypeNode], str] = {
    types.Text: TEXT,
    types.Enum: TEXT,
    types.Int: INT,
    types.Float: FLOAT,
    types.Bool: BOOL,
    types.Timestamp: TIMESTAMP,
    types.Date: DATE,
    types.Interval: INTERVAL,
    types.Json: JSON,
    types.List: JSON,
    types.Record: JSON,
}
_TYPES: dict[str, types.Type] = {
    TEXT: types.Text(),
    INT: types.Float(),  # what is compared with a whole number may be any number
    FLOAT: types.Float(),
    BOOL: types.Bool(),
    TIMESTAMP: types.Timestamp(),
    DATE: types.Timestamp(),
}
_NUMBERS = (INT, FLOAT)
_MOMENTS = (TIMESTAMP, DATE)


class QueryError(Exception):
    """A query cannot be asked or failed; the message is for people."""


def column_of(table: ReflectedTable, name: str) -> "Sql":
    """Return a column of the table by its name. Raises QueryError with the nearest one."""
    import sqlalchemy as sa
    from sqlalchemy.sql.elements import quoted_name

    if name not in table.columns:
        close = get_close_matches(name, table.columns, 1)
        hint = f"; did you mean `{close[0]}`?" if close else ""
        raise QueryError(f"the table `{table.name}` has no column `{name}`{hint}")
    return sa.column(quoted_name(name, quote=True))


class FilterBuilder:
    """Builds the filter of one query. `parameters` are the values of placeholders by their source,
    `now` the moment that `now()` is."""

    def __init__(
        self,
        table: ReflectedTable,
        dialect: Dialect,
        parameters: Mapping[str, Any],
        now: datetime,
    ) -> None:
        self._table = table
        self._dialect = dialect
        self._parameters = parameters
        self._now = now

    def condition(self, expression: ir.Expression) -> "Sql":
        """Return a filter as a condition of SQL. Raises QueryError."""
        return self._boolean(expression)

    def order(self, term: ir.OrderTerm) -> "Sql":
        """Return a term of an order; null comes last, text in the order of its code points."""
        sql = self.ordered_column(term.column)
        return (sql.desc() if term.descending else sql.asc()).nulls_last()

    def ordered_column(self, name: str) -> "Sql":
        operand = self._column(name)
        return self._dialect.ordered(operand.sql) if operand.kind == TEXT else operand.sql

    # Leaves

    def _build(self, node: ir.Expression, wanted: str | None = None) -> Operand:
        """Return a node as SQL. `wanted` is the kind that a value without one takes."""
        match node:
            case ir.Literal(value=value):
                return self._value(value, wanted, "a value")
            case ir.Parameter(source=source):
                return self._value(self._parameters[source], wanted, f"`{{{{ {source} }}}}`")
            case ir.DateLiteral(value=text):
                return Operand(DATE, self._dialect.date(date.fromisoformat(text)))
            case ir.TimestampLiteral(value=text):
                moment = as_moment(datetime.fromisoformat(text))
                return Operand(TIMESTAMP, self._dialect.moment(moment))
            case ir.IntervalLiteral(months=months, seconds=seconds):
                return self._dialect.interval(Interval(months, seconds))
            case ir.Column(name=name):
                return self._column(name)
            case ir.Call():
                return self._call(node, wanted)
            case ir.Arithmetic() | ir.Negate() | ir.Concatenate():
                return self._operation(node)
            case ir.Name() | ir.Contains():
                raise QueryError("a filter has neither names of the run nor `contains`")
        return Operand(BOOL, self._predicate(node))

    def _column(self, name: str) -> Operand:
        sql = column_of(self._table, name)
        column = self._table.columns[name]
        kind = _KINDS.get(type(column.type), UNKNOWN)
        return Operand(kind, self._dialect.column(sql, kind, column.sql))

    def _value(self, value: Any, wanted: str | None, what: str) -> Operand:
        """Bind a value; what comes as text is read as what its place asks for."""
        if value is None:
            return Operand(NULL, _null(wanted))
        if wanted in _TYPES and not isinstance(value, list | tuple):
            try:
                value = fitted(value, _TYPES[wanted])
            except UnfitError as error:
                raise QueryError(f"{what} {error}") from error
            if wanted == INT and value.is_integer() and abs(value) < 2**53:
                value = int(value)
        return self._bound(value, what)

    def _bound(self, value: Any, what: str) -> Operand:
        import sqlalchemy as sa

        match value:
            case bool():
                return Operand(BOOL, sa.literal(value, sa.Boolean()))
            case int():
                if not -MOST_WHOLE <= value < MOST_WHOLE:
                    raise QueryError(f"{what} is a whole number that no column holds")
                return Operand(INT, sa.literal(value, sa.BigInteger()))
            case float():
                return Operand(FLOAT, sa.literal(value, sa.Double()))
            case str():
                return Operand(TEXT, sa.literal(clean(value), sa.Text()))
            case datetime():
                return Operand(TIMESTAMP, self._dialect.moment(as_moment(value)))
            case date():
                return Operand(DATE, self._dialect.date(value))
        raise QueryError(f"{what} is a list or a record, which compares with no column")

    # Predicates

    def _boolean(self, node: ir.Expression) -> "Sql":
        operand = self._build(node, BOOL)
        if operand.kind not in (BOOL, NULL, UNKNOWN):
            raise QueryError(f"a condition is true or false, and this one is {operand.kind}")
        return operand.sql

    def _predicate(self, node: ir.Expression) -> "Sql":
        import sqlalchemy as sa

        match node:
            case ir.Logical(operator=operator, operands=operands):
                join = sa.and_ if operator == "and" else sa.or_
                return _group(join(*map(self._boolean, operands)))
            case ir.Not(operand=operand):
                return _group(sa.not_(_group(self._boolean(operand))))
            case ir.IsNull(value=value, negated=negated):
                sql = _group(self._build(value).sql)
                return _group(sql.is_not(None) if negated else sql.is_(None))
            case ir.Compare(operator=operator, left=left, right=right):
                return self._compare(operator, *self._pair(left, right))
            case ir.Between():
                return self._between(node)
            case ir.Within():
                return self._within(node)
            case ir.Like():
                return self._like(node)
        raise AssertionError(node)

    def _pair(self, left: ir.Expression, right: ir.Expression) -> tuple[Operand, Operand]:
        """Build two operands; one without a kind of its own takes the other's."""
        if isinstance(left, ir.Parameter | ir.Literal):
            second = self._build(right)
            return self._build(left, self._asked(left, second)), second
        first = self._build(left)
        return first, self._build(right, self._asked(right, first))

    def _asked(self, node: ir.Expression, other: Operand) -> str | None:
        """A literal has its own kind, a placeholder that of its place."""
        return other.kind if isinstance(node, ir.Parameter) else None

    def _compare(self, operator: str, left: Operand, right: Operand) -> "Sql":
        first, second = self._aligned(left, right, ordered=operator not in ("=", "!="))
        return _group(_group(first).op(operator, is_comparison=True)(_group(second)))

    def _aligned(self, left: Operand, right: Operand, *, ordered: bool) -> tuple["Sql", "Sql"]:
        """Bring two operands to forms that compare. Raises QueryError where there are none."""
        if left.kind == NULL:
            left = _typed_null(right.kind)
        elif right.kind == NULL:
            right = _typed_null(left.kind)
        kinds = {left.kind, right.kind}
        if NULL in kinds or (UNKNOWN in kinds and JSON not in kinds):
            return left.sql, right.sql
        if kinds <= set(_MOMENTS):
            return self._moments(left, right)
        if kinds == {INTERVAL}:
            return self._dialect.comparable(left), self._dialect.comparable(right)
        if kinds == {TEXT}:
            return (self._dialect.ordered(left.sql) if ordered else left.sql), right.sql
        if kinds <= set(_NUMBERS) or kinds == {BOOL}:
            return left.sql, right.sql
        raise QueryError(f"the filter compares {left.kind} with {right.kind}")

    def _moments(self, left: Operand, right: Operand) -> tuple["Sql", "Sql"]:
        if left.kind == right.kind:
            return left.sql, right.sql
        return self._as_moment(left), self._as_moment(right)

    def _as_moment(self, operand: Operand) -> "Sql":
        return self._dialect.midnight(operand.sql) if operand.kind == DATE else operand.sql

    def _between(self, node: ir.Between) -> "Sql":
        import sqlalchemy as sa

        low = self._compare(">=", *self._pair(node.value, node.low))
        high = self._compare("<=", *self._pair(node.value, node.high))
        inside = _group(sa.and_(low, high))
        return _group(sa.not_(inside)) if node.negated else inside

    def _within(self, node: ir.Within) -> "Sql":
        import sqlalchemy as sa

        value = self._build(node.value)
        options: list[Operand] = []
        for option in node.options:
            options += self._options(option, value.kind)
        if not options:
            known = sa.literal(node.negated, sa.Boolean())
            return _group(sa.case((value.sql.is_(None), sa.null()), else_=known))
        options = [_typed_null(value.kind) if each.kind == NULL else each for each in options]
        if {value.kind, *(each.kind for each in options)} == set(_MOMENTS):
            value, *options = (
                Operand(TIMESTAMP, self._as_moment(each)) for each in (value, *options)
            )
        pairs = [self._aligned(value, option, ordered=False) for option in options]
        whole, others = pairs[0][0], [second for _, second in pairs]
        inside = _group(_group(whole).in_(others))
        return _group(sa.not_(inside)) if node.negated else inside

    def _options(self, option: ir.Expression, kind: str) -> list[Operand]:
        """A placeholder whose value is a list stands for all that is in it."""
        if isinstance(option, ir.Parameter):
            value = self._parameters[option.source]
            if isinstance(value, list | tuple):
                what = f"an element of `{{{{ {option.source} }}}}`"
                return [self._value(each, kind, what) for each in value]
            return [self._build(option, kind)]
        return [self._build(option)]

    def _like(self, node: ir.Like) -> "Sql":
        import sqlalchemy as sa

        text, pattern = self._build(node.value, TEXT), self._build(node.pattern, TEXT)
        for operand in (text, pattern):
            self._require(operand, (TEXT,), "like")
        found = _group(
            self._dialect.like(_group(text.sql), _group(pattern.sql), ignore_case=node.ignore_case)
        )
        return _group(sa.not_(found)) if node.negated else found

    def _require(self, operand: Operand, kinds: tuple[str, ...], place: str) -> None:
        if operand.kind not in (*kinds, NULL, UNKNOWN):
            raise QueryError(f"`{place}` in the filter does not take {operand.kind}")

    # Operations

    def _operation(self, node: ir.Arithmetic | ir.Negate | ir.Concatenate) -> Operand:
        match node:
            case ir.Negate(operand=inner):
                return self._negated(self._build(inner, FLOAT))
            case ir.Concatenate(left=left, right=right):
                first, second = (self._joined(each) for each in (left, right))
                return Operand(TEXT, _group(first.op("||", precedence=6)(second)))
            case ir.Arithmetic(operator=operator, left=left, right=right):
                return self._arithmetic(operator, *self._terms(left, right))
        raise AssertionError(node)

    def _terms(self, left: ir.Expression, right: ir.Expression) -> tuple[Operand, Operand]:
        """A placeholder beside a moment is text to be read as one, else it is a number."""
        if isinstance(left, ir.Parameter):
            second = self._build(right, FLOAT)
            is_moment = second.kind in (*_MOMENTS, INTERVAL)
            return self._build(left, TIMESTAMP if is_moment else second.kind), second
        first = self._build(left)
        wanted = TIMESTAMP if first.kind in (*_MOMENTS, INTERVAL) else first.kind
        return first, self._build(right, wanted)

    def _negated(self, operand: Operand) -> Operand:
        self._require(operand, (*_NUMBERS, INTERVAL), "-")
        return Operand(operand.kind, _group(-_group(operand.sql)), -operand.months)

    def _joined(self, node: ir.Expression) -> "Sql":
        import sqlalchemy as sa

        operand = self._build(node, TEXT)
        self._require(operand, (TEXT, INT), "||")
        return _group(sa.cast(operand.sql, sa.Text()) if operand.kind == INT else operand.sql)

    def _arithmetic(self, operator: str, left: Operand, right: Operand) -> Operand:
        if NULL in (left.kind, right.kind):
            return Operand(NULL, _null(FLOAT))
        if {left.kind, right.kind} & {*_MOMENTS, INTERVAL}:
            return self._calendar(operator, left, right)
        for operand in (left, right):
            self._require(operand, _NUMBERS, operator)
        first, second = _group(left.sql), _group(right.sql)
        if operator == "/":
            import sqlalchemy as sa

            second = sa.func.nullif(second, 0)
        kind = INT if left.kind == right.kind == INT else FLOAT
        return Operand(kind, _group(first.op(operator, precedence=8)(second)))

    def _calendar(self, operator: str, left: Operand, right: Operand) -> Operand:
        sign = {"+": 1, "-": -1}.get(operator, 0)
        kinds = (left.kind, right.kind)
        if sign and kinds == (INTERVAL, INTERVAL):
            return self._dialect.add_intervals(left, right, sign)
        if sign and left.kind in _MOMENTS and right.kind == INTERVAL:
            return Operand(
                TIMESTAMP, _group(self._dialect.shift(self._as_moment(left), right, sign))
            )
        if sign > 0 and left.kind == INTERVAL and right.kind in _MOMENTS:
            return self._calendar(operator, right, left)
        if sign < 0 and kinds == (DATE, DATE):
            return Operand(INT, _group(self._dialect.days(left.sql, right.sql)))
        if sign < 0 and set(kinds) <= set(_MOMENTS):
            return self._dialect.elapsed(self._as_moment(left), self._as_moment(right))
        raise QueryError(f"`{operator}` in the filter does not take {kinds[0]} and {kinds[1]}")

    # Functions

    def _call(self, node: ir.Call, wanted: str | None) -> Operand:
        name = node.function
        if name == "now":
            return Operand(TIMESTAMP, self._dialect.moment(self._now))
        if name == "current_date":
            return Operand(DATE, self._dialect.date(self._now.date()))
        if name == "coalesce":
            return self._coalesced(node.arguments, wanted)
        if name in ("lower", "upper", "trim", "length"):
            operand = self._build(node.arguments[0], TEXT)
            return self._of_text(name, operand)
        operands = [self._build(node.arguments[0], FLOAT)]
        operands += [self._build(argument, INT) for argument in node.arguments[1:]]
        for operand in operands:
            self._require(operand, _NUMBERS, name)
        return self._of_number(name, operands)

    def _of_text(self, name: str, operand: Operand) -> Operand:
        import sqlalchemy as sa

        sql = _group(operand.sql)
        if name == "length" and operand.kind == JSON:
            return Operand(INT, self._dialect.json_length(sql))
        self._require(operand, (TEXT,), name)
        if name == "length":
            return Operand(INT, sa.func.length(sql, type_=sa.BigInteger()))
        return Operand(TEXT, self._dialect.function(name, [sql]))

    def _of_number(self, name: str, operands: list[Operand]) -> Operand:
        import sqlalchemy as sa

        kind = INT if operands[0].kind == INT else FLOAT
        sqls = [_group(operand.sql) for operand in operands]
        if name == "abs":
            return Operand(kind, sa.func.abs(sqls[0]))
        rounded = self._dialect.function(name, sqls)
        return Operand(kind, sa.cast(rounded, sa.BigInteger()) if kind == INT else rounded)

    def _coalesced(self, arguments: tuple[ir.Expression, ...], wanted: str | None) -> Operand:
        import sqlalchemy as sa

        known = [self._build(each) for each in arguments if not isinstance(each, ir.Parameter)]
        kinds = [each.kind for each in known if each.kind != NULL]
        kind = kinds[0] if kinds else wanted
        operands = [self._build(argument, kind) for argument in arguments]
        found = {each.kind for each in operands if each.kind != NULL}
        if len(found) > 1 and found <= set(_MOMENTS):
            nulls = [_typed_null(TIMESTAMP) if each.kind == NULL else each for each in operands]
            return Operand(TIMESTAMP, sa.func.coalesce(*map(self._as_moment, nulls)))
        if len(found) > 1 and not found <= set(_NUMBERS) and UNKNOWN not in found:
            raise QueryError(f"`coalesce` cannot choose between {' and '.join(sorted(found))}")
        result = FLOAT if found == set(_NUMBERS) else next(iter(found), NULL)
        operands = [_typed_null(result) if each.kind == NULL else each for each in operands]
        if len(operands) == 1:
            return operands[0]
        return Operand(result, sa.func.coalesce(*(_group(each.sql) for each in operands)))


def _group(sql: "Sql") -> "Sql":
    """Put parentheses around an element, so that no precedence has to be thought of."""
    from sqlalchemy.sql.elements import Grouping

    return sql if isinstance(sql, Grouping) else Grouping(sql)


def _typed_null(kind: str) -> Operand:
    return Operand(kind, _null(kind))


def _null(kind: str | None) -> "Sql":
    """Return a null that is a value, so that what is compared with it stays a comparison."""
    import sqlalchemy as sa

    made: dict[str | None, Any] = {
        INT: sa.BigInteger(),
        FLOAT: sa.Double(),
        BOOL: sa.Boolean(),
        TIMESTAMP: sa.DateTime(timezone=True),
        DATE: sa.Date(),
        INTERVAL: sa.Interval(),
    }
    return sa.cast(sa.null(), made.get(kind, sa.Text()))
