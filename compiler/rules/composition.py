"""Rules on narratives that run others: found, one of its name, and never in a circle."""

from collections.abc import Iterator

from botticelli.compiler.diagnostics import Edit, Fix, Label, Location
from botticelli.compiler.narrative.fields import is_slip
from botticelli.compiler.narrative.model import Reference
from botticelli.compiler.nearest import nearest
from botticelli.compiler.rules.resources import acts_of_file
from botticelli.compiler.rules.subject import Subject
from botticelli.compiler.workspace.composition import (
    Call,
    Resolution,
    calls_of,
    calls_of_act,
    resolve,
    resolve_elsewhere,
)
from botticelli.compiler.workspace.workspace import NarrativeAt, Workspace
from botticelli.grammar import catalogue


def check_composition(subject: Subject) -> None:
    """Unknown and ambiguous narratives, and circles of them."""
    for act in acts_of_file(subject.file):
        for call in calls_of_act(act):
            if call.name not in subject.file.links:
                _check_call(call, subject)
    _check_links(subject)
    _check_triggers(subject)
    _check_cycles(subject)


def _check_call(call: Call, subject: Subject) -> None:
    resolution = resolve(call.name, subject.unit, subject.workspace)
    _check_resolution(call, resolution, subject)


def _check_links(subject: Subject) -> None:
    for link in subject.file.links.values():
        resolution = resolve_elsewhere(link.target.value, subject.unit, subject.workspace)
        _check_resolution(Call(link.target.value, link.target, "narrative"), resolution, subject)


def _check_triggers(subject: Subject) -> None:
    for trigger in subject.file.triggers:
        if trigger.narrative is not None and trigger.narrative.value not in subject.file.links:
            _check_call(Call(trigger.narrative.value, trigger.narrative, "narrative"), subject)


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
    names = {at.narrative.name for at in subject.workspace.narratives()}
    names |= {narrative.name for narrative in subject.file.narratives}
    names |= subject.file.links.keys()
    guess = nearest(call.name, names)
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
        fix=Fix(safe=is_slip(call.name, guess), edits=(Edit(spot, guess),)) if guess else None,
    )


def _name_location(call: Call) -> Location:
    where = call.location_of
    if isinstance(where, Reference):
        return where.name_location
    return where.part(0, len(where.value))


# Circles


def _check_cycles(subject: Subject) -> None:
    """BOT204, once for each circle, at the call that closes it.

    A circle is walked from the narrative of it that comes first in the order of files and places,
    so that every file that is part of it reports the same.
    """
    for narrative in subject.file.narratives:
        start = NarrativeAt(subject.unit, narrative)
        for circle in _circles_through(start, subject.workspace):
            members = [at for at, _ in circle]
            first = min(range(len(members)), key=lambda index: _rank(members[index]))
            turned = circle[first:] + circle[:first]
            closing = turned[-1]
            if closing[0].unit is subject.unit:
                _report_cycle(turned, subject)


Step = tuple[NarrativeAt, Call]


def _circles_through(start: NarrativeAt, workspace: Workspace) -> Iterator[list[Step]]:
    """Yield, for each call of ``start`` that leads back to it, the shortest such circle."""
    for call, target in _resolved_calls(start, workspace):
        path = _shortest_path(target, start, workspace)
        if path is not None:
            yield [(start, call), *path]


def _shortest_path(
    source: NarrativeAt, goal: NarrativeAt, workspace: Workspace
) -> list[Step] | None:
    """Return the calls that lead from one narrative to another, breadth first."""
    if source.key == goal.key:
        return []
    came_from: dict[tuple[str, str], Step] = {}
    queue = [source]
    seen = {source.key}
    for at in queue:
        for call, target in _resolved_calls(at, workspace):
            if target.key in seen:
                continue
            seen.add(target.key)
            came_from[target.key] = (at, call)
            if target.key == goal.key:
                return _unwind(came_from, source, target)
            queue.append(target)
    return None


def _unwind(
    came_from: dict[tuple[str, str], Step], source: NarrativeAt, goal: NarrativeAt
) -> list[Step]:
    path = [came_from[goal.key]]
    while path[-1][0].key != source.key:
        path.append(came_from[path[-1][0].key])
    return path[::-1]


def _resolved_calls(at: NarrativeAt, workspace: Workspace) -> Iterator[tuple[Call, NarrativeAt]]:
    if at.unit.file is None:
        return
    for call in calls_of(at.unit.file, at.narrative):
        target = resolve(call.name, at.unit, workspace).found
        if target is not None:
            yield call, target


def _rank(at: NarrativeAt) -> tuple[str, int]:
    file = at.unit.file
    names = [narrative.name for narrative in file.narratives] if file else []
    return (str(at.unit.path), names.index(at.narrative.name))


def _report_cycle(circle: list[Step], subject: Subject) -> None:
    names = [at.narrative.name for at, _ in circle]
    way = " → ".join(f"`{name}`" for name in [*names, names[0]])
    _, closing = circle[-1]
    labels = [
        Label(f"`{at.narrative.name}` runs `{call.name}` here", call.location)
        for at, call in circle[:-1]
    ]
    itself = len(circle) == 1
    subject.reporter.report(
        catalogue.NARRATIVE_CYCLE,
        closing.location,
        f"narrative `{names[0]}` runs itself" if itself else f"narratives run in a circle: {way}",
        note="this runs it again" if itself else f"and here it starts over with `{names[0]}`",
        labels=labels,
        help="a narrative that runs itself would never end; use `repeat` or a carousel",
    )
