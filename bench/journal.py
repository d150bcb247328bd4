"""How long an act takes with the journal on: 100 acts in a row, answered at once.

Runs a carousel of 100 iterations with one act each through the shell, with a driver that answers
without delay, limits that nothing reaches, and the journal in a file. Prints microseconds per act
and exits with 1 when the median of the runs is over the claim.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from botticelli.compiler.ir.program import (
    Act,
    Carousel,
    Narrative,
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
from botticelli.runtime.journal.file import open_journal
from botticelli.runtime.shell.clock import RealClock
from botticelli.runtime.shell.engine import Run
from botticelli.runtime.shell.opening import Options
from botticelli.runtime.shell.records import new_record
from botticelli.runtime.shell.setup import equip

CLAIM = 300.0
"""Microseconds per act."""

ACTS = 100
PLACE = Place("bench.toml", 1, 1)


class InstantDriver:
    """Answers at once, and has no limits."""

    name = "instant"
    provider = "instant"
    account = None
    default_model = "instant"
    capabilities = Capabilities()
    simulated = True

    def rate_limits(self, model: str) -> ModelFacts:
        return ModelFacts(model=model, known=True, pool=model, limits=Limits())

    async def generate(self, request: ModelRequest) -> ModelAnswer:
        usage = TokenUsage(10, 20)
        return ModelAnswer(text="An answer.", finish=STOP, model=request.model, usage=usage)

    async def close(self) -> None:
        pass


def program() -> Program:
    text = TextInput(template=Template(source="Hello", place=PLACE), place=PLACE)
    narrative = Narrative(
        name="bench",
        place=PLACE,
        acts={"a": Act(name="a", place=PLACE, inputs=(text,))},
        order=Sequence(steps=(RunAct(act="a", place=PLACE),), place=PLACE),
        carousel=Carousel(iterations=ACTS, place=PLACE),
    )
    return Program(compiler="bench", entry="bench", narratives={"bench": narrative})


def measure(folder: Path, made: Program, timer: Callable[[], float] = time.perf_counter) -> float:
    """Return the microseconds per act of one run, by a timer in seconds."""
    clock = RealClock()

    async def confirm(name: str, arguments: Any) -> bool:
        del name, arguments
        return False

    async def run() -> float:
        configuration = Configuration(project=str(folder))
        equipment = await equip(made, configuration, Options(driver="simulate"), {}, clock)
        equipment = replace(equipment, driver=InstantDriver())
        journal = open_journal(folder, create=True)
        assert journal is not None
        record = new_record(made, equipment, source="bench.toml")
        entries = journal.begin(record, made)
        execution = Run(
            made,
            equipment,
            record=record,
            entries=entries,
            confirm=confirm,
            sink=lambda event: None,  # noqa: ARG005
        )
        started = timer()
        report = await execution.execute()
        taken = timer() - started
        assert report.completed == ACTS, report
        entries.close()
        journal.close()
        await equipment.close()
        return taken / ACTS * 1e6

    return clock.run(run())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=15, help="how many runs are timed")
    parser.add_argument("--folder", type=Path, help="where the journal stands")
    options = parser.parse_args()
    made = program()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for _ in range(2):
            measure(Path(folder), made)
        times = [measure(Path(folder), made) for _ in range(options.runs)]
    median = statistics.median(times)
    print(f"{median:.0f} µs per act (fastest {min(times):.0f}, slowest {max(times):.0f})")
    print(f"claim: under {CLAIM:.0f} µs: {'holds' if median < CLAIM else 'DOES NOT HOLD'}")
    sys.exit(median >= CLAIM)


if __name__ == "__main__":
    main()
