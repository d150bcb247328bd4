"""One run of one act: its inputs as parts of a message, and what asking its model uses."""

from collections.abc import Callable, Mapping

import msgspec
from msgspec.structs import replace

from botticelli.compiler.budget.conversation import State
from botticelli.compiler.budget.frames import Frame
from botticelli.compiler.budget.inputs import (
    Contribution,
    command_contribution,
    contributed,
    media_contribution,
    part,
    table_contribution,
    text_summary,
)
from botticelli.compiler.budget.intervals import Interval, added, exactly
from botticelli.compiler.budget.media import Look
from botticelli.compiler.budget.models import Model, Models
from botticelli.compiler.budget.repeating import Outcome
from botticelli.compiler.budget.requests import asking
from botticelli.compiler.budget.result import Unbounded
from botticelli.compiler.budget.sizes import Size, Value, bounded, known
from botticelli.compiler.budget.spent import Ask, Part, PartKind, Spent, spent_by, total
from botticelli.compiler.budget.texts import Texts
from botticelli.compiler.ir.program import (
    Act,
    CommandInput,
    Input,
    MediaInput,
    Multipliers,
    NarrativeInput,
    Place,
    RunAct,
    TableInput,
    TextInput,
)
from botticelli.compiler.ir.types import Record
from botticelli.compiler.semantics.content import describe_columns
from botticelli.compiler.semantics.limits import overlay
from botticelli.compiler.semantics.stored import described_by, last_asking
from botticelli.compiler.semantics.tokens import Family
from botticelli.compiler.semantics.typed import is_plain_text, json_schema

_OMITTED = 17
"""Tokens of `[inputs omitted]` at most."""

_COLUMNS_EXPECTED = 100.0
"""Tokens of a description of columns of which nothing is known."""

Call = Callable[[Frame, str, Mapping[str, Value]], tuple[Spent, Value]]
"""Runs a narrative, by its key and with the variables that it sees."""


class Acts:
    """Walks single acts. `unbounded` gathers why anything in them has no bound."""

    def __init__(
        self,
        models: Models,
        schemas: Mapping[str, Record],
        texts: Texts,
        call: Call,
        *,
        media: Look,
        project: Multipliers,
        command_line: Multipliers,
    ) -> None:
        self._models = models
        self._schemas = schemas
        self._texts = texts
        self._call = call
        self._media = media
        self._project = project
        self._command_line = command_line
        self._last: dict[str, frozenset[str]] = {}
        self.unbounded: dict[Unbounded, None] = {}

    def run(self, frame: Frame, state: State, step: RunAct, act: Act) -> Outcome:
        """What one run of an act uses, and the state after it."""
        model = self._models.find(act.settings.model)
        if act.narrative is not None:
            return self._run_narrative(frame, state, act, model)
        spent: list[Spent] = []
        found: list[Contribution] = []
        values = state.values
        for source in act.inputs:
            each = self._input(frame, values, source, model, spent)
            self._note(frame, act, each.why, each.place)
            if isinstance(source, TableInput):
                values = values.changed(dict.fromkeys(source.names, each.value))
            found.append(each)
        state = replace(state, values=values)
        if not act.asks_model:
            return total(spent), _performed(state, act, found[-1], model.family)
        asked, state = self._ask(frame, state, step, act, model=model, found=found)
        return total((*spent, asked)), state

    def _note(self, frame: Frame, act: Act, why: str, place: Place | None) -> None:
        if why:
            self.unbounded.setdefault(Unbounded(frame.key, act.name, why, place))

    # Inputs

    def _input(
        self,
        frame: Frame,
        values: Mapping[str, Value],
        source: Input,
        model: Model,
        spent: list[Spent],
    ) -> Contribution:
        family = model.family
        match source:
            case TextInput():
                return self._text(frame, values, source, family)
            case CommandInput():
                return command_contribution(source, family)
            case TableInput():
                return table_contribution(source, family)
            case MediaInput():
                return media_contribution(source, self._media(source), model)
            case NarrativeInput(narrative=key):
                each, output = self._call(frame, key, frame.variables)
                spent.append(each)
                return _answered(source, output, family)

    def _text(
        self, frame: Frame, values: Mapping[str, Value], source: TextInput, family: Family
    ) -> Contribution:
        value, size = self._texts.value(frame, values, source.template, family)
        return contributed(
            source.place,
            source.retention,
            size.within(source.max_bytes, family),
            text_summary(family),
            value=value,
            family=family,
            why=value.why if source.max_bytes is None else "",
        )

    # Other narratives

    def _run_narrative(self, frame: Frame, state: State, act: Act, model: Model) -> Outcome:
        assert act.narrative is not None
        given = dict(frame.variables)
        for name, value in act.arguments.items():
            given[f"vars.{name}"] = self._texts.given(frame, state.values, value, model.family)
        spent, output = self._call(frame, act.narrative, given)
        source = NarrativeInput(narrative=act.narrative, place=act.place, max_bytes=act.max_bytes)
        found = replace(_answered(source, output, model.family), why="")
        return spent, _performed(state, act, found, model.family)

    # The model

    def _ask(
        self,
        frame: Frame,
        state: State,
        step: RunAct,
        act: Act,
        *,
        model: Model,
        found: list[Contribution],
    ) -> Outcome:
        beside = [
            *self._persona(frame, state, act, model),
            *_form(act, model),
            *self._columns(frame, act, model),
        ]
        framing = exactly(model.facts.tokens_per_message)
        parts = (
            *(Part(PartKind.INPUT, part(each.size, model.family), each.place) for each in found),
            *beside,
            Part(PartKind.HISTORY, state.history),
            Part(PartKind.FRAMING, framing.times(2)),
        )
        request = Interval()
        for each in parts:
            request += each.tokens
        asked = asking(act, request, model)
        if asked.output is None:
            why = f"nothing is known of the most that `{model.name}` answers; give `max_tokens`"
            self._note(frame, act, why, act.place)
        ask = Ask(
            narrative=frame.key,
            act=act.name,
            step=step.place,
            place=act.place,
            model=model,
            multipliers=overlay(self._command_line, overlay(frame.multipliers, self._project)),
            use=asked.use,
            request=asked.request,
            largest=request.floor,
            output=asked.output,
            parts=parts,
        )
        after = _heard(state, found, model).kept(_said(asked.answer, model), None, pending=False)
        return spent_by(ask, state.repeated), _finished(after, act.name, asked.answer)

    def _columns(self, frame: Frame, act: Act, model: Model) -> list[Part]:
        """What an act is told of the columns that its answer is stored in."""
        last = self._last.get(frame.key)
        if last is None:
            last = self._last[frame.key] = last_asking(frame.narrative)
        template = described_by(frame.narrative, act, called=len(frame.path) > 1, last=last)
        if template is None:
            return []
        schema = self._schemas.get(template)
        size = bounded(None, model.family, _COLUMNS_EXPECTED)
        if schema is None:
            why = f"nothing is known of the columns of the template `{template}`; give it a schema"
            self._note(frame, act, why, frame.narrative.place)
        else:
            size = known(describe_columns(schema), model.family)
        return [Part(PartKind.COLUMNS, part(size, model.family), frame.narrative.place)]

    def _persona(self, frame: Frame, state: State, act: Act, model: Model) -> list[Part]:
        if act.system is None:
            return []
        size, why = self._texts.of(frame, state.values, act.system, model.family)
        self._note(frame, act, why, act.system.place)
        return [Part(PartKind.PERSONA, part(size, model.family), act.system.place)]


def _form(act: Act, model: Model) -> list[Part]:
    """The form that a typed answer is to have, which some drivers say in words."""
    if act.output is None or is_plain_text(act.output):
        return []
    schema = known(msgspec.json.encode(json_schema(act.output)).decode(), model.family)
    tokens = Interval(0, schema.expected, added(schema.ceiling, _FORM_WORDS))
    return [Part(PartKind.FORM, tokens, act.place)]


_FORM_WORDS = 70
"""Tokens of the sentence that says what a form is for, at most."""


def _answered(source: NarrativeInput, output: Value, family: Family) -> Contribution:
    """The answer of another narrative as an input."""
    return contributed(
        source.place,
        source.retention,
        Size(0, output.expected, output.ceiling, 0, output.most).within(source.max_bytes, family),
        known(f"[Narrative: {source.narrative}]", family),
        value=output,
        family=family,
        why=output.why if source.max_bytes is None else "",
    )


def _heard(state: State, found: list[Contribution], model: Model) -> State:
    """The state in which a message stays in the history as retention says."""
    kept = exactly(model.facts.tokens_per_message)
    repeated = state.repeated
    for each in found:
        if each.kept is None:
            continue
        kept += part(each.kept, model.family)
        if each.rows:
            repeated = repeated.adding(each.place, each.kept.expected)
    kept = Interval(kept.floor, kept.expected, added(kept.ceiling, _OMITTED))
    return replace(state, repeated=repeated).kept(kept, None, pending=False)


def _said(answer: Value, model: Model) -> Interval:
    """An answer as a message of the history."""
    said = Interval(1, answer.expected, added(answer.ceiling, model.family.prefix + 1))
    return exactly(model.facts.tokens_per_message) + said


def _performed(state: State, act: Act, last: Contribution, family: Family) -> State:
    """The state after an act that asks no model: its result waits for the next message."""
    if last.kept is not None:
        place = last.place if last.rows else None
        state = state.kept(part(last.kept, family), place, pending=True)
    return _finished(state, act.name, last.value)


def _finished(state: State, act: str, value: Value) -> State:
    return replace(state, values=state.values.changed({act: value, "previous": value}))
