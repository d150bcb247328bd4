"""Rules on conditions: that they parse, what their names mean where they stand, and their types."""

from collections.abc import Iterable

from botticelli.compiler.faults import Fault, to_diagnostic
from botticelli.compiler.flow.points import ConditionPoint
from botticelli.compiler.flow.scope import PlaceScope, Surroundings
from botticelli.compiler.ir.types import Field, Record, Type, Unknown
from botticelli.compiler.languages.checking import check_condition, independent
from botticelli.compiler.languages.conditions import parse_condition
from botticelli.compiler.languages.names import Use
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.narrative.model import Narrative
from botticelli.compiler.rules.resources import acts_of_file
from botticelli.compiler.rules.subject import Subject
from botticelli.compiler.rules.templates import ABOUT_ORDER, everything_ran, surroundings
from botticelli.compiler.templates.naming import look_up, member
from botticelli.compiler.templates.scope import Bound


def check_conditions(subject: Subject) -> None:
    """Check the conditions of every order, and those of acts that no order reaches."""
    looked_at: set[int] = set()
    for narrative in subject.file.narratives:
        around, flow = surroundings(narrative, subject)
        for at in flow.conditions:
            looked_at.add(id(at.condition))
            _report(_faults(at, around), at.condition, subject)
    unreached = {
        id(act): act.when
        for act in acts_of_file(subject.file)
        if act.when is not None and id(act.when) not in looked_at
    }
    for narrative in subject.file.narratives if unreached else ():
        _check_unreached(narrative, unreached, subject)
    for condition in unreached.values():
        _report(parse_condition(condition.value).faults, condition, subject)


def _check_unreached(narrative: Narrative, unreached: dict[int, Text], subject: Subject) -> None:
    """Check conditions as if they stood where every act has run, as templates are."""
    around, flow = surroundings(narrative, subject)
    end = everything_ran(around, flow)
    for act in around.acts.values():
        condition = unreached.pop(id(act), None)
        if condition is not None:
            found = _faults(ConditionPoint(condition, end), around)
            known = (fault for fault in found if fault.rule not in ABOUT_ORDER)
            _report(known, condition, subject)


def _faults(at: ConditionPoint, around: Surroundings) -> list[Fault]:
    parsed = parse_condition(at.condition.value)
    faults = list(parsed.faults)
    if parsed.tree is not None:
        scope = PlaceScope(around, at.point, None)
        found = check_condition(parsed.tree, lambda use: _type_of(use, scope))
        faults += independent(found, parsed.faults, at.condition.value)
    return faults


def _report(faults: Iterable[Fault], condition: Text, subject: Subject) -> None:
    for fault in faults:
        subject.reporter.add(to_diagnostic(fault, condition.node))


def _type_of(use: Use, scope: PlaceScope) -> Type | Fault:
    root = use.name.root
    found = look_up(scope, root.value, (root.start, root.end), guarded=use.tested or use.guarded)
    if found.fault is not None:
        return found.fault
    if isinstance(found.value, Bound):
        return found.value.type
    step = use.name.steps[0] if use.name.steps else None
    if step is None or not isinstance(step.value, str):
        return Unknown()
    inner = member(found.value, root.value, step.value, (step.start, step.end))
    if inner.fault is not None or not isinstance(inner.value, Bound):
        return inner.fault or Unknown()
    # A namespace is no record: of its other keys nothing is asked here.
    return Record((Field(step.value, inner.value.type),))
