"""What narratives give when others run them: the type of the act that runs last.

Each narrative is looked at once for a whole workspace: there may be more ways through narratives
that run each other than can be counted.
"""

from botticelli.compiler.flow.outputs import output_type
from botticelli.compiler.flow.points import follow
from botticelli.compiler.ir.types import Type, Unknown
from botticelli.compiler.narrative.model import Act
from botticelli.compiler.workspace.composition import resolve
from botticelli.compiler.workspace.files import Look
from botticelli.compiler.workspace.workspace import NarrativeAt, Workspace

Key = tuple[str, str]


class Results:
    """The types of what the narratives of a workspace give, as far as they are asked for."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._types: dict[Key, Type] = {}
        self._looks: dict[Look, None] = {}

    def of(self, at: NarrativeAt) -> Type:
        """Return the type of what a narrative gives, which in a circle is unknown."""
        files = self._workspace.files
        with files.recording() as looks:
            self._settle(at)
        # What was found before rests on what was looked at before.
        if not looks.keys() <= self._looks.keys():
            self._looks = files.widened([*self._looks, *looks])
        files.note(self._looks)
        return self._types[at.key]

    def _settle(self, asked: NarrativeAt) -> None:
        """Work out a narrative after those that it runs last."""
        last_of: dict[Key, list[tuple[Act, NarrativeAt | None]]] = {}
        waiting = [asked]
        while waiting:
            at = waiting[-1]
            if at.key in self._types:
                waiting.pop()
            elif at.key in last_of:
                kinds = {self._type(act, callee, at) for act, callee in last_of[at.key]}
                self._types[at.key] = kinds.pop() if len(kinds) == 1 else Unknown()
            else:
                last = last_of[at.key] = self._last_of(at)
                waiting += [each for _, each in last if each and each.key not in last_of]

    def _last_of(self, at: NarrativeAt) -> list[tuple[Act, NarrativeAt | None]]:
        """The acts of which one runs last, with the narratives that they give the results of."""
        if at.unit.file is None:
            return []
        flow = follow(at.narrative, at.unit.file.acts_of(at.narrative))
        found = []
        for act in flow.last_acts:
            callee = None
            if act.narrative is not None and act.output is None:
                callee = resolve(act.narrative.value, at.unit, self._workspace).found
            found.append((act, callee))
        return found

    def _type(self, act: Act, callee: NarrativeAt | None, at: NarrativeAt) -> Type:
        if callee is not None:
            return self._types.get(callee.key, Unknown())
        if act.narrative is not None and act.output is None:
            return Unknown()
        return output_type(act, at.unit, self._workspace)
