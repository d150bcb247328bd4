"""Conditions: `fetch_stats.member_count > 100 and previous != ''`."""

import re
from typing import TYPE_CHECKING, Any

from botticelli.compiler.faults import Replacement
from botticelli.compiler.languages import ast
from botticelli.compiler.languages.building import (
    Builder,
    expression_in,
    has,
    identifier,
    nodes,
    number,
    unquoted,
)
from botticelli.compiler.languages.filters import parse_expression
from botticelli.compiler.languages.functions import CONDITION_FUNCTIONS
from botticelli.compiler.languages.parsing import Language, Parsed

if TYPE_CHECKING:
    from lark import Token

CONDITION = Language("condition", "expression", "condition", CONDITION_FUNCTIONS)

_PATH = re.compile(r"\s*[^\W\d]\w*(?:\.[^\W\d]\w*|\[-?[0-9]+\])*\s*")


def parse_condition(text: str) -> Parsed[ast.Expression]:
    """Parse a condition. Whatever the text is, this returns faults and raises nothing."""
    return parse_expression(CONDITION, text, _ConditionBuilder(CONDITION.noun))


class _ConditionBuilder(Builder):
    def operand(self, parts: list[Any]) -> Any:
        return parts[0]

    def path(self, parts: list[Any]) -> Any:
        root = identifier(parts[0])
        if None in parts:
            return ast.Broken(root.start, root.end)
        steps = tuple(parts[1:])
        return ast.Name(root.start, steps[-1].end if steps else root.end, root, steps)

    def step(self, parts: list[Any]) -> Any:
        opener, *_, last = parts
        if opener.type == "DOT":
            name = identifier(last)
            return ast.Step(name.start, name.end, name.value)
        token = parts[-2]
        if token.type == "BROKEN":
            return None
        start, end = opener.start_pos, last.end_pos
        if token.type == "STRING":
            return ast.Step(start, end, unquoted(token))
        index = number(token)
        if not isinstance(index, int):
            self.fault(start, end, "an index is a whole number")
            return None
        return ast.Step(start, end, -index if has(parts, "MINUS") else index)

    def contains(self, parts: list[Any]) -> Any:
        value, part = nodes(parts)
        return ast.Contains(value.start, part.end, value, part, has(parts, "NOT"))

    def within_list(self, parts: list[Any]) -> Any:
        value, container = nodes(parts)
        return ast.WithinList(value.start, container.end, value, container, has(parts, "NOT"))

    def moment(self, parts: list[Any]) -> Any:
        keyword, token = parts
        if keyword.type != "INTERVAL":
            return super().moment(parts)
        start, end = keyword.start_pos, token.end_pos
        self.fault(start, end, "a condition knows no intervals")
        return ast.Broken(start, end)

    def placeholder_of(self, token: "Token") -> ast.Placeholder | ast.Broken:
        start, end = token.start_pos or 0, token.end_pos or 0
        source = expression_in(token) or ""
        edits = (Replacement(start, end, source.strip()),) if _PATH.fullmatch(source) else ()
        braces = "`${ }`" if token.startswith("$") else "`{{ }}`"
        message = f"a condition uses names without {braces}"
        self.fault(start, end, message, edits=edits, safe=bool(edits))
        return ast.Broken(start, end)

    def value_of_template(self, written: str) -> str | None:
        source = expression_in(written)
        return source.strip() if source is not None and _PATH.fullmatch(source) else None
