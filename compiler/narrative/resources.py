"""Reading commands, table queries, media, schemas and characters, by name or as inputs in place."""

from botticelli.compiler.diagnostics import Label
from botticelli.compiler.narrative.fields import USER_KEY_PREFIX, Fields
from botticelli.compiler.narrative.located import Key, Located, Text
from botticelli.compiler.narrative.model import (
    Character,
    Command,
    Media,
    OutputFields,
    Resource,
    Schema,
    TableQuery,
)
from botticelli.compiler.narrative.settings import read_conduct
from botticelli.compiler.semantics.media import media_kind, name_in
from botticelli.compiler.syntax.faults import quoted
from botticelli.compiler.syntax.nodes import Array, Node, Scalar, Table
from botticelli.grammar import catalogue

MEDIA_KINDS = ("image", "audio", "video", "document")
_COMMAND_KEYS = frozenset(
    {
        "platform",
        "command",
        "args",
        "required",
        "cache_duration",
        "max_bytes",
        "history_retention",
    }
)


def read_retention(fields: Fields) -> Located[str] | None:
    return fields.choice("history_retention", ("full", "summary", "drop"))


def read_command(fields: Fields, *, open_arguments: bool) -> Command:
    """Read a platform's command. With ``open_arguments`` (in `[bots.N]`) every key that has no
    meaning of its own is an argument."""
    if not open_arguments or _says_command(fields.table.entries.get("type")):
        fields.node("type")
    for key in ("platform", "command"):
        fields.require(key)
    arguments: dict[str, Node] = {}
    tables: dict[str, Table] = {}
    written = fields.sub("args")
    for table in [written.table] if written else []:
        for name, node in table:
            arguments[name], tables[name] = node, table
    if open_arguments:
        for name, node in fields.table:
            if name in _COMMAND_KEYS or name.startswith(USER_KEY_PREFIX):
                continue
            if name in fields.known or fields.missing_like(name):
                continue
            fields.node(name)
            if name not in arguments:
                arguments[name], tables[name] = node, fields.table
            else:
                fields.reporter.report(
                    catalogue.CONFLICTING_KEYS,
                    fields.table.key_location(name),
                    f"argument `{name}` stands here and in `args`",
                    labels=[Label("also here", tables[name].key_location(name))],
                    help="keep one of the two",
                )
    return Command(
        node=fields.table,
        platform=fields.text("platform"),
        command=fields.text("command"),
        arguments=arguments,
        argument_tables=tables,
        required=fields.boolean("required"),
        cache_duration=fields.duration("cache_duration"),
        max_bytes=fields.integer("max_bytes", 1),
        retention=read_retention(fields),
    )


def _says_command(node: Node | None) -> bool:
    """A bot's `type` may say what it is, as that of an input does; any other is an argument."""
    return isinstance(node, Scalar) and node.value == "bot_command"


def read_table_query(fields: Fields) -> TableQuery:
    fields.choice("type", ("table",))
    fields.also_called("table_name", "table", "from")
    fields.require("table_name")
    where = fields.first_of("where", "where_clause")
    consume = fields.first_of("consume", "pull_and_delete")
    order_by = fields.text("order_by")
    sample = fields.integer("sample", 1)
    if "sample" in fields and "order_by" in fields:
        fields.conflict("order_by", "sample")
    table_name = fields.text("table_name")
    if table_name is not None and not table_name.value.strip():
        fields.bad_value(table_name.node, "`table_name` is empty")
        table_name = None
    return TableQuery(
        node=fields.table,
        table_name=table_name,
        columns=_read_columns(fields),
        where=fields.text(where) if where else None,
        order_by=order_by,
        limit=fields.integer("limit", 1),
        offset=fields.integer("offset", 0),
        format=fields.choice("format", ("json", "markdown", "csv")),
        alias=_read_alias(fields),
        sample=sample,
        required=fields.boolean("required"),
        consume=fields.boolean(consume) if consume else None,
        acknowledge=fields.choice("ack", ("iteration", "act")),
        max_bytes=fields.integer("max_bytes", 1),
        retention=read_retention(fields),
    )


def _read_columns(fields: Fields) -> tuple[Text, ...] | None:
    columns = fields.texts("columns")
    node = fields.node("columns")
    if columns == () and isinstance(node, Array) and not node.items:
        fields.bad_value(node, "`columns` names none", help="leave it out to read all of them")
        return None
    return columns


def _read_alias(fields: Fields) -> Text | None:
    alias = fields.text("alias")
    if alias is None or alias.value.isidentifier():
        return alias
    fields.bad_value(
        alias.node,
        f"{quoted(alias.value)} cannot be a name in a template",
        help="letters, digits and `_`, and no digit first",
    )
    return None


def read_media(fields: Fields, kind: str | None) -> Media:
    """Read a medium; without ``kind`` its `type`, MIME type or name tells."""
    if kind is None:
        declared = fields.choice("type", MEDIA_KINDS)
        kind = declared.value if declared else None
    else:
        fields.node("type")
    if not any(key in fields for key in ("url", "file", "base64")):
        fields.also_called(_source_of(fields), "source", "src", "path")
    source = fields.first_of("url", "file", "base64")
    fields.require("url", "file", "base64")
    text = fields.text(source) if source else None
    mime = _read_mime(fields)
    filename = fields.text("filename")
    if kind is None:
        names = [filename.value] if filename else []
        if text is not None and source != "base64":
            names.append(name_in(text.value))
        kind = media_kind(mime.value if mime else None, *names)
    return Media(
        node=fields.table,
        kind=kind,
        url=text if source == "url" else None,
        file=text if source == "file" else None,
        base64=text if source == "base64" else None,
        mime=mime,
        filename=filename,
        retention=read_retention(fields),
    )


def _read_mime(fields: Fields) -> Text | None:
    mime = fields.text("mime")
    if mime is None or "/" in mime.value or "$" in mime.value or "{{" in mime.value:
        return mime
    fields.bad_value(
        mime.node,
        f"{quoted(mime.value)} is no MIME type",
        help='a MIME type has two parts, for example "image/png"',
    )
    return None


def _source_of(fields: Fields) -> str:
    """The key that a source under another name most likely means."""
    written = (fields.table.entries.get(key) for key in ("source", "src", "path"))
    is_url = any(isinstance(node, Scalar) and "://" in str(node.value) for node in written)
    return "url" if is_url else "file"


def read_bot(name: Key, fields: Fields) -> Resource:
    return Resource(name, read_command(fields, open_arguments=True))


def read_table(name: Key, fields: Fields) -> Resource:
    return Resource(name, read_table_query(fields))


def read_medium(name: Key, fields: Fields) -> Resource:
    return Resource(name, read_media(fields, None))


def read_output_fields(fields: Fields) -> OutputFields:
    """Read a table of fields, each with the text of its type."""
    types = {}
    for name, _ in fields.table:
        if name.startswith(USER_KEY_PREFIX):
            continue
        text = fields.text(name)
        if text is not None:
            types[name] = text
    return OutputFields(node=fields.table, fields=types)


def read_schema(name: Key, fields: Fields) -> Schema:
    return Schema(name, read_output_fields(fields))


def read_character(name: Key, fields: Fields) -> Character:
    fields.also_called("persona", "system", "system_prompt", "prompt")
    fields.require("persona")
    return Character(
        name=name,
        node=fields.table,
        persona=fields.text("persona"),
        conduct=read_conduct(fields),
    )
