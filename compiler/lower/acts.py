"""Lowering acts: precedence of settings resolved, conditions and types as nodes."""

from msgspec.structs import replace

from botticelli.compiler.ir import program as ir
from botticelli.compiler.lower.context import Context
from botticelli.compiler.lower.expressions import lower_condition, lower_output
from botticelli.compiler.lower.inputs import lower_input
from botticelli.compiler.lower.settings import (
    lower_carousel,
    lower_retry,
    lower_settings,
    lower_timeout,
    settings_over,
    value,
)
from botticelli.compiler.lower.values import lower_value
from botticelli.compiler.narrative.model import Act, Conduct, Narrative
from botticelli.compiler.semantics.configuration import Defaults

_PERFORMED = (ir.CommandInput, ir.TableInput)


def lower_act(act: Act, narrative: Narrative, defaults: Defaults, context: Context) -> ir.Act:
    """Lower one act as its narrative runs it."""
    character = context.file.characters.get(act.character.value) if act.character else None
    conducts = [act.conduct, character.conduct if character else Conduct(), narrative.conduct]
    most = value(act.max_bytes)
    inputs = tuple(_within(lower_input(item, context), most) for item in act.inputs)
    place = context.places.at(act.name.location)
    persona = character.persona if character else None
    return ir.Act(
        name=act.name.value,
        place=place,
        inputs=inputs,
        narrative=context.narrative_key(act.narrative.value) if act.narrative else None,
        arguments={
            key: lower_value(node, context.places, context.names) for key, node in act.arguments
        }
        if act.arguments
        else {},
        asks_model=act.narrative is None and _asks_model(inputs),
        system=context.places.template(persona) if persona else None,
        character=act.character.value if act.character else None,
        settings=settings_over(lower_settings(*conducts), defaults.settings),
        output=lower_output(act.output, context.schemas) if act.output else None,
        when=lower_condition(act.when) if act.when else None,
        carousel=lower_carousel(act.carousel, context.places.at(act.carousel.node.location))
        if act.carousel
        else None,
        retry=lower_retry(*conducts, default=defaults.retry),
        timeout=lower_timeout(*conducts, default=defaults.timeout),
        extract_output=value(act.extract_output) or False,
        max_bytes=most,
    )


def _within(item: ir.Input, most: int | None) -> ir.Input:
    """What an act says of its inputs holds for those that say nothing themselves."""
    if most is None or item.max_bytes is not None or isinstance(item, ir.MediaInput):
        return item
    return replace(item, max_bytes=most)


def _asks_model(inputs: tuple[ir.Input, ...]) -> bool:
    """An act with text asks the model, and so does one that has nothing but media to show it."""
    if any(isinstance(item, ir.TextInput | ir.NarrativeInput) for item in inputs):
        return True
    return not any(isinstance(item, _PERFORMED) for item in inputs)
