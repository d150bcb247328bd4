"""Values that fit a JSON Schema, for answers of models that nobody asked.

The same chance gives the same value. Texts are short, lists have one or two items, and numbers keep
near the bounds that are given.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

MARK = "[simulated]"
_EPOCH = datetime(2030, 1, 1, tzinfo=UTC)
_DAYS = 365
_SPREAD = 100
"""How far a number may be from its bound."""
_WORDS_IN_TEXT = 6


def simulated_value(schema: Mapping[str, Any], chance: Random, words: list[str]) -> Any:
    """Return a value that fits a schema of the forms that types of the language have."""
    if "anyOf" in schema:
        options = [each for each in schema["anyOf"] if each.get("type") != "null"]
        return simulated_value(options[0], chance, words) if options else None
    if "enum" in schema:
        return chance.choice(schema["enum"])
    make = _MAKERS.get(schema.get("type", ""))
    return make(schema, chance, words) if make is not None else MARK


def _object(schema: Mapping[str, Any], chance: Random, words: list[str]) -> dict[str, Any]:
    properties = schema.get("properties", {})
    return {name: simulated_value(each, chance, words) for name, each in properties.items()}


def _array(schema: Mapping[str, Any], chance: Random, words: list[str]) -> list[Any]:
    count = chance.randint(1, 2)
    return [simulated_value(schema.get("items", {}), chance, words) for _ in range(count)]


def _integer(schema: Mapping[str, Any], chance: Random, words: list[str]) -> int:
    del words
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None:
        low = 0 if high is None or high >= 0 else high - _SPREAD
    return chance.randint(low, low + _SPREAD if high is None else high)


def _text(schema: Mapping[str, Any], chance: Random, words: list[str]) -> str:
    moment = _EPOCH + timedelta(days=chance.randrange(_DAYS), seconds=chance.randrange(86_400))
    match schema.get("format"):
        case "date":
            return moment.date().isoformat()
        case "date-time":
            return moment.isoformat()
    text = " ".join((MARK, *(chance.choice(words) for _ in range(_WORDS_IN_TEXT))))
    while len(text) < schema.get("minLength", 0):
        text += f" {chance.choice(words)}"
    limit = schema.get("maxLength")
    return text if limit is None else text[:limit]


_MAKERS: dict[str, Callable[[Mapping[str, Any], Random, list[str]], Any]] = {
    "object": _object,
    "array": _array,
    "integer": _integer,
    "number": lambda _, chance, __: round(chance.uniform(0, 100), 2),
    "boolean": lambda _, chance, __: chance.random() < 0.5,
    "null": lambda *_: None,
    "string": _text,
}
