"""Lowering narratives: the whole of one, with the security and budgets that hold for it."""

from botticelli.compiler.flow.steps import act_names
from botticelli.compiler.ir import program as ir
from botticelli.compiler.lower.acts import lower_act
from botticelli.compiler.lower.context import Context
from botticelli.compiler.lower.environment import environment_of
from botticelli.compiler.lower.settings import (
    lower_budget,
    lower_carousel,
    lower_limits,
    value,
)
from botticelli.compiler.lower.steps import lower_sequence
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.narrative.model import ContentStorage, Narrative, Security
from botticelli.compiler.semantics.configuration import Defaults
from botticelli.compiler.syntax.nodes import Array, Node, Scalar


def lower_narrative(narrative: Narrative, defaults: Defaults, context: Context) -> ir.Narrative:
    """Lower a narrative and the acts that its order names, in the order in which it names them."""
    assert narrative.order is not None
    acts = context.file.acts_of(narrative)
    names = dict.fromkeys(name.value for name in act_names(narrative.order.body))
    lowered = {name: lower_act(acts[name], narrative, defaults, context) for name in names}
    carousel = narrative.carousel
    return ir.Narrative(
        name=narrative.name,
        place=context.places.at(narrative.anchor.location),
        metadata={key: _metadata(node) for key, node in narrative.metadata.items()},
        order=lower_sequence(narrative.order.body, context.places),
        acts=lowered,
        carousel=lower_carousel(carousel, context.places.at(carousel.node.location))
        if carousel
        else None,
        limits=lower_limits(narrative.limits),
        budget=lower_budget(narrative.budget),
        content=_content(narrative.storage),
        security=_security(narrative.security, context.file.security),
        environment=environment_of(lowered.values()),
    )


def _metadata(node: Node) -> ir.JsonScalar | tuple[ir.JsonScalar, ...]:
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


def _content(storage: ContentStorage) -> ir.Content:
    return ir.Content(
        skip=value(storage.skip) or False,
        target=storage.target.value if storage.target else None,
        template=storage.template.value if storage.template else None,
    )


def _security(own: Security | None, shared: Security | None) -> ir.Security:
    """Merge a narrative's security with its file's: its own lists win, but no denial, constraint
    or confirmation of the file is lifted."""
    levels = [level for level in (own, shared) if level is not None]
    policies = [level.policy for level in levels if level.policy is not None]
    contents = [level.content for level in levels if level.content is not None]
    constraints: dict[str, ir.JsonScalar | tuple[ir.JsonScalar, ...]] = {}
    for level in levels:
        for name, node in (level.constraints or {}).items():
            constraints[name] = _metadata(node)
    return ir.Security(
        allowed_commands=_words(next((each.allowed for each in policies if each.allowed), ())),
        denied_commands=_words(*(each.denied or () for each in policies)),
        require_confirmation=_words(*(each.confirmed or () for each in policies)),
        constraints=constraints,
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


def _words(*lists: tuple[Text, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.value for texts in lists for text in texts))
