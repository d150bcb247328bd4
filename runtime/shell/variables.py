"""The values under `vars`: from the command line, else the project's defaults, each of its type."""

from collections.abc import Mapping
from typing import Any

import msgspec

from botticelli.compiler.ir.program import Variable
from botticelli.compiler.ir.types import Bool, Enum, Float, Int, Json, List, Optional, Record, Type
from botticelli.compiler.semantics.templates import TemplateError
from botticelli.runtime.flow.values import evaluate
from botticelli.runtime.problems import Problem


def resolve_variables(
    declared: Mapping[str, Variable], given: Mapping[str, str], environment: Mapping[str, str]
) -> tuple[dict[str, Any], list[Problem]]:
    """Return the values of all variables, and what is wrong with them."""
    values: dict[str, Any] = {}
    problems = [
        Problem(f"there is no variable {name!r}", usage=True, name=name, known=tuple(declared))
        for name in given
        if name not in declared
    ]
    for name, variable in declared.items():
        values[name] = None
        if name in given:
            try:
                values[name] = convert(given[name], variable.type)
            except ValueError as error:
                problems.append(Problem(f"the variable {name!r} {error}", usage=True))
        elif variable.default is not None:
            try:
                values[name] = evaluate(variable.default, {"env": environment})
            except TemplateError as error:
                problems.append(Problem(f"the default of the variable {name!r}: {error}"))
        elif variable.required:
            message = f"the variable {name!r} has no value: give it with --var {name}=VALUE"
            problems.append(Problem(message, usage=True))
    return values, problems


def convert(text: str, kind: Type | None) -> Any:
    """Return the value that a text on the command line stands for.

    Raises ValueError with a message that goes on after "the variable X".
    """
    match kind:
        case Optional(of=inner):
            return None if text == "" else convert(text, inner)
        case Int():
            return _number(text, kind, int)
        case Float():
            return _number(text, kind, float)
        case Bool():
            if text.lower() not in ("true", "false"):
                raise ValueError(f"takes true or false, not {text!r}")
            return text.lower() == "true"
        case Enum(values=values):
            if text not in values:
                raise ValueError(f"takes {' or '.join(map(repr, values))}, not {text!r}")
            return text
        case List() | Record() | Json():
            try:
                return msgspec.json.decode(text)
            except msgspec.DecodeError as error:
                raise ValueError(f"takes JSON: {error}") from error
        case _:
            return text


def _number(text: str, kind: Int | Float, parse: type[int] | type[float]) -> int | float:
    try:
        number = parse(text)
    except ValueError:
        what = "a whole number" if parse is int else "a number"
        raise ValueError(f"takes {what}, not {text!r}") from None
    if isinstance(kind, Int):
        if kind.minimum is not None and number < kind.minimum:
            raise ValueError(f"takes at least {kind.minimum}, not {text}")
        if kind.maximum is not None and number > kind.maximum:
            raise ValueError(f"takes at most {kind.maximum}, not {text}")
    return number
