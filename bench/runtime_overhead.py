"""What the runtime adds to a model's own time: to acts one after another, and side by side.

A model that answers at once is asked by 100 acts in a sequence; one that takes 50 ms by 100 acts in
a parallel group. The peer is LangGraph, where it is installed (`pip install langgraph`): a graph of
100 nodes, one after another, each of which calls the same kind of function. Without it a plain
asyncio loop shows what is the least possible. Both run without keeping anything; what the journal
costs beside that is measured by `journal.py`.
"""

import argparse
import asyncio
import gc
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypedDict

from msgspec.structs import replace

from botticelli.compiler.ir.program import (
    Act,
    Narrative,
    Parallel,
    Place,
    Program,
    RunAct,
    Sequence,
    Template,
    TextInput,
)
from botticelli.compiler.semantics.configuration import Configuration
from botticelli.compiler.semantics.limits import Limits
from botticelli.compiler.semantics.providers import ModelFacts
from botticelli.runtime.drivers.protocol import (
    STOP,
    Capabilities,
    ModelAnswer,
    ModelRequest,
    TokenUsage,
)
from botticelli.runtime.journal.entries import RunEntries
from botticelli.runtime.shell.clock import RealClock
from botticelli.runtime.shell.engine import Run
from botticelli.runtime.shell.opening import Options
from botticelli.runtime.shell.records import new_record
from botticelli.runtime.shell.setup import equip

ACTS = 100
SLOW = 0.05
"""Seconds that the slow model takes."""

CLAIM_PARALLEL = 62.0
"""Milliseconds for all acts of a parallel group."""

CLAIM_SHARE = 1 / 3
"""Of LangGraph's time per step."""

PLACE = Place("bench.toml", 1, 1)


class State(TypedDict):
    """What the peer's graph hands from node to node."""

    text: str


class Model:
    """A driver whose answers take a fixed time."""

    name = "bench"
    provider = "bench"
    account = None
    default_model = "bench"
    capabilities = Capabilities()
    simulated = True

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def rate_limits(self, model: str) -> ModelFacts:
        return ModelFacts(model=model, known=True, pool=model, limits=Limits())

    async def generate(self, request: ModelRequest) -> ModelAnswer:
        if self._seconds:
            await asyncio.sleep(self._seconds)
        usage = TokenUsage(10, 20)
        return ModelAnswer(text="An answer.", finish=STOP, model=request.model, usage=usage)

    async def close(self) -> None:
        pass


class NoEntries(RunEntries):
    """A journal that keeps nothing."""

    def __init__(self) -> None:
        pass

    def enter(self, *arguments: Any, **more: Any) -> None:
        pass

    def sent(self, *arguments: Any) -> None:
        pass

    def settle(self, *arguments: Any) -> None:
        pass

    def update(self, *arguments: Any) -> None:
        pass


def program(*, parallel: bool) -> Program:
    names = [f"act{number}" for number in range(ACTS)]
    text = TextInput(template=Template(source="Hello", place=PLACE), place=PLACE, retention="drop")
    steps = tuple(RunAct(act=name, place=PLACE) for name in names)
    group = Parallel(steps=steps, place=PLACE) if parallel else None
    narrative = Narrative(
        name="bench",
        place=PLACE,
        acts={name: Act(name=name, place=PLACE, inputs=(text,)) for name in names},
        order=Sequence(steps=(group,) if group is not None else steps, place=PLACE),
    )
    return Program(compiler="bench", entry="bench", narratives={"bench": narrative})


def run_program(made: Program, seconds: float, folder: Path) -> float:
    """Return the seconds that one run takes, with everything opened before."""
    clock = RealClock()

    async def confirm(name: str, arguments: Any) -> bool:
        del name, arguments
        return False

    async def run() -> float:
        configuration = Configuration(project=str(folder))
        equipment = await equip(made, configuration, Options(driver="simulate"), {}, clock)
        equipment = replace(equipment, driver=Model(seconds))
        gc.freeze()  # as `botticelli exec` does
        record = new_record(made, equipment, source="bench.toml")
        execution = Run(
            made,
            equipment,
            record=record,
            entries=NoEntries(),
            confirm=confirm,
            sink=lambda event: None,  # noqa: ARG005
        )
        started = time.perf_counter()
        report = await execution.execute()
        taken = time.perf_counter() - started
        assert report.status == "completed", report
        await equipment.close()
        return taken

    return clock.run(run())


def peer() -> tuple[str, Callable[[], float]]:
    """Return what is compared with, and what runs its sequence once and returns the seconds."""
    try:
        from langgraph.graph import END, START, StateGraph  # noqa: PLC0415 - may be absent
    except ImportError:
        return "plain asyncio", lambda: asyncio.run(_timed(_plain))

    async def node(state: State) -> State:
        del state
        return {"text": "An answer."}

    graph = StateGraph(State)
    for number in range(ACTS):
        graph.add_node(f"act{number}", node)
        graph.add_edge(START if number == 0 else f"act{number - 1}", f"act{number}")
    graph.add_edge(f"act{ACTS - 1}", END)
    compiled = graph.compile()

    async def run() -> None:
        await compiled.ainvoke({"text": ""}, {"recursion_limit": ACTS + 5})

    return "LangGraph", lambda: asyncio.run(_timed(run))


async def _plain() -> None:
    model = Model(0)
    for _ in range(ACTS):
        await model.generate(ModelRequest(model="bench", messages=()))


async def _timed(run: Callable[[], Awaitable[None]]) -> float:
    started = time.perf_counter()
    await run()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=15, help="how many runs are timed")
    runs = parser.parse_args().runs
    other, run_peer = peer()
    one_by_one, together = program(parallel=False), program(parallel=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        own = _median(lambda: run_program(one_by_one, 0, folder), runs) / ACTS * 1e6
        group = _median(lambda: run_program(together, SLOW, folder), runs) * 1e3
    compared = _median(run_peer, runs) / ACTS * 1e6
    print(f"{own:.0f} µs per act in a sequence; {other}: {compared:.0f} µs per step")
    print(f"{group:.1f} ms for {ACTS} parallel acts of {SLOW * 1e3:.0f} ms")
    claims = {f"parallel under {CLAIM_PARALLEL:.0f} ms": group < CLAIM_PARALLEL}
    if other == "LangGraph":
        claims["a sequence under a third of LangGraph's"] = own < compared * CLAIM_SHARE
    for claim, holds in claims.items():
        print(f"claim: {claim}: {'holds' if holds else 'DOES NOT HOLD'}")
    sys.exit(not all(claims.values()))


def _median(run: Callable[[], float], runs: int) -> float:
    run()
    return statistics.median(run() for _ in range(runs))


if __name__ == "__main__":
    main()
