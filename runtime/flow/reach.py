"""What a program's entry leads to: narratives, acts, commands, platforms."""

from collections.abc import Iterator

from botticelli.compiler.ir.program import (
    Act,
    Branch,
    CommandInput,
    Narrative,
    NarrativeInput,
    Parallel,
    Place,
    Program,
    Repeat,
    RunAct,
    Sequence,
    Step,
)

DEEPEST = 50
"""How many narratives deep a run may stand: each is a walk within the walk of its caller."""


def reachable(program: Program) -> list[Narrative]:
    """Return the entry and all that it runs, each once."""
    seen: dict[str, Narrative] = {}
    waiting = [program.entry]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        narrative = seen[name] = program.narratives[name]
        waiting.extend(called for called, _ in _calls(narrative))
    return list(seen.values())


def too_deep(program: Program) -> Place | None:
    """Return where narratives run each other more than `DEEPEST` deep, if they do."""
    level: dict[str, Place] = {program.entry: program.narratives[program.entry].place}
    for _ in range(DEEPEST):
        level = {
            called: place for key in level for called, place in _calls(program.narratives[key])
        }
    return next(iter(level.values()), None)


def _calls(narrative: Narrative) -> Iterator[tuple[str, Place]]:
    for act in acts_of(narrative):
        if act.narrative is not None:
            yield act.narrative, act.place
        for source in act.inputs:
            if isinstance(source, NarrativeInput):
                yield source.narrative, source.place


def acts_of(narrative: Narrative) -> list[Act]:
    """Return the acts that a narrative's order leads to, each once, in written order."""
    names = dict.fromkeys(_act_names(narrative.order))
    return [narrative.acts[name] for name in names]


def commands_of(program: Program) -> list[tuple[str, str]]:
    """Return the commands that the program performs, each with its platform before it."""
    found = {
        (source.platform, source.command): None
        for narrative in reachable(program)
        for act in acts_of(narrative)
        for source in act.inputs
        if isinstance(source, CommandInput)
    }
    return list(found)


def platforms_of(program: Program) -> dict[str, Place]:
    """Return the platforms whose commands the program performs, each with its first place."""
    found: dict[str, Place] = {}
    for narrative in reachable(program):
        for act in acts_of(narrative):
            for source in act.inputs:
                if isinstance(source, CommandInput):
                    found.setdefault(source.platform, source.place)
    return found


def _steps(step: Step) -> Iterator[Step]:
    yield step
    match step:
        case Sequence(steps=steps) | Parallel(steps=steps):
            inner = steps
        case Repeat(body=body):
            inner = (body,)
        case Branch(then=then, otherwise=otherwise):
            inner = (then,) if otherwise is None else (then, otherwise)
        case RunAct():
            inner = ()
    for each in inner:
        yield from _steps(each)


def _act_names(step: Step) -> Iterator[str]:
    for each in _steps(step):
        if isinstance(each, RunAct):
            yield each.act
