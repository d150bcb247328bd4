"""From Lark's trees to the syntax tree of expressions, with the faults that only values show.

A method stands for each rule of `grammar/expression.lark` and takes what the rule's parts became:
nodes, and the tokens that were kept. Trees are folded from their leaves without recursion.
"""

import re
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from botticelli.compiler.faults import Fault, Mark, Replacement
from botticelli.compiler.languages import ast
from botticelli.compiler.languages.literals import date_literal, interval_literal, timestamp_literal
from botticelli.compiler.languages.parsing import canonical
from botticelli.compiler.templates.dollar import find_forms
from botticelli.grammar.catalogue import BAD_VALUE, EXPRESSION_SYNTAX, VALUE_AS_NAME

if TYPE_CHECKING:
    from lark import Token

_MAX_INTEGER = 2**63 - 1
_CONSTANTS = {"TRUE": True, "FALSE": False, "NULL": None}
_QUOTED_TEMPLATE = re.compile(r"(\{\{(?:[^}]|\}(?!\}))*\}\}|(?<!\$)\$\{[^{}\n]*\})")


class Builder:
    """Builds the tree of one text, and collects faults on the way."""

    def __init__(self, noun: str) -> None:
        self.noun = noun
        self.faults: list[Fault] = []

    def build(self, tree: Any) -> Any:
        """Fold Lark's tree of one text."""
        postfix, stack = [], [tree]
        while stack:
            item = stack.pop()
            postfix.append(item)
            stack.extend(getattr(item, "children", ()))
        results: list[Any] = []
        for item in reversed(postfix):
            if not hasattr(item, "children"):
                results.append(item)
                continue
            size = len(item.children)
            parts = results[len(results) - size :]
            del results[len(results) - size :]
            results.append(getattr(self, canonical(item.data))(parts))
        return results[0]

    def fault(self, start: int, end: int, message: str, **more: Any) -> None:
        self.faults.append(
            Fault(
                rule=more.pop("rule", EXPRESSION_SYNTAX),
                start=start,
                end=end,
                message=message,
                **more,
            )
        )

    # Logic and comparison

    def expression(self, parts: list[Any]) -> Any:
        return parts[0]

    def disjunction(self, operands: list[Any]) -> Any:
        return self._logical("or", operands)

    def conjunction(self, operands: list[Any]) -> Any:
        return self._logical("and", operands)

    def _logical(self, operator: str, operands: list[Any]) -> ast.Logical:
        return ast.Logical(operands[0].start, operands[-1].end, operator, tuple(operands))

    def inversion(self, parts: list[Any]) -> Any:
        return ast.Not(parts[0].start_pos, parts[1].end, parts[1])

    def comparison(self, parts: list[Any]) -> Any:
        left, written, right = parts
        operator = "!=" if written == "<>" else str(written)
        return ast.Compare(left.start, right.end, part(written, operator), left, right)

    def between(self, parts: list[Any]) -> Any:
        value, low, high = nodes(parts)
        return ast.Between(value.start, high.end, value, low, high, has(parts, "NOT"))

    def within(self, parts: list[Any]) -> Any:
        value, options = parts[0], parts[-1]
        end, nodes = options
        return ast.Within(value.start, end, value, nodes, has(parts, "NOT"))

    def options(self, parts: list[Any]) -> Any:
        return parts[-1].end_pos, tuple(nodes(parts))

    def like(self, parts: list[Any]) -> Any:
        value, pattern = nodes(parts)
        ignore_case = any(token.lower() == "ilike" for token in tokens(parts))
        negated = has(parts, "NOT")
        return ast.Like(value.start, pattern.end, value, pattern, ignore_case, negated)

    def null_test(self, parts: list[Any]) -> Any:
        value, last = parts[0], parts[-1]
        return ast.IsNull(value.start, last.end_pos or value.end, value, has(parts, "NOT"))

    # Arithmetic and text

    def concatenation(self, operands: list[Any]) -> Any:
        left = operands[0]
        for right in operands[1:]:
            left = ast.Concatenate(left.start, right.end, left, right)
        return left

    def sum(self, parts: list[Any]) -> Any:
        left = parts[0]
        for token, right in zip(parts[1::2], parts[2::2], strict=True):
            left = ast.Arithmetic(left.start, right.end, part(token), left, right)
        return left

    def product(self, parts: list[Any]) -> Any:
        return self.sum(parts)

    def negative(self, parts: list[Any]) -> Any:
        minus, operand = parts
        return ast.Negate(minus.start_pos, operand.end, operand)

    # Operands

    def group(self, parts: list[Any]) -> Any:
        opener, node, closer = parts
        return replace(node, start=opener.start_pos, end=max(closer.end_pos, node.end))

    def call(self, parts: list[Any]) -> Any:
        name = parts[0]
        end = parts[-1].end_pos
        return ast.Call(name.start_pos, end, part(name, name.lower()), tuple(nodes(parts)))

    def current_date(self, parts: list[Any]) -> Any:
        name = part(parts[0], "current_date")
        return ast.Call(name.start, name.end, name)

    def column(self, parts: list[Any]) -> Any:
        name = identifier(parts[0])
        return ast.Column(name.start, name.end, name.value, parts[0].type == "QUOTED")

    def constant(self, parts: list[Any]) -> Any:
        token = parts[0]
        return ast.Literal(token.start_pos, token.end_pos, _CONSTANTS[token.type])

    def number(self, parts: list[Any]) -> Any:
        token = parts[0]
        start, end = token.start_pos, token.end_pos
        value = number(token)
        if value is None:
            self.fault(start, end, "this number is too large", rule=BAD_VALUE)
            return ast.Broken(start, end)
        return ast.Literal(start, end, value)

    def text(self, parts: list[Any]) -> Any:
        token = parts[0]
        self._refuse_quoted_templates(token)
        return ast.Literal(token.start_pos, token.end_pos, unquoted(token))

    def moment(self, parts: list[Any]) -> Any:
        """`date`, `timestamp` and `interval` with their text."""
        keyword, token = parts
        start, end = keyword.start_pos, token.end_pos
        if _QUOTED_TEMPLATE.search(token):
            self.fault(
                token.start_pos,
                end,
                f"the text after `{keyword.lower()}` is not a template",
                rule=VALUE_AS_NAME,
                help="a template that gives such a value stands alone: `{{ name }}`",
            )
            return ast.Broken(start, end)
        read = {"DATE": date_literal, "TIMESTAMP": timestamp_literal, "INTERVAL": interval_literal}
        found = read[keyword.type](unquoted(token), start, end)
        if isinstance(found, Fault):
            self.faults.append(replace(found, start=token.start_pos, end=end))
            return ast.Broken(start, end)
        return found

    def placeholder(self, parts: list[Any]) -> Any:
        return self.placeholder_of(parts[0])

    def placeholder_of(self, token: "Token") -> ast.Placeholder | ast.Broken:
        start, end = token.start_pos or 0, token.end_pos or 0
        source = expression_in(token)
        if source is None:
            self.fault(start, end, f"`{token}` is none of the forms that are expanded here")
            return ast.Broken(start, end)
        if not source.strip():
            self.fault(start, end, "an empty template stands for no value")
            return ast.Broken(start, end)
        return ast.Placeholder(start, end, source, str(token))

    def broken(self, parts: list[Any]) -> Any:
        return ast.Broken(parts[0].start_pos, parts[0].end_pos)

    def _refuse_quoted_templates(self, token: "Token") -> None:
        found = list(_QUOTED_TEMPLATE.finditer(token))
        if not found:
            return
        start = token.start_pos or 0
        end = start + len(token)
        first = found[0]
        joined = self._joined(str(token))
        self.fault(
            start + first.start(),
            start + first.end(),
            "a template inside quotes is text and is not expanded",
            rule=VALUE_AS_NAME,
            help="join text and values with `||`",
            marks=(Mark("inside this text", start, end),),
            edits=() if joined is None else (Replacement(start, end, joined),),
            safe=True,
        )

    def _joined(self, quoted: str) -> str | None:
        """Write text that holds templates as a concatenation of text and values."""
        parts: list[str] = []
        for index, piece in enumerate(_QUOTED_TEMPLATE.split(quoted[1:-1])):
            if index % 2:
                value = self.value_of_template(piece.replace("''", "'"))
                if value is None:
                    return None
                parts.append(value)
            elif piece:
                parts.append(f"'{piece}'")
        return " || ".join(parts)

    def value_of_template(self, written: str) -> str | None:
        """Write the value that a template stands for in this language, if it can be written."""
        return written


def expression_in(placeholder: str) -> str | None:
    """Return the expression within `{{ }}` or within an older form of it, as in a file that gives
    no names; None for what is none of the forms."""
    if not placeholder.startswith("$"):
        return placeholder[2:-2]
    form = next(find_forms(placeholder), None)
    whole = form is not None and form.end == len(placeholder)
    return form.expression if form is not None and whole else None


def identifier(token: "Token") -> ast.Part:
    """Return a name, without its quotes."""
    text = str(token)
    if token.type == "QUOTED":
        text = text[1:-1].replace('""', '"')
    return part(token, text)


def number(token: str) -> int | float | None:
    """Return the number that a token writes; None when it fits neither 64 bits nor a double."""
    if token.isdigit():
        value = int(token) if len(token) <= 19 else _MAX_INTEGER + 1
        return value if value <= _MAX_INTEGER else None
    real = float(token)
    return real if real != float("inf") else None


def unquoted(token: "Token") -> str:
    """Return the text that a single-quoted token writes."""
    return str(token[1:-1]).replace("''", "'")


def part(token: "Token", value: str | None = None) -> ast.Part:
    start, end = token.start_pos or 0, token.end_pos or 0
    return ast.Part(start, end, str(token) if value is None else value)


def nodes(parts: list[Any]) -> list[Any]:
    return [part for part in parts if isinstance(part, ast.Node)]


def tokens(parts: list[Any]) -> "list[Token]":
    return [part for part in parts if isinstance(part, str)]  # type: ignore[misc]


def has(parts: list[Any], kind: str) -> bool:
    return any(token.type == kind for token in tokens(parts))
