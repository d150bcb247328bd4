"""Lowering orders: the steps of a table of contents."""

from botticelli.compiler.ir import program as ir
from botticelli.compiler.lower.expressions import lower_condition
from botticelli.compiler.lower.places import Places
from botticelli.compiler.lower.settings import lower_carousel
from botticelli.compiler.narrative.model import (
    ActStep,
    BranchStep,
    ParallelStep,
    RepeatStep,
    SequenceStep,
    Step,
    UnreadStep,
)


def lower_sequence(sequence: SequenceStep, places: Places) -> ir.Sequence:
    return ir.Sequence(
        place=places.at(sequence.node.location),
        steps=tuple(_lower_step(step, places) for step in sequence.steps),
    )


def _lower_step(step: Step, places: Places) -> ir.Step:
    match step:
        case ActStep(name):
            return ir.RunAct(place=places.at(name.location), act=name.value)
        case UnreadStep():
            raise AssertionError("an order with faults is not lowered")
        case SequenceStep():
            return lower_sequence(step, places)
        case ParallelStep(node, steps):
            return ir.Parallel(
                place=places.at(node.location),
                steps=tuple(_lower_step(inner, places) for inner in steps),
            )
        case BranchStep(node, condition, then, otherwise):
            return ir.Branch(
                place=places.at(node.location),
                condition=lower_condition(condition),
                then=lower_sequence(then, places),
                otherwise=lower_sequence(otherwise, places) if otherwise else None,
            )
        case RepeatStep(node, body, carousel, until, history):
            place = places.at(node.location)
            return ir.Repeat(
                place=place,
                body=lower_sequence(body, places),
                carousel=lower_carousel(carousel, place),
                until=lower_condition(until) if until else None,
                history=history.value if history else "shared",
            )
