"""What a run begins with and ends with: its record for the journal, and its report."""

import secrets
from datetime import UTC, datetime

from msgspec import Struct

from botticelli.compiler.ir.program import Program
from botticelli.runtime.journal.records import RunRecord, Settings
from botticelli.runtime.shell.equipment import Equipment


class Report(Struct, frozen=True, kw_only=True):
    """How a run ended, and what it used. `message` says why it did not complete."""

    run: str
    status: str
    completed: int
    iterations: int
    failures: int
    message: str | None


def new_run_id(now: float) -> str:
    """Return an id that sorts by time and that nobody else has."""
    moment = datetime.fromtimestamp(now, UTC).strftime("%Y%m%d-%H%M%S")
    return f"{moment}-{secrets.token_hex(3)}"


def new_record(
    program: Program,
    equipment: Equipment,
    *,
    source: str,
    source_hash: str = "",
    settings: Settings = Settings(),  # noqa: B008 - frozen
    dry_run: bool = False,
    origin: str | None = None,
) -> RunRecord:
    """Return the record of a run that begins now."""
    narrative = program.narratives[program.entry]
    now = equipment.clock.now()
    return RunRecord(
        id=new_run_id(now),
        narrative=narrative.name,
        source=source,
        source_hash=source_hash,
        driver=equipment.driver.name,
        simulated=equipment.driver.simulated,
        dry_run=dry_run,
        origin=origin,
        settings=settings,
        started=now,
        iterations=narrative.carousel.iterations if narrative.carousel is not None else 1,
    )
