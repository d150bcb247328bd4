"""Values that fit the types of arguments, to call every command with."""

from typing import Any

from botticelli.compiler.ir.types import (
    Bool,
    Enum,
    Float,
    Int,
    Json,
    List,
    Optional,
    Record,
    Text,
    Timestamp,
    Type,
)
from botticelli.compiler.semantics.commands import Command
from botticelli.compiler.semantics.commands.kinds import Base64, Choice, Emoji, Id

SIMPLE: dict[type, Any] = {
    Base64: "iVBORw0KGgo=",
    Bool: True,
    Emoji: "👍",
    Float: 0.5,
    Json: {},
    Text: "https://example.org/",
    Timestamp: "2031-01-31T12:00:00+00:00",
}


def example(type_: Type, salt: int = 0) -> Any:
    """Return a value of the type; differing salts give differing ids."""
    match type_:
        case Id():
            return str(1_300_000_000_000_000_000 + salt)
        case Choice():
            return type_.values[0][0]
        case Optional():
            return example(type_.of, salt)
        case Int():
            return 1 if type_.minimum is None else type_.minimum
        case Enum():
            return type_.values[0]
        case List():
            items = [example(type_.item, salt + number) for number in range(2)]
            return items if items[0] != items[1] else items[:1]
        case Record():
            return {field.name: example(field.type, salt + 1) for field in type_.fields}
    return SIMPLE[type(type_)]


def arguments_for(command: Command, *, everything: bool) -> dict[str, Any]:
    """Return arguments for a command: the needed ones, or all that may stand together."""
    chosen: dict[str, Any] = {}
    for number, argument in enumerate(command.arguments):
        if argument.required or (everything and argument.name not in UNLIKE):
            chosen[argument.name] = example(argument.type, 10 * number)
    if everything:
        chosen |= {name: UNLIKE[name] for name in UNLIKE if command.argument(name)}
    for group in command.missing(list(chosen)):
        argument = command.argument(group[0])
        chosen[argument.name] = example(argument.type)
    for name in command.unfit(list(chosen)):
        del chosen[name]
    return chosen


UNLIKE: dict[str, Any] = {
    "components": [{"type": 10, "content": "Text"}],
    "entity_metadata": {"location": "Here"},
    "entity_type": "external",
    "message": {"content": "Text"},
}
"""Values that an example of their type would not be."""
