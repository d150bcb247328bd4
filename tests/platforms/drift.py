"""How a type of the registry differs from a schema of the contract."""

from collections.abc import Iterator
from typing import Any

from servers.contract import Contract

from botticelli.compiler.ir.types import (
    Bool,
    Enum,
    Float,
    Int,
    Json,
    List,
    Null,
    Optional,
    Record,
    Text,
    Timestamp,
    Type,
)
from botticelli.compiler.semantics.commands.kinds import Choice, Emoji, Id

NO_REAL_BOUND = 100_000
"""The contract caps every text and list without a limit of its own somewhere above this."""


class Drift:
    """Compares with one contract. What is found is said in words, after the place."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract

    def argument(self, type_: Type, schema: Any) -> Iterator[str]:
        """Say where an argument takes what the schema refuses, or lacks what it names."""
        alternatives = list(self._alternatives(schema))
        if isinstance(type_, Optional):
            if not any(_kind(each) == "null" for each in alternatives):
                yield "may not be null"
            type_ = type_.of
        found = [
            list(self._narrower(type_, each)) for each in alternatives if _kind(each) != "null"
        ]
        yield from min(found, key=len)

    def united(self, schemas: list[Any]) -> list[Any]:
        """Return the schemas of one property, enumerations of several made one."""
        constants = [
            constant
            for schema in schemas
            for each in self._alternatives(schema)
            for constant in _constants(each)
        ]
        if len(schemas) < 2 or not constants:
            return schemas
        return [*schemas, {"type": [_kind({"enum": constants}), "null"], "enum": constants}]

    def result(self, type_: Type, schemas: list[Any]) -> Iterator[str]:
        """Say where a result promises what the schemas do not, or lacks a field of theirs."""
        alternatives = [each for schema in schemas for each in self._alternatives(schema)]
        alternatives = [each for each in alternatives if _kind(each) != "null"]
        match type_:
            case Json():
                return
            case List():
                yield from self.result(type_.item, [each["items"] for each in alternatives])
            case Record():
                yield from self._fields(type_, alternatives)
            case _:
                for each in alternatives:
                    if _kind(each) != _JSON_KINDS[_base(type_)]:
                        yield f"is {_kind(each)}"
                    if isinstance(type_, Timestamp) != (each.get("format") == "date-time"):
                        yield "is a timestamp in one place only"

    def _fields(self, type_: Record, schemas: list[Any]) -> Iterator[str]:
        properties: dict[str, list[Any]] = {}
        for schema in schemas:
            for name, each in self._contract.properties(schema).items():
                properties.setdefault(name, []).extend(each)
        known = {field.name: field for field in type_.fields}
        yield from (f"lacks `{name}`" for name in properties if name not in known)
        for name, field in known.items():
            if name not in properties:
                yield f"`{name}` is not in the contract"
                continue
            always = all(name in schema.get("required", ()) for schema in schemas)
            nullable = any(
                _kind(each) == "null"
                for schema in properties[name]
                for each in self._alternatives(schema)
            )
            if field.optional != (nullable or not always):
                yield f"`{name}` is {'always' if field.optional else 'not always'} there"
            for fault in self.result(field.type, properties[name]):
                yield f"`{name}` {fault}"

    def _alternatives(self, schema: Any) -> Iterator[Any]:
        schema = self._contract.resolve(schema)
        kinds = [kind for kind in ("oneOf", "anyOf") if kind in schema]
        if kinds and not _constants(schema):
            for each in schema[kinds[0]]:
                yield from self._alternatives(each)
        elif isinstance(schema.get("type"), list):
            yield from ({**schema, "type": each} for each in schema["type"])
        else:
            yield schema

    def _narrower(self, type_: Type, schema: Any) -> Iterator[str]:
        match type_:
            case Json():
                return
            case Choice() | Enum():
                numbers = isinstance(type_, Choice)
                mine = {each for _, each in type_.values} if numbers else set(type_.values)
                theirs = set(_constants(schema))
                if mine != theirs:
                    yield f"differs in {sorted(mine ^ theirs)}"
            case List():
                if _kind(schema) != "array":
                    yield f"is {_kind(schema)}"
                else:
                    yield from (
                        f"item {each}" for each in self.argument(type_.item, schema["items"])
                    )
            case Record():
                yield from self._record(type_, schema)
            case _:
                yield from self._scalar(type_, schema)

    def _record(self, type_: Record, schema: Any) -> Iterator[str]:
        properties = self._contract.properties(schema)
        for field in type_.fields:
            if field.name not in properties:
                yield f"`{field.name}` is not in the contract"
                continue
            if field.optional == (field.name in schema.get("required", ())):
                yield f"`{field.name}` is {'needed' if field.optional else 'not needed'}"
            for fault in self.argument(field.type, properties[field.name][0]):
                yield f"`{field.name}` {fault}"
        mine = {field.name for field in type_.fields}
        yield from (f"lacks `{n}`" for n in schema.get("required", ()) if n not in mine)

    def _scalar(self, type_: Type, schema: Any) -> Iterator[str]:
        if _kind(schema) != _JSON_KINDS[_base(type_)]:
            yield f"is {_kind(schema)}"
        if isinstance(type_, Id) != (schema.get("format") == "snowflake"):
            yield "is an id in one place only"
        if isinstance(type_, Timestamp) != (schema.get("format") == "date-time"):
            yield "is a timestamp in one place only"
        if isinstance(type_, Id | Emoji) or not isinstance(type_, Text | Int):
            return
        word = "Length" if isinstance(type_, Text) else "imum"
        least, most = schema.get(f"min{word}"), schema.get(f"max{word}")
        if least is not None and (type_.minimum or 0) < least:
            yield f"takes less than {least}"
        if most is not None and most < NO_REAL_BOUND and (type_.maximum or 1 << 63) > most:
            yield f"takes more than {most}"


_JSON_KINDS = {
    Text: "string",
    Timestamp: "string",
    Int: "integer",
    Float: "number",
    Bool: "boolean",
    Null: "null",
    Enum: "string",
}


def _base(type_: Type) -> type:
    return next(each for each in type(type_).__mro__ if each in _JSON_KINDS)


def _constants(schema: Any) -> list[Any]:
    if schema.get("enum"):
        return list(schema["enum"])
    return [each["const"] for each in schema.get("oneOf", ()) if "const" in each]


def _kind(schema: Any) -> str:
    if "type" in schema:
        return str(schema["type"])
    constants = _constants(schema)
    if constants:
        return "string" if isinstance(constants[0], str) else "integer"
    return "object"
