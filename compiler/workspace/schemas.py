"""The schemas of a workspace as types, and what is wrong with the types in them."""

from collections.abc import Mapping

from msgspec import Struct

from botticelli.compiler.faults import Fault, to_diagnostic
from botticelli.compiler.ir.types import Record, Type, Unknown
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.narrative.model import OutputFields, Schema
from botticelli.compiler.reporter import Reporter


class Schemas(Struct, frozen=True):
    """Every schema by name, resolved; and each fault with the type that it stands in."""

    records: dict[str, Record]
    faults: tuple["SchemaFault", ...]


class SchemaFault(Struct, frozen=True):
    """Something wrong with one type: the schema and the text at fault."""

    schema: Schema
    text: Text
    fault: Fault


def resolve_workspace_schemas(schemas: Mapping[str, Schema]) -> Schemas:
    """Resolve all schemas of a workspace together, as they may name each other."""
    from botticelli.compiler.languages.schemas import resolve_schemas
    from botticelli.compiler.languages.types import parse_type

    faults: list[SchemaFault] = []
    definitions = {}
    for name, schema in schemas.items():
        trees = {}
        for field, text in schema.fields.fields.items():
            parsed = parse_type(text.value)
            trees[field] = parsed.tree if not parsed.faults else None
            faults += [SchemaFault(schema, text, fault) for fault in parsed.faults]
        definitions[name] = trees
    records, found = resolve_schemas(definitions)
    for each in found:
        schema = schemas[each.schema]
        faults.append(SchemaFault(schema, schema.fields.fields[each.field], each.fault))
    return Schemas(records, tuple(faults))


def resolve_output(
    output: Text | OutputFields, records: Mapping[str, Record], reporter: Reporter
) -> Type:
    """Return the type of an act's `output`, and report what is wrong with it."""
    from botticelli.compiler.languages.schemas import field_of

    if isinstance(output, Text):
        return resolve_type(output, records, reporter)
    return Record(
        tuple(
            field_of(name, resolve_type(text, records, reporter))
            for name, text in output.fields.items()
        )
    )


def resolve_type(text: Text, records: Mapping[str, Record], reporter: Reporter) -> Type:
    """Return the type that a text means; what cannot be read is unknown and reported."""
    from botticelli.compiler.languages.types import parse_type, resolve

    parsed = parse_type(text.value)
    reporter.extend(to_diagnostic(fault, text.node) for fault in parsed.faults)
    if parsed.tree is None or parsed.faults:
        return Unknown()
    kind, faults = resolve(parsed.tree, records)
    reporter.extend(to_diagnostic(fault, text.node) for fault in faults)
    return kind
