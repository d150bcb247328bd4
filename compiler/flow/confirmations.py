"""Which commands a person confirms before they are performed, wherever a run comes from."""

from collections.abc import Mapping, Sequence
from functools import cached_property

from msgspec import Struct

from botticelli.compiler.flow.commands import Performed
from botticelli.compiler.flow.security import rules_of
from botticelli.compiler.flow.ways import Key
from botticelli.compiler.ir.program import Security
from botticelli.compiler.semantics.policies import needs_confirmation
from botticelli.compiler.workspace.composition import Call, resolve
from botticelli.compiler.workspace.workspace import NarrativeAt, Workspace


class Caller(Struct, frozen=True):
    """A narrative that runs another, and where it does."""

    at: NarrativeAt
    call: Call


Callers = Mapping[Key, Sequence[Caller]]
"""Who runs each narrative."""


class Confirmations:
    """Which commands a person confirms: by the policy where they stand, or by that of every
    caller."""

    def __init__(self, workspace: Workspace, callers: Callers) -> None:
        self._workspace = workspace
        self._callers_of = callers
        self._confirming: dict[str, frozenset[Key]] = {}
        self._known: dict[tuple[Key, str], bool] = {}
        self._callers: dict[str, frozenset[Key]] = {}

    def hold(self, key: Key, performed: Performed) -> bool:
        """Tell whether a command is confirmed whenever a narrative performs it.

        It is not if there is a way to the narrative, from one that somebody starts, on which no
        policy confirms it.
        """
        confirming = self._policies_that_confirm(performed)
        if not confirming or key in confirming:
            return key in confirming
        asked = (key, performed.full_name)
        if asked not in self._known:
            self._known[asked] = not self._is_started_unconfirmed(key, confirming)
        return self._known[asked]

    def _is_started_unconfirmed(self, key: Key, confirming: frozenset[Key]) -> bool:
        seen = {key}
        waiting = [key]
        for each in waiting:
            callers = self._callers_of.get(each, ())
            if not callers or each in self._triggered:
                return True
            above = {caller.at.key for caller in callers} - seen - confirming
            seen |= above
            waiting += above
        return False

    def callers_that_confirm(self, performed: Performed) -> frozenset[Key]:
        """Return the narratives that confirm a command in all that they call."""
        if not self._policies_that_confirm(performed):
            return frozenset()
        name = performed.full_name
        if name not in self._callers:
            callers = {caller.at.key for each in self._callers_of.values() for caller in each}
            self._callers[name] = frozenset(key for key in callers if self.hold(key, performed))
        return self._callers[name]

    def _policies_that_confirm(self, performed: Performed) -> frozenset[Key]:
        """Return the narratives of the workspace whose policy confirms a command."""
        name = performed.full_name
        if name not in self._confirming:
            self._confirming[name] = frozenset(
                at.key
                for at, rules in self._rules
                if needs_confirmation((rules,), performed.platform, performed.known.name)
            )
        return self._confirming[name]

    @cached_property
    def _rules(self) -> list[tuple[NarrativeAt, Security]]:
        """What holds for the narratives under a policy that confirms anything."""
        found = []
        for at in self._workspace.narratives():
            assert at.unit.file is not None
            rules = rules_of(at.narrative, at.unit.file)
            if any(each.policy and each.policy.confirmed for each in rules.levels):
                found.append((at, rules.lowered))
        return found

    @cached_property
    def _triggered(self) -> set[Key]:
        """The narratives that triggers start."""
        found: set[Key] = set()
        for unit in self._workspace.units:
            if unit.file is None:
                continue
            for trigger in unit.file.triggers:
                if trigger.narrative is None:
                    found |= {(str(unit.path), each.name) for each in unit.file.narratives}
                else:
                    started = resolve(trigger.narrative.value, unit, self._workspace).found
                    found |= {started.key} if started is not None else set()
        return found
