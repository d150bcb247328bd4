"""Writes of a run of which nobody knows whether they took effect, so that a person must decide."""

from botticelli.runtime.effects import Failure, RunCommand
from botticelli.runtime.journal.file import Journal
from botticelli.runtime.journal.records import EffectRecord, RunRecord
from botticelli.runtime.platforms.protocol import has_key
from botticelli.runtime.shell.equipment import Equipment


def unknown_writes(journal: Journal, run: RunRecord, equipment: Equipment) -> tuple[str, ...]:
    """Name the commands that were begun, or failed, with an outcome that nobody knows, and that
    bear no key under which they could be sent again. Raises StoreError."""
    now = equipment.clock.now()
    return tuple(
        f"{effect.subject} in {effect.act}"
        for effect in journal.effects(run.id)
        if effect.writes
        and effect.effect == RunCommand.__struct_config__.tag
        and _is_unknown(journal, run, effect)
        and not _has_key(effect, equipment, now)
    )


def _is_unknown(journal: Journal, run: RunRecord, effect: EffectRecord) -> bool:
    if effect.ended is None:
        return True
    if effect.result != Failure.__name__:
        return False
    result = journal.result(run.id, effect.address)
    return isinstance(result, Failure) and result.unknown


def _has_key(effect: EffectRecord, equipment: Equipment, now: float) -> bool:
    platform, _, command = (effect.subject or "").partition(".")
    opened = equipment.platforms.get(platform)
    traits = None if opened is None else opened.traits(command)
    return traits is not None and has_key(traits, now - effect.started)
