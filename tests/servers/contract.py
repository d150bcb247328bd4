"""An OpenAPI contract as a judge of requests: which operation one is, and what is wrong with it."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from jsonschema import Draft202012Validator, FormatChecker
from msgspec import Struct
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

CONTRACTS = Path(__file__).parents[2].parent / "shared" / "contracts"
FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def _is_timestamp(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


class Operation(Struct, frozen=True):
    """One operation of the contract; ``parameters`` holds those of its path and its own."""

    id: str
    method: str
    path: str
    pointer: str
    definition: dict[str, Any]
    parameters: tuple[dict[str, Any], ...]

    def named(self, location: str) -> dict[str, dict[str, Any]]:
        return {each["name"]: each for each in self.parameters if each["in"] == location}

    @property
    def body_types(self) -> Mapping[str, Any]:
        content: dict[str, Any] = self.definition.get("requestBody", {}).get("content", {})
        return content

    @property
    def success(self) -> tuple[int, Any]:
        """The first successful status and the schema of its JSON, None where it has no body."""
        status, answer = next(
            (status, answer)
            for status, answer in sorted(self.definition["responses"].items())
            if status.startswith("2")
        )
        return int(status), answer.get("content", {}).get("application/json", {}).get("schema")


class Contract:
    """A contract document, indexed once; validators are made when an operation is first met."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        resource = Resource(contents=document, specification=DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource("urn:contract", resource)
        self._validators: dict[str, Draft202012Validator] = {}

    @classmethod
    def read(cls, name: str) -> "Contract | None":
        """Read a contract, or return None where this checkout has none."""
        path = CONTRACTS / name
        return cls(json.loads(path.read_text("utf-8"))) if path.exists() else None

    @cached_property
    def operations(self) -> dict[str, Operation]:
        found = {}
        for path, item in self.document["paths"].items():
            for method, definition in item.items():
                if method == "parameters":
                    continue
                parameters = (*item.get("parameters", ()), *definition.get("parameters", ()))
                pointer = f"#/paths/{path.replace('~', '~0').replace('/', '~1')}/{method}"
                operation = Operation(
                    definition["operationId"],
                    method.upper(),
                    path,
                    quote(pointer, safe="#/~"),
                    definition,
                    parameters,
                )
                found[operation.id] = operation
        return found

    @cached_property
    def _routes(self) -> list[tuple[str, re.Pattern[str], Operation]]:
        """Routes, those with more fixed segments first, so that `@me` wins over `{user_id}`."""
        ordered = sorted(self.operations.values(), key=lambda each: each.path.count("{"))
        return [
            (
                each.method,
                re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(each.path))),
                each,
            )
            for each in ordered
        ]

    def match(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """Find the operation of a request by its method and its raw path."""
        for known, pattern, operation in self._routes:
            found = pattern.fullmatch(path) if known == method else None
            if found:
                return operation, {name: unquote(each) for name, each in found.groupdict().items()}
        return None

    def resolve(self, schema: Any) -> Any:
        """Follow references of a schema at its top."""
        while isinstance(schema, dict) and "$ref" in schema:
            part = self.document
            for key in schema["$ref"].removeprefix("#/").split("/"):
                part = part[key]
            schema = part
        return schema

    def faults(
        self,
        operation: Operation,
        path: Mapping[str, str],
        query: Mapping[str, list[str]],
        body: Any,
    ) -> Iterator[str]:
        """Say what is wrong with a request; ``body`` is its decoded JSON, or None without one."""
        for name, value in path.items():
            yield from self._parameter(operation.named("path")[name], [value])
        known = operation.named("query")
        for name, values in query.items():
            if name not in known:
                yield f"the query has `{name}`, which the contract does not know"
            else:
                yield from self._parameter(known[name], values)
        for name, parameter in known.items():
            if parameter.get("required") and name not in query:
                yield f"the query lacks `{name}`"
        yield from self._body(operation, body)

    def invalid(self, schema: Any, pointer: str, value: Any) -> Iterator[str]:
        """Compare a value with the schema that stands at the pointer."""
        validator = self._validators.get(pointer)
        if validator is None:
            validator = Draft202012Validator(
                _absolute(schema), registry=self._registry, format_checker=FORMATS
            )
            self._validators[pointer] = validator
        for error in validator.iter_errors(value):
            yield f"{error.json_path}: {error.message[:300]}"

    def _parameter(self, parameter: dict[str, Any], values: list[str]) -> Iterator[str]:
        schema = self.resolve(parameter["schema"])
        lists = [each for each in (schema, *schema.get("oneOf", ())) if each.get("type") == "array"]
        read: Any
        if lists:
            read = [_scalar(self.resolve(lists[0]["items"]), each) for each in values]
        elif len(values) == 1:
            read = _scalar(schema, values[0])
        else:
            yield f"`{parameter['name']}` is given {len(values)} times"
            return
        pointer = f"parameter {parameter['name']} {json.dumps(parameter['schema'])}"
        for fault in self.invalid(parameter["schema"], pointer, read):
            yield f"`{parameter['name']}` {fault}"

    def _body(self, operation: Operation, body: Any) -> Iterator[str]:
        schema = operation.body_types.get("application/json", {}).get("schema")
        if body is None:
            if operation.definition.get("requestBody", {}).get("required"):
                yield "the body is missing"
            return
        if schema is None:
            yield "the operation takes no JSON body"
            return
        yield from self.invalid(schema, operation.id, body)
        if isinstance(body, dict):
            known = self.properties(schema)
            for name in body:
                if name not in known:
                    yield f"the body has `{name}`, which the contract does not know"

    def properties(self, schema: Any) -> dict[str, list[Any]]:
        """Return the properties of an object schema, of all its alternatives together."""
        schema = self.resolve(schema)
        found = {name: [each] for name, each in schema.get("properties", {}).items()}
        for kind in ("oneOf", "anyOf", "allOf"):
            for alternative in schema.get(kind, ()):
                for name, each in self.properties(alternative).items():
                    found.setdefault(name, []).extend(each)
        return found

    def example(self, schema: Any, depth: int = 0) -> Any:
        """Make a value that fits a schema: required properties only, the first of alternatives."""
        schema = self.resolve(schema)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return schema["enum"][0]
        for kind in ("oneOf", "anyOf"):
            if kind in schema:
                chosen = [each for each in schema[kind] if each.get("type") != "null"]
                return self.example(chosen[0], depth)
        kinds = schema.get("type", "object")
        kind = kinds if isinstance(kinds, str) else next(each for each in kinds if each != "null")
        return self._example_of(kind, schema, depth)

    def _example_of(self, kind: str, schema: dict[str, Any], depth: int) -> Any:
        match kind:
            case "string":
                return _example_text(schema)
            case "integer" | "number":
                return schema.get("minimum", 1)
            case "boolean":
                return True
            case "array":
                length = max(schema.get("minItems", 0), 1 if depth < 2 else 0)
                items = self.resolve(schema.get("items", {}))
                if items.get("type") == "null" or depth > 4:
                    return []
                return [self.example(schema["items"], depth + 1) for _ in range(length)]
            case _:
                required = schema.get("required", ())
                result = {
                    name: self.example(each, depth + 1)
                    for name, each in schema.get("properties", {}).items()
                    if name in required
                }
                for part in schema.get("allOf", ()):
                    result |= self.example(part, depth)
                return result


def _absolute(schema: Any) -> Any:
    """Return a schema whose references lead into the contract, wherever it is used."""
    if isinstance(schema, dict):
        return {
            key: f"urn:contract{value}" if key == "$ref" else _absolute(value)
            for key, value in schema.items()
        }
    return [_absolute(each) for each in schema] if isinstance(schema, list) else schema


def _scalar(schema: dict[str, Any], text: str) -> Any:
    kinds = schema.get("type", "string")
    if "integer" in kinds or any(isinstance(e.get("const"), int) for e in schema.get("oneOf", ())):
        return int(text) if re.fullmatch(r"-?\d+", text) else text
    if "boolean" in kinds:
        return {"true": True, "false": False}.get(text, text)
    return text


def _example_text(schema: dict[str, Any]) -> str:
    match schema.get("format"):
        case "snowflake":
            return "1000000000000000001"
        case "date-time":
            return "2030-01-31T12:00:00+00:00"
        case "uri":
            return "https://example.org/"
    return "example"[: schema.get("maxLength", 7)].ljust(schema.get("minLength", 0), "x")
