"""How a run goes on: from what its entries say, before anything is performed.

What is recorded is led through the interpreter. Where the program has changed since, the recorded
one is led through it too, and both must have asked for the same as far as anything is recorded. Of
an act that ended the run, what failed is done again; what succeeded in it is not.
"""

from collections.abc import Callable, Collection, Mapping

from msgspec import Struct

from botticelli.runtime.address import Address
from botticelli.runtime.effects import Effect, Failure
from botticelli.runtime.flow.interpret import Outcome
from botticelli.runtime.flow.schedule import Scheduled
from botticelli.runtime.flow.selection import belongs_to
from botticelli.runtime.journal.difference import digest, explain
from botticelli.runtime.journal.file import Journal
from botticelli.runtime.journal.held import SETTLING, Held, as_seen, concerns_rows, held_rows
from botticelli.runtime.journal.records import COMPLETED, EffectRecord
from botticelli.runtime.journal.replay import Recording, Replayed, replay
from botticelli.runtime.platforms.protocol import CommandTraits, has_key
from botticelli.runtime.problems import Problem, SetupError

Flow = Callable[[], Scheduled[Outcome]]
"""Makes a fresh flow of a program."""

SHOWN_DIFFERENCES = 3


class Resumption(Struct, frozen=True, kw_only=True):
    """What a run goes on from.

    `unknown` are writes that were begun of which nobody knows whether they took effect, and that
    bear no key under which they could be sent again. `held` are the rows that the run had taken;
    the effects at `settling` may have deleted some of them. `kept` are effects that completed in
    an iteration which starts over, and that are not performed again.
    """

    recording: Recording
    records: Mapping[str, EffectRecord] = {}
    unknown: tuple[Effect, ...] = ()
    held: tuple[Held, ...] = ()
    settling: tuple[str, ...] = ()
    kept: frozenset[str] = frozenset()


class Scripts(Struct, frozen=True, kw_only=True):
    """The program as it is now and, if it has changed, as it was recorded; `environment` holds
    what differences must not show."""

    now: Flow
    before: Flow | None
    environment: Mapping[str, str]


class _Survey(Struct, frozen=True):
    """What a flow asked for on the way through a recording: a digest for each recorded address, and
    the effects that take rows or let them go."""

    replayed: Replayed
    digests: dict[str, bytes]
    consuming: list[Effect]


def resume(
    journal: Journal,
    run: str,
    scripts: Scripts,
    traits: Callable[[Effect], CommandTraits],
    now: float,
) -> Resumption:
    """Say how a run goes on.

    Raises SetupError when nothing is left to do, or when what was completed no longer means the
    same.
    """
    records = {each.address: each for each in journal.effects(run)}
    recording = Recording(journal.order(run), lambda address: journal.result(run, address))
    kept = frozenset(
        address
        for address, record in records.items()
        if record.result is not None and address not in recording
    )
    lost = _unknown_failures(recording, records)
    survey = _survey(scripts.now, recording, records)
    outcome = survey.replayed.outcome
    if outcome is not None:
        if _was_never_told(journal, run, outcome):
            return Resumption(recording=recording, records=records, kept=kept)
        again = _to_do_again(outcome, recording, records)
        if not again:
            raise SetupError(Problem(_nothing_left(run, outcome)))
        recording = recording.without(again)
        survey = _survey(scripts.now, recording, records)
    open_writes = {
        address
        for address, record in records.items()
        if record.writes and address not in recording and (record.ended is None or address in lost)
    }
    differing = _differing(scripts, recording, survey, open_writes)
    if differing:
        raise SetupError(_refusal(run, scripts, recording, differing))
    return Resumption(
        recording=recording,
        records=records,
        held=held_rows(survey.consuming, recording),
        settling=_settling(survey.replayed.pending, recording, records),
        kept=kept,
        unknown=tuple(
            effect
            for effect in survey.replayed.pending
            if (address := str(effect.address)) in open_writes
            and not has_key(traits(effect), now - records[address].started)
        ),
    )


def start_from(journal: Journal, origin: str, act: str, scripts: Scripts) -> Resumption:
    """Say how a new run begins with an act, after what another run completed before it.

    Raises SetupError when that run has not come so far, or did something else on the way.
    """
    order = [each for each in journal.order(origin) if not belongs_to(each, act)]
    recording = Recording(order, lambda address: as_seen(journal.result(origin, address)))
    survey = _survey(scripts.now, recording)
    pending = survey.replayed.pending
    if not any(belongs_to(str(effect.address), act) for effect in pending):
        raise SetupError(Problem(f"the run {origin} has not come to the act {act!r}"))
    recording = Recording(survey.replayed.reached, recording.read)
    differing = _differing(scripts, recording, survey)
    if differing:
        raise SetupError(_refusal(origin, scripts, recording, differing))
    return Resumption(recording=recording)


def _was_never_told(journal: Journal, run: str, outcome: Outcome) -> bool:
    """Tell whether a run did everything, and ended before it could say so."""
    (record,) = journal.find(run)
    done = outcome.error is None and outcome.exhausted is None
    return done and record.status != COMPLETED


def _survey(flow: Flow, recording: Recording, others: Collection[str] = ()) -> _Survey:
    digests: dict[str, bytes] = {}
    consuming: list[Effect] = []

    def note(effect: Effect) -> None:
        address = str(effect.address)
        if address in recording or address in others:
            digests[address] = digest(effect)
        if address in recording and concerns_rows(effect):
            consuming.append(effect)

    return _Survey(replay(flow(), recording, on_effect=note), digests, consuming)


def _settling(
    pending: Collection[Effect], recording: Recording, records: Mapping[str, EffectRecord]
) -> tuple[str, ...]:
    """Return what may have deleted rows: effects that are to be performed next, and those that an
    iteration which started over has not reached again."""
    begun = (
        address
        for address, record in records.items()
        if record.effect in SETTLING and address not in recording
    )
    return tuple(dict.fromkeys((*(str(effect.address) for effect in pending), *begun)))


def _unknown_failures(recording: Recording, records: Mapping[str, EffectRecord]) -> Collection[str]:
    """Return the writes that failed without anybody knowing whether they took effect."""
    found = set()
    for address, record in records.items():
        if record.writes and record.result == Failure.__name__:
            result = recording.read(address)
            if isinstance(result, Failure) and result.unknown:
                found.add(address)
    return found


def _to_do_again(
    outcome: Outcome, recording: Recording, records: Mapping[str, EffectRecord]
) -> set[str]:
    """Return what ended the run and is done again: the effects that failed in the acts that ended
    it or, where none did, the answers that these acts did not accept."""
    again: set[str] = set()
    for place in outcome.ended_at:
        inside = [address for address in recording.places if _is_inside(address, place)]
        failed = [each for each in inside if records[each].result in ("Failure", "Exhaustion")]
        again.update(failed or (each for each in inside if _is_answer(records[each], place)))
    return again


def _is_inside(address: str, place: Address) -> bool:
    return address == str(place) or address.startswith(f"{place}/")


def _is_answer(record: EffectRecord, place: Address) -> bool:
    rest = record.address.removeprefix(f"{place}/")
    return record.effect == "ask-model" and "/" not in rest


def _nothing_left(run: str, outcome: Outcome) -> str:
    if outcome.error is None:
        return f"the run {run} has completed: nothing is left to do"
    return (
        f"the run {run} would end as it did ({outcome.error}), since nothing in it is left to be "
        "done again; mend the source, or run it anew"
    )


def _differing(
    scripts: Scripts, recording: Recording, now: _Survey, open_writes: Collection[str] = ()
) -> list[str]:
    """Return the addresses at which the program would not have asked for what is recorded."""
    reached = set(now.replayed.reached)
    if scripts.before is None:
        return [address for address in recording.places if address not in reached]
    before = _survey(scripts.before, recording, open_writes).digests
    settled = (*recording.places, *open_writes)
    return [each for each in settled if before.get(each) != now.digests.get(each)]


def _refusal(run: str, scripts: Scripts, recording: Recording, differing: list[str]) -> Problem:
    shown = differing[:SHOWN_DIFFERENCES]
    was = _collect(scripts.before or scripts.now, recording, shown)
    will = _collect(scripts.now, recording, shown)
    lines: list[str] = []
    for address in shown:
        before, now = was.get(address), will.get(address)
        if now is None or before is None:
            lines.append(f"  {address} is no longer asked for")
        else:
            lines += [f"  {address} has changed:", explain(before, now, scripts.environment)]
    if len(differing) > len(shown):
        lines.append(f"  and {len(differing) - len(shown)} more")
    lines.append("  put the source and the variables back as they were, or run it anew")
    message = f"the run {run} cannot go on: what it completed no longer means the same"
    return Problem(message, details=tuple(lines))


def _collect(flow: Flow, recording: Recording, wanted: Collection[str]) -> dict[str, Effect]:
    found: dict[str, Effect] = {}

    def note(effect: Effect) -> None:
        if str(effect.address) in wanted:
            found[str(effect.address)] = effect

    replay(flow(), recording, on_effect=note)
    return found
