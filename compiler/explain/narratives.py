"""Narratives as they are explained: their orders, their acts, and what flows between these."""

import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from botticelli.compiler.budget.models import Models
from botticelli.compiler.budget.result import Budget
from botticelli.compiler.explain import explanation as shown
from botticelli.compiler.explain.amounts import Measured
from botticelli.compiler.explain.expressions import written
from botticelli.compiler.explain.inputs import describe_input
from botticelli.compiler.explain.order import Order, follow, repetition
from botticelli.compiler.explain.origins import Destinations, conditions_of, origins
from botticelli.compiler.explain.storage import storage
from botticelli.compiler.explain.templates import Locate, Templates
from botticelli.compiler.explain.weighing import Weight, weighed
from botticelli.compiler.explain.wording import dollars, excerpt, listed, span_of_time, type_text
from botticelli.compiler.ir import program as ir

_SOME = 100.0
"""Tokens that the result of an act is taken to have that asks no model, beside other values."""

_LITTLE = 10.0

Measure = Mapping[tuple[str, str], Measured]
"""What is known of the use of an act, by the keys of its narrative and its own name."""


class Describing:
    """Describes the narratives of one program; `templates` are those of each, by its key."""

    def __init__(
        self, budget: Budget, models: Models, measured: Measure, locate: Locate | None
    ) -> None:
        self._program = budget.program
        self._models = models
        self._measured = measured
        self.templates = {
            key: Templates(narrative, budget.texts, locate)
            for key, narrative in budget.program.narratives.items()
        }

    def describe(self, key: str) -> shown.Narrative:
        """Return one narrative as it is shown."""
        narrative = self._program.narratives[key]
        callers = tuple(dict.fromkeys(self._callers(key)))
        order = follow(narrative)
        stored = storage(narrative, called=bool(callers))
        used = {
            name: origins(act, narrative, order.before[name], self.templates[key])
            for name, act in narrative.acts.items()
        }
        destinations = self._destinations(key, order, used, stored)
        return shown.Narrative(
            name=key,
            place=narrative.place,
            description=_description(narrative),
            called_by=callers,
            repetition=None if narrative.carousel is None else repetition(narrative.carousel),
            order=order.steps,
            acts=tuple(
                self._act(key, act, order, used[act.name], destinations.of(act.name))
                for act in narrative.acts.values()
            ),
            storage=stored,
            caps=tuple(_caps(narrative.limits)),
        )

    def _callers(self, key: str) -> Iterator[str]:
        for caller, narrative in self._program.narratives.items():
            for act in narrative.acts.values():
                inputs = (each for each in act.inputs if isinstance(each, ir.NarrativeInput))
                if act.narrative == key or any(each.narrative == key for each in inputs):
                    yield caller

    def _destinations(
        self,
        key: str,
        order: Order,
        used: Mapping[str, tuple[shown.Origin, ...]],
        stored: shown.Storage | None,
    ) -> Destinations:
        narrative = self._program.narratives[key]
        found = Destinations()
        for name, names in used.items():
            for origin in names:
                if origin.kind == "act":
                    found.add(origin.source, "act", name, origin.via)
        for use in conditions_of(narrative.order, self.templates[key]):
            if use.root in narrative.acts:
                found.add(use.root, "order", "a condition of the order", use.via)
        for earlier, name in _first_to_see(narrative, order).items():
            found.add(earlier, "conversation", name)
        if stored is not None:
            for name in stored.acts:
                found.add(name, "table", stored.table or "a new table of each run")
        for name in order.end.previous:
            found.add(name, "result", key)
        return found

    def _act(
        self,
        key: str,
        act: ir.Act,
        order: Order,
        used: tuple[shown.Origin, ...],
        destinations: tuple[shown.Destination, ...],
    ) -> shown.Act:
        measured = self._measured.get((key, act.name), Measured())
        tokens = {part.place: part.tokens for part in measured.request}
        weight = self._weight(key)
        family = self._models.find(act.settings.model).family

        def shared(pieces: Iterable[shown.Piece], place: ir.Place) -> tuple[shown.Piece, ...]:
            whole = tokens.get(place)
            expected = None if whole is None else whole.expected
            return weighed(tuple(pieces), expected, weight, family)

        inputs = (describe_input(each, self.templates[key]) for each in act.inputs)
        persona = () if act.system is None else self.templates[key].pieces(act.system)
        model = self._models.find(act.settings.model) if act.asks_model else None
        settings = act.settings
        return shown.Act(
            name=act.name,
            place=act.place,
            does="calls" if act.narrative else "asks" if act.asks_model else "performs",
            model=model.name if model else None,
            provider=model.provider if model else None,
            max_tokens=(settings.max_tokens or model.facts.max_output) if model else None,
            settings=tuple(_settings(act)) if model else (),
            character=act.character,
            persona=None if act.system is None else excerpt(act.system.source),
            persona_pieces=shared(persona, act.system.place) if act.system is not None else (),
            calls=act.narrative,
            when=None if act.when is None else written(act.when),
            repetition=None if act.carousel is None else repetition(act.carousel, history="shared"),
            attempts=act.retry.attempts,
            sees=order.before[act.name].seen if act.asks_model else (),
            inputs=tuple(
                replace(
                    each,
                    tokens=tokens.get(each.place),
                    pieces=shared(each.pieces, each.place),
                )
                for each in inputs
            ),
            origins=used,
            output=_output(act),
            destinations=destinations,
            amount=measured.amount,
            request=measured.request,
        )

    def _weight(self, key: str) -> Weight:
        """Return what values are expected to have by themselves, by the names in templates."""
        acts = self._program.narratives[key].acts

        def weight(name: str) -> float:
            root = re.split(r"[.\[]", name, maxsplit=1)[0]
            amount = self._measured.get((key, root), Measured()).amount
            if amount is not None and amount.requests.expected:
                return amount.output_tokens.expected / amount.requests.expected
            return _SOME if root in acts else _LITTLE

        return weight


def _first_to_see(narrative: ir.Narrative, order: Order) -> dict[str, str]:
    """Return for each act the first one that finds it in its conversation."""
    found: dict[str, str] = {}
    for name, act in narrative.acts.items():
        for earlier in order.before[name].seen if act.asks_model else ():
            found.setdefault(earlier, name)
    return found


def _settings(act: ir.Act) -> Iterator[str]:
    settings = act.settings
    for name in ("temperature", "top_p", "seed", "thinking"):
        value = getattr(settings, name)
        if value is not None:
            yield f"{name} {value}"
    if settings.stop:
        yield f"stop {listed(map(repr, settings.stop))}"
    if act.timeout is not None:
        yield f"timeout {span_of_time(act.timeout)}"
    yield f"at most {act.retry.attempts} attempts"


def _description(narrative: ir.Narrative) -> str | None:
    said = narrative.description or narrative.metadata.get("description")
    return None if said is None else str(said)


def _output(act: ir.Act) -> str:
    if act.output is not None:
        return type_text(act.output)
    if act.asks_model or act.narrative:
        return "text"
    last = act.inputs[-1]
    if isinstance(last, ir.TableInput):
        return f"rows as {last.format}"
    return "the command's result"


def _caps(caps: ir.Caps) -> Iterator[str]:
    if caps.max_requests is not None:
        yield f"{caps.max_requests:,} requests"
    if caps.max_tokens is not None:
        yield f"{caps.max_tokens:,} tokens"
    if caps.max_cost is not None:
        yield dollars(caps.max_cost)
