"""Rules on the table of contents: names of acts in it, and acts that no order reaches."""

from botticelli.compiler.diagnostics import Edit, Fix, Label
from botticelli.compiler.flow.steps import act_names
from botticelli.compiler.narrative.fields import is_slip
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
from botticelli.compiler.nearest import Names, listing
from botticelli.compiler.rules.mentions import strings
from botticelli.compiler.rules.resources import acts_of_file
from botticelli.compiler.rules.subject import Subject
from botticelli.grammar import catalogue


def check_order(subject: Subject) -> None:
    """Unknown, repeated and unused acts: what the orders of a file make of its acts."""
    meant: set[str] = set()
    shared = Names(subject.file.acts)
    for narrative in subject.file.narratives:
        own = Names(subject.file.acts_of(narrative)) if narrative.acts else shared
        meant |= _unknown_acts(narrative, own, subject)
        if narrative.order is not None:
            _repeated_acts(narrative.order.body, {}, subject)
    _unused_acts(meant, subject)


def _unknown_acts(narrative: Narrative, names: Names, subject: Subject) -> set[str]:
    """BOT201. Returns the acts that misspelt names most likely mean."""
    acts = subject.file.acts_of(narrative)
    meant: set[str] = set()
    for name in act_names(narrative.order.body) if narrative.order else ():
        if name.value in acts or subject.file.may_hold("acts", name.value):
            continue
        guess = names.nearest(name.value)
        if guess is not None:
            meant.add(guess)
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
    return meant


def _rename(name: Name, guess: str | None) -> Fix | None:
    """Put the act that was meant in the place of a misspelt name, quotes left as they are."""
    if guess is None or not isinstance(name, Text) or not name.value:
        return None
    location = name.part(0, len(name.value))
    return Fix(safe=is_slip(name.value, guess), edits=(Edit(location, guess),))


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


def _unused_acts(meant: set[str], subject: Subject) -> None:
    """BOT205. Silent where an order is missing or empty: that is the fault, not each act."""
    file = subject.file
    if not file.narratives or not all(_runs_something(narrative) for narrative in file.narratives):
        return
    reached: set[int] = set()
    for narrative in file.narratives:
        acts = file.acts_of(narrative)
        assert narrative.order is not None
        for name in act_names(narrative.order.body):
            if name.value in acts:
                reached.add(id(acts[name.value]))
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
