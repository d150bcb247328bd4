"""A reference for control flow: walks an order as a person would read it, and knows no effects.

It says which effects a program must have performed, by their addresses, and whether it failed. It
shares nothing with the interpreter but the program, and answers come from a function of addresses.
"""

from collections.abc import Callable, Mapping
from typing import Any

from botticelli.compiler.ir.expressions import Compare
from botticelli.compiler.ir.program import (
    Act,
    Branch,
    Carousel,
    CommandInput,
    Parallel,
    Program,
    Repeat,
    RunAct,
    Sequence,
    Step,
    TableInput,
)

Answer = Callable[[str], str | None]
"""What the effect at an address comes to; None is a failure."""

FAILURE = "no"


class FailedError(Exception):
    """An act, or what stands around it, has failed."""


class Reference:
    """Runs a program with one narrative. `asked` are the addresses of its effects."""

    def __init__(self, program: Program, answer: Answer) -> None:
        self.asked: set[str] = set()
        self._answer = answer
        self._tale = program.narratives[program.entry]
        self._held: dict[str, bool] = {}
        self.failed = False
        completed = 0
        assert self._tale.carousel is not None
        try:
            completed = self._repeat(
                self._tale.name, self._tale.carousel, self._iterate, unit="iteration"
            )
        except FailedError:
            self.failed = True
        self.failed = self.failed or completed == 0

    def _repeat(
        self,
        place: str,
        carousel: Carousel,
        body: Callable[[str], None],
        until: Callable[[], bool] = lambda: False,
        unit: str = "pass",
    ) -> int:
        completed = 0
        for number in range(1, carousel.iterations + 1):
            here = f"{place}/{unit}-{number}"
            if carousel.every is not None:
                self.asked.add(f"{here}/clock")
                if number > 1:
                    self.asked.add(f"{here}/due")
            try:
                body(here)
                completed += 1
            except FailedError:
                if not carousel.continue_on_error:
                    raise
                self._settle(here, "give-back")
            if until():
                break
        return completed

    def _iterate(self, place: str) -> None:
        self._walk(place, self._tale.order, {})
        if self._settle(place, "acknowledge") is None:
            raise FailedError

    def _settle(self, place: str, how: str) -> str | None:
        """Let go of what is held within a place; None when that fails."""
        held = [each for each in self._held if each.startswith(f"{place}/")]
        found = self._ask(f"{place}/{how}") if held else ""
        if found is not None or how == "give-back":
            for each in held:
                del self._held[each]
        return found

    def _ask(self, address: str) -> str | None:
        self.asked.add(address)
        return self._answer(address)

    def _walk(self, place: str, step: Step, known: dict[str, Any]) -> None:
        match step:
            case RunAct(act=name):
                self._run(f"{place}/{name}", self._tale.acts[name], known)
            case Sequence(steps=steps):
                for number, each in enumerate(steps, 1):
                    self._walk(f"{place}/{number}", each, known)
            case Parallel(steps=steps):
                self._walk_together(place, steps, known)
            case Branch(condition=condition, then=then, otherwise=otherwise):
                if _holds(condition, known):
                    self._walk(f"{place}/then", then, known)
                elif otherwise is not None:
                    self._walk(f"{place}/else", otherwise, known)
            case Repeat(body=body, carousel=carousel, until=until):
                self._repeat(
                    place,
                    carousel,
                    lambda here: self._walk(here, body, known),
                    lambda: until is not None and _holds(until, known),
                )

    def _walk_together(self, place: str, steps: tuple[Step, ...], known: dict[str, Any]) -> None:
        branches, failed = [], False
        for number, each in enumerate(steps, 1):
            branch = _Noting(known)
            try:
                self._walk(f"{place}/{number}", each, branch)
            except FailedError:
                failed = True
            branches.append(branch)
        if failed:
            raise FailedError
        for branch in branches:
            for name, value in branch.noted.items():
                known[name] = value  # noqa: PERF403 - which `update` would not note

    def _run(self, place: str, act: Act, known: dict[str, Any]) -> None:
        if act.when is not None and not _holds(act.when, known):
            return
        if act.carousel is None:
            self._perform(place, act, known)
        else:
            self._repeat(place, act.carousel, lambda here: self._perform(here, act, known))

    def _perform(self, place: str, act: Act, known: dict[str, Any]) -> None:
        output: Any = None
        for number, source in enumerate(act.inputs, 1):
            if isinstance(source, CommandInput | TableInput):
                address = f"{place}/input-{number}"
                output = self._ask(address)
                if output is None and source.required:
                    raise FailedError
                if isinstance(source, TableInput):
                    self._held[address] = source.acknowledge == "act"
                output = FAILURE if output is None else output
        if act.asks_model:
            output = self._ask(f"{place}/ask")
        if output is None:
            raise FailedError
        known[act.name] = output
        mine = any(of_act and each.startswith(f"{place}/") for each, of_act in self._held.items())
        if mine and self._settle(place, "acknowledge") is None:
            raise FailedError


class _Noting(dict[str, Any]):
    """What a branch knows, and what it has added to that, the latest last."""

    def __init__(self, known: Mapping[str, Any]) -> None:
        super().__init__(known)
        self.noted: dict[str, Any] = {}

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        self.noted.pop(name, None)
        self.noted[name] = value


def _holds(condition: Any, known: Mapping[str, Any]) -> bool:
    assert isinstance(condition, Compare)
    left, right = condition.left, condition.right
    return bool(known.get(left.root) == right.value)  # type: ignore[union-attr]
