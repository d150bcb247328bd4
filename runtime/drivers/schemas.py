"""JSON Schemas in the narrower form that strict structured output takes.

Providers that hold a model to a schema want an object at its root, no further properties, and only
some of JSON Schema's keywords; OpenAI also wants every property required. What is narrowed on the
way out is undone in the answer: a wrapped value is unwrapped, and null goes from properties that
need not be there.
"""

import json
from typing import Any

from msgspec import Struct

WRAPPER = "value"
"""The one property of the object that stands around what is no object."""

Schema = dict[str, Any]


class Dialect(Struct, frozen=True, kw_only=True):
    """What a provider takes. `keywords` are those beside the ones that make up the structure."""

    keywords: frozenset[str]
    all_required: bool


OPENAI = Dialect(
    keywords=frozenset(
        {
            "pattern",
            "format",
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "multipleOf",
            "minItems",
            "maxItems",
        }
    ),
    all_required=True,
)
"""https://platform.openai.com/docs/guides/structured-outputs#supported-schemas"""

ANTHROPIC = Dialect(keywords=frozenset({"format"}), all_required=False)
"""https://platform.claude.com/docs/en/build-with-claude/structured-outputs"""

_STRUCTURE = ("type", "enum", "const", "description", "title", "$ref")


class Strict(Struct, frozen=True, kw_only=True):
    """A schema for a provider. `wrapped`: the value stands under WRAPPER. `strict`: the provider
    can hold a model to it; a schema that admits any object or any value is none such."""

    schema: Schema
    original: Schema
    wrapped: bool
    strict: bool

    def undo(self, text: str) -> str:
        """Return the answer in the form that the original schema asks for.

        A text that is no JSON, as after a cut, is returned as it is: it is the reader's to judge.
        """
        try:
            value = json.loads(text)
        except ValueError:
            return text
        if self.wrapped:
            if not isinstance(value, dict) or WRAPPER not in value:
                return text
            value = value[WRAPPER]
        if not self.strict:
            return json.dumps(value, ensure_ascii=False) if self.wrapped else text
        return json.dumps(_without_fillers(value, self.original, self.original), ensure_ascii=False)


def strict_schema(schema: Schema, dialect: Dialect) -> Strict:
    """Narrow a schema to what a provider takes."""
    wrapped = schema.get("type") != "object"
    possible = _closed(schema)
    root = _narrow(schema, dialect) if possible else dict(schema)
    definitions = root.pop("$defs", None)
    if wrapped:
        root = {
            "type": "object",
            "properties": {WRAPPER: root},
            "required": [WRAPPER],
            "additionalProperties": False,
        }
    if definitions:
        root["$defs"] = definitions
    return Strict(schema=root, original=schema, wrapped=wrapped, strict=possible)


def _closed(schema: Any) -> bool:
    """Tell whether a schema says at every level what may stand there."""
    if not isinstance(schema, dict):
        return False
    inner = [*schema.get("anyOf", ()), *schema.get("$defs", {}).values()]
    if not all(map(_closed, inner)):
        return False
    match schema.get("type"):
        case "object":
            properties = schema.get("properties")
            return (
                isinstance(properties, dict)
                and not schema.get("additionalProperties")
                and all(map(_closed, properties.values()))
            )
        case "array":
            return _closed(schema.get("items"))
        case None:
            return any(key in schema for key in ("anyOf", "enum", "const", "$ref"))
        case str():
            return True
        case kinds:
            return "object" not in kinds and "array" not in kinds


def _narrow(schema: Schema, dialect: Dialect) -> Schema:
    narrow: Schema = {key: schema[key] for key in _STRUCTURE if key in schema}
    lost = {}
    for key, value in schema.items():
        if key == "anyOf":
            narrow[key] = [_narrow(each, dialect) for each in value]
        elif key == "$defs":
            narrow[key] = {name: _narrow(each, dialect) for name, each in value.items()}
        elif key == "items":
            narrow[key] = _narrow(value, dialect)
        elif key in dialect.keywords:
            narrow[key] = value
        elif key not in (*_STRUCTURE, "properties", "required", "additionalProperties", "$schema"):
            lost[key] = value
    if schema.get("type") == "object":
        _narrow_object(schema, narrow, dialect)
    if lost:
        # A model that is told of a bound keeps it more often than one that is not.
        bounds = json.dumps(lost, ensure_ascii=False)
        narrow["description"] = f"{narrow.get('description', '')} {bounds}".strip()
    return narrow


def _narrow_object(schema: Schema, narrow: Schema, dialect: Dialect) -> None:
    properties: Schema = schema["properties"]
    required = schema.get("required", ())
    narrow["properties"] = {
        name: _narrow(each, dialect)
        if name in required or not dialect.all_required
        else _nullable(_narrow(each, dialect))
        for name, each in properties.items()
    }
    narrow["required"] = list(properties) if dialect.all_required else list(required)
    narrow["additionalProperties"] = False


def _nullable(schema: Schema) -> Schema:
    return schema if _admits_null(schema) else {"anyOf": [schema, {"type": "null"}]}


def _admits_null(schema: Schema) -> bool:
    kind = schema.get("type")
    if kind == "null" or (isinstance(kind, list) and "null" in kind):
        return True
    if None in schema.get("enum", ()):
        return True
    return any(_admits_null(each) for each in schema.get("anyOf", ()))


def _without_fillers(value: Any, schema: Schema, root: Schema) -> Any:
    """Leave out the nulls that only stand because every property had to."""
    schema = _resolve(schema, root)
    if isinstance(value, list):
        items = schema.get("items", {})
        return [_without_fillers(each, items, root) for each in value]
    properties = schema.get("properties")
    if not isinstance(value, dict) or not isinstance(properties, dict):
        return value
    required = schema.get("required", ())
    return {
        name: _without_fillers(each, properties.get(name, {}), root)
        for name, each in value.items()
        if each is not None or name in required or _admits_null(properties.get(name, {}))
    }


def _resolve(schema: Schema, root: Schema) -> Schema:
    """Follow a reference into `$defs`, and through `T or null` to T."""
    while True:
        if "$ref" in schema:
            name = str(schema["$ref"]).rpartition("/")[2]
            schema = root.get("$defs", {}).get(name, {})
            continue
        alternatives = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
        if len(alternatives) != 1:
            return schema
        schema = alternatives[0]
