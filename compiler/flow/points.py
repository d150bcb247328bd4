"""Before each act: which acts have certainly run, which may have, which run later.

An order is followed once, as the runtime will follow it. At each act, and at each condition, that
gives a point: what templates and conditions there can rest on, and why.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from botticelli.compiler.diagnostics import Anchor, Location
from botticelli.compiler.flow.steps import act_names
from botticelli.compiler.narrative.located import Name, Text
from botticelli.compiler.narrative.model import (
    Act,
    ActStep,
    BranchStep,
    Narrative,
    ParallelStep,
    RepeatStep,
    SequenceStep,
    Step,
)
from botticelli.compiler.nearest import Names

Conditions = frozenset[str]
_DENIED = "not ("


class Cause(Struct, frozen=True):
    """Why an act may not have run: what decides it, and where that stands."""

    message: str
    anchor: Anchor

    @property
    def location(self) -> Location:
        return self.anchor.location


class Run(Struct, frozen=True):
    """An act that has run by some point, if all of ``conditions`` held."""

    act: Act
    step: Name
    conditions: Conditions = frozenset()
    cause: Cause | None = None


class Siblings(Struct, frozen=True):
    """One item of a `parallel` group: ``group`` has the items that name each act, and where."""

    group: Mapping[str, Sequence[tuple[int, Name]]]
    item: int

    def beside(self, name: str) -> Name | None:
        """Return where another item names an act."""
        return next((where for item, where in self.group.get(name, ()) if item != self.item), None)


class Point(Struct, frozen=True, kw_only=True):
    """What is known before one act runs or one condition is looked at.

    ``runs`` holds the latest run of each act, ``holding`` the conditions that hold here and
    ``ensured`` the names that those say are not null.
    ``earlier_pass`` are acts that ran only in the pass before of a surrounding repetition,
    ``siblings`` are the `parallel` groups around it, ``other_branch`` the acts that run only where
    this is not reached. ``previous`` are the acts of which one ran last;
    ``previous_certain`` tells that one did.
    """

    runs: dict[str, Run] = {}
    holding: Conditions = frozenset()
    ensured: frozenset[str] = frozenset()
    earlier_pass: dict[str, Name] = {}
    siblings: tuple[Siblings, ...] = ()
    other_branch: dict[str, Cause] = {}
    previous: tuple[Act, ...] = ()
    previous_certain: bool = False
    in_carousel: bool = False

    def certain(self, name: str) -> bool:
        """Tell whether an act has certainly run: nothing decided it, or what did holds here."""
        run = self.runs.get(name)
        return run is not None and (run.conditions <= self.holding or name in self.ensured)

    def beside(self, name: str) -> Name | None:
        """Return where an act stands that runs at the same time."""
        found = (group.beside(name) for group in self.siblings)
        return next((each for each in found if each is not None), None)

    def without(self, missing: frozenset[str]) -> "Point":
        """Return what is known where acts are known not to have run: what decided against one of
        them, if that was one condition alone."""
        holding = self.holding
        decided = True
        while decided:
            left = [self.runs[name].conditions - holding for name in missing if name in self.runs]
            decided = False
            for rest in left:
                if len(rest) == 1 and not (denied := frozenset(map(_denial, rest))) <= holding:
                    holding |= denied
                    decided = True
        return replace(self, holding=holding) if holding != self.holding else self

    def given(self, condition: Text, *, outcome: bool = True) -> "Point":
        """Return what is known where a condition holds, or where it does not."""
        key = _key(condition) if outcome else _denial(_key(condition))
        return replace(
            self,
            holding=self.holding | {key},
            ensured=self.ensured | _ensured(condition, outcome=outcome),
        )


class ActPoint(Struct, frozen=True):
    """An act where the order names it. ``point`` is for its inputs; its `when` is not yet known."""

    act: Act
    step: Name
    point: Point


class ConditionPoint(Struct, frozen=True):
    """A condition of the order or of an act, and what is known when it is looked at."""

    condition: Text
    point: Point


class Flow(Struct, frozen=True):
    """A narrative's order, followed."""

    acts: tuple[ActPoint, ...]
    conditions: tuple[ConditionPoint, ...]
    later: dict[str, Name]
    end: Point


def follow(narrative: Narrative, acts: Mapping[str, Act]) -> Flow:
    """Follow a narrative's order. Names in it that are like no act are passed over."""
    walk = _Walk(acts)
    start = Point(in_carousel=narrative.carousel is not None)
    end = start
    later: dict[str, Name] = {}
    if narrative.order is not None:
        end = walk.step(narrative.order.body, start)
        later = walk.named(narrative.order.body)
    return Flow(tuple(walk.acts), tuple(walk.conditions), later, end)


class _Walk:
    """Collects points on the way through an order."""

    def __init__(self, known: Mapping[str, Act]) -> None:
        self._known = known
        self._names: Names | None = None
        self.acts: list[ActPoint] = []
        self.conditions: list[ConditionPoint] = []

    def named(self, step: Step) -> dict[str, Name]:
        """The acts that a step names, each where it does so first."""
        found: dict[str, Name] = {}
        for name in act_names(step):
            act = self._meant(name)
            if act is not None:
                found.setdefault(act.name.value, name)
        return found

    def _meant(self, name: Name) -> Act | None:
        """The act that a name means; a misspelt one, reported elsewhere, means the nearest."""
        if name.value in self._known:
            return self._known[name.value]
        if self._names is None:
            self._names = Names(self._known)
        return self._known.get(self._names.nearest(name.value) or "")

    def step(self, step: Step, point: Point) -> Point:
        """Follow one step; return what is known after it."""
        match step:
            case ActStep(name):
                return self._act(name, point)
            case SequenceStep(steps=steps):
                for inner in steps:
                    point = self.step(inner, point)
                return point
            case ParallelStep(steps=steps):
                return self._parallel(steps, point)
            case BranchStep():
                return self._branch(step, point)
            case RepeatStep():
                return self._repeat(step, point)

    def _act(self, name: Name, point: Point) -> Point:
        act = self._meant(name)
        if act is None:
            return point
        called = act.name.value
        inside = point
        if act.carousel is not None:
            inside = replace(
                inside, in_carousel=True, earlier_pass={**inside.earlier_pass, called: name}
            )
        if act.when is not None:
            self.conditions.append(ConditionPoint(act.when, inside))
            inside = inside.given(act.when)
        self.acts.append(ActPoint(act, name, inside))
        if act.when is None:
            run = Run(act, name, point.holding)
            certain = True
            previous: tuple[Act, ...] = (act,)
        else:
            cause = Cause(f"`{called}` runs only when this holds", act.when)
            run = Run(act, name, inside.holding, cause)
            certain = point.previous_certain
            previous = _distinct((*point.previous, act))
        return replace(
            point,
            runs={**point.runs, called: run},
            previous=previous,
            previous_certain=certain,
        )

    def _parallel(self, steps: Iterable[Step], point: Point) -> Point:
        branches = list(steps)
        group: dict[str, list[tuple[int, Name]]] = {}
        for index, branch in enumerate(branches):
            for name, where in self.named(branch).items():
                group.setdefault(name, []).append((index, where))
        after = point
        for index, branch in enumerate(branches):
            inside = replace(point, siblings=(*point.siblings, Siblings(group, index)))
            end = self.step(branch, inside)
            runs = {name: run for name, run in end.runs.items() if run is not point.runs.get(name)}
            certain = end.previous_certain and end.previous != point.previous
            after = replace(
                after,
                runs={**after.runs, **runs},
                previous=end.previous if certain else _distinct((*after.previous, *end.previous)),
                previous_certain=after.previous_certain or certain,
            )
        return after

    def _branch(self, step: BranchStep, point: Point) -> Point:
        self.conditions.append(ConditionPoint(step.condition, point))
        then = self._side(step, step.then, step.otherwise, point.given(step.condition))
        denied = point.given(step.condition, outcome=False)
        otherwise = denied
        if step.otherwise is not None:
            otherwise = self._side(step, step.otherwise, step.then, denied)
        runs = {
            name: _after_branch(name, then.runs.get(name), otherwise.runs.get(name), step, point)
            for name in dict.fromkeys((*then.runs, *otherwise.runs))
        }
        return replace(
            point,
            runs=runs,
            previous=_distinct((*then.previous, *otherwise.previous)),
            previous_certain=then.previous_certain and otherwise.previous_certain,
        )

    def _side(self, step: BranchStep, taken: Step, passed: Step | None, point: Point) -> Point:
        """Follow one side of an `if`, where the acts of the other do not run."""
        others = self.named(passed) if passed is not None else {}
        causes = {
            name: Cause(f"`{name}` runs only in the other branch of this `if`", step.condition)
            for name in others
        }
        inside = replace(point, other_branch={**point.other_branch, **causes})
        return self.step(taken, inside)

    def _repeat(self, step: RepeatStep, point: Point) -> Point:
        inside = replace(
            point,
            in_carousel=True,
            earlier_pass={**point.earlier_pass, **self.named(step.body)},
        )
        end = self.step(step.body, inside)
        if step.until is not None:
            self.conditions.append(ConditionPoint(step.until, end))
        return replace(
            end,
            in_carousel=point.in_carousel,
            earlier_pass=point.earlier_pass,
            holding=point.holding,
            ensured=point.ensured,
        )


def _distinct(acts: Iterable[Act]) -> tuple[Act, ...]:
    return tuple({act.name.value: act for act in acts}.values())


def _after_branch(
    name: str, first: Run | None, second: Run | None, step: BranchStep, point: Point
) -> Run:
    """What is known of an act after an `if`, from what each side knew of it at its end."""
    before = point.runs.get(name)
    if before is not None and before.conditions <= point.holding:
        new = first if first is not before else second
        return replace(new or before, conditions=before.conditions, cause=None)
    if first is not None and second is not None and first is not second:
        key = _key(step.condition)
        rest = (first.conditions - {key}) | (second.conditions - {_denial(key)})
        if rest <= point.holding:
            return Run(first.act, first.step, point.holding)
    run = first if first is not None and first is not before else second or first
    assert run is not None
    if run.cause is not None:
        return run
    message = f"`{name}` runs only in a branch of this `if`"
    return replace(run, cause=Cause(message, step.condition))


def _ensured(condition: Text, *, outcome: bool) -> frozenset[str]:
    from botticelli.compiler.languages.conditions import parse_condition
    from botticelli.compiler.languages.names import ensured

    if "null" not in condition.value.lower():
        return frozenset()
    tree = parse_condition(condition.value).tree
    return frozenset() if tree is None else ensured(tree, outcome=outcome)


def _denial(key: str) -> str:
    """What holds where a condition does not."""
    if key.startswith(_DENIED) and key.endswith(")"):
        return key[len(_DENIED) : -1]
    return f"{_DENIED}{key})"


def _key(condition: Text) -> str:
    """A condition's text with white space folded, by which equal conditions are recognised."""
    return " ".join(condition.value.split())
