"""Walking the steps of an order without following it."""

from collections.abc import Iterator

from botticelli.compiler.narrative.located import Name
from botticelli.compiler.narrative.model import (
    ActStep,
    BranchStep,
    ParallelStep,
    RepeatStep,
    SequenceStep,
    Step,
    UnreadStep,
)


def act_names(step: Step) -> Iterator[Name]:
    """Yield every act that a step names, in the order written."""
    match step:
        case ActStep(name):
            yield name
        case UnreadStep():
            return
        case SequenceStep(steps=steps) | ParallelStep(steps=steps):
            for inner in steps:
                yield from act_names(inner)
        case BranchStep(then=then, otherwise=otherwise):
            yield from act_names(then)
            if otherwise is not None:
                yield from act_names(otherwise)
        case RepeatStep(body=body):
            yield from act_names(body)
