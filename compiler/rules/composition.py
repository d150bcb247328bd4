"""Rules on narratives that run others: found, one of its name, and never in a circle."""

from botticelli.compiler.diagnostics import Label, Location
from botticelli.compiler.narrative.model import Reference, Trigger
from botticelli.compiler.nearest import listing, nearest
from botticelli.compiler.renaming import renaming
from botticelli.compiler.rules.resources import acts_of_file
from botticelli.compiler.rules.subject import Subject
from botticelli.compiler.workspace.circles import Circle
from botticelli.compiler.workspace.composition import (
    Call,
    Resolution,
    calls_of_act,
    resolve,
    resolve_elsewhere,
)
from botticelli.compiler.workspace.workspace import NarrativeAt
from botticelli.grammar import catalogue

MOST_SHOWN = 8
"""Of a long circle, how many of its narratives are named."""


def check_composition(subject: Subject) -> None:
    """Unknown and ambiguous narratives, and circles of them."""
    for act in acts_of_file(subject.file):
        for call in calls_of_act(act):
            _check_call(call, subject)
    _check_links(subject)
    _check_triggers(subject)
    _check_cycles(subject)


def _check_call(call: Call, subject: Subject) -> None:
    file = subject.file
    if call.name in file.links:
        return  # judged once, where the link stands
    if file.may_hold("narrative", call.name) or file.may_hold("narratives", call.name):
        return
    resolution = resolve(call.name, subject.unit, subject.workspace)
    _check_resolution(call, resolution, subject)


def _check_links(subject: Subject) -> None:
    for link in subject.file.links.values():
        resolution = resolve_elsewhere(link.target.value, subject.unit, subject.workspace)
        _check_resolution(Call(link.target.value, link.target, "narrative"), resolution, subject)


def _check_triggers(subject: Subject) -> None:
    for trigger in subject.file.triggers:
        if trigger.narrative is None:
            _check_only_narrative(trigger, subject)
        else:
            _check_call(Call(trigger.narrative.value, trigger.narrative, "narrative"), subject)


def _check_only_narrative(trigger: Trigger, subject: Subject) -> None:
    """BOT105: what a trigger starts goes without saying only where there is one narrative."""
    if len(subject.file.narratives) > 1:
        subject.reporter.report(
            catalogue.MISSING_KEY,
            trigger.node.location,
            f"trigger `{trigger.name.value}` needs `narrative`: the file holds several",
            note="which of them does it start?",
            help=f"they are {listing(each.name for each in subject.file.narratives)}",
        )


def _check_resolution(call: Call, resolution: Resolution, subject: Subject) -> None:
    if len(resolution.candidates) > 1:
        subject.reporter.report(
            catalogue.DUPLICATE_NARRATIVE,
            call.location,
            f"`{call.name}` could mean {len(resolution.candidates)} narratives of this workspace",
            note="which one?",
            labels=[
                Label("one of them", at.narrative.anchor.location) for at in resolution.candidates
            ],
            help="give them different names",
        )
    elif resolution.found is None and not resolution.unsure:
        _report_unknown(call, subject)


def _report_unknown(call: Call, subject: Subject) -> None:
    """BOT202 for `narratives.N`, BOT203 for the other spellings."""
    own = [*subject.file.links, *(narrative.name for narrative in subject.file.narratives)]
    guess = nearest(call.name, own) or subject.workspace.narrative_names.nearest(call.name)
    location = call.location
    spot = _name_location(call)
    rule = catalogue.UNKNOWN_RESOURCE if call.kind == "narratives" else catalogue.UNKNOWN_NARRATIVE
    shown = f"narratives.{call.name}" if call.kind == "narratives" else call.name
    subject.reporter.report(
        rule,
        location,
        f"no narrative `{shown}` can be found",
        note=f"did you mean `{guess}`?" if guess else "not found",
        help=None
        if guess
        else f"it was looked for in this file, as `{call.name}.toml` or `.yaml` beside it, "
        "and in the workspace",
        fix=renaming(spot, call.name, guess),
    )


def _name_location(call: Call) -> Location:
    where = call.location_of
    if isinstance(where, Reference):
        return where.name_location
    return where.part(0, len(where.value))


# Circles


def _check_cycles(subject: Subject) -> None:
    """BOT204, once for each circle, at the call that closes it."""
    found: list[Circle] = []
    for narrative in subject.file.narratives:
        # Each answer holds those before it.
        found = subject.workspace.circles.closed_in(NarrativeAt(subject.unit, narrative))
    for circle in found:
        _report_cycle(circle, subject)


def _report_cycle(circle: Circle, subject: Subject) -> None:
    half = MOST_SHOWN // 2
    is_long = len(circle) > MOST_SHOWN
    ends = (*circle[:half], *circle[-half:]) if is_long else circle
    names = [step.caller.narrative.name for step in ends]
    shown = [f"`{name}`" for name in names]
    if is_long:
        shown.insert(half, f"{len(circle) - 2 * half} more")
    labels = [
        Label(
            f"`{step.caller.narrative.name}` runs `{step.call.name}` here",
            step.call.location,
        )
        for step in ends[:-1]
    ]
    itself = len(circle) == 1
    way = " → ".join([*shown, f"`{names[0]}`"])
    subject.reporter.report(
        catalogue.NARRATIVE_CYCLE,
        circle[-1].call.location,
        f"narrative `{names[0]}` runs itself" if itself else f"narratives run in a circle: {way}",
        note="this runs it again" if itself else f"and here it starts over with `{names[0]}`",
        labels=labels,
        help="a narrative that runs itself would never end; use `repeat` or a carousel",
        about="",  # a call that closes several circles is one fault
    )
