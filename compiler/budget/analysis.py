"""Walks a program as the runtime does, and adds up what it can use.

Every step takes a state and gives what was spent and the state after it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property

from msgspec.structs import replace

from botticelli.compiler.budget.acts import Acts
from botticelli.compiler.budget.conditions import decided
from botticelli.compiler.budget.conversation import State, joined
from botticelli.compiler.budget.frames import Frame
from botticelli.compiler.budget.intervals import Use
from botticelli.compiler.budget.media import Look, on_disk
from botticelli.compiler.budget.models import Models
from botticelli.compiler.budget.repeating import Body, Outcome, Repeated, repeat, repeat_roughly
from botticelli.compiler.budget.result import (
    Budget,
    CarouselUse,
    NarrativeUse,
    Shortfall,
    Unbounded,
)
from botticelli.compiler.budget.sizes import NOTHING, Value
from botticelli.compiler.budget.spent import NOTHING_SPENT, Spent, total
from botticelli.compiler.budget.texts import Texts, variables_of
from botticelli.compiler.ir.program import (
    Act,
    Branch,
    Carousel,
    Multipliers,
    Narrative,
    NarrativeInput,
    Parallel,
    Program,
    Repeat,
    RunAct,
    Sequence,
    Step,
)
from botticelli.compiler.semantics.tokens import Family

MAX_DEPTH = 50
"""How deep narratives may run each other; what is deeper has no bound."""

MAX_WALKED = 4_000
"""Acts that are walked, one in several states each time, before bounds are given up for speed:
repetitions and calls within each other make that many of a few."""

MAX_WAYS = 20
"""With how many variables and settings a narrative is walked for each place that runs it. Where
each narrative runs the next twice, that number doubles with every one."""

WHOLE = Multipliers()
"""No share of a limit is asked for: all of it."""


def budget_of(
    program: Program,
    models: Models,
    *,
    project: Multipliers = WHOLE,
    command_line: Multipliers = WHOLE,
    variables: Mapping[str, str] | None = None,
    media: Look | None = None,
) -> Budget:
    """Return what a program can use.

    ``project`` are the multipliers of `botticelli.toml`, which count last, ``command_line`` those
    that count first. ``variables`` are values that are known; all others have the bounds of their
    types. ``media`` says what is known of media, by default what their files tell.
    """
    walk = _Walk(program, models)
    texts = Texts(program)
    acts = Acts(
        models,
        program.schemas,
        texts,
        walk.call,
        media=media or on_disk(models.project),
        project=project,
        command_line=command_line,
    )
    return walk.run(acts, texts, variables or {})


_ANYTHING = Value(
    expected=20.0,
    ceiling=None,
    most=None,
    json=None,
    why="too many narratives run each other with different variables",
)


class _Walk:
    """Walks narratives and their orders; `_acts` knows of single acts."""

    _acts: Acts
    _texts: Texts

    def __init__(self, program: Program, models: Models) -> None:
        self._program = program
        self._models = models
        self._carousels: dict[tuple[object, ...], CarouselUse] = {}
        self._narratives: dict[tuple[str, ...], NarrativeUse] = {}
        self._walked = 0
        self._shortfalls: dict[Shortfall, None] = {}
        self._called: dict[str, dict[object, tuple[Spent, Value]]] = {}

    def run(self, acts: Acts, texts: Texts, variables: Mapping[str, str]) -> Budget:
        _refuse_depth(self._program)
        self._acts = acts
        self._texts = texts
        entry = self._program.entry
        narrative = self._program.narratives[entry]
        frame = Frame(
            narrative=narrative,
            variables=variables_of(self._program, variables, self._family),
            multipliers=narrative.budget,
            path=(entry,),
        )
        spent, _ = self._narrative(frame)
        return Budget(
            program=self._program,
            texts=texts,
            spent=spent,
            iteration=self._narratives[frame.path].iteration,
            carousels=tuple(self._carousels.values()),
            narratives=tuple(self._narratives.values()),
            unbounded=tuple(acts.unbounded),
            shortfalls=tuple(self._shortfalls),
        )

    @cached_property
    def _family(self) -> Family:
        """The family that lengthens text most among those of the program's models."""
        families = [
            self._models.find(act.settings.model).family
            for narrative in self._program.narratives.values()
            for act in narrative.acts.values()
            if act.asks_model
        ]
        default = self._models.find(None).family
        return max(families, key=lambda family: family.growth, default=default)

    # Narratives

    def call(self, frame: Frame, key: str, variables: Mapping[str, Value]) -> tuple[Spent, Value]:
        """Return what a narrative uses that an act runs, and its output."""
        called = self._called.setdefault(key, {})
        read = self._texts.variables_read(key)
        given = {name: value for name, value in variables.items() if name in read}
        if self._given_up() or len(called) > self._most_calls[key]:
            given = dict.fromkeys(given, _ANYTHING)
        inner = frame.calling(key, self._program.narratives[key], given)
        known_as = (frozenset(given.items()), inner.multipliers, inner.waits, inner.certain)
        found = called.get(known_as)
        if found is None:
            found = called[known_as] = self._narrative(inner)
        return found

    @cached_property
    def _most_calls(self) -> Mapping[str, int]:
        """In how many ways each narrative is walked before nothing is known of its variables."""
        written = Counter(
            called
            for narrative in self._program.narratives.values()
            for called in called_by(narrative)
        )
        return {key: MAX_WAYS * (1 + count) for key, count in written.items()}

    def _narrative(self, frame: Frame) -> tuple[Spent, Value]:
        narrative = frame.narrative
        carousel = narrative.carousel
        inner = frame if carousel is None else frame.within(carousel)
        iteration, state = self._step(inner, State(), narrative.order)
        output = state.values.get("previous", NOTHING)
        spent = iteration
        if carousel is not None:
            spent = iteration.times(carousel.iterations)
            if carousel.continue_on_error:
                for value in state.values.values():
                    output |= value
            found = Repeated(spent, iteration, state)
            self._note(frame, carousel, found, act=None, unit="carousel", until=False)
        self._shortfalls |= dict.fromkeys(_shortfalls(frame, spent.use))
        caps = narrative.limits
        spent, iteration = spent.within(caps), iteration.within(caps)
        use = NarrativeUse(path=frame.path, spent=spent, iteration=iteration)
        self._narratives.setdefault(frame.path, use)
        return spent, output

    def _note(
        self,
        frame: Frame,
        carousel: Carousel,
        found: Repeated,
        *,
        act: str | None,
        unit: str,
        until: bool,
    ) -> None:
        use = CarouselUse(
            carousel=carousel,
            path=frame.path,
            act=act,
            unit=unit,
            certain=frame.certain,
            waits=frame.within(carousel).waits,
            until=until,
            spent=found.spent,
            iteration=found.iteration,
        )
        self._carousels.setdefault((frame.path, carousel.place, act, unit), use)

    # Steps

    def _step(self, frame: Frame, state: State, step: Step) -> Outcome:
        match step:
            case RunAct():
                return self._run_act(frame, state, step)
            case Sequence(steps=steps):
                spent: list[Spent] = []
                for item in steps:
                    each, state = self._step(frame, state, item)
                    spent.append(each)
                return total(spent), state
            case Parallel(steps=steps):
                found = [self._step(frame, state, item) for item in steps]
                ends = [(after, each.use.requests.ceiling != 0) for each, after in found]
                return total(each for each, _ in found), joined(state, ends)
            case Branch():
                return self._branch(frame, state, step)
            case Repeat():
                return self._run_repeat(frame, state, step)

    def _branch(self, frame: Frame, state: State, step: Branch) -> Outcome:
        holds = decided(step.condition)
        inner = frame.maybe if holds is None else frame
        passed: Outcome = (NOTHING_SPENT, state)
        first = passed if holds is False else self._step(inner, state, step.then)
        if holds is True:
            return first
        other = step.otherwise
        second = passed if other is None else self._step(inner, state, other)
        return second if holds is False else (first[0] | second[0], first[1] | second[1])

    def _run_repeat(self, frame: Frame, state: State, step: Repeat) -> Outcome:
        ends = None if step.until is None else decided(step.until)
        carousel = replace(step.carousel, iterations=1) if ends else step.carousel
        inner = frame.within(carousel)
        fresh = step.history == "fresh"

        def one(at: State) -> Outcome:
            return self._step(inner, at.with_history_of(state) if fresh else at, step.body)

        until = step.until is not None and ends is None
        found = self._repeat(frame, carousel, state, one, until=until)
        self._note(frame, step.carousel, found, act=None, unit="repeat", until=until)
        return found.spent, found.after

    def _repeat(
        self, frame: Frame, carousel: Carousel, state: State, body: Body, *, until: bool
    ) -> Repeated:
        if not self._given_up() or carousel.iterations == 1:
            found = repeat(carousel, state, body, until=until, given_up=self._given_up)
        else:
            found = repeat_roughly(carousel, state, body, until=until)
        if self._given_up() and found.spent.use.requests.ceiling is None:
            why = "too many repetitions stand within each other here"
            self._acts.unbounded.setdefault(Unbounded(frame.key, "", why, carousel.place))
        return found

    def _given_up(self) -> bool:
        return self._walked > MAX_WALKED

    # Acts

    def _run_act(self, frame: Frame, state: State, step: RunAct) -> Outcome:
        act = frame.narrative.acts[step.act]
        carousel = act.carousel
        if carousel is None:
            return self._maybe(frame, state, step, act)
        inner = frame.within(carousel)

        def one(at: State) -> Outcome:
            return self._maybe(inner, at, step, act)

        found = self._repeat(frame, carousel, state, one, until=False)
        certain = act.when is None or decided(act.when)
        noted = frame if certain else frame.maybe
        self._note(noted, carousel, found, act=act.name, unit="act", until=False)
        return found.spent, found.after

    def _maybe(self, frame: Frame, state: State, step: RunAct, act: Act) -> Outcome:
        self._walked += 1
        holds = True if act.when is None else decided(act.when)
        if holds is False:
            return NOTHING_SPENT, state
        if holds:
            return self._acts.run(frame, state, step, act)
        spent, after = self._acts.run(frame.maybe, state, step, act)
        return spent | NOTHING_SPENT, after | state


def _refuse_depth(program: Program) -> None:
    """Raise RecursionError where narratives run each other deeper than is followed."""
    level = {program.entry}
    for _ in range(MAX_DEPTH + 1):
        level = {key for each in level for key in called_by(program.narratives[each])}
        if not level:
            return
    raise RecursionError(f"narratives run each other more than {MAX_DEPTH} deep")


def called_by(narrative: Narrative) -> Iterator[str]:
    """Yield the keys of the narratives that one runs, as often as it does."""
    for act in narrative.acts.values():
        if act.narrative is not None:
            yield act.narrative
        for source in act.inputs:
            if isinstance(source, NarrativeInput):
                yield source.narrative


def _shortfalls(frame: Frame, use: Use) -> Iterator[Shortfall]:
    caps = frame.narrative.limits
    least = (
        ("max_requests", caps.max_requests, use.requests.floor),
        ("max_tokens", caps.max_tokens, use.tokens.floor),
        ("max_cost", caps.max_cost, use.cost.floor),
    )
    for cap, value, needed in least:
        if value is not None and needed > value:
            yield Shortfall(
                path=frame.path, cap=cap, value=value, needed=needed, certain=frame.certain
            )
