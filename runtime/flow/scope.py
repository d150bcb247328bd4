"""What a walk knows: the fixed frame of the narrative's run, and the scope that acts fill."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from botticelli.compiler.ir.expressions import Expression
from botticelli.compiler.ir.program import Act, Multipliers, Narrative, Program, Security
from botticelli.compiler.ir.types import Record
from botticelli.compiler.semantics.expressions import EvaluationError, holds
from botticelli.compiler.semantics.templates import TableRows
from botticelli.runtime.address import Address
from botticelli.runtime.effects import CapScope, Exhaustion
from botticelli.runtime.flow.conversation import Conversation
from botticelli.runtime.flow.holdings import Holdings
from botticelli.runtime.flow.schedule import WalkError
from botticelli.runtime.flow.state import State
from botticelli.runtime.flow.triggers import Body


class ActFailedError(WalkError):
    """An act failed, and the sequence that it stands in with it. `act` is None for a condition."""

    def __init__(self, address: Address, act: str | None, message: str) -> None:
        super().__init__(message)
        self.address = address
        self.act = act
        self.message = message


class ExhaustedError(WalkError):
    """A limit of the day or a cap of the run ends the run, and with it the carousel that it is in:
    `completed` of at most `iterations`."""

    def __init__(self, address: Address, exhaustion: Exhaustion) -> None:
        super().__init__(exhaustion.message)
        self.address = address
        self.exhaustion = exhaustion
        self.completed = 0
        self.iterations: int | None = None

    def count(self, completed: int, iterations: int) -> None:
        """Note how far the carousel had come; the innermost one counts."""
        if self.iterations is None:
            self.completed, self.iterations = completed, iterations


class Frame(Struct, frozen=True, kw_only=True):
    """What holds for one run of one narrative at one place of its order.

    `key` is the narrative's in its program. `security` and `caps` hold those of the callers too,
    the narrative's own last. `unit` is the address of the iteration that rows are taken for,
    `holdings` what the run has taken.
    """

    program: Program
    key: str
    narrative: Narrative
    address: Address
    default_model: str
    variables: Mapping[str, Any]
    environment: Mapping[str, str]
    security: tuple[Security, ...]
    caps: tuple[CapScope, ...]
    budget: Multipliers
    unit: Address
    holdings: Holdings
    wait_for_day: bool = False
    iteration: int | None = None
    called: bool = False
    templates: Mapping[str, Record] = {}
    trigger: Body | None = None


class Answered(Struct, frozen=True):
    """An answer of a model: to which act, at which address, and what it is worth in the run."""

    act: Act
    address: Address
    model: str
    text: str
    value: Any


_TEXT = "text has no "
"""What the error says of what is asked of a text, as the error of a command is one."""


class Scope:
    """The outputs so far, the rows that were read, the conversation and the project's state.

    ``finished`` are the acts that ended in this scope, without those before it was copied, in the
    order in which they ended. ``errors`` are the texts that stand for results of commands which
    failed and were not required.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self.outputs: dict[str, Any] = {}
        self.tables: dict[str, TableRows] = {}
        self.ran = False
        self.previous: Any = None
        self.conversation = Conversation()
        self.finished: dict[str, Any] = {}
        self.answered: Answered | None = None
        self.errors: frozenset[str] = frozenset()

    def explained(self, error: Exception) -> str:
        """Return the message of an error, with the commands whose failure may be the reason."""
        failed = [
            f"`{act}` is no result but an error: {output}"
            for act, output in self.outputs.items()
            if isinstance(output, str) and output in self.errors
        ]
        message = str(error)
        return "; ".join([message, *failed]) if _TEXT in message else message

    def finish(self, act: str, output: Any) -> None:
        self.outputs[act] = output
        self.previous = output
        self.ran = True
        # An act that runs again is the latest of all, so it moves to the end.
        self.finished.pop(act, None)
        self.finished[act] = output

    def copy(self) -> "Scope":
        copied = Scope(self.state.copy())
        copied.outputs = dict(self.outputs)
        copied.tables = dict(self.tables)
        copied.ran, copied.previous = self.ran, self.previous
        copied.conversation = self.conversation.copy()
        copied.answered = self.answered
        copied.errors = self.errors
        return copied

    def join(self, branches: list["Scope"]) -> None:
        """Take in what the branches of a parallel group did, in written order."""
        tables, asked = dict(self.tables), self.answered
        for branch in branches:
            if branch.answered is not asked:
                self.answered = branch.answered
            self.errors |= branch.errors
            for name, rows in branch.tables.items():
                if tables.get(name) is not rows:
                    self.tables[name] = rows
            for act, output in branch.finished.items():
                self.finish(act, output)
        self.state.join([branch.state for branch in branches])
        self.conversation.join([branch.conversation for branch in branches])

    def names(self, frame: Frame) -> dict[str, Any]:
        """Return the names that templates see."""
        names = {
            **self.tables,
            **self.outputs,
            "vars": frame.variables,
            "env": frame.environment,
            "state": self.state.names(),
        }
        if self.ran:
            names["previous"] = self.previous
        if frame.iteration is not None:
            names["iteration"] = frame.iteration
        if frame.trigger is not None:
            names["trigger"] = frame.trigger.value
        return names

    def holds(self, frame: Frame, condition: Expression, act: str | None = None) -> bool:
        """Tell whether a condition holds now. Raises ActFailedError where its values do not fit."""
        try:
            return holds(condition, self.names(frame))
        except EvaluationError as error:
            message = f"a condition cannot be decided: {self.explained(error)}"
            raise ActFailedError(frame.address, act, message) from error
