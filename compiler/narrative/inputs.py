"""Reading inputs: references, prompts, and tables told apart by `type`, `ref` or their keys."""

import re
from pathlib import PurePosixPath

from msgspec.structs import replace

from botticelli.compiler.diagnostics import Location
from botticelli.compiler.faults import to_diagnostic
from botticelli.compiler.languages import ast
from botticelli.compiler.languages.references import classify, parse_reference
from botticelli.compiler.narrative.fields import Fields
from botticelli.compiler.narrative.located import Located, Text
from botticelli.compiler.narrative.model import (
    Input,
    Reference,
    TextInput,
)
from botticelli.compiler.narrative.resources import (
    MEDIA_KINDS,
    read_command,
    read_media,
    read_retention,
    read_table_query,
)
from botticelli.compiler.nearest import nearest
from botticelli.compiler.reporter import Reporter
from botticelli.compiler.semantics.media import media_kind, name_in
from botticelli.compiler.syntax.faults import quoted
from botticelli.compiler.syntax.nodes import Array, Node, Scalar, Table
from botticelli.grammar import catalogue

# What tells an input without `type`.
TELLING_KEYS = (
    "text",
    "content",
    "ref",
    "file",
    "url",
    "base64",
    "platform",
    "command",
    "table_name",
)

_TEXT_SUFFIXES = frozenset({".txt", ".md", ".json"})

# The common form of a table reference, told without loading its grammar.
_PLAIN_TABLE = re.compile(r"\s*tables\.([^\W\d][\w-]*)\s*")

TYPES = ("text", *MEDIA_KINDS, "bot_command", "table")
_TYPES_OF_REFERENCES = {
    "bots": ("bot_command",),
    "tables": ("table",),
    "table": ("table",),
    "media": MEDIA_KINDS,
}


def read_inputs(node: Node, reporter: Reporter, act: str) -> tuple[Input, ...]:
    """Read what stands under `prompt`, `input`, `inputs`, or as an act: one input or several."""
    items = node.items if isinstance(node, Array) else [node]
    if not items or is_nothing(node):
        report_no_input(f"act `{act}`", node.location, reporter)
        return ()
    read = (read_input(item, reporter, act) for item in items)
    return tuple(found for found in read if found is not None)


def is_nothing(node: Node) -> bool:
    """Whether a value is YAML's null, which an absent value is as well."""
    return isinstance(node, Scalar) and node.value is None


def report_no_input(what: str, location: Location, reporter: Reporter) -> None:
    reporter.report(
        catalogue.EMPTY_ACT,
        location,
        f"{what} has no input",
        note="nothing to send or do",
        help="give it a `prompt`, an `input` or a `narrative`",
        about="",
    )


def read_input(node: Node, reporter: Reporter, act: str) -> Input | None:
    """Read one input of an act."""
    where = f"an input of act `{act}`"
    if isinstance(node, Table):
        fields = Fields(node, reporter, where)
        found = _read_table(fields, act)
        fields.finish()
        return found
    text = Fields(node.document.root, reporter, where).as_text(node, where, "a string or a table")
    return None if text is None else read_string(text, reporter, act)


def read_string(text: Text, reporter: Reporter, act: str) -> TextInput | Reference | None:
    """Take a string as a reference if it has the form of one, else as a prompt."""
    if classify(text.value) is not None:
        return _reference(text, reporter, None)
    if not text.value.strip():
        _blank(text.node, reporter, act)
        return None
    return TextInput(node=text.node, text=text)


def _reference(text: Text, reporter: Reporter, retention: Located[str] | None) -> Reference | None:
    plain = _PLAIN_TABLE.fullmatch(text.value)
    if plain is not None:
        start, end = plain.span(1)
        return Reference(text.node, text, "tables", plain[1], start, end, retention=retention)
    parsed = parse_reference(text.value)
    reporter.extend(to_diagnostic(fault, text.node) for fault in parsed.faults)
    tree = parsed.tree
    if isinstance(tree, ast.Reference):
        kind, name, clauses = tree.kind, tree.name, None
    elif tree is not None and (named := tree.resource or tree.table) is not None:
        kind, name = ("tables" if tree.resource else "table"), named
        clauses = tree
    else:
        return None
    return Reference(
        text.node, text, kind, name.value, name.start, name.end, clauses, retention=retention
    )


def _blank(node: Node, reporter: Reporter, act: str) -> None:
    reporter.report(
        catalogue.EMPTY_ACT,
        node.location,
        f"a prompt of act `{act}` is blank",
        note="nothing to send",
        about="",
    )


def _read_table(fields: Fields, act: str) -> Input | None:
    if "ref" in fields:
        return _read_ref(fields)
    kind = _kind(fields)
    if kind == "bot_command":
        return read_command(fields, open_arguments=False)
    if kind == "table":
        return read_table_query(fields)
    if kind in MEDIA_KINDS:
        return read_media(fields, kind)
    if kind == "text":
        return _read_text(fields, act)
    # Of a type that does not exist: what else the table says means nothing yet.
    for key in fields.table.entries:
        fields.node(key)
    return None


def _kind(fields: Fields) -> str | None:
    written = fields.node("type")
    if written is not None:
        text = fields.as_text(written, "`type`")
        if text is None:
            return None
        if text.value not in TYPES:
            guess = nearest(text.value, TYPES)
            fields.bad_value(
                written,
                f"{quoted(text.value)} is not a type of input",
                note=f"did you mean `{guess}`?" if guess else "",
                help=f"types are {', '.join(TYPES)}",
            )
            return None
        return text.value
    if "platform" in fields or "command" in fields:
        return "bot_command"
    if "table_name" in fields or "table" in fields:
        return "table"
    if {"url", "base64", "mime", "filename"} & fields.table.entries.keys():
        return _media_kind(fields) or "document"
    if "file" in fields and "text" not in fields and "content" not in fields:
        return "text" if _names_text(fields) else _media_kind(fields) or "text"
    return "text"


def _names_text(fields: Fields) -> bool:
    """Tell whether a file is a prompt by its name; as a document it needs its `type`."""
    name = getattr(fields.table.entries["file"], "value", None)
    return isinstance(name, str) and PurePosixPath(name).suffix.lower() in _TEXT_SUFFIXES


def _media_kind(fields: Fields) -> str | None:
    """The kind of medium that MIME type or name tells, without judging the keys."""
    values = {key: getattr(node, "value", None) for key, node in fields.table.entries.items()}
    mime = values.get("mime")
    names = [values.get(key) for key in ("filename", "file", "url")]
    return media_kind(
        mime if isinstance(mime, str) else None,
        *[name_in(name) for name in names if isinstance(name, str)],
    )


def _read_ref(fields: Fields) -> Input | None:
    text = fields.text("ref")
    retention = read_retention(fields)
    most = fields.integer("max_bytes", 1)
    kind = fields.choice("type", TYPES)
    if text is None:
        return None
    if classify(text.value) is None:
        fields.bad_value(
            text.node,
            f"`ref` takes a reference, found {quoted(text.value)}",
            help="references are `bots.N`, `tables.N`, `media.N`, `narratives.N`",
        )
        return None
    found = _reference(text, fields.reporter, retention)
    if found and kind and kind.value not in _TYPES_OF_REFERENCES.get(found.kind, ()):
        fields.conflict("type", "ref")
    return found if found is None or most is None else replace(found, max_bytes=most)


def _read_text(fields: Fields, act: str) -> TextInput | None:
    retention = read_retention(fields)
    most = fields.integer("max_bytes", 1)
    key = fields.first_of("content", "text", "file")
    if key is None:
        fields.require(*(("text", "content", "file") if "type" in fields else TELLING_KEYS))
        return None
    text = fields.text(key)
    if text is None:
        return None
    if key == "file":
        return TextInput(
            node=fields.table, text=None, file=text, retention=retention, max_bytes=most
        )
    if not text.value.strip():
        _blank(text.node, fields.reporter, act)
        return None
    return TextInput(node=fields.table, text=text, retention=retention, max_bytes=most)
