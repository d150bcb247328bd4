"""The border between the interpreter and the world: what it asks for, and what it is told.

The interpreter yields effects and never performs one. Each bears its address; the completion that
answers it bears the same.
"""

from typing import Any, ClassVar

from msgspec import Struct

from botticelli.compiler.ir.program import Caps, Multipliers, Retry, Security
from botticelli.compiler.ir.types import Record
from botticelli.runtime.address import Address
from botticelli.runtime.databases.records import Rows, TableQuery, Taken
from botticelli.runtime.drivers.protocol import MediaPart, ModelAnswer, ModelRequest
from botticelli.runtime.platforms.protocol import Json


class EffectNode(Struct, frozen=True, tag_field="effect", kw_only=True):
    """What all effects share.

    `writes`: it changes something outside. `keyed`: performed twice with one idempotency key, it
    happens once. (Of a command both are the platform's to say.) `subject` names what it is put to.
    """

    writes: ClassVar[bool] = False
    keyed: ClassVar[bool] = False

    address: Address

    @property
    def subject(self) -> str | None:
        return None


class CapScope(Struct, frozen=True):
    """The hard caps of one run of one narrative; `owner` is its address."""

    owner: Address
    caps: Caps


class AskModel(EffectNode, frozen=True, tag="ask-model"):
    """Ask a model. `narrative` is the key of the act's; `budget` are the multipliers of carousel
    and narrative, `wait_for_day` whether an exhausted day is waited for. Answered by a ModelAnswer,
    a Failure or an Exhaustion."""

    narrative: str
    act: str
    iteration: int | None
    request: ModelRequest
    retry: Retry
    timeout: float | None
    budget: Multipliers
    wait_for_day: bool
    caps: tuple[CapScope, ...]

    @property
    def subject(self) -> str:
        return self.request.model


class RunCommand(EffectNode, frozen=True, tag="run-command"):
    """Perform a command. `arguments` are JSON values, filters and orders of rows; `security` holds
    the rules of the narratives that lead here, the narrative's own last. Answered by a
    CommandResult or a Failure."""

    act: str
    iteration: int | None
    platform: str
    command: str
    arguments: dict[str, Any]
    security: tuple[Security, ...]
    retry: Retry
    timeout: float | None
    cache_seconds: float | None

    @property
    def subject(self) -> str:
        return f"{self.platform}.{self.command}"


class ReadMedia(EffectNode, frozen=True, tag="read-media"):
    """Read a medium: a `file`, relative to a `folder` of the project, or a `url`. `security` holds
    the rules of the narratives that lead here. Answered by a MediaFound or a Failure."""

    act: str
    iteration: int | None
    kind: str
    folder: str
    file: str | None
    url: str | None
    mime: str | None
    filename: str | None
    model: str
    security: tuple[Security, ...]

    @property
    def subject(self) -> str:
        return self.kind


class StoreContent(EffectNode, frozen=True, tag="store-content"):
    """Store an answer's objects: into `target`, else into the run's own table, with `columns` where
    they are known. The rows in `acknowledged` have been dealt with once it is stored, and are
    deleted with it. Answered by a Stored or a Failure."""

    writes: ClassVar[bool] = True
    keyed: ClassVar[bool] = True

    act: str
    iteration: int | None
    narrative: str
    model: str
    target: str | None
    template: str | None
    columns: Record | None
    records: tuple[dict[str, Any], ...]
    acknowledged: tuple[Taken, ...] = ()
    retry: Retry = Retry()

    @property
    def subject(self) -> str:
        return self.target or self.narrative


class ReadState(EffectNode, frozen=True, tag="read-state"):
    """Read the project's state. Answered by a StateSnapshot or a Failure."""


class CommitState(EffectNode, frozen=True, tag="commit-state"):
    """Set keys of the project's state, all or none. Answered by a Done or a Failure."""

    writes: ClassVar[bool] = True
    keyed: ClassVar[bool] = True

    values: dict[str, Json]


class QueryTable(EffectNode, frozen=True, tag="query-table"):
    """Read rows of a table. What a consuming query takes is held under the effect's address until
    it is acknowledged or given back; `unit` is the address of what starts over when it is lost.
    Answered by a TableResult or a Failure."""

    act: str
    iteration: int | None
    query: TableQuery
    unit: Address | None = None
    retry: Retry = Retry()

    @property
    def subject(self) -> str:
        return self.query.table


class AcknowledgeRows(EffectNode, frozen=True, tag="acknowledge-rows"):
    """Delete rows that have been dealt with, if all of them are still held. Answered by a Done or a
    Failure. The database knows that it was done, in the same transaction: the journal need not be
    forced to the disk for it, and so it counts as no write."""

    taken: tuple[Taken, ...]


class GiveBackRows(EffectNode, frozen=True, tag="give-back-rows"):
    """Let others have rows that were taken. Answered by a Done or a Failure."""

    taken: tuple[Taken, ...]


class Wait(EffectNode, frozen=True, tag="wait"):
    """Wait until a moment. Answered by a Moment, at or after it."""

    until: float


class ReadClock(EffectNode, frozen=True, tag="read-clock"):
    """Answered by a Moment."""


Effect = (
    AskModel
    | RunCommand
    | QueryTable
    | AcknowledgeRows
    | GiveBackRows
    | StoreContent
    | ReadMedia
    | ReadState
    | CommitState
    | Wait
    | ReadClock
)


class ResultNode(Struct, frozen=True, tag_field="result"):
    """What the results of this module share."""


class CommandResult(ResultNode, frozen=True, tag="command"):
    """What a platform returned: JSON values (as `Any`, since the journal reads it back by type)."""

    value: Any


class MediaFound(ResultNode, frozen=True, tag="media"):
    part: MediaPart


class StateSnapshot(ResultNode, frozen=True, tag="state"):
    values: dict[str, Any]


class Done(ResultNode, frozen=True, tag="done"):
    """It happened, and there is nothing to say of it."""


class TableResult(ResultNode, frozen=True, tag="table"):
    """What a query gave, and what of it was taken from the table."""

    value: Rows
    taken: Taken | None = None


class Stored(ResultNode, frozen=True, tag="stored"):
    """What was stored of an answer, and what is to be said of the rest."""

    table: str
    rows: int
    warnings: tuple[str, ...] = ()


class Moment(ResultNode, frozen=True, tag="moment"):
    """Unix seconds."""

    time: float


class Failure(ResultNode, frozen=True, tag="failure"):
    """The effect failed for good; the message is for people. `unknown`: it writes, and whether it
    took effect nobody knows."""

    message: str
    unknown: bool = False


class Exhaustion(ResultNode, frozen=True, tag="exhaustion"):
    """The request was not sent, as a limit of the day or a cap of the run does not admit it.

    `resets` is when the limit has room again, None where it never has.
    """

    limit: str
    value: float
    resets: float | None
    message: str


Result = (
    ModelAnswer
    | CommandResult
    | TableResult
    | MediaFound
    | Stored
    | StateSnapshot
    | Done
    | Moment
    | Failure
    | Exhaustion
)


class Completion(Struct, frozen=True):
    """The result of the effect at an address."""

    address: Address
    result: Result
