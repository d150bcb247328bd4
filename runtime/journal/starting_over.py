"""Iterations whose rows have gone to another reader while the run was away: they start over.

Their effects are performed again, but for writes that were completed, and for the reading of rows
that such a write has deleted. That it has may be recorded; it may have been kept when the iteration
started over before, and not been reached since; or the database alone knows of it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from botticelli.runtime.effects import AcknowledgeRows, AskModel, Effect, Failure
from botticelli.runtime.flow.interpret import Outcome
from botticelli.runtime.flow.schedule import Scheduled
from botticelli.runtime.journal.held import Held, let_go
from botticelli.runtime.journal.records import EffectRecord
from botticelli.runtime.journal.replay import Recording, replay
from botticelli.runtime.journal.resumption import Resumption


class StartingOver(Struct, frozen=True, kw_only=True):
    """What the run goes on from; which effects are `forgotten`, to be performed again, and which
    are `kept`; the `requests` of the iterations that start over, recorded or under way."""

    resumption: Resumption
    forgotten: frozenset[str]
    kept: frozenset[str]
    requests: tuple[AskModel, ...]


def start_over(
    flow: Scheduled[Outcome],
    resumption: Resumption,
    lost: Iterable[Held],
    settled: Collection[str],
    writes: Callable[[Effect], bool],
) -> StartingOver:
    """Let the iterations that took lost rows start over; `flow` is a fresh one of the program, and
    `settled` are places whose rows the run has deleted, as far as the database was asked."""
    units = {each.unit for each in lost}
    recording = resumption.recording
    effects: dict[str, Effect] = {}
    requests: list[AskModel] = []

    def note(effect: Effect) -> None:
        address = str(effect.address)
        if not _is_inside(address, units):
            return
        if address in recording:
            effects[address] = effect
        if isinstance(effect, AskModel):
            requests.append(effect)

    replay(flow, recording, on_effect=note)
    kept = _kept(effects, recording, writes) | (effects.keys() & settled)
    forgotten = frozenset(effects) - kept
    return StartingOver(
        resumption=replace(
            resumption,
            recording=recording.without(effects),
            records=_without_requests(resumption.records, units),
            kept=resumption.kept | kept,
        ),
        forgotten=forgotten,
        kept=kept,
        requests=tuple(requests),
    )


def _kept(
    effects: Mapping[str, Effect], recording: Recording, writes: Callable[[Effect], bool]
) -> frozenset[str]:
    kept: set[str] = set()
    for address, effect in effects.items():
        done = writes(effect) or isinstance(effect, AcknowledgeRows)
        if done and not isinstance(recording.read(address), Failure):
            kept.add(address)
            kept.update(each.place for each in let_go(effect) if each.place in effects)
    return frozenset(kept)


def _is_inside(address: str, units: Collection[str]) -> bool:
    return any(address.startswith(f"{unit}/") for unit in units)


def _without_requests(
    records: Mapping[str, EffectRecord], units: Collection[str]
) -> dict[str, EffectRecord]:
    """Leave out the requests of iterations that start over, whose use is counted by itself."""
    tag = AskModel.__struct_config__.tag
    return {
        address: record
        for address, record in records.items()
        if record.effect != tag or not _is_inside(address, units)
    }
