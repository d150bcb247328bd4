"""Inference of types in expressions, and what is said where they do not fit."""

from collections.abc import Callable, Sequence

from botticelli.compiler.faults import Fault, Mark, Replacement
from botticelli.compiler.ir import types as ir
from botticelli.compiler.languages import ast
from botticelli.compiler.languages.functions import (
    ARITIES,
    CONDITION_FUNCTIONS,
    FILTER_FUNCTIONS,
    shortened,
    unknown_function,
    wrong_arguments,
)
from botticelli.compiler.languages.kinds import (
    MOMENTS,
    NUMBERS,
    OPEN,
    TEXTS,
    bare,
    compare_well,
    describe,
    is_nullable,
    optional,
)
from botticelli.compiler.languages.literals import date_literal, timestamp_literal
from botticelli.compiler.nearest import nearest
from botticelli.grammar.catalogue import CONSTANT_FILTER, TYPE_MISMATCH

Leaf = ast.Column | ast.Name

_UNKNOWN = ir.Unknown()


class Inference:
    """Types of one expression's nodes, by their identity, and the faults found on the way.

    ``settled`` holds the nodes of which nothing more is to be said.
    """

    def __init__(self, noun: str, leaf: Callable[[Leaf], ir.Type | Fault]) -> None:
        self.types: dict[int, ir.Type] = {}
        self.settled: set[int] = set()
        self.faults: list[Fault] = []
        self._noun = noun
        self._functions = FILTER_FUNCTIONS if noun == "filter" else CONDITION_FUNCTIONS
        self._leaf = leaf

    def require_boolean(self, node: ast.Expression) -> None:
        """Infer a node that stands where a boolean must."""
        kind = self.infer(node)
        if isinstance(bare(kind), (ir.Bool, *OPEN)):
            return
        self.settled.add(id(node))
        self._mismatch(
            node,
            f"expected a boolean, found {describe(kind)}",
            help="compare it with something" if not isinstance(node, ast.Literal) else None,
        )

    def infer(self, node: ast.Expression) -> ir.Type:
        """Return a node's type, remembered; recursion is as deep as the tree is nested."""
        kind = self._infer(node)
        self.types[id(node)] = kind
        return kind

    def _infer(self, node: ast.Expression) -> ir.Type:
        match node:
            case ast.Literal():
                return _type_of_literal(node)
            case ast.DateLiteral():
                return ir.Date()
            case ast.TimestampLiteral():
                return ir.Timestamp()
            case ast.IntervalLiteral():
                return ir.Interval()
            case ast.Column() | ast.Name():
                return self._infer_leaf(node)
            case ast.Call():
                return self._infer_call(node)
            case ast.Arithmetic() | ast.Negate() | ast.Concatenate():
                return self._infer_operation(node)
            case ast.Placeholder() | ast.Broken():
                return _UNKNOWN
        return self._infer_predicate(node)

    def _infer_leaf(self, node: Leaf) -> ir.Type:
        found = self._leaf(node)
        if isinstance(found, Fault):
            self.faults.append(found)
            self.settled.add(id(node))
            return _UNKNOWN
        return found

    # Predicates

    def _infer_predicate(self, node: ast.Expression) -> ir.Type:
        match node:
            case ast.Logical() | ast.Not():
                for operand in node.children:
                    self.require_boolean(operand)
            case ast.IsNull():
                self.infer(node.value)
                return ir.Bool()
            case ast.Like():
                for operand in node.children:
                    self._require(operand, TEXTS, "text", "like")
            case ast.Contains():
                self._infer_contains(node)
            case ast.WithinList():
                self._infer_within_list(node)
            case _:
                first, *others = node.children
                self.infer(first)
                for other in others:
                    self.infer(other)
                    self._comparable(node, first, other)
        return optional(ir.Bool(), when=self._any_nullable(node.children))

    def _infer_contains(self, node: ast.Contains) -> None:
        whole, part = bare(self.infer(node.value)), self.infer(node.part)
        if isinstance(whole, ir.List):
            if not compare_well(whole.item, part):
                item, kind = describe(whole.item), describe(part)
                self._mismatch(node.part, f"a list of {item} never contains {kind}")
        elif isinstance(whole, TEXTS):
            self._check_is(node.part, part, TEXTS, "text", "contains")
        elif not isinstance(whole, OPEN):
            message = f"`contains` looks into text or a list, found {describe(whole)}"
            self._mismatch(node.value, message)

    def _infer_within_list(self, node: ast.WithinList) -> None:
        value, container = self.infer(node.value), bare(self.infer(node.container))
        if isinstance(container, ir.List):
            if not compare_well(value, container.item):
                item, kind = describe(container.item), describe(value)
                self._mismatch(node, f"a value of type {kind} is never in a list of {item}")
        elif not isinstance(container, OPEN):
            message = f"`in` takes a list, found {describe(container)}"
            help_text = "values stand in parentheses: `in ('a', 'b')`"
            self._mismatch(node.container, message, help=help_text)

    def _comparable(
        self, whole: ast.Expression, first: ast.Expression, second: ast.Expression
    ) -> None:
        kinds = self.types[id(first)], self.types[id(second)]
        if compare_well(*kinds):
            if isinstance(whole, ast.Compare | ast.Within):
                self._enum_member(whole, first, second)
                if isinstance(whole, ast.Compare):
                    self._enum_member(whole, second, first)
            return
        self.settled.add(id(whole))
        literal, other = (first, second) if isinstance(first, ast.Literal) else (second, first)
        literal_kind, other_kind = self.types[id(literal)], self.types[id(other)]
        edits, advice = _mend(literal, bare(other_kind), _asks_equality(whole))
        self._mismatch(
            literal if isinstance(literal, ast.Literal) else whole,
            f"cannot compare {describe(kinds[0])} with {describe(kinds[1])}",
            note=f"this is {describe(literal_kind)}" if isinstance(literal, ast.Literal) else "",
            help=advice,
            marks=(Mark(f"this is {describe(other_kind)}", other.start, other.end),),
            edits=edits,
            safe=isinstance(bare(other_kind), (*NUMBERS, *MOMENTS)),
        )

    def _enum_member(
        self,
        whole: ast.Compare | ast.Within,
        value: ast.Expression,
        literal: ast.Expression,
    ) -> None:
        """Find the comparison of an enum with text that is none of its values."""
        kind = bare(self.types[id(value)])
        if not isinstance(kind, ir.Enum) or not isinstance(literal, ast.Literal):
            return
        text = literal.value
        if not _asks_equality(whole) or not isinstance(text, str) or text in kind.values:
            return
        self.settled.add(id(whole))
        meant = nearest(text, kind.values)
        mend = "" if meant is None else meant.replace("'", "''")
        self.faults.append(
            Fault(
                rule=CONSTANT_FILTER,
                start=literal.start,
                end=literal.end,
                message=f"`{shortened(text)}` is no value of {describe(kind)}",
                note=f"did you mean `{meant}`?" if meant else "never equal",
                marks=(Mark(f"this is {describe(kind)}", value.start, value.end),),
                edits=(Replacement(literal.start, literal.end, f"'{mend}'"),) if meant else (),
            )
        )

    # Operations

    def _infer_operation(self, node: ast.Arithmetic | ast.Negate | ast.Concatenate) -> ir.Type:
        if isinstance(node, ast.Concatenate):
            for operand in node.children:
                self._require(operand, (*TEXTS, ir.Int), "text", "||")
            return optional(ir.Text(), when=self._any_nullable(node.children))
        if isinstance(node, ast.Negate):
            kind = self._require(node.operand, (*NUMBERS, ir.Interval), "a number", "-")
            return _without_bounds(kind)
        left, right = (self.infer(operand) for operand in node.children)
        found = _arithmetic(node.operator.value, bare(left), bare(right))
        if found is None:
            self._refuse_arithmetic(node, left, right)
            return _UNKNOWN
        # Division by zero is null, so that a quotient always may be.
        nullable = self._any_nullable(node.children) or node.operator.value == "/"
        return optional(found, when=nullable)

    def _refuse_arithmetic(self, node: ast.Arithmetic, left: ir.Type, right: ir.Type) -> None:
        operator = node.operator.value
        joins = operator == "+" and any(isinstance(bare(kind), TEXTS) for kind in (left, right))
        kinds = [kind for kind in (left, right) if not isinstance(bare(kind), OPEN)]
        found = " and ".join(describe(kind) for kind in kinds)
        self._mismatch(
            node,
            f"`{operator}` does not take {found}",
            help="text is joined with `||`" if joins else None,
        )

    def _infer_call(self, node: ast.Call) -> ir.Type:
        name = node.function
        kinds = [self.infer(argument) for argument in node.arguments]
        if name.value not in self._functions and not (
            name.value == "current_date" and self._noun == "filter"
        ):
            if not any(isinstance(argument, ast.Broken) for argument in node.arguments):
                fault = unknown_function(name.value, name.start, name.end, self._functions)
                self.faults.append(fault)
            return _UNKNOWN
        arity = ARITIES[name.value]
        if not arity.admits(len(kinds)):
            if not any(isinstance(argument, ast.Broken) for argument in node.arguments):
                fault = wrong_arguments(name.value, len(kinds), node.start, node.end)
                self.faults.append(fault)
            return _UNKNOWN
        return self._result(node, kinds)

    def _result(self, node: ast.Call, kinds: Sequence[ir.Type]) -> ir.Type:
        name = node.function.value
        nullable = any(is_nullable(kind) for kind in kinds)
        match name:
            case "now":
                return ir.Timestamp()
            case "current_date":
                return ir.Date()
            case "coalesce":
                return self._coalesced(node, kinds)
            case "lower" | "upper" | "trim":
                self._check_is(node.arguments[0], kinds[0], TEXTS, "text", name)
                return optional(ir.Text(), when=nullable)
            case "length":
                takes = (*TEXTS, ir.List)
                self._check_is(node.arguments[0], kinds[0], takes, "text or a list", name)
                return optional(_length(bare(kinds[0])), when=nullable)
        number = self._check_is(node.arguments[0], kinds[0], NUMBERS, "a number", name)
        for argument, kind in zip(node.arguments[1:], kinds[1:], strict=True):
            self._check_is(argument, kind, (ir.Int,), "a whole number", name)
        return optional(_without_bounds(number), when=nullable)

    def _coalesced(self, node: ast.Call, kinds: Sequence[ir.Type]) -> ir.Type:
        known = [(kind, argument) for kind, argument in zip(kinds, node.arguments, strict=True)]
        for kind, argument in known[1:]:
            if not compare_well(kinds[0], kind):
                first, other = describe(kinds[0]), describe(kind)
                self._mismatch(argument, f"`coalesce` cannot choose between {first} and {other}")
                return _UNKNOWN
        bases = [bare(kind) for kind in kinds if not isinstance(bare(kind), ir.Null)]
        if not bases or any(isinstance(base, OPEN) for base in bases):
            return _UNKNOWN
        same = all(base == bases[0] for base in bases)
        nullable = all(is_nullable(kind) for kind in kinds)
        result = bases[0] if same else _widened(bases)
        return optional(result, when=nullable)

    # What is asked of an operand

    def _require(
        self, node: ast.Expression, kinds: tuple[type, ...], expected: str, place: str
    ) -> ir.Type:
        return self._check_is(node, self.infer(node), kinds, expected, place)

    def _check_is(
        self,
        node: ast.Expression,
        kind: ir.Type,
        kinds: tuple[type, ...],
        expected: str,
        place: str,
    ) -> ir.Type:
        if isinstance(bare(kind), (*kinds, *OPEN)):
            return kind
        self._mismatch(node, f"`{place}` takes {expected}, found {describe(kind)}")
        return _UNKNOWN

    def _any_nullable(self, nodes: Sequence[ast.Expression]) -> bool:
        return any(is_nullable(self.types[id(node)]) for node in nodes)

    def _mismatch(
        self,
        node: ast.Expression,
        message: str,
        *,
        note: str = "",
        help: str | None = None,  # noqa: A002 - the word users read
        marks: tuple[Mark, ...] = (),
        edits: tuple[Replacement, ...] = (),
        safe: bool = False,
    ) -> None:
        self.settled.add(id(node))
        self.faults.append(
            Fault(
                rule=TYPE_MISMATCH,
                start=node.start,
                end=node.end,
                message=message,
                note=note,
                help=help,
                marks=marks,
                edits=edits,
                safe=safe,
            )
        )


def _type_of_literal(node: ast.Literal) -> ir.Type:
    kinds: dict[type, ir.Type] = {
        str: ir.Text(),
        bool: ir.Bool(),
        int: ir.Int(),
        float: ir.Float(),
        type(None): ir.Null(),
    }
    return kinds[type(node.value)]


def _asks_equality(node: ast.Expression) -> bool:
    if isinstance(node, ast.Compare):
        return node.operator.value in ("=", "!=")
    return isinstance(node, ast.Within)


def _mend(
    literal: ast.Expression, other: ir.Type, is_equality: bool
) -> tuple[tuple[Replacement, ...], str | None]:
    """Return the edit that gives a literal the type it is compared with, and what to say of it."""
    if not isinstance(literal, ast.Literal):
        return (), None
    start, end, value = literal.start, literal.end, literal.value
    text: str | None = None
    if isinstance(other, MOMENTS) and isinstance(value, str):
        read, keyword = (
            (timestamp_literal, "timestamp")
            if isinstance(other, ir.Timestamp)
            else (date_literal, "date")
        )
        if isinstance(read(value, start, end), Fault):
            return (), f"write it as `{keyword} '…'`"
        text = f"{keyword} '{value}'"
    elif isinstance(other, NUMBERS) and isinstance(value, str) and _is_number(value):
        text = value.strip()
    elif isinstance(other, TEXTS) and isinstance(value, int | float) and is_equality:
        text = f"'{str(value).lower()}'"
    elif isinstance(other, ir.Bool) and str(value).lower() in _BOOLEANS:
        text = _BOOLEANS[str(value).lower()]
    if text is None:
        return (), None
    return (Replacement(start, end, text),), f"write `{text}`"


_BOOLEANS = {"true": "true", "false": "false", "1": "true", "0": "false"}


def _is_number(text: str) -> bool:
    digits = text.strip().removeprefix("-")
    return digits.replace(".", "", 1).isdigit() and digits[0] != "." and digits[-1] != "."


def _arithmetic(operator: str, left: ir.Type, right: ir.Type) -> ir.Type | None:
    """Return the type of an operation, or None where it has none."""
    if isinstance(left, OPEN) or isinstance(right, OPEN):
        takes = (*NUMBERS, *OPEN, *MOMENTS, ir.Interval)
        return _UNKNOWN if isinstance(left, takes) and isinstance(right, takes) else None
    if isinstance(left, NUMBERS) and isinstance(right, NUMBERS):
        both_whole = isinstance(left, ir.Int) and isinstance(right, ir.Int)
        return ir.Int() if both_whole else ir.Float()
    if operator not in ("+", "-"):
        return None
    if isinstance(right, ir.Interval):
        if isinstance(left, MOMENTS):
            return ir.Timestamp()
        return ir.Interval() if isinstance(left, ir.Interval) else None
    if isinstance(left, ir.Interval):
        return ir.Timestamp() if isinstance(right, MOMENTS) and operator == "+" else None
    if isinstance(left, MOMENTS) and isinstance(right, MOMENTS) and operator == "-":
        dates = isinstance(left, ir.Date) and isinstance(right, ir.Date)
        return ir.Int() if dates else ir.Interval()
    return None


def _without_bounds(kind: ir.Type) -> ir.Type:
    return optional(ir.Int(), when=is_nullable(kind)) if isinstance(bare(kind), ir.Int) else kind


def _length(kind: ir.Type) -> ir.Type:
    if isinstance(kind, ir.Text):
        return ir.Int(kind.minimum or 0, kind.maximum)
    return ir.Int(0) if isinstance(kind, ir.List | ir.Enum) else ir.Int()


def _widened(bases: Sequence[ir.Type]) -> ir.Type:
    """Return what holds values of all these types, which compare with each other."""
    if isinstance(bases[0], NUMBERS):
        whole = all(isinstance(base, ir.Int) for base in bases)
        return ir.Int() if whole else ir.Float()
    if isinstance(bases[0], TEXTS):
        return ir.Text()
    return ir.Timestamp() if isinstance(bases[0], MOMENTS) else _UNKNOWN
