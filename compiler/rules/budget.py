"""BOT501 to BOT504 and BOT507: carousels, requests and estimates against what providers admit.

The bounds are those of the lowered program. They are asked for only where a file is otherwise
sound, and only of narratives in which they can say anything.
"""

import math
from collections.abc import Callable, Iterator
from functools import cached_property

from msgspec.structs import replace

from botticelli.compiler.budget.analysis import MAX_DEPTH, budget_of
from botticelli.compiler.budget.models import Model, Models
from botticelli.compiler.budget.result import Budget, CarouselUse, Shortfall
from botticelli.compiler.budget.schedule import Judgement, Stop, Verdict, judge
from botticelli.compiler.budget.spent import Ask
from botticelli.compiler.diagnostics import Edit, Fix, Label, Location
from botticelli.compiler.ir.program import Multipliers, Place
from botticelli.compiler.lower.places import Places
from botticelli.compiler.lower.program import Lowered, lower_program
from botticelli.compiler.narrative import model
from botticelli.compiler.narrative.located import Located
from botticelli.compiler.rules.bounding import is_worth_bounding
from botticelli.compiler.rules.inserting import is_toml
from botticelli.compiler.rules.models import conducts
from botticelli.compiler.rules.subject import Subject
from botticelli.compiler.semantics.limits import DAY, LimitError, scale
from botticelli.compiler.workspace.composition import calls_of, resolve
from botticelli.compiler.workspace.workspace import NarrativeAt, Unit
from botticelli.grammar import catalogue
from botticelli.grammar.catalogue import Severity

MOSTLY = 0.5
"""The share of input tokens from which what is sent again is worth a word."""

_LIMITS = {"rpd": "requests a day", "tpd": "tokens a day"}

_WAITING = 'wait for the next day with `on_exhausted = "wait"`'

IsSound = Callable[[Unit], bool]
"""Whether a file has no errors, so that it can be lowered."""


def check_budget(subject: Subject, is_sound: IsSound) -> None:
    """BOT501 to BOT504 and BOT507."""
    lowering = _Lowering(subject, is_sound)
    for narrative in subject.file.narratives:
        at = NarrativeAt(subject.unit, narrative)
        if is_worth_bounding(narrative, subject) and lowering.is_possible(at):
            _Judge(subject, at, lowering.before).run()


class _Lowering:
    """What the narratives of a file have in common to be lowered."""

    def __init__(self, subject: Subject, is_sound: IsSound) -> None:
        self.before: dict[tuple[str, str], Lowered] = {}
        self._subject = subject
        self._is_sound = is_sound
        self._calls: dict[tuple[str, str], list[NarrativeAt] | None] = {}

    def is_possible(self, at: NarrativeAt) -> bool:
        """Tell whether a narrative and all that it reaches can be lowered, and are not deeper than
        bounds are followed."""
        level = [at]
        for _ in range(MAX_DEPTH + 1):
            reached: dict[tuple[str, str], NarrativeAt] = {}
            for each in level:
                calls = self._calls_of(each)
                if calls is None:
                    return False
                reached |= {called.key: called for called in calls}
            if not reached:
                return True
            level = [*reached.values()]
        return False

    def _calls_of(self, at: NarrativeAt) -> list[NarrativeAt] | None:
        """Return what a narrative runs, None where it cannot be lowered."""
        if at.key not in self._calls:
            self._calls[at.key] = self._find_calls(at)
        return self._calls[at.key]

    def _find_calls(self, at: NarrativeAt) -> list[NarrativeAt] | None:
        if at.unit.file is None or at.narrative.order is None:
            return None
        if at.unit is not self._subject.unit and not self._is_sound(at.unit):
            return None
        found: list[NarrativeAt] = []
        for call in calls_of(at.unit.file, at.narrative):
            called = resolve(call.name, at.unit, self._subject.workspace).found
            if called is None:
                return None
            found.append(called)
        return found


class _Judge:
    """Judges one narrative of a file."""

    def __init__(
        self, subject: Subject, at: NarrativeAt, before: dict[tuple[str, str], Lowered]
    ) -> None:
        self.subject = subject
        self.before = before
        self.at = at
        self.reporter = subject.reporter

    def run(self) -> None:
        workspace = self.subject.workspace
        configuration = workspace.configuration
        records = workspace.types.records
        program = lower_program(self.at, workspace, configuration, records, self.before)
        budget = budget_of(
            program,
            self._models,
            project=configuration.budget,
            command_line=workspace.asked.budget,
        )
        if workspace.budgets is not None:
            workspace.budgets[self.at.key] = budget
        self._check_shares(budget)
        self._check_caps(budget)
        refused = False
        for use in budget.carousels:
            if len(use.path) == 1 and use.carousel.place in self._carousels:
                self._check_estimate(use)
                if not _outlasts_a_day(use, budget):
                    refused = refused or self._check_carousel(use)
        self._check_requests(budget)
        self._check_history(budget)

    @cached_property
    def _models(self) -> Models:
        return Models(self.subject.workspace.configuration)

    # Places of the program in the file

    @cached_property
    def _carousels(self) -> dict[Place, model.Carousel]:
        places = Places(self.at.unit, self.subject.workspace.folder)
        narrative = self.at.narrative
        found = {}
        if narrative.carousel is not None:
            found[places.at(narrative.carousel.node.location)] = narrative.carousel
        for act in self.subject.file.acts_of(narrative).values():
            if act.carousel is not None:
                found[places.at(act.carousel.node.location)] = act.carousel
        if narrative.order is not None:
            for step in _repetitions(narrative.order.body):
                found[places.at(step.node.location)] = step.carousel
        return found

    @cached_property
    def _inputs(self) -> dict[Place, Location]:
        places = Places(self.at.unit, self.subject.workspace.folder)
        found = {}
        for act in self.subject.file.acts_of(self.at.narrative).values():
            for item in act.inputs:
                location = (
                    item.location if isinstance(item, model.Reference) else item.node.location
                )
                found[places.at(location)] = location
                if isinstance(item, model.Reference) and item.kind in self._resources:
                    resource = self._resources[item.kind].get(item.name)
                    if resource is not None:
                        found[places.at(resource.input.node.location)] = location
        return found

    @property
    def _resources(self) -> dict[str, dict[str, model.Resource]]:
        return {"media": self.subject.file.media, "bots": self.subject.file.bots}

    # BOT501 and BOT502

    def _check_carousel(self, use: CarouselUse) -> bool:
        """Report a carousel that does not fit; tell whether it does not."""
        if use.waits or not use.spent.asks:
            return False
        judgement = judge(use)
        if judgement.verdict in {Verdict.FEASIBLE, Verdict.LIKELY} or judgement.stop is None:
            return False
        certainly = judgement.verdict is Verdict.INFEASIBLE and use.certain
        carousel = self._carousels[use.carousel.place]
        self.reporter.report(
            catalogue.BUDGET_INFEASIBLE if certainly else catalogue.BUDGET_UNLIKELY,
            carousel.iterations.location,
            self._shortage(use, judgement, judgement.stop),
            note=f"× {use.carousel.iterations} from this carousel",  # noqa: RUF001 - the sign of a product
            labels=self._causes(use, carousel),
            help=_remedy(judgement),
            fix=_fewer(carousel, judgement),
        )
        return True

    def _shortage(self, use: CarouselUse, judgement: Judgement, stop: Stop) -> str:
        total = use.spent.use
        taken = total.tokens if stop.limit == "tpd" else total.requests
        infeasible = judgement.verdict is Verdict.INFEASIBLE
        needed = taken.floor if infeasible else taken.expected
        how = "takes at least" if infeasible else "is expected to take"
        what = "tokens" if stop.limit == "tpd" else "requests"
        return (
            f"this carousel {how} {needed:,.0f} {what}, and {stop.value:,} "
            f"{_LIMITS.get(stop.limit, what)} are admitted: it ends in iteration "
            f"{stop.iteration:,}, at `{stop.act}`"
        )

    def _causes(self, use: CarouselUse, carousel: model.Carousel) -> Iterator[Label]:
        acts = len(dict.fromkeys(ask.act for ask in use.spent.asks))
        order = self.at.narrative.order
        if use.unit == "carousel" and order is not None:
            noun = "act asks" if acts == 1 else "acts ask"
            times = f"× {acts} {noun} the model"  # noqa: RUF001
            yield Label(times, order.body.node.location)
        for budget in (carousel.budget, self.at.narrative.budget):
            if budget.rpd is not None:
                yield Label(f"budget = {budget.rpd.value:g}", budget.rpd.location)
                return

    # BOT501 for caps

    def _check_caps(self, budget: Budget) -> None:
        """Report the first cap that no run can complete under."""
        limits = self.at.narrative.limits
        for each in budget.shortfalls:
            located: Located[int] | Located[float] | None = getattr(limits, each.cap)
            if len(each.path) > 1 or located is None:
                continue
            what = {"max_cost": "US dollars", "max_tokens": "tokens"}.get(each.cap, "requests")
            needed = f"{each.needed:,.4f}" if each.cap == "max_cost" else f"{each.needed:,.0f}"
            self.reporter.report(
                catalogue.BUDGET_INFEASIBLE,
                located.location,
                f"a run takes at least {needed} {what}, and `{each.cap}` ends it at {each.value:,}",
                note="no run completes under this cap",
                fix=self._higher_cap(each, located.location),
            )
            return

    def _higher_cap(self, short: Shortfall, location: Location) -> Fix:
        if short.cap == "max_cost":
            return Fix(safe=False, edits=(Edit(location, f"{short.needed * 1.005 + 0.0001:.4f}"),))
        return Fix(safe=False, edits=(Edit(location, str(math.ceil(short.needed))),))

    # BOT107

    def _check_shares(self, budget: Budget) -> None:
        """Report the multipliers of which no request is left."""
        said = [each.budget for each in self._carousels.values()]
        for shares in (*said, self.at.narrative.budget):
            for name in ("rpm", "tpm", "rpd"):
                located: Located[float] | None = getattr(shares, name)
                if located is not None:
                    self._check_share(budget, name, located)

    def _check_share(self, budget: Budget, name: str, located: Located[float]) -> None:
        share = replace(Multipliers(), **{name: located.value})
        for ask in budget.acts:
            try:
                scale(ask.model.facts.limits, share)
            except LimitError as error:
                self.reporter.report(
                    catalogue.BAD_VALUE,
                    located.location,
                    f"{error} of `{ask.model.name}`: no request would ever be sent",
                    note="rounded down, nothing is left",
                )
                return

    # BOT504

    def _check_estimate(self, use: CarouselUse) -> None:
        carousel = self._carousels[use.carousel.place]
        estimate = carousel.estimated_tokens
        if estimate is None or use.until:
            return
        count = use.carousel.iterations
        tokens = use.spent.use.tokens
        floor, expected = tokens.floor / count, tokens.expected / count
        if estimate.value >= expected:
            return
        below = estimate.value < floor
        rule = catalogue.ESTIMATE_BELOW_FLOOR
        if not below:
            rule = replace(rule, severity=Severity.WARNING)
        least = f"takes at least {floor:,.0f}" if below else f"is expected to take {expected:,.0f}"
        self.reporter.report(
            rule,
            estimate.location,
            f"an iteration {least} tokens, not {estimate.value:,}",
            note="less than the floor" if below else "less than is expected",
            help="leave the key out to take the compiler's own estimate",
            fix=Fix(safe=False, edits=(Edit(estimate.location, f"{-(-expected // 1):.0f}"),)),
        )

    # BOT503

    def _check_requests(self, budget: Budget) -> None:
        for ask in budget.spent.asks:
            if ask.narrative == budget.program.entry:
                self._check_request(ask)

    def _check_request(self, ask: Ask) -> None:
        facts = ask.model.facts
        try:
            limits = scale(facts.limits, ask.multipliers)
        except LimitError:
            return
        needed = int(ask.largest)
        admitted = [
            (facts.context, "the context of the model"),
            (limits.tpm, "the tokens of a minute"),
            (limits.itpm, "the input tokens of a minute"),
            (limits.tpd, "the tokens of a day"),
        ]
        for value, name in admitted:
            if value is not None and needed > value:
                part = max(ask.parts, key=lambda part: part.tokens.floor)
                location = self._inputs.get(part.place) if part.place is not None else None
                tokens = part.tokens.floor
                self.reporter.report(
                    catalogue.REQUEST_TOO_LARGE,
                    location or self._act_location(ask),
                    f"a request of `{ask.act}` has at least {needed:,} tokens, more than "
                    f"{name} ({value:,} for `{ask.model.name}`)",
                    note=f"at least {tokens:,.0f} tokens" if location is not None else "",
                    about=ask.act,
                    help="no waiting helps: the request has to be smaller, or the model larger",
                    fix=self._larger_model(ask, needed),
                )
                return

    def _larger_model(self, ask: Ask, needed: int) -> Fix | None:
        """Ask the cheapest model of the same provider that admits the request instead."""
        act = self.subject.file.acts_of(self.at.narrative)[ask.act]
        written = [each.settings.model for each in conducts(act, self.at.narrative, self.subject)]
        text = next((each for each in written if each is not None), None)
        if text is None or text.value != ask.model.name:
            return None
        found = [
            other
            for name in self._models.names()
            if (other := self._models.find(name)).provider == ask.model.provider
            and _admits(other, ask.multipliers, needed)
        ]
        if not found:
            return None
        other = min(found, key=lambda model: model.facts.input_price or 0.0)
        return Fix(safe=False, edits=(Edit(text.part(0, len(text.value)), other.name),))

    def _act_location(self, ask: Ask) -> Location:
        return self.subject.file.acts_of(self.at.narrative)[ask.act].name.location

    # BOT507

    def _check_history(self, budget: Budget) -> None:
        tokens = budget.spent.use.input.expected
        again = budget.spent.again
        if not again or sum(again.values()) <= MOSTLY * tokens:
            return
        place = max(again, key=lambda each: again[each])
        location = self._inputs.get(place)
        if location is None:
            return
        share = sum(again.values()) / tokens
        self.reporter.report(
            catalogue.GROWING_HISTORY,
            location,
            f"{share:.0%} of the input tokens that are expected are sent again, act after act",
            note=f"about {again[place]:,.0f} tokens of this",
            help='`history_retention = "summary"` leaves a line in its place after this act',
            fix=self._summarised(location),
        )

    def _summarised(self, location: Location) -> Fix | None:
        """Write the reference as a table with a retention of its own."""
        source = location.source
        written = source.text[location.span.start : location.span.end]
        if "\n" in written:
            return None
        if is_toml(source):
            text = f'{{ ref = {written}, history_retention = "summary" }}'
        else:
            quoted = written if written[:1] in {'"', "'"} else f'"{written}"'
            text = f"{{ ref: {quoted}, history_retention: summary }}"
        return Fix(safe=False, edits=(Edit(location, text),))


def _admits(model: Model, multipliers: Multipliers, needed: int) -> bool:
    try:
        limits = scale(model.facts.limits, multipliers)
    except LimitError:
        return False
    most = (model.facts.context, limits.tpm, limits.itpm, limits.tpd)
    return all(value is None or needed <= value for value in most)


def _outlasts_a_day(use: CarouselUse, budget: Budget) -> bool:
    """Whether `every` of what a carousel runs spreads it over more than a day: its schedule follows
    its own `every` alone, and what one day admits says nothing of it then."""
    acts = {ask.key for ask in use.spent.asks}
    most = use.spent.use.requests.floor
    seconds = sum(
        (other.carousel.every or 0.0) * (other.carousel.iterations - 1)
        for other in budget.carousels
        if other is not use
        and other.spent.use.requests.floor <= most
        and acts.issuperset(ask.key for ask in other.spent.asks)
    )
    return seconds * use.carousel.iterations >= DAY


def _repetitions(step: model.Step) -> Iterator[model.RepeatStep]:
    match step:
        case model.RepeatStep(body=body):
            yield step
            yield from _repetitions(body)
        case model.SequenceStep(steps=steps) | model.ParallelStep(steps=steps):
            for inner in steps:
                yield from _repetitions(inner)
        case model.BranchStep(then=then, otherwise=otherwise):
            yield from _repetitions(then)
            if otherwise is not None:
                yield from _repetitions(otherwise)
        case _:
            pass


def _remedy(judgement: Judgement) -> str:
    if judgement.fits:
        return f"{judgement.fits:,} iterations fit; or {_WAITING}"
    return _WAITING


def _fewer(carousel: model.Carousel, judgement: Judgement) -> Fix | None:
    if not judgement.fits:
        return None
    return Fix(safe=False, edits=(Edit(carousel.iterations.location, str(judgement.fits)),))
