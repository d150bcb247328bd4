"""Walks a program as the runtime does, and adds up what it can use.

Every step takes a state and gives what was spent and the state after it. A repetition is walked
until its passes differ in nothing but the history, which then grows by the same amount each time:
the passes that are left are summed as a series between the first and the last of them.
"""

from collections.abc import Callable, Mapping
from functools import cached_property

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from botticelli.compiler.budget.contents import printed_bytes
from botticelli.compiler.budget.conversation import (
    State,
    alike,
    either_value,
    growth,
    same_growth,
)
from botticelli.compiler.budget.inputs import (
    Contribution,
    MediaTokens,
    command_contribution,
    contributed,
    media_contribution,
    part,
    table_contribution,
    text_summary,
)
from botticelli.compiler.budget.intervals import ZERO, Interval, added, exactly, greater
from botticelli.compiler.budget.models import Model, Models
from botticelli.compiler.budget.rendering import names_of, rendered
from botticelli.compiler.budget.requests import asking
from botticelli.compiler.budget.sizes import (
    NOTHING,
    Family,
    Size,
    Value,
    byte_length,
    known,
    known_value,
    text_value,
)
from botticelli.compiler.budget.spent import NOTHING_SPENT, Ask, Spent, spent_by, total
from botticelli.compiler.ir.program import (
    Act,
    Branch,
    Carousel,
    CommandInput,
    Constant,
    Input,
    ListValue,
    MediaInput,
    Multipliers,
    Narrative,
    NarrativeInput,
    Parallel,
    Program,
    RecordValue,
    Repeat,
    RunAct,
    Sequence,
    Step,
    TableInput,
    Template,
    TextInput,
)
from botticelli.compiler.ir.program import (
    Value as Given,
)
from botticelli.compiler.ir.types import Text
from botticelli.compiler.semantics.templates import has_tags
from botticelli.compiler.semantics.typed import is_plain_text, json_schema
from botticelli.compiler.templates.checking import check_prompt
from botticelli.compiler.templates.scope import Names
from botticelli.compiler.templates.values import Analysis

MAX_DEPTH = 50
"""How deep narratives may run each other; what is deeper has no bound."""

WHOLE = Multipliers()
"""No share of a limit is asked for: all of it."""

_MAX_PASSES = 200
"""Passes of a repetition that are walked one by one before its ceiling is given up."""

_OMITTED = 17
"""Tokens of `[inputs omitted]` at most."""


class Unbounded(Struct, frozen=True, order=True):
    """Why something has no bound: the act, and the reason as a clause."""

    narrative: str
    act: str
    why: str


class CarouselUse(Struct, frozen=True, kw_only=True):
    """What one carousel or repetition uses in all.

    `path` are the narratives that lead to it. `certain`: no branch passes it over.
    """

    carousel: Carousel
    path: tuple[str, ...]
    act: str | None
    unit: str
    certain: bool
    waits: bool
    until: bool
    spent: Spent


class Budget(Struct, frozen=True, kw_only=True):
    """The use of a whole run of a program's entry, of one iteration of it, and of its carousels in
    the order in which they end."""

    program: Program
    spent: Spent
    iteration: Spent
    carousels: tuple[CarouselUse, ...]
    unbounded: tuple[Unbounded, ...]


class _Frame(Struct, frozen=True, kw_only=True):
    """What holds for one run of one narrative. `path` are the narratives that led here."""

    narrative: Narrative
    variables: Mapping[str, Value]
    multipliers: Multipliers
    waits: bool = False
    certain: bool = True
    iterations: int | None = None
    path: tuple[str, ...] = ()


_Outcome = tuple[Spent, State]


def no_media(_: MediaInput) -> int | None:
    return None


def budget_of(
    program: Program,
    models: Models,
    *,
    project: Multipliers = WHOLE,
    command_line: Multipliers = WHOLE,
    variables: Mapping[str, str] | None = None,
    media: MediaTokens = no_media,
) -> Budget:
    """Return what a program can use.

    ``project`` are the multipliers of `botticelli.toml`, which count last, ``command_line`` those
    that count first. ``variables`` are values that are known; all others have the bounds of their
    types.
    """
    walk = _Walk(
        program,
        models,
        project=project,
        command_line=command_line,
        variables=variables or {},
        media=media,
    )
    return walk.run()


class _Walk:
    def __init__(
        self,
        program: Program,
        models: Models,
        *,
        project: Multipliers,
        command_line: Multipliers,
        variables: Mapping[str, str],
        media: MediaTokens,
    ) -> None:
        self.program = program
        self.models = models
        self.project = project
        self.command_line = command_line
        self.variables = variables
        self.media = media
        self.carousels: dict[tuple[object, ...], CarouselUse] = {}
        self.unbounded: dict[Unbounded, None] = {}
        self._names: dict[int, Names] = {}
        self._analyses: dict[tuple[int, str], Analysis | None] = {}
        self._called: dict[object, tuple[Spent, Value]] = {}

    def run(self) -> Budget:
        narrative = self.program.narratives[self.program.entry]
        frame = _Frame(
            narrative=narrative,
            variables=self._variables(),
            multipliers=narrative.budget,
            path=(narrative.name,),
        )
        spent, iteration, _ = self._narrative(frame)
        return Budget(
            program=self.program,
            spent=spent,
            iteration=iteration,
            carousels=tuple(self.carousels.values()),
            unbounded=tuple(self.unbounded),
        )

    def _variables(self) -> dict[str, Value]:
        values: dict[str, Value] = {}
        family = self._family
        for name, variable in self.program.variables.items():
            key = f"vars.{name}"
            if name in self.variables:
                values[key] = known_value(self.variables[name], family)
                continue
            bound = None if variable.type is None else printed_bytes(variable.type)
            why = f"nothing bounds `vars.{name}`; declare its type, for example `text(..200)`"
            value = text_value(bound, family, why, variable.type)
            default = variable.default
            if isinstance(default, Constant | Template):
                text = str(default.data) if isinstance(default, Constant) else default.source
                value = replace(value, expected=known(text, family).expected)
            values[key] = value
        for name, text in self.variables.items():
            values.setdefault(f"vars.{name}", known_value(text, family))
        return values

    @cached_property
    def _family(self) -> Family:
        """The family that lengthens text most among those of the program's models."""
        families = [
            self.models.find(act.settings.model).family
            for narrative in self.program.narratives.values()
            for act in narrative.acts.values()
            if act.asks_model
        ]
        default = self.models.find(None).family
        return max(families, key=lambda family: family.growth, default=default)

    # Narratives and steps

    def _narrative(self, frame: _Frame) -> tuple[Spent, Spent, Value]:
        """Return what a narrative uses, what one iteration does, and its output."""
        narrative = frame.narrative
        carousel = narrative.carousel
        if carousel is None:
            spent, state = self._step(frame, State(), narrative.order)
            return spent, spent, state.values.get("previous", NOTHING)
        inner = self._within(frame, carousel)
        iteration, state = self._step(inner, State(), narrative.order)
        spent = iteration.times(carousel.iterations)
        output = state.values.get("previous", NOTHING)
        if carousel.continue_on_error:
            output = self._any_output(state)
        self._note(frame, carousel, spent, inner.waits, act=None, unit="carousel", until=False)
        return spent, iteration, output

    def _any_output(self, state: State) -> Value:
        output = state.values.get("previous", NOTHING)
        for value in state.values.values():
            output |= value
        return output

    def _within(self, frame: _Frame, carousel: Carousel) -> _Frame:
        return replace(
            frame,
            multipliers=overlay(carousel.budget, frame.multipliers),
            waits=frame.waits or carousel.on_exhausted == "wait",
            iterations=carousel.iterations,
        )

    def _note(
        self,
        frame: _Frame,
        carousel: Carousel,
        spent: Spent,
        waits: bool,
        *,
        act: str | None,
        unit: str,
        until: bool,
    ) -> None:
        key = (frame.path, carousel.place, act, unit)
        self.carousels.setdefault(
            key,
            CarouselUse(
                carousel=carousel,
                path=frame.path,
                act=act,
                unit=unit,
                certain=frame.certain,
                waits=waits,
                until=until,
                spent=spent,
            ),
        )

    def _step(self, frame: _Frame, state: State, step: Step) -> _Outcome:
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
                return self._parallel(frame, state, steps)
            case Branch(then=then, otherwise=otherwise):
                maybe = replace(frame, certain=False)
                first = self._step(maybe, state, then)
                second: _Outcome = (NOTHING_SPENT, state)
                if otherwise is not None:
                    second = self._step(maybe, state, otherwise)
                return first[0] | second[0], first[1] | second[1]
            case Repeat():
                return self._run_repeat(frame, state, step)

    def _run_repeat(self, frame: _Frame, state: State, step: Repeat) -> _Outcome:
        inner = self._within(frame, step.carousel)

        def one(at: State) -> _Outcome:
            if step.history == "fresh":
                at = replace(
                    at, history=state.history, pending=state.pending, repeated=state.repeated
                )
            return self._step(inner, at, step.body)

        until = step.until is not None
        spent, after = self._repeat(step.carousel, state, one, until=until)
        self._note(frame, step.carousel, spent, inner.waits, act=None, unit="repeat", until=until)
        return spent, after

    def _parallel(self, frame: _Frame, state: State, steps: tuple[Step, ...]) -> _Outcome:
        outcomes = [self._step(frame, state, step) for step in steps]
        joined = state
        asked = 0
        values = dict(state.values)
        previous = state.values.get("previous")
        pending: float | None = state.pending
        for spent, after in outcomes:
            added_ = growth(state.history, after.history)
            history = joined.history + added_
            repeated = {
                place: joined.repeated.get(place, 0.0) + tokens - state.repeated.get(place, 0.0)
                for place, tokens in after.repeated.items()
            }
            joined = replace(joined, history=history, repeated={**joined.repeated, **repeated})
            asked += spent.use.requests.ceiling != 0
            pending = added(pending, after.pending)
            for name, value in after.values.items():
                if name == "previous":
                    previous = value if previous is None else previous | value
                elif value is not state.values.get(name):
                    values[name] = value | values[name] if name in state.values else value
                    previous = value if previous is None else previous | value
        if asked > 1:
            # Each of them has what waited at the head of its own message.
            twice = None if state.pending is None else state.pending * (asked - 1)
            joined = replace(joined, history=joined.history + Interval(0, 0, twice))
        if previous is not None:
            values["previous"] = previous
        return total(spent for spent, _ in outcomes), replace(
            joined, pending=pending, values=values
        )

    # Repetition

    def _repeat(
        self, carousel: Carousel, state: State, body: Callable[[State], _Outcome], *, until: bool
    ) -> _Outcome:
        """A repetition's use and the state after it; with `until` it may end after any pass."""
        if carousel.continue_on_error:
            body = _failing(body)
        passes = _passes(carousel.iterations, state, body)
        if not until or carousel.iterations == 1:
            return passes
        least = _passes(1, state, body)
        about = _passes((carousel.iterations + 1) // 2, state, body)
        spent = least[0].parts(about[0], passes[0])
        values = dict(least[1].values)
        for other in (about[1], passes[1]):
            values = either_value(values, other.values)
        after = State(
            least[1].history.parts(about[1].history, passes[1].history),
            greater(least[1].pending, passes[1].pending),
            about[1].repeated,
            values,
        )
        return spent, after

    # Acts

    def _run_act(self, frame: _Frame, state: State, step: RunAct) -> _Outcome:
        act = frame.narrative.acts[step.act]
        carousel = act.carousel
        if carousel is None:
            return self._maybe(frame, state, step, act)
        inner = self._within(frame, carousel)

        def one(at: State) -> _Outcome:
            return self._maybe(inner, at, step, act)

        spent, after = self._repeat(carousel, state, one, until=False)
        certain = replace(frame, certain=frame.certain and act.when is None)
        self._note(certain, carousel, spent, inner.waits, act=act.name, unit="act", until=False)
        return spent, after

    def _maybe(self, frame: _Frame, state: State, step: RunAct, act: Act) -> _Outcome:
        if act.when is None:
            return self._act(frame, state, step, act)
        spent, after = self._act(replace(frame, certain=False), state, step, act)
        return spent | NOTHING_SPENT, after | state

    def _act(self, frame: _Frame, state: State, step: RunAct, act: Act) -> _Outcome:
        model = self.models.find(act.settings.model)
        if act.narrative is not None:
            return self._call(frame, state, act, model)
        spent: list[Spent] = []
        found: list[Contribution] = []
        values = dict(state.values)
        for source in act.inputs:
            each = self._input(frame, values, source, model, spent)
            if each.why:
                self.unbounded.setdefault(Unbounded(frame.narrative.name, act.name, each.why))
            if isinstance(source, TableInput):
                values |= dict.fromkeys(source.names, each.value)
            found.append(each)
        state = replace(state, values=values)
        if not act.asks_model:
            return total(spent), self._performed(state, act, found, model.family)
        asked, state = self._ask(frame, state, step, act, model=model, found=found)
        return total((*spent, asked)), state

    def _performed(
        self, state: State, act: Act, found: list[Contribution], family: Family
    ) -> State:
        last = found[-1]
        if last.kept is not None:
            place = last.place if last.rows else None
            state = state.kept(part(last.kept, family), place, pending=True)
        return _finished(state, act.name, last.value)

    def _ask(
        self,
        frame: _Frame,
        state: State,
        step: RunAct,
        act: Act,
        *,
        model: Model,
        found: list[Contribution],
    ) -> tuple[Spent, State]:
        family, framing = model.family, exactly(model.facts.tokens_per_message)
        message, kept = framing, framing
        for each in found:
            message += part(each.size, family)
            if each.kept is not None:
                kept += part(each.kept, family)
        kept = Interval(kept.floor, kept.expected, added(kept.ceiling, _OMITTED))
        system = ZERO
        if act.system is not None:
            size, why = self._template(frame, state.values, act.system, family)
            system = part(size, family)
            if why:
                self.unbounded.setdefault(Unbounded(frame.narrative.name, act.name, why))
        typed = act.output is not None and not is_plain_text(act.output)
        schema = None
        if typed and act.output is not None:
            schema = msgspec.json.encode(json_schema(act.output)).decode()
        sent = state.history + message + system + framing
        asked = asking(act, sent, model, schema)
        if asked.output is None:
            why = f"nothing is known of the most that `{model.name}` answers; give `max_tokens`"
            self.unbounded.setdefault(Unbounded(frame.narrative.name, act.name, why))
        ask = Ask(
            narrative=frame.narrative.name,
            act=act.name,
            step=step.place,
            place=act.place,
            model=model,
            multipliers=overlay(self.command_line, overlay(frame.multipliers, self.project)),
            use=asked.use,
            request=asked.request,
            output=asked.output,
            parts=(
                *((each.place, each.size.floor) for each in found),
                (None, int(state.history.floor)),
            ),
        )
        spent = spent_by(ask, state.repeated)
        for each in found:
            if each.rows and each.kept is not None:
                state = replace(
                    state,
                    repeated={
                        **state.repeated,
                        each.place: state.repeated.get(each.place, 0.0) + each.kept.expected,
                    },
                )
        answer = asked.answer
        said = framing + Interval(1, answer.expected, added(answer.ceiling, family.prefix + 1))
        state = state.kept(kept + said, None, pending=False)
        return spent, _finished(state, act.name, answer)

    def _call(self, frame: _Frame, state: State, act: Act, model: Model) -> _Outcome:
        assert act.narrative is not None
        given = dict(frame.variables)
        for name, value in act.arguments.items():
            given[f"vars.{name}"] = self._given(frame, state.values, value, model.family)
        spent, output = self._narrative_of(frame, act.narrative, given)
        size = _printed(output)
        summary = known(f"[Narrative: {act.narrative}]", model.family)
        found = contributed(act.place, "full", size, summary, value=output, family=model.family)
        return spent, self._performed(state, act, [found], model.family)

    def _narrative_of(
        self, frame: _Frame, key: str, variables: Mapping[str, Value]
    ) -> tuple[Spent, Value]:
        narrative = self.program.narratives[key]
        if len(frame.path) > MAX_DEPTH:
            raise RecursionError(f"narratives run each other more than {MAX_DEPTH} deep")
        inner = replace(
            frame,
            narrative=narrative,
            variables=variables,
            multipliers=overlay(narrative.budget, frame.multipliers),
            iterations=None,
            path=(*frame.path, key),
        )
        known_by = (key, tuple(sorted(variables.items(), key=lambda each: each[0])))
        known_as = (known_by, inner.multipliers, inner.waits, inner.certain)
        found = self._called.get(known_as)
        if found is None:
            spent, _, output = self._narrative(inner)
            found = self._called[known_as] = spent, output
        return found

    # Inputs

    def _input(
        self,
        frame: _Frame,
        values: Mapping[str, Value],
        source: Input,
        model: Model,
        spent: list[Spent],
    ) -> Contribution:
        family = model.family
        match source:
            case TextInput(template=template, retention=retention):
                size, why = self._template(frame, values, template, family)
                value = Value(
                    expected=size.expected,
                    ceiling=size.ceiling,
                    most=size.most,
                    json=None if size.most is None else 6 * size.most + 2,
                    type=Text(),
                    why=why,
                )
                summary = text_summary(family)
                return contributed(
                    source.place, retention, size, summary, value=value, family=family, why=why
                )
            case CommandInput():
                return command_contribution(source, family)
            case TableInput():
                return table_contribution(source, family)
            case MediaInput():
                return media_contribution(source, self.media(source), family)
            case NarrativeInput(narrative=key, retention=retention):
                each, output = self._narrative_of(frame, key, frame.variables)
                spent.append(each)
                summary = known(f"[Narrative: {key}]", family)
                size = _printed(output)
                return contributed(
                    source.place,
                    retention,
                    size,
                    summary,
                    value=output,
                    family=family,
                    why=output.why,
                )

    def _template(
        self, frame: _Frame, values: Mapping[str, Value], template: Template, family: Family
    ) -> tuple[Size, str]:
        analysis = self._analysis(frame.narrative, template)
        if analysis is None:
            return rendered(template.source, None, values, family)
        names = {**values, **frame.variables}
        if frame.iterations is not None:
            names["iteration"] = known_value(str(frame.iterations), family)
        return rendered(template.source, analysis, names, family)

    def _analysis(self, narrative: Narrative, template: Template) -> Analysis | None:
        if not has_tags(template.source):
            return None
        key = (id(narrative), template.source)
        if key not in self._analyses:
            names = self._names.get(id(narrative))
            if names is None:
                names = self._names[id(narrative)] = names_of(narrative, self.program.variables)
            self._analyses[key] = check_prompt(template.source, names)
        return self._analyses[key]

    def _given(
        self, frame: _Frame, values: Mapping[str, Value], given: Given, family: Family
    ) -> Value:
        """A value that is given to another narrative."""
        match given:
            case Template():
                size, why = self._template(frame, values, given, family)
                json_ = None if size.most is None else 6 * size.most + 2
                return Value(
                    expected=size.expected,
                    ceiling=size.ceiling,
                    most=size.most,
                    json=json_,
                    type=Text(),
                    why=why,
                )
            case Constant(data=data):
                text = data if isinstance(data, str) else msgspec.json.encode(data).decode()
                return known_value(text, family)
            case ListValue(items=items):
                parts = {str(number): item for number, item in enumerate(items)}
            case RecordValue(fields=fields):
                parts = dict(fields)
        size_: int | None = 2
        why = ""
        for key, item in parts.items():
            each = self._given(frame, values, item, family)
            why = why or each.why
            more = None if each.json is None else each.json + 6 * byte_length(key) + 6
            size_ = None if size_ is None or more is None else size_ + more
        return text_value(size_, family, why)


def _passes(count: int, state: State, body: Callable[[State], _Outcome]) -> _Outcome:
    """What so many passes use, each starting where the one before ended."""
    spent: Spent | None = None
    step: tuple[Interval, float | None] | None = None
    done = 0
    while done < count:
        if done >= _MAX_PASSES:
            # Nothing settles: no bound is honest, and what was walked is still a floor.
            assert spent is not None
            return spent.unbounded(), replace(state, history=state.history.unbounded())
        each, after = body(state)
        spent = each if spent is None else spent.merged(each)
        done += 1
        grown = growth(state.history, after.history), _more(state.pending, after.pending)
        left = count - done
        settled = (
            step is not None
            and same_growth(step[0], grown[0])
            and step[1] == grown[1]
            and alike(state, after)
        )
        if settled and left > 2:
            first, _ = body(after)
            last, end = body(after.moved(state, left - 1))
            return spent.merged(first.series(last, left)), end
        step, state = grown, after
    assert spent is not None
    return spent, state


def _failing(body: Callable[[State], _Outcome]) -> Callable[[State], _Outcome]:
    """A pass that may end in any of its acts: what ran last may then be any of them."""

    def one(state: State) -> _Outcome:
        spent, after = body(state)
        values = either_value(state.values, after.values)
        previous = values.get("previous", NOTHING)
        for value in values.values():
            previous |= value
        return spent, replace(
            after,
            pending=added(state.pending, growth(state.history, after.history).ceiling),
            values={**values, "previous": previous},
        )

    return one


def _more(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before


def _finished(state: State, act: str, value: Value) -> State:
    return replace(state, values={**state.values, act: value, "previous": value})


def _printed(value: Value) -> Size:
    return Size(0, value.expected, value.ceiling, 0, value.most)


def overlay(over: Multipliers, under: Multipliers) -> Multipliers:
    """Lay multipliers over others: what `over` does not say, `under` does."""
    return Multipliers(
        rpm=under.rpm if over.rpm is None else over.rpm,
        tpm=under.tpm if over.tpm is None else over.tpm,
        rpd=under.rpd if over.rpd is None else over.rpd,
    )
