"""Filters and conditions that are always true or never true (BOT407).

For each part it is worked out which of true, false and null it can be. Constants are evaluated by
the code that evaluates at run time. A part that compares one thing (a column, a name, `length` of
either) with constants is true for a set of its values; the sets of parts joined by `and` and `or`
are intersected and united, and compared with the values that the type allows. What is not
understood can be anything.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from botticelli.compiler.faults import Fault, Mark, Replacement
from botticelli.compiler.ir import expressions as ir
from botticelli.compiler.ir import types
from botticelli.compiler.languages import ast, lower
from botticelli.compiler.languages.functions import ARITIES
from botticelli.compiler.languages.kinds import bare, describe, is_nullable
from botticelli.compiler.languages.value_sets import (
    EVERYTHING,
    NOTHING,
    ValueSet,
    between,
    compared,
    intersection,
    point,
    union,
    whole_numbers,
)
from botticelli.compiler.semantics.expressions import EvaluationError, Scope, evaluate
from botticelli.compiler.semantics.intervals import as_moment
from botticelli.grammar.catalogue import CONSTANT_FILTER

_VARYING = (ast.Column, ast.Name, ast.Placeholder, ast.Broken)
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_NOT_NULL = ValueSet(((None, None),))
_ONLY_NULL = ValueSet((), null=True)
_COMPARED_PAIRWISE = 50
"""Parts among which the two that exclude each other are looked for."""


class _Verdict(Struct, frozen=True):
    """What a part can be, and, where it asks one thing only, for which of its values."""

    true: bool = True
    false: bool = True
    null: bool = True
    subject: ir.Expression | None = None
    truths: ValueSet = NOTHING
    falsities: ValueSet = NOTHING

    @property
    def constant(self) -> "Literal['always true', 'never true'] | None":
        if not self.true:
            return "never true"
        return None if self.false or self.null else "always true"


_OPEN = _Verdict()


def _is_folded(call: ast.Call) -> bool:
    """Whether a call with constants is one: of a function that is no clock, and called rightly."""
    name = call.function.value
    arity = ARITIES.get(name)
    return name not in _NOT_FOLDED and arity is not None and arity.admits(len(call.arguments))


class Constants:
    """Examines one expression whose types have been inferred."""

    def __init__(self, kinds: Mapping[int, types.Type], settled: set[int], noun: str) -> None:
        self.faults: list[Fault] = []
        self._kinds = kinds
        self._settled = settled
        self._noun = noun
        self._root: ast.Expression | None = None
        self._domains: dict[ir.Expression, tuple[ValueSet, bool]] = {}

    def examine(self, tree: ast.Expression) -> None:
        """Report every part of an expression that is constant, and none that only holds one."""
        self._root = tree
        verdict = self._judge(tree)
        if isinstance(tree, ast.Literal) and verdict.constant:
            self._report(tree, verdict.constant)

    def _judge(self, node: ast.Expression) -> _Verdict:
        if id(node) in self._settled:
            return _OPEN
        before = len(self.faults)
        try:
            verdict = self._judge_parts(node)
        except TypeError:  # constants of several kinds; the types were not known
            return _OPEN
        if len(self.faults) > before:
            return _OPEN
        if verdict.constant and not isinstance(node, ast.Literal):
            self._report(node, verdict.constant)
            return _OPEN
        return verdict

    def _judge_parts(self, node: ast.Expression) -> _Verdict:
        if isinstance(node, ast.Logical):
            return self._joined(node)
        if isinstance(node, ast.Not):
            inner = self._judge(node.operand)
            return replace(
                inner,
                true=inner.false,
                false=inner.true,
                truths=inner.falsities,
                falsities=inner.truths,
            )
        if self._is_constant(node):
            return self._constant(node)
        return self._predicate(node)

    # Constants

    def _is_constant(self, node: ast.Expression) -> bool:
        return not any(
            isinstance(part, _VARYING) or (isinstance(part, ast.Call) and not _is_folded(part))
            for part in ast.walk(node)
        )

    def _constant(self, node: ast.Expression) -> _Verdict:
        try:
            value = evaluate(lower.expression(node), Scope())
        except (EvaluationError, LookupError):
            return _OPEN
        return _Verdict(value is True, value is False, value is None)

    def _value(self, node: ast.Expression) -> Any:
        """Return a constant as sets hold it. Raises _UnfoldableError for what is no such."""
        if not self._is_constant(node):
            raise _UnfoldableError
        try:
            value = evaluate(lower.expression(node), Scope())
        except (EvaluationError, LookupError) as error:
            raise _UnfoldableError from error
        if isinstance(value, date):
            return as_moment(value)
        if value is None or isinstance(value, str | int | float):
            return value
        raise _UnfoldableError

    # Parts that ask one thing

    def _predicate(self, node: ast.Expression) -> _Verdict:
        try:
            asked = self._asked(node)
        except _UnfoldableError:
            return _OPEN
        if asked is None:
            return _OPEN
        about, truths, falsities = asked
        if any(isinstance(part, ast.Broken) for part in ast.walk(about)):
            return _OPEN
        subject = lower.expression(about)
        self._domains.setdefault(subject, _domain(self._kinds[id(about)]))
        return self._of_sets(subject, truths, falsities)

    def _of_sets(self, subject: ir.Expression, truths: ValueSet, falsities: ValueSet) -> _Verdict:
        return _Verdict(
            self._possible(subject, truths),
            self._possible(subject, falsities),
            self._possible(subject, union([truths, falsities]).complement()),
            subject,
            truths,
            falsities,
        )

    def _possible(self, subject: ir.Expression, values: ValueSet) -> bool:
        """Whether a subject can have any of the values."""
        domain, whole = self._domains[subject]
        common = intersection([domain, values])
        return not (whole_numbers(common) if whole else common).is_empty

    def _asked(self, node: ast.Expression) -> tuple[ast.Expression, ValueSet, ValueSet] | None:
        match node:
            case ast.Compare():
                return self._compared(node)
            case ast.IsNull():
                if isinstance(node.value, ast.Name) and not node.value.steps:
                    return None  # whether an act ran is no matter of its type
                truths, falsities = _ONLY_NULL, _NOT_NULL
                return _sided(node.value, truths, falsities, negated=node.negated)
            case ast.Between():
                low, high = self._value(node.low), self._value(node.high)
                if low is None or high is None or isinstance(low, str):
                    return None
                return _two_sided(node.value, between(low, high), negated=node.negated)
            case ast.Within():
                return self._within(node)
            case ast.Like():
                return self._like(node)
            case ast.Column() | ast.Name():
                if isinstance(bare(self._kinds[id(node)]), types.Bool):
                    return node, point(True), point(False)
        return None

    def _compared(self, node: ast.Compare) -> tuple[ast.Expression, ValueSet, ValueSet] | None:
        about, other, operator = node.left, node.right, node.operator.value
        if self._is_constant(about):
            about, other = other, about
            operator = _FLIPPED.get(operator, operator)
        if not self._is_constant(other):
            return self._with_itself(node)
        value = self._value(other)
        if value is None:
            return about, NOTHING, NOTHING
        if isinstance(value, str) and operator not in ("=", "!="):
            return None  # the order of text is the database's
        return _two_sided(about, compared(operator, value), negated=False)

    def _with_itself(self, node: ast.Compare) -> tuple[ast.Expression, ValueSet, ValueSet] | None:
        if not (ast.is_sound(node.left) and ast.is_sound(node.right)):
            return None
        if lower.expression(node.left) != lower.expression(node.right):
            return None
        return _sided(
            node.left, _NOT_NULL, NOTHING, negated=node.operator.value in ("!=", "<", ">")
        )

    def _within(self, node: ast.Within) -> tuple[ast.Expression, ValueSet, ValueSet] | None:
        values = [self._value(option) for option in node.options]
        inside = union([point(value) for value in values if value is not None])
        outside = _without_null(inside.complement()) if None not in values else NOTHING
        return _sided(node.value, inside, outside, negated=node.negated)

    def _like(self, node: ast.Like) -> tuple[ast.Expression, ValueSet, ValueSet] | None:
        kind = bare(self._kinds[id(node.value)])
        if not isinstance(kind, types.Enum) or not isinstance(node.pattern, ast.Literal):
            return None
        test = ir.Like(ir.Column("value"), ir.Literal(node.pattern.value), node.ignore_case)
        found = [
            value for value in kind.values if evaluate(test, Scope(row={"value": value})) is True
        ]
        return _two_sided(node.value, union(map(point, found)), negated=node.negated)

    # Parts joined by `and` and `or`

    def _joined(self, node: ast.Logical) -> _Verdict:
        parts = list(_flattened(node))
        verdicts = [self._judge(part) for part in parts]
        is_and = node.operator == "and"
        groups: dict[ir.Expression, list[int]] = {}
        for index, verdict in enumerate(verdicts):
            if verdict.subject is not None:
                groups.setdefault(verdict.subject, []).append(index)
        combined = {
            subject: self._combined(subject, [verdicts[index] for index in members], is_and=is_and)
            for subject, members in groups.items()
        }
        for subject, verdict in combined.items():
            if is_and and verdict.constant == "never true" and len(groups[subject]) > 1:
                self._report_exclusion(node, parts, verdicts, groups[subject])
                return _OPEN
        alone = [verdict for verdict in verdicts if verdict.subject is None]
        members = [*combined.values(), *alone]
        if len(members) == 1:
            return members[0]
        if is_and:
            true, false = all(m.true for m in members), any(m.false for m in members)
        else:
            true, false = any(m.true for m in members), all(m.false for m in members)
        null = any(m.null for m in members)
        if not is_and and any(m.constant == "always true" for m in members):
            false = null = False
        return _Verdict(true, false, null)

    def _combined(
        self, subject: ir.Expression, members: Sequence[_Verdict], *, is_and: bool
    ) -> _Verdict:
        if len(members) == 1:
            return members[0]
        truths = [member.truths for member in members]
        falsities = [member.falsities for member in members]
        if is_and:
            return self._of_sets(subject, intersection(truths), union(falsities))
        return self._of_sets(subject, union(truths), intersection(falsities))

    # Reports

    def _report(self, node: ast.Expression, constant: str) -> None:
        if isinstance(node, ast.Compare) and (mend := _null_test(node)) is not None:
            operator = "is null" if mend.text.endswith("is null") else "is not null"
            self._fault(
                node,
                "a comparison with `null` is never true",
                help=f"write `{operator}`",
                edits=(mend,),
                safe=True,
            )
            return
        what = _NOUNS.get(type(node), self._noun if node is self._root else "part")
        marks = tuple(
            Mark(f"this is {describe(kind)}", child.start, child.end)
            for child in node.children
            if not self._is_constant(child)
            and (kind := self._kinds.get(id(child))) is not None
            and not isinstance(kind, types.Unknown)
            and not isinstance(node, ast.Logical | ast.Not)
        )
        self._fault(node, f"this {what} is {constant}", marks=marks)

    def _report_exclusion(
        self,
        node: ast.Logical,
        parts: Sequence[ast.Expression],
        verdicts: Sequence[_Verdict],
        members: Sequence[int],
    ) -> None:
        for position, second in enumerate(members[:_COMPARED_PAIRWISE]):
            for first in members[:position]:
                subject = verdicts[second].subject
                assert subject is not None
                common = intersection([verdicts[first].truths, verdicts[second].truths])
                if not self._possible(subject, common):
                    other = parts[first]
                    self._fault(
                        parts[second],
                        f"this is never true together with another part of the same {self._noun}",
                        note="they exclude each other",
                        marks=(Mark("the other part", other.start, other.end),),
                    )
                    return
        self._fault(node, "these parts are never true together")

    def _fault(self, node: ast.Expression, message: str, **more: Any) -> None:
        self.faults.append(
            Fault(rule=CONSTANT_FILTER, start=node.start, end=node.end, message=message, **more)
        )


# The clock differs from run to run; what counts as white space for `trim`, between databases.
_NOT_FOLDED = {"now", "current_date", "trim"}
_NOUNS: dict[type, str] = {
    ast.Compare: "comparison",
    ast.IsNull: "test",
    ast.Between: "comparison",
    ast.Within: "comparison",
    ast.Like: "comparison",
}


class _UnfoldableError(Exception):
    """A part is not a constant that sets can hold."""


def _two_sided(
    about: ast.Expression, truths: ValueSet, *, negated: bool
) -> tuple[ast.Expression, ValueSet, ValueSet]:
    return _sided(about, truths, _without_null(truths.complement()), negated=negated)


def _sided(
    about: ast.Expression, truths: ValueSet, falsities: ValueSet, *, negated: bool
) -> tuple[ast.Expression, ValueSet, ValueSet]:
    return (about, falsities, truths) if negated else (about, truths, falsities)


def _without_null(values: ValueSet) -> ValueSet:
    return ValueSet(values.ranges)


def _domain(kind: types.Type) -> tuple[ValueSet, bool]:
    """Return the values of a type, and whether they are whole numbers."""
    base = bare(kind)
    match base:
        case types.Int():
            values = between(base.minimum, base.maximum)
        case types.Enum():
            values = union(map(point, base.values))
        case types.Bool():
            values = union([point(False), point(True)])
        case types.Null():
            values = NOTHING
        case _:
            values = EVERYTHING
    return ValueSet(values.ranges, is_nullable(kind)), isinstance(base, types.Int)


def _flattened(node: ast.Logical) -> Iterable[ast.Expression]:
    for operand in node.operands:
        if isinstance(operand, ast.Logical) and operand.operator == node.operator:
            yield from _flattened(operand)
        else:
            yield operand


def _null_test(node: ast.Compare) -> Replacement | None:
    """Return the mend of `x = null` and `x != null`."""
    null = isinstance(node.right, ast.Literal) and node.right.value is None
    if not null or node.operator.value not in ("=", "!="):
        return None
    text = "is null" if node.operator.value == "=" else "is not null"
    return Replacement(node.operator.start, node.right.end, text)
