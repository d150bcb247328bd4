"""Lowering narratives: the whole of one, with the security and budgets that hold for it."""

from botticelli.compiler.flow.steps import act_names
from botticelli.compiler.ir import program as ir
from botticelli.compiler.lower.acts import lower_act
from botticelli.compiler.lower.context import Context
from botticelli.compiler.lower.environment import names_under
from botticelli.compiler.lower.security import constant_of, lower_security
from botticelli.compiler.lower.settings import (
    lower_budget,
    lower_carousel,
    lower_limits,
    value,
)
from botticelli.compiler.lower.steps import lower_sequence
from botticelli.compiler.narrative.model import ContentStorage, Narrative
from botticelli.compiler.semantics.configuration import Defaults


def lower_narrative(narrative: Narrative, defaults: Defaults, context: Context) -> ir.Narrative:
    """Lower a narrative and the acts that its order names, in the order in which it names them."""
    assert narrative.order is not None
    acts = context.file.acts_of(narrative)
    names = dict.fromkeys(name.value for name in act_names(narrative.order.body))
    lowered = {name: lower_act(acts[name], narrative, defaults, context) for name in names}
    order = lower_sequence(narrative.order.body, context.places)
    carousel = narrative.carousel
    return ir.Narrative(
        name=narrative.name,
        place=context.places.at(narrative.anchor.location),
        metadata={key: constant_of(node) for key, node in narrative.metadata.items()},
        order=order,
        acts=lowered,
        carousel=lower_carousel(carousel, context.places.at(carousel.node.location))
        if carousel
        else None,
        limits=lower_limits(narrative.limits),
        budget=lower_budget(narrative.budget),
        content=_content(narrative.storage),
        security=lower_security(narrative.security, context.file.security),
        environment=tuple(names_under("env", (lowered, order))),
    )


def _content(storage: ContentStorage) -> ir.Content:
    return ir.Content(
        skip=value(storage.skip) or False,
        target=storage.target.value if storage.target else None,
        template=storage.template.value if storage.template else None,
    )
