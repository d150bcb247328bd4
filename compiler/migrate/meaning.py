"""What a file means to the runtime: its narratives as they are lowered, wherever they stand."""

from typing import Any

import msgspec

from botticelli.compiler.diagnostics import Diagnostic
from botticelli.compiler.lower.narratives import lower_narrative
from botticelli.compiler.lower.program import context_of
from botticelli.compiler.semantics.commands import canonical, platforms
from botticelli.compiler.workspace.workspace import NarrativeAt, Unit, Workspace
from botticelli.grammar import catalogue
from botticelli.grammar.catalogue import Severity

_PREVENTS_LOWERING = frozenset(
    {
        catalogue.SYNTAX_ERROR,
        catalogue.DUPLICATE_KEY,
        catalogue.WRONG_TYPE,
        catalogue.MISSING_KEY,
        catalogue.CONFLICTING_KEYS,
        catalogue.BAD_VALUE,
        catalogue.EMPTY_ACT,
        catalogue.NO_NARRATIVE,
        catalogue.UNKNOWN_ACT,
        catalogue.UNKNOWN_RESOURCE,
        catalogue.UNKNOWN_NARRATIVE,
        catalogue.EMPTY_ORDER,
        catalogue.MISSING_ORDER,
        catalogue.DUPLICATE_NARRATIVE,
        catalogue.TEMPLATE_SYNTAX,
        catalogue.EXPRESSION_SYNTAX,
        catalogue.UNKNOWN_FUNCTION,
        catalogue.VALUE_AS_NAME,
        catalogue.MEDIA_NOT_FOUND,
    }
)
_POLICIES = ("allowed_commands", "denied_commands", "require_confirmation")


def hindrances(found: list[Diagnostic]) -> list[Diagnostic]:
    """Return the errors that leave it open what a file means."""
    return [
        each
        for each in found
        if each.rule.severity is Severity.ERROR and each.rule in _PREVENTS_LOWERING
    ]


def meaning(unit: Unit, workspace: Workspace) -> Any:
    """Return what the narratives of a file mean, as plain data that can be compared.

    Commands bear their present names. Call only for a file without ``hindrances``.
    """
    assert unit.file is not None
    defaults = workspace.configuration.defaults
    schemas = workspace.types.records
    lowered = {}
    for narrative in unit.file.narratives:
        at = NarrativeAt(unit, narrative)
        context = context_of(at, workspace, schemas, lambda called: f"{called.key}")
        lowered[narrative.name] = msgspec.to_builtins(lower_narrative(narrative, defaults, context))
    links = {name: link.target.value for name, link in unit.file.links.items()}
    return [_placeless(lowered), links]


def _placeless(data: Any) -> Any:
    """Leave out where things stand, and call commands what they are called today."""
    if isinstance(data, list | tuple):
        return [_placeless(item) for item in data]
    if not isinstance(data, dict):
        return data
    plain = {
        key: _placeless(value)
        for key, value in data.items()
        if not (key == "place" and _is_place(value))
    }
    if plain.get("input") == "command":
        plain["command"] = canonical(plain["platform"], plain["command"])
    for key in _POLICIES:
        if isinstance(plain.get(key), list):
            plain[key] = [_present(name) for name in plain[key]]
    return plain


def _is_place(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"path", "line", "column"}


def _present(name: Any) -> Any:
    """Return the present name of a command in a policy, which need not say the platform."""
    if not isinstance(name, str):
        return name
    first, _, rest = name.partition(".")
    if first in platforms():
        return f"{first}.{canonical(first, rest)}"
    names = (canonical(platform, name) for platform in platforms())
    return next((present for present in names if present != name), name)
