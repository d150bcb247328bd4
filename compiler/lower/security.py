"""Lowering `[security]`: what a narrative says and what its file says, as one set of rules."""

from collections.abc import Iterable

from botticelli.compiler.ir import program as ir
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.narrative.model import Security
from botticelli.compiler.syntax.nodes import Array, Node, Scalar


def lower_security(own: Security | None, shared: Security | None) -> ir.Security:
    """Merge a narrative's security with its file's: its own lists win, but no denial, constraint
    or confirmation of the file is lifted."""
    levels = [level for level in (own, shared) if level is not None]
    policies = [level.policy for level in levels if level.policy is not None]
    contents = [level.content for level in levels if level.content is not None]
    return ir.Security(
        allowed_commands=_words(next((each.allowed for each in policies if each.allowed), ())),
        denied_commands=_words(*(each.denied or () for each in policies)),
        require_confirmation=_words(*(each.confirmed or () for each in policies)),
        constraints=_constraints(levels),
        content=ir.ContentRules(
            max_length=min(
                (each.max_length.value for each in contents if each.max_length), default=None
            ),
            block_mass_mentions=any(
                each.block_mass_mentions is not None and each.block_mass_mentions.value
                for each in contents
            ),
            prohibited_patterns=_words(*(each.prohibited_patterns or () for each in contents)),
            allowed_domains=_words(
                next((each.allowed_domains for each in contents if each.allowed_domains), ())
            ),
        )
        if contents
        else None,
        write_tables=_words(next((each.write_tables for each in levels if each.write_tables), ())),
    )


Options = ir.JsonScalar | tuple[ir.JsonScalar, ...]


def _constraints(levels: Iterable[Security]) -> dict[str, Options]:
    constraints: dict[str, Options] = {}
    for level in levels:
        for name, node in (level.constraints or {}).items():
            said = constant_of(node)
            constraints[name] = (
                _both(name, constraints[name], said) if name in constraints else said
            )
    return constraints


def _both(name: str, first: Options, second: Options) -> Options:
    """Return the values, or the beginnings of values, that two constraints of one name admit."""
    some, others = (each if isinstance(each, tuple) else (each,) for each in (first, second))
    if not name.endswith("_prefix"):
        return tuple(each for each in some if str(each) in map(str, others))
    longer = [each for each in some if any(str(each).startswith(str(x)) for x in others)]
    longer += [each for each in others if any(str(each).startswith(str(x)) for x in some)]
    return tuple(dict.fromkeys(longer))


def _words(*lists: tuple[Text, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.value for texts in lists for text in texts))


def constant_of(node: Node) -> Options:
    """Return a scalar, or an array of scalars, as JSON has it."""
    if isinstance(node, Array):
        return tuple(scalar_value(item) for item in node.items)
    return scalar_value(node)


def scalar_value(node: Node) -> ir.JsonScalar:
    """Return a scalar as JSON has it; dates and times as ISO 8601."""
    assert isinstance(node, Scalar)
    found = node.value
    if found is None or isinstance(found, str | int | float | bool):
        return found
    return found.isoformat()
