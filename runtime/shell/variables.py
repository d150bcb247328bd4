"""The values under `vars`: from the command line, else the project's defaults, each of its type."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import msgspec

from botticelli.compiler.ir.program import Variable
from botticelli.compiler.ir.types import Bool, Float, Int, Json, List, Optional, Record, Type
from botticelli.compiler.semantics.commands.values import mismatches
from botticelli.compiler.semantics.secrets import names_secret
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
        if variable == Variable() and name not in given:
            continue
        values[name] = None
        if name in given:
            try:
                values[name] = convert(given[name], variable.type, secret=names_secret(name))
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


def convert(text: str, kind: Type | None, *, secret: bool = False) -> Any:
    """Return the value that a text on the command line stands for; one that is `secret` is not
    repeated.

    Raises ValueError with a message that goes on after "the variable X".
    """
    match kind:
        case None:
            return text
        case Optional(of=inner):
            return None if text == "" else convert(text, inner, secret=secret)
    value = _read(text, kind)
    for fault in mismatches(kind, value):
        where = "".join(f"[{key!r}]" for key in fault.path)
        found = "" if secret else f", not {fault.found}"
        raise ValueError(f"takes {fault.expected}{f' at {where}' * bool(where)}{found}")
    return value


def _read(text: str, kind: Type) -> Any:
    """Read a text as a type wants it; one that cannot be read so stays text, which does not fit."""
    match kind:
        case Int() | Float():
            with suppress(ValueError):
                return int(text) if isinstance(kind, Int) else float(text)
        case Bool():
            return {"true": True, "false": False}.get(text.lower(), text)
        case List() | Record() | Json():
            try:
                return msgspec.json.decode(text)
            except msgspec.DecodeError as error:
                raise ValueError(f"takes JSON: {error}") from error
    return text
