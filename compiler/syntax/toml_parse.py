"""Reading TOML by its grammar: values, the place of each, and all that is wrong with the text."""

from typing import Any

from lark import Token, Tree, UnexpectedInput

from botticelli.compiler.source import Source, Span
from botticelli.compiler.syntax.faults import Faults
from botticelli.compiler.syntax.lark_tables import load_parser
from botticelli.compiler.syntax.nodes import Place
from botticelli.compiler.syntax.toml_recovery import Recovery
from botticelli.compiler.syntax.toml_tables import Tables
from botticelli.compiler.syntax.toml_values import Item, Values, outer_span


def parse(source: Source, faults: Faults) -> tuple[dict[str, Any], Place]:
    """Return the values of a document and their places; what is wrong goes to ``faults``."""
    values = Values(source.text, faults)
    tables = Tables(faults, Place(Span(0, 0)))
    for statement in _statements(source.text, faults, values):
        if faults.full:
            break
        if isinstance(statement, Tree):
            _execute(statement, tables, values)
    return tables.root.values, tables.root.place


def _statements(text: str, faults: Faults, values: Values) -> list[Item]:
    parser = load_parser("toml", start=("document",)).parse_interactive(text)
    recovery = Recovery(text, faults, values)
    while True:
        try:
            document: Tree[Token] = parser.resume_parse()  # type: ignore[no-untyped-call]
        except UnexpectedInput as error:
            recovery.recover(error, parser)
        else:
            return document.children
        if faults.full:
            stack: list[Tree[Token]] = parser.parser_state.value_stack
            return stack[0].children if stack else []


def _execute(statement: Tree[Token], tables: Tables, values: Values) -> None:
    if statement.data == "pair":
        key = values.key(statement.children[0])
        parsed = values.value(statement.children[2])
        if key is not None and parsed is not None:
            tables.define(key, parsed.value, parsed.place)
        return
    tables.leave()
    if statement.data == "unread_header":
        return
    key = values.key(statement.children[1])
    if key is None:
        return
    header = outer_span(statement.children)
    if statement.data == "table_header":
        tables.open_table(key, header)
    else:
        tables.open_array(key, header)
