"""The inputs of acts in words: what each one is, and what holds for it."""

from collections.abc import Iterator

from botticelli.compiler.explain import explanation as shown
from botticelli.compiler.explain.expressions import written
from botticelli.compiler.explain.templates import Templates
from botticelli.compiler.explain.wording import counted, excerpt, span_of_time
from botticelli.compiler.ir import program as ir
from botticelli.compiler.semantics.commands import find
from botticelli.compiler.semantics.templates import as_json


def describe_input(source: ir.Input, templates: Templates) -> shown.Input:
    """Return an input as it is shown, without the tokens that it takes."""
    match source:
        case ir.TextInput(template=template):
            kind, title, details = "text", excerpt(template.source), _file_of(source)
        case ir.TableInput():
            kind, title, details = "table", f"rows of {source.table.source}", query(source)
        case ir.CommandInput():
            kind, title, details = "command", full_name(source), _conduct(source)
        case ir.MediaInput():
            kind, title, details = source.kind, _medium(source), ()
        case ir.NarrativeInput(narrative=key):
            kind, title, details = "narrative", key, ()
    pieces = tuple(templates.pieces(source.template)) if isinstance(source, ir.TextInput) else ()
    return shown.Input(
        kind=kind,
        title=title,
        details=details,
        retention=source.retention,
        place=source.place,
        pieces=pieces,
    )


def full_name(command: ir.CommandInput) -> str:
    return f"{command.platform}.{command.command.removeprefix(f'{command.platform}.')}"


def _file_of(source: ir.TextInput) -> tuple[str, ...]:
    inside = source.template.place.path
    return () if inside == source.place.path else (f"from {inside}",)


def query(source: ir.TableInput) -> tuple[str, ...]:
    """Say which rows a query takes, and how they are given."""
    return tuple(_query(source))


def _query(source: ir.TableInput) -> Iterator[str]:
    if source.columns is not None:
        yield f"columns {', '.join(source.columns)}"
    if source.where is not None:
        yield f"where {written(source.where)}"
    if source.order:
        terms = (f"{term.column}{' desc' if term.descending else ''}" for term in source.order)
        yield f"by {', '.join(terms)}"
    if source.sample is not None:
        yield f"{counted(source.sample, 'row')} by chance"
    else:
        yield f"at most {counted(source.limit, 'row')}"
    if source.offset:
        yield f"after the first {source.offset:,}"
    if source.consume:
        when = "the act" if source.acknowledge == "act" else "the iteration"
        yield f"taken for good once {when} has succeeded"
    if source.max_bytes is not None:
        yield f"cut at {source.max_bytes:,} bytes"
    if not source.required:
        yield "may fail"


def _conduct(source: ir.CommandInput) -> tuple[str, ...]:
    details = []
    if not source.required:
        details.append("an error becomes its text")
    if source.cache_seconds is not None:
        details.append(f"kept for {span_of_time(source.cache_seconds)}")
    if source.max_bytes is not None:
        details.append(f"cut at {source.max_bytes:,} bytes")
    return tuple(details)


def _medium(source: ir.MediaInput) -> str:
    if source.url is not None:
        return excerpt(source.url.source)
    if source.file is not None:
        return excerpt(source.file.source)
    return f"{source.mime or source.filename or source.kind} written in the source"


def arguments(source: ir.CommandInput) -> tuple[str, ...]:
    """Return a command's arguments as `name = value`; secret ones without their value."""
    known = find(source.platform, source.command)
    found = []
    for name, value in source.arguments.items():
        argument = known.argument(name) if known is not None else None
        hidden = argument is not None and argument.secret
        found.append(f"{name} = {'(a secret)' if hidden else excerpt(value_text(value))}")
    return tuple(found)


def value_text(value: ir.Value) -> str:
    """Return a value as its author wrote it, templates included."""
    if isinstance(value, ir.Template):
        return value.source
    if isinstance(value, ir.Constant):
        return value.data if isinstance(value.data, str) else as_json(value.data)
    if isinstance(value, ir.ListValue):
        return f"[{', '.join(map(value_text, value.items))}]"
    if isinstance(value, ir.FilterValue | ir.OrderValue):
        return value.text
    inner = ", ".join(f"{key}: {value_text(item)}" for key, item in value.fields.items())
    return f"{{{inner}}}"
