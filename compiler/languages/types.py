"""Types of fields and outputs: `text(10..2000)`, `list[Post]?`, `enum("a", 'b')`, `int(..50)`."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from botticelli.compiler.faults import Fault, Replacement
from botticelli.compiler.ir import types as ir
from botticelli.compiler.languages import ast
from botticelli.compiler.languages.building import Builder, identifier, number, unquoted
from botticelli.compiler.languages.filters import in_order
from botticelli.compiler.languages.functions import shortened
from botticelli.compiler.languages.parsing import MAX_LENGTH, Language, Parsed, parse_tree
from botticelli.compiler.nearest import nearest
from botticelli.grammar.catalogue import (
    BAD_VALUE,
    EXPRESSION_SYNTAX,
    UNKNOWN_RESOURCE,
    VALUE_AS_NAME,
)

TYPE = Language("type", "type", "type")

_PLAIN: dict[str, ir.Type] = {
    "text": ir.Text(),
    "int": ir.Int(),
    "float": ir.Float(),
    "bool": ir.Bool(),
    "timestamp": ir.Timestamp(),
    "date": ir.Date(),
    "json": ir.Json(),
}
_ELSEWHERE = {
    "string": "text",
    "str": "text",
    "varchar": "text",
    "integer": "int",
    "bigint": "int",
    "number": "float",
    "double": "float",
    "decimal": "float",
    "boolean": "bool",
    "datetime": "timestamp",
    "time": "timestamp",
    "object": "json",
    "dict": "json",
    "array": "list",
}


@lru_cache(maxsize=256)
def _parse(text: str) -> Parsed[ast.TypeExpression]:
    tree, faults = parse_tree(TYPE, text)
    if tree is None:
        return Parsed(None, tuple(faults))
    builder = _TypeBuilder(TYPE.noun)
    built = builder.build(tree)
    return Parsed(built, in_order(faults, builder.faults))


def parse_type(text: str) -> Parsed[ast.TypeExpression]:
    """Parse a type. Whatever the text is, this returns faults and raises nothing."""
    return _parse(text if len(text) <= MAX_LENGTH else text[: MAX_LENGTH + 1])


def resolve(
    tree: ast.TypeExpression, schemas: Mapping[str, ir.Record]
) -> tuple[ir.Type, tuple[Fault, ...]]:
    """Return the type that a tree means, with the workspace's schemas by name.

    A name that is no type is BOT202, and its type is unknown, which fits everything.
    """
    faults: list[Fault] = []
    return _resolve(tree, schemas, faults), tuple(faults)


def names_in(tree: ast.TypeExpression) -> tuple[ast.Part, ...]:
    """Return the names of schemas, and of what is no type, that a tree refers to."""
    while isinstance(tree, ast.ListType | ast.OptionalType):
        tree = tree.item if isinstance(tree, ast.ListType) else tree.of
    if isinstance(tree, ast.NamedType) and (tree.quoted or tree.name.value not in _PLAIN):
        return (tree.name,)
    return ()


def _resolve(
    tree: ast.TypeExpression, schemas: Mapping[str, ir.Record], faults: list[Fault]
) -> ir.Type:
    match tree:
        case ast.OptionalType():
            return ir.Optional(_resolve(tree.of, schemas, faults))
        case ast.ListType():
            return ir.List(_resolve(tree.item, schemas, faults))
        case ast.EnumType():
            return ir.Enum(tree.values)
        case ast.NamedType(name=name, bounds=bounds, quoted=quoted):
            if bounds is not None:
                kind = ir.Text if name.value == "text" else ir.Int
                return kind(bounds.minimum, bounds.maximum)
            if not quoted and name.value in _PLAIN:
                return _PLAIN[name.value]
            if name.value in schemas:
                return schemas[name.value]
            faults.append(_unknown(name, schemas))
            return ir.Unknown()


def _unknown(name: ast.Part, schemas: Mapping[str, ir.Record]) -> Fault:
    known = [*_PLAIN, "list", "enum", *schemas]
    meant = _ELSEWHERE.get(name.value.lower()) or nearest(name.value, known)
    return Fault(
        rule=UNKNOWN_RESOURCE,
        start=name.start,
        end=name.end,
        message=f"`{shortened(name.value)}` is neither a type nor a schema of this workspace",
        note=f"did you mean `{meant}`?" if meant else "no such type",
        edits=(Replacement(name.start, name.end, meant),) if meant in (*_PLAIN, *schemas) else (),
        safe=meant in _PLAIN and name.value.lower() in {*_ELSEWHERE, *_PLAIN},
    )


class _TypeBuilder(Builder):
    """Builds types; one that could not be read is None."""

    def type(self, parts: list[Any]) -> ast.TypeExpression | None:
        head, *rest = parts
        question = rest.pop() if rest and getattr(rest[-1], "type", None) == "QUESTION" else None
        tree = self._base(head, rest[0] if rest else None)
        if tree is None or question is None:
            return tree
        if isinstance(tree, ast.OptionalType):
            return tree
        return ast.OptionalType(tree.start, question.end_pos, tree)

    def _base(self, head: Any, suffix: Any) -> ast.TypeExpression | None:
        if head.type == "PLACEHOLDER":
            message = "a template stands for a value only; expected a type"
            self.fault(head.start_pos, head.end_pos, message, rule=VALUE_AS_NAME)
        if head.type in ("PLACEHOLDER", "BROKEN"):
            return None
        name = identifier(head)
        if suffix is None:
            return self._named(name, quoted=head.type == "QUOTED")
        kind, start, end, content = suffix
        if kind == "item":
            return self._list(name, content, end)
        if name.value == "enum":
            return self._enum(name, content, end)
        if name.value in ("text", "int"):
            return self._bounded(name, content, start, end)
        self.fault(start, end, f"`{shortened(name.value)}` takes nothing in parentheses")
        return ast.NamedType(name.start, end, name)

    def _named(self, name: ast.Part, *, quoted: bool) -> ast.TypeExpression | None:
        if not quoted and name.value in ("list", "enum"):
            example = "list[text]" if name.value == "list" else "enum('a', 'b')"
            message = f"`{name.value}` needs to say of what: `{example}`"
            self.fault(name.start, name.end, message)
            return None
        return ast.NamedType(name.start, name.end, name, quoted=quoted)

    def _list(self, name: ast.Part, item: Any, end: int) -> ast.TypeExpression | None:
        if name.value != "list" and item is not None:
            message = f"`{shortened(name.value)}` takes no item; only `list[…]` does"
            self.fault(name.start, name.end, message)
            return None
        return None if item is None else ast.ListType(name.start, end, item)

    def _enum(self, name: ast.Part, content: list[Any], end: int) -> ast.TypeExpression | None:
        values: list[str] = []
        for token in content:
            value = self._enum_value(token)
            if value in values:
                message = f"`{shortened(value or '')}` stands twice in this enum"
                self.fault(token.start_pos, token.end_pos, message, rule=BAD_VALUE)
            elif value is not None:
                values.append(value)
        if not content:
            self.fault(name.start, end, "an enum has at least one value", rule=BAD_VALUE)
        return ast.EnumType(name.start, end, tuple(values)) if values else None

    def _enum_value(self, token: Any) -> str | None:
        if isinstance(token, tuple):
            _, start, end, _ = token
            self.fault(start, end, "the values of an enum stand in quotes")
            return None
        if token.type == "NAME":
            self.fault(
                token.start_pos,
                token.end_pos,
                "the values of an enum stand in quotes",
                edits=(Replacement(token.start_pos, token.end_pos, f"'{token}'"),),
                safe=True,
            )
            return str(token)
        if token.type == "PLACEHOLDER":
            message = "a template cannot stand in a type"
            self.fault(token.start_pos, token.end_pos, message, rule=VALUE_AS_NAME)
        if token.type in ("PLACEHOLDER", "BROKEN"):
            return None
        return unquoted(token) if token.type == "STRING" else identifier(token).value

    def _bounded(
        self, name: ast.Part, content: list[Any], start: int, end: int
    ) -> ast.TypeExpression:
        bounds = None
        if len(content) == 1 and isinstance(content[0], tuple):
            _, first, last, tokens = content[0]
            bounds = self._bounds(name.value, tokens, first, last)
        elif not any(getattr(part, "type", "") == "BROKEN" for part in content):
            message = f"the parentheses of `{name.value}` hold its bounds: `{name.value}(1..50)`"
            self.fault(start, end, message, rule=EXPRESSION_SYNTAX if content else BAD_VALUE)
        return ast.NamedType(name.start, end, name, bounds)

    def _bounds(self, kind: str, tokens: list[Any], start: int, end: int) -> ast.Bounds | None:
        position = next((i for i, token in enumerate(tokens) if token.type == "RANGE"), None)
        if position is None:
            written = shortened(str(tokens[0]))
            self.fault(
                start,
                end,
                "bounds are written with `..`",
                help=f"at most {written}: `{kind}(..{written})`",
            )
            return None
        if len(tokens) == 1:
            self.fault(start, end, "these bounds bound nothing", rule=BAD_VALUE)
            return None
        values = [_integer(token) if token.type == "INTEGER" else None for token in tokens]
        low = values[0] if position else None
        high = values[-1] if position < len(tokens) - 1 else None
        if any(v is None for v, token in zip(values, tokens, strict=True) if token.type != "RANGE"):
            self.fault(start, end, "this number is too large", rule=BAD_VALUE)
            return None
        if low is not None and high is not None and low > high:
            message = f"no value lies between {low} and {high}"
            self.fault(start, end, message, rule=BAD_VALUE, help="the smaller bound stands first")
            return None
        if kind == "text" and any(bound is not None and bound < 0 for bound in (low, high)):
            self.fault(start, end, "the length of text is never negative", rule=BAD_VALUE)
            return None
        return ast.Bounds(start, end, low, high)

    def arguments(self, parts: list[Any]) -> tuple[str, int, int, list[Any]]:
        return ("arguments", parts[0].start_pos, parts[-1].end_pos, parts[1:-1])

    def item(self, parts: list[Any]) -> tuple[str, int, int, Any]:
        return ("item", parts[0].start_pos, parts[-1].end_pos, parts[1])

    def bounds(self, parts: list[Any]) -> tuple[str, int, int, list[Any]]:
        return ("bounds", parts[0].start_pos, parts[-1].end_pos, parts)


def _integer(token: Any) -> int | None:
    sign, digits = (-1, token[1:]) if token.startswith("-") else (1, token)
    value = number(digits) if digits.isdigit() else None
    return sign * value if isinstance(value, int) else None
