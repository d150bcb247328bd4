"""The type-checker of filters, conditions and orders.

What is not known fits everything: a table without a schema, a placeholder (which takes the type
that its place asks for), JSON, and what a fault was already reported for. So nothing is invented.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from botticelli.compiler.faults import Fault, Replacement
from botticelli.compiler.ir import types as ir
from botticelli.compiler.languages import ast
from botticelli.compiler.languages.constants import Constants
from botticelli.compiler.languages.functions import shortened
from botticelli.compiler.languages.kinds import describe
from botticelli.compiler.languages.names import Use, names_used
from botticelli.compiler.languages.paths import type_at
from botticelli.compiler.languages.typing import Inference, Leaf
from botticelli.compiler.nearest import listing, nearest
from botticelli.grammar.catalogue import TYPE_MISMATCH, UNKNOWN_COLUMN, VALUE_AS_NAME

Columns = Mapping[str, ir.Type]
"""The columns of a table by name; `T?` is one that may be null."""

Scope = Callable[[Use], ir.Type | Fault]
"""Gives the type of the root of a name, or the fault of using it there."""


def check_filter(tree: ast.Expression, columns: Columns | None) -> tuple[Fault, ...]:
    """Check a filter against a table's columns; None when nothing is known of them."""

    def leaf(node: Leaf) -> ir.Type | Fault:
        if isinstance(node, ast.Name) or columns is None:
            return ir.Unknown()
        found = columns.get(node.name)
        return _unknown_column(node, columns) if found is None else found

    return (*_values_as_columns(tree), *_check(tree, "filter", leaf))


def check_condition(tree: ast.Expression, scope: Scope) -> tuple[Fault, ...]:
    """Check a condition with the names that ``scope`` knows."""
    uses = {id(use.name): use for use in names_used(tree)}

    def leaf(node: Leaf) -> ir.Type | Fault:
        if isinstance(node, ast.Column):
            return ir.Unknown()
        found = scope(uses[id(node)])
        return found if isinstance(found, Fault) else type_at(found, node)

    return _check(tree, "condition", leaf)


def check_order(order: ast.Order, columns: Columns | None) -> tuple[Fault, ...]:
    """Check that an order's columns exist and have an order."""
    if columns is None:
        return ()
    faults = list(check_columns((term.column for term in order.terms), columns))
    for term in order.terms:
        kind = columns.get(term.column.name, ir.Unknown())
        if isinstance(kind, ir.List | ir.Record):
            message = f"values of type {describe(kind)} have no order"
            column = term.column
            faults.append(
                Fault(rule=TYPE_MISMATCH, start=column.start, end=column.end, message=message)
            )
    return tuple(faults)


def check_columns(names: Iterable[ast.Column], columns: Columns | None) -> tuple[Fault, ...]:
    """Check that columns exist."""
    if columns is None:
        return ()
    return tuple(_unknown_column(name, columns) for name in names if name.name not in columns)


def check_reference(tree: ast.TableReference, columns: Columns | None) -> tuple[Fault, ...]:
    """Check the columns, the filter and the order of a table reference."""
    faults = list(check_columns(tree.columns or (), columns))
    if tree.where is not None:
        faults += check_filter(tree.where, columns)
    if tree.order is not None:
        faults += check_order(tree.order, columns)
    return tuple(sorted(faults, key=lambda fault: (fault.start, fault.end)))


def independent(found: Iterable[Fault], syntax: Sequence[Fault], text: str) -> Iterator[Fault]:
    """Leave out what only follows from a text that does not parse.

    Where a token did not fit, reading went on with what there was: what is found at that place is
    about a guess, and so is the type of what stands right beside it.
    """
    for fault in found:
        # A name before a parenthesis is that of a function, where none is accepted.
        reaches = fault.rule == TYPE_MISMATCH or text[fault.end : fault.end + 1] == "("
        if not any(_meet(fault, other, text if reaches else "") for other in syntax):
            yield fault


def _meet(one: Fault, other: Fault, text: str) -> bool:
    """Whether two faults overlap, or have nothing but white space of ``text`` between them."""
    first, second = sorted((one, other), key=lambda fault: fault.start)
    touch = bool(text) and not text[first.end : second.start].strip()
    return second.start < first.end or touch


def _check(
    tree: ast.Expression, noun: str, leaf: Callable[[Leaf], ir.Type | Fault]
) -> tuple[Fault, ...]:
    inference = Inference(noun, leaf)
    inference.require_boolean(tree)
    constants = Constants(inference.types, inference.settled, noun)
    constants.examine(tree)
    faults = [*inference.faults, *constants.faults]
    return tuple(sorted(faults, key=lambda fault: (fault.start, fault.end)))


def _unknown_column(column: ast.Column, columns: Columns) -> Fault:
    meant = nearest(column.name, columns)
    edits: tuple[Replacement, ...] = ()
    advice = f"the columns are {listing(columns)}"
    if meant is not None:
        written = meant if meant.isidentifier() else f'"{meant}"'
        edits = (Replacement(column.start, column.end, written),)
    elif column.quoted:
        advice = "double quotes make a name; text stands in single quotes"
        text = column.name.replace("'", "''")
        edits = (Replacement(column.start, column.end, f"'{text}'"),)
    return Fault(
        rule=UNKNOWN_COLUMN,
        start=column.start,
        end=column.end,
        message=f"the table has no column `{shortened(column.name)}`",
        note=f"did you mean `{meant}`?" if meant else "no such column",
        help=advice,
        edits=edits,
        safe=meant is not None and meant.casefold() == column.name.casefold(),
    )


def _values_as_columns(tree: ast.Expression) -> list[Fault]:
    """Find comparisons of a template with a constant, as `{{ column }} = 5`.

    All rows have to pass them (they are joined by `and`), but no row takes part in them, so the
    template was to name a column. One that is used again beside a column is a value, as in
    `{{ status }} = '' or status = {{ status }}`, and so is one that is a switch.
    """
    sources = [placeholder.source.strip() for placeholder in ast.placeholders(tree)]
    found: list[Fault] = []
    for part in _conjuncts(tree):
        if not isinstance(part, ast.Compare | ast.Like | ast.Between | ast.Within):
            continue
        value, *others = part.children
        if not isinstance(value, ast.Placeholder) or sources.count(value.source.strip()) > 1:
            continue
        literals = [other for other in others if isinstance(other, ast.Literal)]
        if len(literals) < len(others) or isinstance(literals[0].value, bool | None):
            continue
        found.append(
            Fault(
                rule=VALUE_AS_NAME,
                start=value.start,
                end=value.end,
                message="a template stands for a value only; expected a column",
                note="this is compared as a value, with every row alike",
                help="write the column's name",
            )
        )
    return found


def _conjuncts(tree: ast.Expression) -> Iterable[ast.Expression]:
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Logical) and node.operator == "and":
            stack.extend(reversed(node.operands))
        else:
            yield node
