"""An order followed once: what each act finds when it runs, and the steps as they are shown.

An act finds the conversation of the acts before it, and `previous`, the act that ran last in
written order. Where branches or repetitions leave that open, all that is possible is told.
"""

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from botticelli.compiler.explain import explanation as shown
from botticelli.compiler.explain.expressions import written
from botticelli.compiler.ir import program as ir
from botticelli.compiler.ir.expressions import Expression

Acts = tuple[str, ...]


class Before(Struct, frozen=True):
    """What may have run before an act: all of it in written order, and what ran last."""

    seen: Acts = ()
    previous: Acts = ()

    def then(self, act: str) -> "Before":
        return Before(_joined(self.seen, (act,)), (act,))

    def __or__(self, other: "Before") -> "Before":
        return Before(_joined(self.seen, other.seen), _joined(self.previous, other.previous))


class Order(Struct, frozen=True):
    """The steps to be shown, what is before each act, and what is at the end."""

    steps: tuple[shown.AnyStep, ...]
    before: dict[str, Before]
    end: Before


def follow(narrative: ir.Narrative) -> Order:
    """Follow a narrative's order from an empty conversation."""
    walk = _Walk(narrative)
    steps, end = walk.sequence(narrative.order, Before())
    return Order(steps, walk.before, end)


def repetition(
    carousel: ir.Carousel, *, until: Expression | None = None, history: str = "fresh"
) -> shown.Repetition:
    """Return a carousel as it is shown."""
    return shown.Repetition(
        iterations=carousel.iterations,
        every=carousel.every,
        until=None if until is None else written(until),
        history=history,
        continue_on_error=carousel.continue_on_error,
        max_failures=carousel.max_failures,
        on_exhausted=carousel.on_exhausted,
        estimated_tokens=carousel.estimated_tokens,
        place=carousel.place,
    )


def steps_in(step: ir.Step) -> Iterator[ir.Step]:
    """Yield a step and all within it, in written order."""
    yield step
    match step:
        case ir.Sequence(steps=steps) | ir.Parallel(steps=steps):
            for inner in steps:
                yield from steps_in(inner)
        case ir.Branch(then=then, otherwise=otherwise):
            yield from steps_in(then)
            if otherwise is not None:
                yield from steps_in(otherwise)
        case ir.Repeat(body=body):
            yield from steps_in(body)


class _Walk:
    def __init__(self, narrative: ir.Narrative) -> None:
        self.narrative = narrative
        self.before: dict[str, Before] = {}

    def sequence(
        self, sequence: ir.Sequence, before: Before
    ) -> tuple[tuple[shown.AnyStep, ...], Before]:
        steps: list[shown.AnyStep] = []
        for each in sequence.steps:
            step, before = self._step(each, before)
            steps.append(step)
        return tuple(steps), before

    def _step(self, step: ir.Step, before: Before) -> tuple[shown.AnyStep, Before]:
        match step:
            case ir.RunAct(act=name):
                return shown.ActStep(act=name), self._act(name, before)
            case ir.Sequence():
                steps, after = self.sequence(step, before)
                return shown.SequenceStep(steps=steps), after
            case ir.Parallel(steps=several):
                outcomes = [self._step(each, before) for each in several]
                after = before
                for _, one in outcomes:
                    # The last in written order is what ran last; with `when` it may be another.
                    after = Before(_joined(after.seen, one.seen), one.previous)
                return shown.ParallelStep(steps=tuple(each for each, _ in outcomes)), after
            case ir.Branch(condition=condition, then=then, otherwise=otherwise):
                first, after = self.sequence(then, before)
                second: tuple[shown.AnyStep, ...] = ()
                other = before
                if otherwise is not None:
                    second, other = self.sequence(otherwise, before)
                branch = shown.IfStep(condition=written(condition), then=first, otherwise=second)
                return branch, after | other
            case ir.Repeat(body=body, carousel=carousel, until=until, history=history):
                steps, after = self.sequence(body, before)
                if history == "shared" and carousel.iterations > 1:
                    steps, after = self.sequence(body, before | after)
                how = repetition(carousel, until=until, history=history)
                return shown.RepeatStep(repetition=how, steps=steps), after

    def _act(self, name: str, before: Before) -> Before:
        act = self.narrative.acts[name]
        carousel = act.carousel
        if carousel is not None and carousel.iterations > 1:
            before |= before.then(name)
        known = self.before.get(name)
        self.before[name] = before if known is None else known | before
        after = before.then(name)
        return replace(after | before, seen=after.seen) if act.when is not None else after


def _joined(first: Acts, second: Acts) -> Acts:
    if first == second or not second:
        return first
    return tuple(dict.fromkeys((*first, *second)))
