"""Rules on the table of contents: names of acts in it, and acts that no order reaches."""

from botticelli.compiler.diagnostics import Diagnostic, Fix, Label
from botticelli.compiler.flow.steps import act_names
from botticelli.compiler.narrative.located import Name, Text
from botticelli.compiler.narrative.model import (
    ActStep,
    BranchStep,
    Narrative,
    ParallelStep,
    RepeatStep,
    SequenceStep,
    Step,
)
from botticelli.compiler.nearest import listing
from botticelli.compiler.renaming import renaming
from botticelli.compiler.rules.mentions import strings
from botticelli.compiler.rules.resources import acts_of_file
from botticelli.compiler.rules.subject import Subject
from botticelli.compiler.rules.templates import surroundings
from botticelli.compiler.syntax.nodes import Node
from botticelli.grammar import catalogue


def check_order(subject: Subject) -> None:
    """Unknown and repeated acts: what the orders of a file make of its acts."""
    for narrative in subject.file.narratives:
        _unknown_acts(narrative, subject)
        if narrative.order is not None:
            _repeated_acts(narrative.order.body, {}, subject)


def _unknown_acts(narrative: Narrative, subject: Subject) -> None:
    """BOT201, with the act that a misspelt name most likely means."""
    acts = subject.file.acts_of(narrative)
    _, flow = surroundings(narrative, subject)
    for name in act_names(narrative.order.body) if narrative.order else ():
        if name.value in acts or subject.file.may_hold("acts", name.value):
            continue
        act = flow.misnamed.get(name.value)
        guess = act.name.value if act is not None else None
        known = f"acts of this narrative are {listing(acts)}" if acts else "no act is defined"
        subject.reporter.report(
            catalogue.UNKNOWN_ACT,
            name.location,
            f"the order of `{narrative.name}` names an act that does not exist: `{name.value}`",
            note=f"did you mean `{guess}`?" if guess else "no such act",
            help=None if guess else known,
            fix=_rename(name, guess),
            about=name.value,  # an order may be that of several narratives
        )


def _rename(name: Name, guess: str | None) -> Fix | None:
    """Put the act that was meant in the place of a misspelt name, quotes left as they are."""
    if not isinstance(name, Text) or not name.value:
        return None
    return renaming(name.part(0, len(name.value)), name.value, guess)


def _repeated_acts(step: Step, seen: dict[str, Name], subject: Subject) -> None:
    """BOT207. Branches of one `if` exclude each other and do not repeat each other's acts."""
    match step:
        case ActStep(name):
            first = seen.setdefault(name.value, name)
            if first is not name:
                subject.reporter.report(
                    catalogue.REPEATED_ACT,
                    name.location,
                    f"act `{name.value}` stands more than once in this order",
                    note="here again",
                    labels=[Label("first here", first.location)],
                    help=f"`{name.value}` in templates and conditions means its latest run",
                )
        case BranchStep(then=then, otherwise=otherwise):
            before = len(seen)
            _repeated_acts(then, seen, subject)
            if otherwise is not None:
                taken = [seen.popitem() for _ in range(len(seen) - before)]
                _repeated_acts(otherwise, seen, subject)
                for act, name in reversed(taken):
                    seen.setdefault(act, name)
        case SequenceStep(steps=steps) | ParallelStep(steps=steps):
            for inner in steps:
                _repeated_acts(inner, seen, subject)
        case RepeatStep(body=body):
            _repeated_acts(body, seen, subject)


def _runs_something(narrative: Narrative) -> bool:
    return narrative.order is not None and any(True for _ in act_names(narrative.order.body))


def check_unused_acts(subject: Subject) -> None:
    """BOT205. Silent where an order is missing, empty or damaged: that is the fault, not each act.
    So it is where something uses an act that no order runs, which is said there."""
    file = subject.file
    meant: set[str] = set()
    if not file.narratives or not all(_runs_something(narrative) for narrative in file.narratives):
        return
    reached: set[int] = set()
    for narrative in file.narratives:
        acts = file.acts_of(narrative)
        assert narrative.order is not None
        for name in act_names(narrative.order.body):
            if name.value in acts:
                reached.add(id(acts[name.value]))
        around, flow = surroundings(narrative, subject)
        meant |= around.wanted
        meant |= {act.name.value for act in flow.misnamed.values() if act is not None}
        if any(_loses_acts(each, narrative.order.node) for each in subject.unit.diagnostics):
            return
        if subject.unit.diagnostics:
            # A part of the order may have been passed over: what stands in it is not unused.
            meant |= strings(narrative.order.node)
    for act in acts_of_file(file):
        if id(act) not in reached and act.name.value not in meant:
            subject.reporter.report(
                catalogue.UNUSED_ACT,
                act.name.location,
                f"act `{act.name.value}` is never run",
                note="no order leads here",
                help="add it to the table of contents, or remove it",
            )


_LOSE_ACTS = frozenset({catalogue.DUPLICATE_KEY, catalogue.MISSING_KEY, catalogue.WRONG_TYPE})


def _loses_acts(diagnostic: Diagnostic, order: Node) -> bool:
    """Whether a fault of an order leaves open which acts it would name."""
    if diagnostic.rule not in _LOSE_ACTS:
        return False
    at, whole = diagnostic.location, order.location
    return (
        at.source is whole.source
        and whole.span.start < at.span.start
        and at.span.end <= whole.span.end
    )
