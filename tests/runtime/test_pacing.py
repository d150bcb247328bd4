"""Whole carousels against a provider that keeps its own books: it never has to answer 429, and
nothing is lost beside a scheduler that reads those books.

`BOTTICELLI_PACING_EXAMPLES` says how many carousels are tried (20); a nightly run takes thousands.
"""

import asyncio
import itertools
import os
import selectors
import tempfile
import threading
import time
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace
from programs import MONDAY, PLACE, act, carousel, narrative, program, sequence
from programs import perform as perform_real
from quotas import Counted, Metered, Oracle, Quota
from servers.listening import Reply, listening
from servers.openai import completion

from botticelli.compiler.ir.program import (
    ModelSettings,
    Multipliers,
    Parallel,
    Program,
    Retry,
    Step,
)
from botticelli.compiler.semantics.configuration import Configuration
from botticelli.compiler.semantics.limits import SLIDING, Limits
from botticelli.runtime.journal.file import open_journal
from botticelli.runtime.shell.clock import Clock, VirtualClock
from botticelli.runtime.shell.engine import Run
from botticelli.runtime.shell.ledger import MemoryLedger, SqliteLedger
from botticelli.runtime.shell.limiter import Limiter
from botticelli.runtime.shell.opening import Options
from botticelli.runtime.shell.records import Report, new_record
from botticelli.runtime.shell.setup import equip

EXAMPLES = int(os.environ.get("BOTTICELLI_PACING_EXAMPLES", "20"))
LATENCIES = ((0.02, 2.0), (0.02, 0.02), (2.0, 2.0))
WITHIN = 1.05
"""Of the time that the scheduler takes that reads the provider's books."""

SCALE = 40.0
"""How much faster the clock goes where it is a real one."""

T = TypeVar("T")

ZONES = (
    "America/Los_Angeles",
    "Europe/Berlin",
    "Africa/Cairo",  # whose clocks change at midnight
    "America/Havana",  # which has one midnight twice a year
    "Asia/Kolkata",
    "Pacific/Kiritimati",
)
STARTS = (
    datetime(2025, 11, 2, 5, 30, tzinfo=UTC),  # the night of 25 hours in California and Havana
    datetime(2026, 3, 8, 7, 0, tzinfo=UTC),  # the night of 23 hours there
    datetime(2026, 3, 28, 21, 0, tzinfo=UTC),  # and in Berlin
    datetime(2026, 4, 23, 20, 30, tzinfo=UTC),  # in Cairo there is no midnight this night
    datetime(2026, 10, 29, 20, 30, tzinfo=UTC),  # and this night it comes late
    datetime(2026, 6, 30, 12, 0, tzinfo=UTC),
)


class Case(Struct, frozen=True):
    """A carousel, the pools that its models share, and what the provider admits."""

    program: Program
    pools: dict[str, str]
    limits: dict[str, Limits]
    skew: float
    seed: int
    start: float
    project: Multipliers
    latency: tuple[float, float]
    early: bool


def minute_limits(**more: Any) -> st.SearchStrategy[Limits]:
    return st.builds(
        Limits,
        rpm=st.none() | st.integers(1, 12),
        tpm=st.none() | st.integers(600, 6000),
        itpm=st.none() | st.integers(600, 4000),
        otpm=st.none() | st.integers(250, 2000),
        max_concurrent=st.none() | st.integers(1, 4),
        counts=st.sampled_from(["input", "total"]),
        **more,
    )


day_limits = minute_limits(
    rpd=st.none() | st.integers(1, 15),
    tpd=st.none() | st.integers(4000, 20_000),
    day=st.sampled_from([SLIDING, *ZONES]),
)


@st.composite
def cases(draw: Any, limits: st.SearchStrategy[Limits], **more: Any) -> Case:
    pools = {"m0": "both", "m1": "both", "m2": "own"}
    count = draw(st.integers(1, 6))
    acts = [
        act(
            f"a{number}",
            "say {{ iteration }} " + "long " * draw(st.integers(0, 120)) + f"a{number}",
            settings=ModelSettings(
                model=draw(st.sampled_from(["m0", "m1", "m2"])),
                max_tokens=draw(st.integers(1, 200)),
            ),
            retry=Retry(attempts=5, backoff=0.1, max_backoff=0.2),
        )
        for number in range(count)
    ]
    # What is shown is dropped from the history, so that no request outgrows its window.
    acts = [replace(each, inputs=(replace(each.inputs[0], retention="drop"),)) for each in acts]
    steps: list[Step | str] = []
    names = [each.name for each in acts]
    while names:
        several = draw(st.integers(1, len(names)))
        taken, names = names[:several], names[several:]
        side_by_side = several > 1 and draw(st.booleans())
        group = Parallel(steps=tuple(sequence(name) for name in taken), place=PLACE)
        steps.extend([group] if side_by_side else taken)
    share = st.none() | st.floats(0.5, 1.0)
    return Case(
        program=program(
            narrative(
                *acts,
                order=sequence(*steps),
                carousel=carousel(draw(st.integers(1, 8)), **more),
            )
        ),
        pools=pools,
        limits={"both": draw(limits), "own": draw(limits)},
        skew=draw(st.floats(-0.9, 0.9)),
        seed=draw(st.integers(0, 10**6)),
        start=draw(st.sampled_from(STARTS)).timestamp(),
        latency=draw(st.sampled_from(LATENCIES)),
        early=draw(st.booleans()),
        project=draw(
            st.builds(Multipliers, rpm=st.none() | st.just(1.0), tpm=share, rpd=st.none())
        ),
    )


class Performed(Struct, frozen=True):
    report: Report
    refused: list[str]
    seconds: float


async def nobody(name: str, arguments: Any) -> bool:
    return False


async def run_once(case: Case, clock: Clock, driver: Metered, limiter: Limiter | Oracle) -> Report:
    with tempfile.TemporaryDirectory() as folder:
        configuration = Configuration(project=folder, budget=case.project)
        options = Options(driver="simulate")
        environment = {"XDG_STATE_HOME": folder}
        opened = await equip(case.program, configuration, options, environment, clock)
        equipment = replace(opened, driver=driver, limiter=limiter)
        journal = open_journal(Path(folder), create=True)
        assert journal is not None
        record = new_record(case.program, equipment, source="a.toml")
        entries = journal.begin(record, case.program)
        try:
            return await Run(
                case.program,
                equipment,
                record=record,
                entries=entries,
                confirm=nobody,
                sink=lambda event: None,
            ).execute()
        finally:
            entries.close()
            journal.close()
            await equipment.close()


def perform(case: Case, *, knows: bool, faults: float = 0.0) -> Performed:
    """Run a carousel through the shell; with the limiter that `knows`, or with our own."""
    clock = VirtualClock(case.start)
    quotas = {pool: Quota(limits, case.skew) for pool, limits in case.limits.items()}
    driver = metered(case, quotas, clock, faults)
    limiter = Oracle(quotas, clock) if knows else Limiter(MemoryLedger(), clock)
    report = clock.run(run_once(case, clock, driver, limiter))
    refused = [each for quota in quotas.values() for each in quota.refused]
    return Performed(report, refused, clock.now() - case.start)


def metered(case: Case, quotas: dict[str, Quota], clock: Clock, faults: float) -> Metered:
    return Metered(
        case.pools,
        quotas,
        clock,
        seed=case.seed,
        latency=case.latency,
        early=case.early,
        faults=faults,
    )


tried = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


@tried
@given(cases(minute_limits()))
def test_no_time_is_lost_beside_a_scheduler_that_reads_the_providers_books(case: Case) -> None:
    ours, best = perform(case, knows=False), perform(case, knows=True)
    assert best.refused == []
    assert best.report.status == "completed"
    assert ours.refused == []
    assert ours.report.status == "completed"
    assert ours.seconds <= WITHIN * best.seconds


@tried
@given(cases(minute_limits()))
def test_no_window_is_passed_although_connections_break(case: Case) -> None:
    """What nobody knows the end of counts in full."""
    ours = perform(case, knows=False, faults=0.3)
    assert ours.refused == []


@tried
@given(cases(day_limits, on_exhausted="wait"))
def test_days_are_waited_for_and_never_passed(case: Case) -> None:
    ours = perform(case, knows=False)
    assert ours.refused == []
    if ours.report.status == "completed":
        best = perform(case, knows=True)
        assert best.refused == []
        assert ours.seconds <= WITHIN * best.seconds


@tried
@given(cases(day_limits, on_exhausted="stop"))
def test_a_used_up_day_ends_a_carousel_before_it_is_passed(case: Case) -> None:
    ours = perform(case, knows=False, faults=0.1)
    assert ours.refused == []
    assert ours.report.status in {"completed", "exhausted", "failed"}


@tried
@given(cases(minute_limits(rpd=st.none() | st.integers(5, 30))), st.integers(2, 3))
def test_runs_that_share_a_ledger_keep_within_the_limits_together(
    case: Case, processes: int
) -> None:
    """Each with a connection of its own, as processes have."""
    clock = VirtualClock(case.start)
    quotas = {pool: Quota(limits, case.skew) for pool, limits in case.limits.items()}
    driver = metered(case, quotas, clock, 0.1)

    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "ledger.sqlite"
            limiters = [Limiter(SqliteLedger(path, clock.now()), clock) for _ in range(processes)]
            runs = (run_once(case, clock, driver, limiter) for limiter in limiters)
            await asyncio.gather(*runs)

    clock.run(run())
    assert [each for quota in quotas.values() for each in quota.refused] == []


class FastClock:
    """The real clock, running `SCALE` times as fast, also for whoever waits in its loop."""

    longest_sleep = 60.0
    timebase = None

    def now(self) -> float:
        return MONDAY + time.monotonic() * SCALE

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        with asyncio.Runner(loop_factory=_FastLoop) as runner:
            return runner.run(main)


class _FastSelector(selectors.DefaultSelector):
    def select(self, timeout: float | None = None) -> Any:
        return super().select(None if timeout is None else timeout / SCALE)


class _FastLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        super().__init__(_FastSelector())

    def time(self) -> float:
        return super().time() * SCALE


def test_a_real_server_never_has_to_refuse(tmp_path: Path) -> None:
    """Sockets, threads and a ledger in a file; a minute takes a second and a half."""
    clock = FastClock()
    limits = Limits(rpm=8, tpm=1200, max_concurrent=3, counts="total")
    quota, lock, chance = Quota(limits), threading.Lock(), Random(7)
    numbers = itertools.count()

    def take(path: str, headers: Any, data: bytes) -> Reply:
        number, latency = next(numbers), chance.uniform(0.02, 2.0)
        with lock:
            admitted = quota.connect(clock.now(), number, 11)
        time.sleep(latency / SCALE)
        with lock:
            admitted = quota.count(Counted(number, clock.now(), output=7)) and admitted
            quota.leave(number)
        return Reply(completion("said")) if admitted else Reply({"error": {}}, 429)

    settings = ModelSettings(model="local", max_tokens=100)
    acts = [act(f"a{number}", "Hello", settings=settings) for number in range(3)]
    group = Parallel(steps=tuple(sequence(each.name) for each in acts), place=PLACE)
    made = program(narrative(*acts, order=sequence(group), carousel=carousel(8)))
    local = {"rpm": 8, "tpm": 1200, "max_concurrent": 3}
    with listening(take) as address:
        run = perform_real(
            made,
            tmp_path,
            "openai",
            clock=clock,
            environment={"OPENAI_BASE_URL": address, "OPENAI_API_KEY": "none"},
            providers={"openai": {"models": {"local": local}}},
        )
    assert quota.refused == []
    assert run.report.status == "completed", run.report.message
    moments = sorted(each.at for each in quota.counted if each.requests)
    assert len(moments) == 24
    # Eight a minute, and a minute is hardly longer than it has to be.
    assert 120 <= moments[-1] - moments[0] <= 180
