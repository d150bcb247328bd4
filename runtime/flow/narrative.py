"""A narrative's run: its order walked step by step, once or as often as its carousel says."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from botticelli.compiler.ir.program import (
    Branch,
    Parallel,
    Repeat,
    RunAct,
    Sequence,
    Step,
)
from botticelli.compiler.semantics.limits import overlay
from botticelli.runtime.address import Address
from botticelli.runtime.effects import CapScope
from botticelli.runtime.flow.acts import run_act
from botticelli.runtime.flow.carousel import Tally, run_carousel
from botticelli.runtime.flow.content import finish_iteration
from botticelli.runtime.flow.schedule import Fork, Walk
from botticelli.runtime.flow.scope import Frame, Scope
from botticelli.runtime.flow.state import State

IterationEnd = Callable[[Frame], Walk[None]]


def enter(caller: Frame, key: str, variables: Mapping[str, Any], address: Address) -> Frame:
    """Return the frame of a narrative that another runs: nothing of the caller's is lifted."""
    narrative = caller.program.narratives[key]
    return replace(
        caller,
        key=key,
        narrative=narrative,
        address=address,
        variables=variables,
        security=(*caller.security, narrative.security),
        caps=(*caller.caps, CapScope(address, narrative.limits)),
        budget=overlay(narrative.budget, caller.budget),
        iteration=None,
        called=True,
    )


def run_narrative(
    frame: Frame, tally: Tally, state: State, end: IterationEnd | None = None
) -> Walk[Any]:
    """Run a narrative and return the output of the act that ran last in it.

    Each iteration of its carousel starts with a fresh conversation and without outputs; `end` is
    walked after each that succeeds. Raises ActFailedError and ExhaustedError.
    """
    output: Any = None

    def iterate(inner: Frame) -> Walk[None]:
        nonlocal output
        scope = Scope(state)
        if carousel is not None:
            inner = replace(inner, unit=inner.address)
        yield from run_step(inner, scope, inner.narrative.order)
        yield from finish_iteration(inner, scope)
        if end is not None:
            yield from end(inner)
        output = scope.previous

    carousel = frame.narrative.carousel
    if carousel is None:
        yield from iterate(frame)
        tally.completed += 1
    else:
        yield from run_carousel(frame, carousel, iterate, tally)
    return output


def run_step(frame: Frame, scope: Scope, step: Step) -> Walk[None]:
    """Run one item of an order."""
    match step:
        case RunAct(act=name):
            yield from _run_act(frame, scope, name)
        case Sequence(steps=steps):
            for number, inner in enumerate(steps, 1):
                yield from run_step(_inside(frame, str(number)), scope, inner)
        case Parallel(steps=steps):
            yield from _run_parallel(frame, scope, steps)
        case Repeat():
            yield from _run_repeat(frame, scope, step)
        case Branch(condition=condition, then=then, otherwise=otherwise):
            if scope.holds(frame, condition):
                yield from run_step(_inside(frame, "then"), scope, then)
            elif otherwise is not None:
                yield from run_step(_inside(frame, "else"), scope, otherwise)


def _inside(frame: Frame, *steps: str) -> Frame:
    return replace(frame, address=frame.address.into(*steps))


def _run_act(frame: Frame, scope: Scope, name: str) -> Walk[None]:
    act = frame.narrative.acts[name]
    frame = _inside(frame, name)
    if act.carousel is None:
        yield from run_act(frame, scope, act)
    else:
        yield from run_carousel(
            frame, act.carousel, lambda inner: run_act(inner, scope, act), Tally(), unit="pass"
        )


def _run_parallel(frame: Frame, scope: Scope, steps: tuple[Step, ...]) -> Walk[None]:
    branches = [scope.copy() for _ in steps]
    yield Fork(
        tuple(
            run_step(_inside(frame, str(number)), branch, step)
            for number, (branch, step) in enumerate(zip(branches, steps, strict=True), 1)
        )
    )
    scope.join(branches)


def _run_repeat(frame: Frame, scope: Scope, repeat: Repeat) -> Walk[None]:
    before = scope.conversation.copy()

    def iterate(inner: Frame) -> Walk[None]:
        if repeat.history == "fresh":
            scope.conversation = before.copy()
        yield from run_step(inner, scope, repeat.body)

    def done(inner: Frame) -> bool:
        return repeat.until is not None and scope.holds(inner, repeat.until)

    yield from run_carousel(frame, repeat.carousel, iterate, Tally(), unit="pass", until=done)
