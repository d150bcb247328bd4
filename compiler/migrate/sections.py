"""Sections that bear another name today: `[narratives.NAME]` and `[[acts]]`."""

import re
from collections.abc import Iterator

from botticelli.compiler.diagnostics import Edit
from botticelli.compiler.migrate.editing import is_toml, quoted, remove, rename, replace, written
from botticelli.compiler.narrative.model import NarrativeFile
from botticelli.compiler.syntax.nodes import Array, Node, Table

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_HEADER = re.compile(r"""\[\[?[ \t]*([\w-]+|"[^"\n]*"|'[^'\n]*')""")


def narrative_edits(file: NarrativeFile) -> Iterator[Edit]:
    """`[narratives.NAME]` becomes `[narrative.NAME]`; what only names another file stays.

    A `[narrative]` beside them becomes one of several as well.
    """
    section = file.document.root.entries.get("narratives")
    if not isinstance(section, Table):
        return
    own = [node for name, node in section if name not in file.links]
    if not own:
        return
    for narrative in file.narratives:
        if narrative.header is file.document.root.entries.get("narrative"):
            yield from _headers(narrative.header, f"narrative.{_key(narrative.name)}")
            removal = remove(narrative.header, "name")
            if removal is not None:
                yield removal
    if not file.links:
        yield from _renamed(section, "narrative")
    elif is_toml(section):
        for node in own:
            yield from _headers(node, "narrative")


def scene_edits(file: NarrativeFile) -> Iterator[Edit]:
    """`[[acts]]` with `name` becomes `[[act]]` with `act_name`."""
    section = file.document.root.entries.get("acts")
    if not isinstance(section, Array):
        return
    yield from _renamed(section, "act")
    for act in section.items:
        if isinstance(act, Table) and "name" in act.entries and "act_name" not in act.entries:
            yield rename(act, "name", "act_name")


def _renamed(section: Table | Array, name: str) -> Iterator[Edit]:
    """Rename a top-level section wherever its name is written."""
    assert isinstance(section.key, str)
    yield rename(section.document.root, section.key, name)
    yield from _headers(section, name)


def _headers(node: Node, name: str) -> Iterator[Edit]:
    """Rename the first part of the headers of a section's tables."""
    if not is_toml(node):
        return
    stack = [node]
    while stack:
        each = stack.pop()
        if isinstance(each, Table):
            stack += each.entries.values()
            header = _HEADER.match(written(each))
            if header is not None:
                start = each.span.start
                yield replace(node, start + header.start(1), start + header.end(1), name)
        elif isinstance(each, Array):
            stack += each.items


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else quoted(name)
