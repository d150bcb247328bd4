"""Before each act: which acts have certainly run, which may have, which run later.

An order is followed once, as the runtime will follow it. At each act, and at each condition, that
gives a point: what templates and conditions there can rest on, and why.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from botticelli.compiler.diagnostics import Anchor, Location
from botticelli.compiler.flow.shared_map import SharedMap
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
    UnreadStep,
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


class OtherSide(Struct, frozen=True):
    """The acts of the side of an `if` that is not taken, and what decides against it."""

    acts: Mapping[str, Name]
    condition: Text

    def cause(self, name: str) -> Cause | None:
        if name not in self.acts:
            return None
        return Cause(f"`{name}` runs only in the other branch of this `if`", self.condition)


class Latest(Struct, frozen=True):
    """Which act ran last: ``act``, or what one of ``others`` says, by their numbers. Where an order
    repeats something, numbers lead forwards as well, to what ran last in the pass before.
    ``unread`` says that it is a step of which nobody knows what it runs."""

    act: Act | None = None
    others: tuple[int, ...] = ()
    unread: bool = False


class Point(Struct, frozen=True, kw_only=True):
    """What is known before one act runs or one condition is looked at.

    ``runs`` holds the latest run of each act, ``readers`` the act that last brought each alias of a
    table into scope, ``holding`` the conditions that hold here, ``implied`` the parts of those, and
    ``ensured`` the names that they say are not null.
    ``earlier_pass`` are acts that ran only in the pass before of a surrounding repetition,
    ``siblings`` are the `parallel` groups around it, ``other_sides`` those of each `if` around it.
    ``previous`` is the number of what is known of the act that ran last, 0 where none has;
    ``previous_certain`` tells that one did, and ``moved`` that one did since the innermost
    `parallel` around it began. ``begun`` tells that one may have, whichever pass this is.
    """

    runs: SharedMap[Run]
    readers: SharedMap[str]
    holding: Conditions = frozenset()
    ensured: frozenset[str] = frozenset()
    implied: Conditions = frozenset()
    earlier_pass: tuple[Mapping[str, Name], ...] = ()
    siblings: tuple[Siblings, ...] = ()
    other_sides: tuple[OtherSide, ...] = ()
    previous: int = 0
    previous_certain: bool = False
    moved: bool = False
    begun: bool = False
    in_carousel: bool = False

    def certain(self, name: str) -> bool:
        """Tell whether an act has certainly run: nothing decided it, or what did holds here.

        Where one act has certainly run, what decided it holds for others as well.
        """
        run = self.runs.get(name)
        if run is None or run.conditions <= self.holding or name in self.ensured:
            return run is not None
        holding = self.holding | self.implied
        for each in self.ensured:
            if (other := self.runs.get(each)) is not None:
                holding |= other.conditions
        return run.conditions <= holding

    def beside(self, name: str) -> Name | None:
        """Return where an act stands that runs at the same time."""
        found = (group.beside(name) for group in self.siblings)
        return next((each for each in found if each is not None), None)

    def ran_in_earlier_pass(self, name: str) -> Name | None:
        """Return where an act stands that has only run in a pass before."""
        return next((acts[name] for acts in reversed(self.earlier_pass) if name in acts), None)

    def on_other_side(self, name: str) -> Cause | None:
        """Return why an act runs only where this is not reached."""
        causes = (side.cause(name) for side in reversed(self.other_sides))
        return next((cause for cause in causes if cause is not None), None)

    def without(self, missing: frozenset[str]) -> "Point":
        """Return what is known where acts are known not to have run: what decided against one of
        them, if that was one condition alone."""
        holding = self.holding
        decided = True
        while decided:
            known = [run for name in missing if (run := self.runs.get(name)) is not None]
            left = [run.conditions - holding for run in known]
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
            implied=self.implied | _implied(condition, outcome=outcome),
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
    """A narrative's order, followed. What ``previous`` of a point means stands in ``latest``.

    ``misnamed`` are names in the order that are no acts, each with the act that it most likely
    means.
    """

    acts: tuple[ActPoint, ...]
    conditions: tuple[ConditionPoint, ...]
    latest: tuple[Latest, ...]
    later: dict[str, Name]
    misnamed: dict[str, Act | None]
    end: Point

    @property
    def last_acts(self) -> list[Act]:
        """The acts of which one is the last that runs."""
        found: dict[int, Act] = {}
        seen = {self.end.previous}
        waiting = [self.end.previous]
        while waiting:
            latest = self.latest[waiting.pop()]
            if latest.act is not None:
                found[id(latest.act)] = latest.act
            waiting += [other for other in latest.others if other not in seen]
            seen.update(latest.others)
        return list(reversed(found.values()))


def follow(
    narrative: Narrative,
    acts: Mapping[str, Act],
    aliases: Mapping[str, Iterable[str]] | None = None,
) -> Flow:
    """Follow a narrative's order. Names in it that are like no act are passed over.

    ``aliases`` are the names that the table inputs of each act bring into scope.
    """
    walk = _Walk(acts, aliases or {})
    start = Point(runs=SharedMap(), readers=SharedMap(), in_carousel=narrative.carousel is not None)
    end = start
    later: dict[str, Name] = {}
    if narrative.order is not None:
        end = walk.step(narrative.order.body, start)
        later = walk.named(narrative.order.body)
    return Flow(
        tuple(walk.acts), tuple(walk.conditions), tuple(walk.latest), later, walk.misnamed, end
    )


class _Walk:
    """Collects points on the way through an order."""

    def __init__(self, known: Mapping[str, Act], aliases: Mapping[str, Iterable[str]]) -> None:
        self._known = known
        self._aliases = aliases
        self._names: Names | None = None
        self.acts: list[ActPoint] = []
        self.conditions: list[ConditionPoint] = []
        self.latest: list[Latest] = [Latest()]
        self.misnamed: dict[str, Act | None] = {}

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
        if name.value not in self.misnamed:
            meant = self._names.nearest(name.value)
            self.misnamed[name.value] = self._known.get(meant or "")
        return self.misnamed[name.value]

    def _add_latest(self, act: Act | None, *others: int) -> int:
        self.latest.append(Latest(act, others))
        return len(self.latest) - 1

    def _either(self, first: int, second: int) -> int:
        return first if first == second else self._add_latest(None, first, second)

    def step(self, step: Step, point: Point) -> Point:
        """Follow one step; return what is known after it."""
        match step:
            case ActStep(name):
                return self._act(name, point)
            case UnreadStep():
                return self._something(point)
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
            return self._something(point)
        called = act.name.value
        inside = point
        latest = self._add_latest(act)
        if act.carousel is not None:
            inside = replace(
                inside,
                in_carousel=True,
                earlier_pass=(*inside.earlier_pass, {called: name}),
                previous=self._either(point.previous, latest),
            )
        if act.when is not None:
            self.conditions.append(ConditionPoint(act.when, inside))
            inside = inside.given(act.when)
        self.acts.append(ActPoint(act, name, inside))
        readers = point.readers
        for alias in self._aliases.get(called, ()):
            readers = readers.having(alias, called)
        if act.when is None:
            return replace(
                point,
                runs=point.runs.having(called, Run(act, name, point.holding)),
                readers=readers,
                previous=latest,
                previous_certain=True,
                moved=True,
                begun=True,
            )
        cause = Cause(f"`{called}` runs only when this holds", act.when)
        return replace(
            point,
            runs=point.runs.having(called, Run(act, name, inside.holding, cause)),
            readers=readers,
            previous=self._either(latest, point.previous),
            begun=True,
        )

    def _something(self, point: Point) -> Point:
        """What is known after a step of which it is not: a fault of the order, reported there."""
        self.latest.append(Latest(unread=True))
        return replace(
            point,
            previous=len(self.latest) - 1,
            previous_certain=True,
            moved=True,
            begun=True,
        )

    def _parallel(self, steps: Iterable[Step], point: Point) -> Point:
        branches = list(steps)
        group: dict[str, list[tuple[int, Name]]] = {}
        for index, branch in enumerate(branches):
            for name, where in self.named(branch).items():
                group.setdefault(name, []).append((index, where))
        after = point
        for index, branch in enumerate(branches):
            siblings = (*point.siblings, Siblings(group, index))
            end = self.step(branch, replace(point, siblings=siblings, moved=False))
            after = replace(
                after,
                runs=_joined(after.runs, end.runs, point.runs),
                readers=_joined(after.readers, end.readers, point.readers),
                previous=end.previous if end.moved else self._either(after.previous, end.previous),
                previous_certain=after.previous_certain or end.moved,
                moved=after.moved or end.moved,
                begun=after.begun or end.begun,
            )
        return after

    def _branch(self, step: BranchStep, point: Point) -> Point:
        self.conditions.append(ConditionPoint(step.condition, point))
        then = self._side(step, step.then, step.otherwise, point.given(step.condition))
        denied = point.given(step.condition, outcome=False)
        otherwise = denied
        if step.otherwise is not None:
            otherwise = self._side(step, step.otherwise, step.then, denied)
        runs = point.runs
        sides = (then.runs, otherwise.runs)
        for name in dict.fromkeys(n for side in sides for n, _ in side.changed_from(point.runs)):
            ends = then.runs.get(name), otherwise.runs.get(name)
            runs = runs.having(name, _after_branch(name, *ends, step, point))
        readers = _joined(point.readers, then.readers, point.readers)
        return replace(
            point,
            runs=runs,
            readers=_joined(readers, otherwise.readers, point.readers),
            previous=self._either(then.previous, otherwise.previous),
            previous_certain=then.previous_certain and otherwise.previous_certain,
            moved=then.moved and otherwise.moved,
            begun=then.begun or otherwise.begun,
        )

    def _side(self, step: BranchStep, taken: Step, passed: Step | None, point: Point) -> Point:
        """Follow one side of an `if`, where the acts of the other do not run."""
        if passed is None:
            return self.step(taken, point)
        other = OtherSide(self.named(passed), step.condition)
        return self.step(taken, replace(point, other_sides=(*point.other_sides, other)))

    def _repeat(self, step: RepeatStep, point: Point) -> Point:
        before = self._add_latest(None, point.previous)
        inside = replace(
            point,
            previous=before,
            in_carousel=True,
            earlier_pass=(*point.earlier_pass, self.named(step.body)),
        )
        end = self.step(step.body, inside)
        if end.previous != before:
            self.latest[before] = Latest(None, (point.previous, end.previous))
        if step.until is not None:
            self.conditions.append(ConditionPoint(step.until, end))
        return replace(
            end,
            in_carousel=point.in_carousel,
            earlier_pass=point.earlier_pass,
            holding=point.holding,
            ensured=point.ensured,
            implied=point.implied,
        )


V = TypeVar("V")


def _joined(after: SharedMap[V], end: SharedMap[V], before: SharedMap[V]) -> SharedMap[V]:
    """Return what is known after a part with what has come to be known at its end."""
    for name, value in end.changed_from(before):
        after = after.having(name, value)
    return after


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


def _implied(condition: Text, *, outcome: bool) -> Conditions:
    """The parts of a condition that all hold where it does, or of which none does where it does
    not."""
    from botticelli.compiler.languages import ast
    from botticelli.compiler.languages.conditions import parse_condition

    text = condition.value
    if (" and " if outcome else " or ") not in " ".join(text.lower().split()):
        return frozenset()
    tree = parse_condition(text).tree
    if not isinstance(tree, ast.Logical) or (tree.operator == "and") != outcome:
        return frozenset()
    keys = (_folded(text[part.start : part.end]) for part in tree.operands)
    return frozenset(key if outcome else _denial(key) for key in keys)


def _denial(key: str) -> str:
    """What holds where a condition does not."""
    if key.startswith(_DENIED) and key.endswith(")"):
        return key[len(_DENIED) : -1]
    return f"{_DENIED}{key})"


def _key(condition: Text) -> str:
    """A condition's text with white space folded, by which equal conditions are recognised."""
    return _folded(condition.value)


def _folded(text: str) -> str:
    return " ".join(text.split())
