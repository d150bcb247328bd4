"""Edits that give a table one more entry, in the way in which the table is written."""

from botticelli.compiler.diagnostics import Edit, Location
from botticelli.compiler.source import Source, Span
from botticelli.compiler.syntax.nodes import Table


def is_toml(source: Source) -> bool:
    return source.path.endswith(".toml")


def new_entry(table: Table, key: str, value: str) -> Edit | None:
    """Return the edit that adds a key with a value, as it is written; None where there is no plain
    place for it."""
    source = table.document.source
    if source.text[table.span.start : table.span.end].startswith("{"):
        return _last_in_braces(table, key, value, source)
    if is_toml(source):
        return below_header(table, f"{key} = {value}", source)
    return _first_in_block(table, f"{key}: {value}", source)


def below_header(table: Table, line: str, source: Source) -> Edit | None:
    """Insert a line below a table's header in TOML."""
    number = source.position(table.span.start).line
    if not is_toml(source) or not source.line(number).lstrip().startswith("["):
        return None
    end = source.line_starts[number - 1] + len(source.line(number))
    return Edit(Location(source, Span(end, end)), f"\n{line}")


def _last_in_braces(table: Table, key: str, value: str, source: Source) -> Edit | None:
    if not table.entries:
        return None
    end = list(table.entries.values())[-1].span.end
    sign = " =" if is_toml(source) else ":"
    return Edit(Location(source, Span(end, end)), f", {key}{sign} {value}")


def _first_in_block(table: Table, line: str, source: Source) -> Edit | None:
    if not table.entries:
        return None
    start = table.key_location(next(iter(table.entries))).span.start
    begin = source.line_starts[source.position(start).line - 1]
    indent = source.text[begin:start]
    if indent.strip():
        return None  # the mapping begins behind something else, such as a dash
    return Edit(Location(source, Span(begin, begin)), f"{indent}{line}\n")
