"""The older forms of a file and how each is written today."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from botticelli.compiler.diagnostics import Edit
from botticelli.compiler.faults import Replacement
from botticelli.compiler.flow.aliases import own_names
from botticelli.compiler.languages.references import classify
from botticelli.compiler.migrate.carousels import carousel_edits
from botticelli.compiler.migrate.consuming import consuming_edits
from botticelli.compiler.migrate.editing import (
    is_inline,
    rename,
    replace,
    rewrite,
    text_of,
    written,
)
from botticelli.compiler.migrate.sections import narrative_edits, scene_edits
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.narrative.model import (
    Act,
    Command,
    Input,
    Media,
    NarrativeFile,
    Security,
    TableQuery,
    TextInput,
)
from botticelli.compiler.semantics.commands import aliases, platforms
from botticelli.compiler.semantics.templates import has_tags
from botticelli.compiler.syntax.nodes import Array, Node, Scalar, Table
from botticelli.compiler.templates.dollar import find_forms
from botticelli.compiler.templates.parsing import data_ranges


class Rewrite(Struct, frozen=True):
    """One kind of older form in a file. `edits` belong together: all of them, or none."""

    title: str
    edits: tuple[Edit, ...]


def rewrites_of(file: NarrativeFile) -> Iterator[Rewrite]:
    """Yield what of a file can be written in present forms, kind by kind."""
    kinds = {
        "`[narratives.NAME]`": narrative_edits(file),
        "`[[acts]]` with `name`": scene_edits(file),
        "`narrative_ref`": _renamed_in_acts(file),
        "`where_clause`": _renamed(file, "where_clause", "where"),
        "`pull_and_delete`": _renamed(file, "pull_and_delete", "consume"),
        "`{ text = … }` as an input": _texts(file),
        "older command names": _commands(file),
        "`${…}` in values": _dollars(file),
        "`carousel` in the table of contents": carousel_edits(file),
        "`preserve_source`": consuming_edits(file),
    }
    for title, edits in kinds.items():
        # What a YAML alias brings to several places is written once.
        once = {(each.location.span, each.text): each for each in edits}
        if once:
            yield Rewrite(title, tuple(once.values()))


def acts_of(file: NarrativeFile) -> Iterator[Act]:
    """Yield every act, shared or a narrative's own."""
    yield from file.acts.values()
    for narrative in file.narratives:
        yield from narrative.acts.values()


def _inputs(file: NarrativeFile) -> Iterator[Input]:
    for section in (file.bots, file.tables, file.media):
        yield from (resource.input for resource in section.values())
    for act in acts_of(file):
        yield from act.inputs


def _renamed(file: NarrativeFile, older: str, present: str) -> Iterator[Edit]:
    for item in _inputs(file):
        if isinstance(item, TableQuery) and older in item.node.entries:
            yield rename(item.node, older, present)


def _renamed_in_acts(file: NarrativeFile) -> Iterator[Edit]:
    for act in acts_of(file):
        if isinstance(act.node, Table) and "narrative_ref" in act.node.entries:
            yield rename(act.node, "narrative_ref", "narrative")


# Texts


def _texts(file: NarrativeFile) -> Iterator[Edit]:
    for act in acts_of(file):
        for item in act.inputs:
            if isinstance(item, TextInput) and isinstance(item.node, Table):
                edit = _plain(item.node, item.text)
                if edit is not None:
                    yield edit


def _plain(table: Table, text: Text | None) -> Edit | None:
    """Take the braces from a table that says nothing but a text."""
    entries = dict(table.entries)
    kind = entries.pop("type", None)
    if text is None or len(entries) != 1 or classify(text.value) is not None:
        return None
    if kind is not None and not (isinstance(kind, Scalar) and kind.value == "text"):
        return None
    source, span = text_of(table), text.node.span
    if is_inline(table):
        around = source[table.span.start : span.start] + source[span.end : table.span.end]
        return None if "#" in around else Edit(table.location, written(text.node))
    is_block = not written(table).startswith(("[", "*")) and table.document.root is not table
    key = table.place.keys[next(iter(entries))]
    if kind is not None or not is_block or source[key.end : span.start].strip() != ":":
        return None
    return replace(table, key.start, span.start, "")


# Commands


def _commands(file: NarrativeFile) -> Iterator[Edit]:
    for item in _inputs(file):
        if isinstance(item, Command) and item.platform and item.command:
            platform, name = item.platform.value, item.command.value
            yield from _present(item.command, platform, name.removeprefix(f"{platform}."))
    for security in (file.security, *(narrative.security for narrative in file.narratives)):
        for entry in _policy_entries(security):
            platform, _, rest = entry.value.partition(".")
            if platform in platforms():
                yield from _present(entry, platform, rest)
                continue
            for each in platforms():
                yield from _present(entry, each, entry.value)


def _present(text: Text, platform: str, name: str) -> Iterator[Edit]:
    present: Mapping[str, str] = aliases(platform)
    if name in present:
        end = len(text.value)
        yield from rewrite(text.node, [Replacement(end - len(name), end, present[name])])


def _policy_entries(security: Security | None) -> Iterator[Text]:
    policy = security.policy if security else None
    for entries in (policy.allowed, policy.denied, policy.confirmed) if policy else ():
        yield from entries or ()


# Values


def _dollars(file: NarrativeFile) -> Iterator[Edit]:
    names = own_names({act.name.value: act for act in acts_of(file)}, file)
    for item in _inputs(file):
        for scalar in _expanded(item):
            value = scalar.value
            if not isinstance(value, str) or "$" not in value:
                continue
            data = data_ranges(value) if has_tags(value) else None
            forms = [
                Replacement(form.start, form.end, form.jinja)
                for form in find_forms(value, names, data)
            ]
            if forms:
                yield from rewrite(scalar, forms)


def _expanded(item: Input) -> Iterator[Scalar]:
    """The strings of an input in which the older forms count."""
    if isinstance(item, Command):
        for node in item.arguments.values():
            yield from _scalars(node)
    elif isinstance(item, Media):
        yield from (text.node for text in (item.url, item.file) if text is not None)
    elif isinstance(item, TableQuery) and item.table_name is not None:
        yield item.table_name.node


def _scalars(node: Node) -> Iterator[Scalar]:
    stack = [node]
    while stack:
        each = stack.pop()
        if isinstance(each, Table):
            stack += each.entries.values()
        elif isinstance(each, Array):
            stack += each.items
        elif isinstance(each, Scalar):
            yield each
