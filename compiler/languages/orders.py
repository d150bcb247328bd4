"""Orders: `rating desc, created_at`."""

from typing import Any

from botticelli.compiler.faults import Fault, Replacement
from botticelli.compiler.languages import ast
from botticelli.compiler.languages.building import Builder, identifier
from botticelli.compiler.languages.filters import in_order
from botticelli.compiler.languages.parsing import Language, Parsed, parse_tree
from botticelli.grammar.catalogue import EXPRESSION_SYNTAX, VALUE_AS_NAME

ORDER = Language("order", "order", "order")


def parse_order(text: str) -> Parsed[ast.Order]:
    """Parse an order. Whatever the text is, this returns faults and raises nothing."""
    tree, faults = parse_tree(ORDER, text)
    if tree is None:
        return Parsed(None, tuple(faults))
    builder = OrderBuilder(ORDER.noun)
    order = builder.build(tree)
    return Parsed(order, in_order(faults, builder.faults))


class OrderBuilder(Builder):
    """Builds orders; a term whose column could not be read is left out."""

    def order(self, parts: list[Any]) -> ast.Order | None:
        terms = tuple(part for part in parts if isinstance(part, ast.OrderTerm))
        return ast.Order(terms[0].start, terms[-1].end, terms) if terms else None

    def order_term(self, parts: list[Any]) -> ast.OrderTerm | None:
        column = column_name(parts[0], self.faults)
        if column is None:
            return None
        descending = len(parts) > 1 and parts[1].lower() == "desc"
        return ast.OrderTerm(column.start, parts[-1].end_pos, column, descending)


def column_name(token: Any, faults: list[Fault]) -> ast.Column | None:
    """Return the column that a token names, or None with a fault for what cannot name one."""
    if token.type == "PLACEHOLDER":
        faults.append(value_as_name(token, "a column"))
        return None
    if token.type == "STRING":
        name = str(token[1:-1])
        mend = (Replacement(token.start_pos, token.end_pos, name),) if name.isidentifier() else ()
        message = "a column stands without quotes, or in double quotes"
        faults.append(_fault(token, message, mend))
    elif token.type == "NUMBER":
        faults.append(_fault(token, "columns are ordered by name, not by position"))
    if token.type in ("STRING", "NUMBER", "BROKEN"):
        return None
    part = identifier(token)
    return ast.Column(part.start, part.end, part.value, token.type == "QUOTED")


def _fault(token: Any, message: str, edits: tuple[Replacement, ...] = ()) -> Fault:
    return Fault(
        rule=EXPRESSION_SYNTAX,
        start=token.start_pos,
        end=token.end_pos,
        message=message,
        edits=edits,
        safe=True,
    )


def value_as_name(token: Any, expected: str) -> Fault:
    """Say that a template stands where only a name can."""
    return Fault(
        rule=VALUE_AS_NAME,
        start=token.start_pos,
        end=token.end_pos,
        message=f"a template stands for a value only; expected {expected}",
        note="a value cannot stand here",
    )
