"""References where an input stands, and how they are told from prompts.

Every prompt is asked whether it is a reference, so telling them apart is one anchored pattern and
imports nothing heavy. `tables.NAME` and `table NAME` take clauses and are parsed by their grammar.
"""

import re
from typing import Any

from botticelli.compiler.faults import Mark
from botticelli.compiler.languages import ast
from botticelli.compiler.languages.building import identifier, number
from botticelli.compiler.languages.filters import in_order
from botticelli.compiler.languages.functions import FILTER_FUNCTIONS, shortened
from botticelli.compiler.languages.orders import OrderBuilder, column_name, value_as_name
from botticelli.compiler.languages.parsing import Language, Parsed, excessive_depth, parse_tree
from botticelli.compiler.nearest import listing, nearest
from botticelli.grammar.catalogue import BAD_VALUE, CONFLICTING_KEYS

REFERENCE = Language("reference", "reference", "table reference", FILTER_FUNCTIONS)
FORMATS = ("json", "markdown", "csv")

_NAME = r'(?:[\w-]+|"[^"]+")'
_PLACEHOLDER = r"\{\{[^{}]*\}\}"
_CLAUSE = r"(?:where|order|limit|offset|sample|as|format|consume)(?!\w)"
_FORM = re.compile(
    rf"""\s*(?:
        (?P<kind>bots\.|media\.|narratives\.|narrative:)(?P<name>{_NAME})\s*\Z
      | tables\.(?:{_NAME}|{_PLACEHOLDER})(?:\s*\Z|\s+(?i:{_CLAUSE}))
      | (?:table|TABLE)(?:\s+[^\W\d]\w*|\s*"[^"]+")(?:\s*\Z|\s*\(|\s+(?i:{_CLAUSE}))
      | (?:table|TABLE)\s*{_PLACEHOLDER}\s*(?:\(|(?i:{_CLAUSE}))
    )""",
    re.VERBOSE,
)


def classify(text: str) -> str | None:
    """Return `bots`, `media`, `narratives`, `narrative` or `table`; None for a prompt."""
    match = _FORM.match(text)
    if match is None:
        return None
    return match["kind"][:-1] if match["kind"] else "table"


def is_reference(text: str) -> bool:
    """Whether a string that stands as an input is a reference; every other is a prompt."""
    return _FORM.match(text) is not None


def parse_reference(text: str) -> Parsed[ast.Reference | ast.TableReference]:
    """Parse a string that ``is_reference``; for a prompt the tree is None, without faults."""
    match = _FORM.match(text)
    if match is None:
        return Parsed(None)
    if match["kind"] is None:
        return _parse_table(text)
    start, end = match.span("name")
    name = ast.Part(start, end, match["name"].strip('"'))
    return Parsed(ast.Reference(match.start("kind"), end, match["kind"][:-1], name))


def _parse_table(text: str) -> Parsed[ast.Reference | ast.TableReference]:
    tree, faults = parse_tree(REFERENCE, text)
    if tree is None:
        return Parsed(None, tuple(faults))
    builder = _ReferenceBuilder(REFERENCE.noun)
    reference: ast.TableReference = builder.build(tree)
    if reference.where is not None and (deep := excessive_depth(reference.where, REFERENCE.noun)):
        return Parsed(None, (deep,))
    return Parsed(reference, in_order(faults, builder.faults))


class _ReferenceBuilder(OrderBuilder):
    """Builds a table reference from its head and its clauses, each kept as (keyword, content)."""

    def reference(self, parts: list[Any]) -> ast.TableReference:
        head, *clauses = parts
        fields: dict[str, Any] = dict(head)
        written: dict[str, ast.Part] = {}
        start, end = fields.pop("start"), fields.pop("end")
        for keyword, content, clause_end in clauses:
            name = keyword.value.lower()
            end = max(end, clause_end)
            if name in written:
                self._twice(name, keyword, written[name])
                continue
            written[name] = keyword
            fields[_FIELDS.get(name, name)] = content
        if "sample" in written and "order" in written:
            self._sample_and_order(written)
        return ast.TableReference(start, end, **fields, written=written)

    def _twice(self, name: str, second: ast.Part, first: ast.Part) -> None:
        self.fault(
            second.start,
            second.end,
            f"the clause `{name}` stands twice",
            marks=(Mark("first here", first.start, first.end),),
        )

    def _sample_and_order(self, written: dict[str, ast.Part]) -> None:
        first, second = sorted((written["sample"], written["order"]), key=lambda part: part.start)
        self.fault(
            second.start,
            second.end,
            "`sample` and `order by` exclude each other: a sample has no order",
            rule=CONFLICTING_KEYS,
            marks=(Mark(f"`{first.value.lower()}` stands here", first.start, first.end),),
        )

    def resource(self, parts: list[Any]) -> dict[str, Any]:
        token = parts[0]
        place = {"start": token.start_pos, "end": token.end_pos}
        if token.type == "PLACEHOLDER":
            self.faults.append(value_as_name(token, "the name of a table resource"))
            return place
        name = token.partition(".")[2]
        start = token.end_pos - len(name)
        return {**place, "resource": ast.Part(start, token.end_pos, str(name.strip('"')))}

    def table(self, parts: list[Any]) -> dict[str, Any]:
        name, *rest = parts
        columns = [column_name(part, self.faults) for part in rest if part.type in _NAMES]
        fields: dict[str, Any] = {"start": name.start_pos, "end": parts[-1].end_pos}
        if name.type == "PLACEHOLDER":
            self.faults.append(value_as_name(name, "the name of a table"))
        elif name.type != "BROKEN":
            fields["table"] = identifier(name)
        if rest:
            fields["columns"] = tuple(column for column in columns if column is not None)
        return fields

    def name(self, parts: list[Any]) -> Any:
        return parts[0]

    def clause(self, parts: list[Any]) -> tuple[ast.Part, Any, int]:
        keyword, *content = parts
        word = ast.Part(keyword.start_pos, keyword.end_pos, str(keyword))
        if not content:
            return word, word, word.end
        value = content[0]
        if keyword.type == "AS":
            value = self._alias(value)
        elif keyword.type == "FORMAT":
            value = self._format(value)
        elif keyword.type in ("LIMIT", "OFFSET", "SAMPLE"):
            value = self._count(word.value.lower(), value)
        return word, value, value.end if isinstance(value, ast.Node) else word.end

    def count(self, parts: list[Any]) -> list[Any]:
        return parts

    def _alias(self, token: Any) -> ast.Part | None:
        if token.type == "PLACEHOLDER":
            self.faults.append(value_as_name(token, "an alias"))
            return None
        if token.type == "BROKEN":
            return None
        alias = identifier(token)
        if not alias.value.isidentifier():
            message = f"`{shortened(alias.value)}` cannot be a name in a template"
            self.fault(alias.start, alias.end, message, rule=BAD_VALUE)
            return None
        return alias

    def _format(self, token: Any) -> ast.Part | None:
        if token.type == "PLACEHOLDER":
            self.faults.append(value_as_name(token, "a format"))
            return None
        if token.type == "BROKEN":
            return None
        found = identifier(token)
        name = found.value.lower()
        if name in FORMATS:
            return ast.Part(found.start, found.end, name)
        meant = nearest(name, FORMATS)
        self.fault(
            found.start,
            found.end,
            f"unknown format `{shortened(found.value)}`",
            rule=BAD_VALUE,
            note=f"did you mean `{meant}`?" if meant else "",
            help=f"the formats are {listing(FORMATS)}",
        )
        return None

    def _count(self, keyword: str, tokens: list[Any]) -> ast.Number | None:
        first, last = tokens[0], tokens[-1]
        start, end = first.start_pos, last.end_pos
        if last.type == "BROKEN":
            return None
        if last.type == "PLACEHOLDER":
            self.fault(start, end, f"`{keyword}` takes a number that is written out")
            return None
        value = number(last)
        least = 0 if keyword == "offset" else 1
        if not isinstance(value, int) or len(tokens) > 1 or value < least:
            message = f"`{keyword}` takes a whole number from {least}"
            self.fault(start, end, message, rule=BAD_VALUE)
            return None
        return ast.Number(start, end, value)


_FIELDS = {"as": "alias"}
_NAMES = {"NAME", "QUOTED", "PLACEHOLDER", "BROKEN"}
