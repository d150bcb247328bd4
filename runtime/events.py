"""What happens in a run, as one stream of records: for the terminal, for files, for programs.

Events never hold prompts, arguments or secrets, nor answers but for the pieces of one that is
coming (`AnswerPiece`), which are emitted only where that is asked for.
Times are Unix seconds. In JSON the kind stands in the field `event`.
"""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from botticelli.compiler.ir.bounds import UseBounds
from botticelli.compiler.ir.program import ModelSettings


class EventNode(Struct, frozen=True, tag_field="event", kw_only=True):
    """What all events share: when it happened and, below the run, where.

    `replayed` marks what a resumed run has already done; the mark is absent from everything else.
    """

    time: float = 0.0
    replayed: Literal[True] | UnsetType = UNSET


class LimitUse(Struct, frozen=True):
    """How full a limit is: `rpm`, `tpm`, `itpm`, `otpm`, `rpd` or `tpd`."""

    limit: str
    used: int
    value: int


class RunStarted(EventNode, frozen=True, tag="run-started"):
    """`iterations` is the maximum of the narrative's carousel, 1 without one; `provider` is whose
    limits and prices hold."""

    run: str
    narrative: str
    driver: str
    provider: str
    simulated: bool
    iterations: int
    every: float | None = None


class RunResumed(EventNode, frozen=True, tag="run-resumed"):
    """A run goes on after `effects` that were completed before; `origin` is the run that they are
    of, where it is another. The rest is what the run had used by then."""

    run: str
    effects: int
    origin: str | None
    requests: int
    input_tokens: int
    output_tokens: int
    cost: float | None


class IterationStarted(EventNode, frozen=True, tag="iteration-started"):
    address: str
    iteration: int
    iterations: int


class ActStarted(EventNode, frozen=True, tag="act-started"):
    address: str
    act: str


class RequestReserved(EventNode, frozen=True, tag="request-reserved"):
    """Room was taken in all windows for one request; tokens are as reserved. `counted`: the input's
    are as the provider counts them, and not estimated."""

    address: str
    model: str
    attempt: int
    input_tokens: int
    output_tokens: int
    limits: tuple[LimitUse, ...] = ()
    counted: bool = False


class Waiting(EventNode, frozen=True, tag="waiting"):
    """Nothing is sent until `until`: for `what`, a limit, `every` or `retry`. None: until an answer
    that is under way has come."""

    address: str
    what: str
    until: float | None


class RequestSent(EventNode, frozen=True, tag="request-sent"):
    """`streamed`: the answer comes in pieces. `structured`: it is asked for in a form."""

    address: str
    model: str
    attempt: int
    settings: ModelSettings
    streamed: bool = False
    structured: bool = False


class AnswerPiece(EventNode, frozen=True, tag="answer-piece"):
    """The next piece of the answer to an attempt, for showing: it is no result, and not kept. What
    counts is the whole answer, whose text may differ; an attempt that breaks off leaves nothing."""

    address: str
    act: str
    attempt: int
    text: str


class RequestSettled(EventNode, frozen=True, tag="request-settled"):
    """What a request counts as after all; `known` is false when it counts in full. `requests` is 0
    for one that never reached the provider. `error` says how an attempt without an answer ended:
    with a status (`429`), by a `timeout`, `cancelled`, or in another way (`other`)."""

    address: str
    model: str
    attempt: int
    requests: int
    input_tokens: int
    output_tokens: int
    known: bool
    limits: tuple[LimitUse, ...] = ()
    error: str | None = None


class Retrying(EventNode, frozen=True, tag="retrying"):
    """An attempt failed and another follows after `delay` seconds."""

    address: str
    attempt: int
    reason: str
    delay: float


class Answered(EventNode, frozen=True, tag="answer"):
    """A model answered; `cost` is in US dollars where prices are known."""

    address: str
    act: str
    model: str
    finish: str
    input_tokens: int
    output_tokens: int
    characters: int
    cost: float | None
    simulated: bool


class AnswerRejected(EventNode, frozen=True, tag="answer-rejected"):
    """An answer does not fit the act's `output`; `again` says whether the model is asked again.
    `message` names the faults by their places, without anything of the answer."""

    address: str
    act: str
    message: str
    again: bool


class CommandPerformed(EventNode, frozen=True, tag="command"):
    """A command ended: `outcome` is `done`, `failed`, `refused`, `cached`, `unknown`, `skipped` (of
    unknown outcome, and not to be repeated) or `dry-run` (not performed)."""

    address: str
    act: str
    platform: str
    command: str
    outcome: str
    message: str | None = None


class TableQueried(EventNode, frozen=True, tag="table"):
    """A query gave `rows` rows, `bytes` bytes of text; `consumed`: they are taken from the table
    when what reads them succeeds."""

    address: str
    act: str
    table: str
    rows: int
    bytes: int
    consumed: bool = False


class RowsAcknowledged(EventNode, frozen=True, tag="rows-acknowledged"):
    """`rows` rows that were taken from `table` have been dealt with, and are deleted."""

    address: str
    table: str
    rows: int


class RowsGivenBack(EventNode, frozen=True, tag="rows-given-back"):
    """`rows` rows that were taken from `table` can be taken by others: what took them failed."""

    address: str
    table: str
    rows: int


class ContentStored(EventNode, frozen=True, tag="stored"):
    """An answer was stored: `rows` rows of `table`."""

    address: str
    act: str
    table: str
    rows: int


class NothingStored(EventNode, frozen=True, tag="nothing-stored"):
    """An answer that would be stored holds nothing to store."""

    address: str
    act: str
    message: str


class ActSkipped(EventNode, frozen=True, tag="act-skipped"):
    """The act's `when` does not hold."""

    address: str
    act: str


class ActFinished(EventNode, frozen=True, tag="act-finished"):
    address: str
    act: str


class ActFailed(EventNode, frozen=True, tag="act-failed"):
    address: str
    act: str
    message: str


class IterationFinished(EventNode, frozen=True, tag="iteration-finished"):
    address: str
    iteration: int
    iterations: int
    succeeded: bool


class CarouselBudgetExhausted(EventNode, frozen=True, tag="budget-exhausted"):
    """A limit ends the carousel, and with it the run, after `completed` of at most `iterations`.

    `resets` is when the limit has room again; null for a cap of the run, and where it never has.
    """

    address: str
    limit: str
    value: float
    completed: int
    iterations: int
    resets: float | None
    message: str


class Warned(EventNode, frozen=True, tag="warning"):
    address: str
    message: str


class RunFailed(EventNode, frozen=True, tag="failed"):
    message: str


class ActUse(Struct, frozen=True, kw_only=True):
    """What an act of a narrative has used in all, and what was predicted of it. Attempts of unknown
    use are in it as they were reserved."""

    narrative: str
    act: str
    requests: int
    input_tokens: int
    output_tokens: int
    cost: float | None
    bounds: UseBounds | None


class RunFinished(EventNode, frozen=True, tag="run-finished"):
    """`status` is `completed`, `exhausted`, `failed` or `interrupted`, and `message` says why.
    `cost` is null when the price of something was not known. `bounds` is what was predicted of a
    whole run, all its iterations included, and `acts` what its acts used beside their part of it.
    """

    run: str
    status: str
    completed: int
    iterations: int
    failures: int
    requests: int
    input_tokens: int
    output_tokens: int
    cost: float | None
    simulated: bool
    message: str | None = None
    bounds: UseBounds | None = None
    acts: tuple[ActUse, ...] = ()


Event = (
    RunStarted
    | RunResumed
    | IterationStarted
    | ActStarted
    | ActSkipped
    | RequestReserved
    | Waiting
    | RequestSent
    | AnswerPiece
    | RequestSettled
    | Retrying
    | Answered
    | AnswerRejected
    | CommandPerformed
    | TableQueried
    | RowsAcknowledged
    | RowsGivenBack
    | ContentStored
    | NothingStored
    | ActFinished
    | ActFailed
    | IterationFinished
    | CarouselBudgetExhausted
    | Warned
    | RunFailed
    | RunFinished
)
