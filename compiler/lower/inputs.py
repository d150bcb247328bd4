"""Lowering inputs: references resolved, defaults filled in, the older spellings gone."""

from msgspec.structs import replace

from botticelli.compiler.flow.commands import clauses_of
from botticelli.compiler.ir import program as ir
from botticelli.compiler.languages import ast
from botticelli.compiler.languages.lower import both, expression, order
from botticelli.compiler.languages.references import parse_reference
from botticelli.compiler.lower.context import Context
from botticelli.compiler.lower.expressions import in_present_forms, lower_filter, lower_order
from botticelli.compiler.lower.settings import value
from botticelli.compiler.lower.values import lower_older_template, lower_value
from botticelli.compiler.narrative.located import Located, Text
from botticelli.compiler.narrative.model import (
    Command,
    Input,
    Media,
    Reference,
    TableQuery,
    TextInput,
)
from botticelli.compiler.semantics.commands.kinds import Filter, Order

DEFAULT_LIMIT = 10


def lower_input(item: Input, context: Context) -> ir.Input:
    """Lower one input of an act."""
    match item:
        case TextInput():
            return _text(item, context)
        case Command():
            return _command(item, context, None)
        case TableQuery():
            return _query(item, context)
        case Media():
            return _media(item, context)
        case Reference():
            found = _reference(item, context)
            most = value(item.max_bytes)
            return found if most is None else replace(found, max_bytes=most)


def _retention(*said: Located[str] | None) -> str:
    return next((each.value for each in said if each is not None), "full")


def _text(item: TextInput, context: Context) -> ir.TextInput:
    place = context.places.at(item.node.location)
    if item.text is not None:
        template = context.places.template(item.text)
    else:
        assert item.file is not None
        template = context.prompt_file(item.file)
    return ir.TextInput(
        place=place,
        retention=_retention(item.retention),
        max_bytes=value(item.max_bytes),
        template=template,
    )


def _command(
    item: Command, context: Context, name: str | None, retention: Located[str] | None = None
) -> ir.CommandInput:
    assert item.platform is not None
    assert item.command is not None
    return ir.CommandInput(
        place=context.places.at(item.node.location),
        retention=_retention(retention, item.retention),
        platform=item.platform.value,
        command=item.command.value,
        arguments=_arguments(item, context),
        required=value(item.required) or False,
        resource=name,
        cache_seconds=value(item.cache_duration),
        max_bytes=value(item.max_bytes),
    )


def _arguments(item: Command, context: Context) -> dict[str, ir.Value]:
    """Lower arguments; a filter or an order becomes an expression as that of a query does."""
    filters, orders = clauses_of(item, Filter), clauses_of(item, Order)
    found: dict[str, ir.Value] = {}
    for key, node in item.arguments.items():
        if key in filters:
            place = context.places.at(node.location)
            where = lower_filter(filters[key].value, context.names)
            found[key] = ir.FilterValue(where, filters[key].value, place)
        elif key in orders:
            found[key] = ir.OrderValue(lower_order(orders[key]), orders[key].value)
        else:
            found[key] = lower_value(node, context.places, context.names)
    return found


def _query(item: TableQuery, context: Context, name: str | None = None) -> ir.TableInput:
    assert item.table_name is not None
    table = lower_older_template(item.table_name, context.places, context.names)
    alias = item.alias.value if item.alias else None
    known = [name, item.table_name.value] if name else [item.table_name.value]
    limit = value(item.limit)
    consume = value(item.consume)
    required = value(item.required)
    return ir.TableInput(
        place=context.places.at(item.node.location),
        retention=_retention(item.retention),
        table=table,
        names=(alias,) if alias else tuple(dict.fromkeys(known)),
        columns=tuple(text.value for text in item.columns) if item.columns is not None else None,
        where=lower_filter(item.where.value, context.names) if item.where else None,
        order=lower_order(item.order_by) if item.order_by else (),
        limit=DEFAULT_LIMIT if limit is None else limit,
        offset=value(item.offset) or 0,
        sample=value(item.sample),
        format=value(item.format) or "json",
        required=True if required is None else required,
        consume=context.consumes_by_default if consume is None else consume,
        acknowledge=value(item.acknowledge) or "iteration",
        max_bytes=value(item.max_bytes),
        row=context.row_of(table.source),
    )


def _media(item: Media, context: Context, retention: Located[str] | None = None) -> ir.MediaInput:
    def template(text: Text | None) -> ir.Template | None:
        return lower_older_template(text, context.places, context.names) if text else None

    return ir.MediaInput(
        place=context.places.at(item.node.location),
        retention=_retention(retention, item.retention),
        kind=item.kind or "document",
        url=template(item.url),
        file=template(item.file),
        base64=item.base64.value if item.base64 else None,
        mime=item.mime.value if item.mime else None,
        filename=item.filename.value if item.filename else None,
    )


def _reference(item: Reference, context: Context) -> ir.Input:
    file = context.file
    match item.kind:
        case "bots":
            command = file.bots[item.name].input
            assert isinstance(command, Command)
            return _command(command, context, item.name, item.retention)
        case "media":
            media = file.media[item.name].input
            assert isinstance(media, Media)
            return _media(media, context, item.retention)
        case "tables" | "table":
            return _table_reference(item, context)
        case _:
            return ir.NarrativeInput(
                place=context.places.at(item.location),
                retention=_retention(item.retention),
                narrative=context.narrative_key(item.name),
            )


def _table_reference(item: Reference, context: Context) -> ir.TableInput:
    """Refine the named query by the clauses written beside its name."""
    place = context.places.at(item.location)
    if item.kind == "tables":
        query = context.file.tables[item.name].input
        assert isinstance(query, TableQuery)
        base = _query(query, context, item.name)
    else:
        base = ir.TableInput(
            place=place,
            table=ir.Template(item.name, place),
            names=(item.name,),
            row=context.row_of(item.name),
            consume=context.consumes_by_default,
        )
    retention = item.retention.value if item.retention else base.retention
    refined = replace(base, place=place, retention=retention)
    clauses = _clauses(item, context)
    return refined if clauses is None else _refine(refined, clauses)


def _clauses(item: Reference, context: Context) -> ast.TableReference | None:
    if item.clauses is None or item.clauses.where is None:
        return item.clauses
    text = in_present_forms(item.text.value, item.clauses.where, context.names)
    if text == item.text.value:
        return item.clauses
    tree = parse_reference(text).tree
    assert isinstance(tree, ast.TableReference)
    return tree


def _refine(base: ir.TableInput, clauses: ast.TableReference) -> ir.TableInput:
    """A clause replaces what the resource says, except `where`, which is and-ed with it."""
    where = expression(clauses.where) if clauses.where is not None else None
    counts = {
        name: number.value
        for name in ("limit", "offset", "sample")
        if (number := getattr(clauses, name)) is not None
    }
    order_terms = order(clauses.order) if clauses.order is not None else base.order
    return replace(
        base,
        columns=tuple(column.name for column in clauses.columns)
        if clauses.columns is not None
        else base.columns,
        where=both(base.where, where),
        order=() if clauses.sample is not None else order_terms,
        names=(clauses.alias.value,) if clauses.alias is not None else base.names,
        format=clauses.format.value if clauses.format is not None else base.format,
        consume=clauses.consume is not None or base.consume,
        **counts,
    )
