"""Which acts a run comes to, in written order, and which of them it comes to in any case."""

from collections.abc import Iterator

from botticelli.compiler.ir.program import (
    Act,
    Branch,
    NarrativeInput,
    Parallel,
    Program,
    Repeat,
    RunAct,
    Sequence,
    Step,
)


def acts_in_order(program: Program) -> Iterator[tuple[Act, bool]]:
    """Yield the acts that the entry and what it calls run, each before those that come after it,
    with whether it runs in every run that comes so far.

    A narrative that is called several times is gone through once for each answer to that question.
    """
    entered: set[tuple[str, bool]] = set()
    yield from _in_narrative(program, program.entry, entered, certain=True)


def _in_narrative(
    program: Program, key: str, entered: set[tuple[str, bool]], *, certain: bool
) -> Iterator[tuple[Act, bool]]:
    if (key, True) in entered or (key, certain) in entered:
        return
    entered.add((key, certain))
    narrative = program.narratives[key]
    for name, inner in _names(narrative.order, certain=certain):
        act = narrative.acts[name]
        runs = inner and act.when is None
        yield act, runs
        called = [each.narrative for each in act.inputs if isinstance(each, NarrativeInput)]
        for each in (*called, *([act.narrative] if act.narrative is not None else [])):
            yield from _in_narrative(program, each, entered, certain=runs)


def _names(step: Step, *, certain: bool) -> Iterator[tuple[str, bool]]:
    match step:
        case RunAct(act=name):
            yield name, certain
        case Sequence(steps=steps) | Parallel(steps=steps):
            for inner in steps:
                yield from _names(inner, certain=certain)
        case Repeat(body=body):
            yield from _names(body, certain=certain)
        case Branch(then=then, otherwise=otherwise):
            yield from _names(then, certain=False)
            if otherwise is not None:
                yield from _names(otherwise, certain=False)
