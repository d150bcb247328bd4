"""An explanation as data: what runs, on what, to what end, and what it takes.

This is also the JSON form, whose schema stands in `docs/explain-output.schema.json`. A ceiling of
null has no bound. Tokens, requests and bytes are whole numbers but for expectations, times are
seconds, money is US dollars. Field order is the order of definition, and nothing here depends on
the time of day (but for `now`, where that is asked for), so that the same sources give the same
bytes.
"""

from msgspec import Struct

from botticelli.compiler.budget.intervals import Interval
from botticelli.compiler.ir.program import Place

VERSION = 1
"""Of the JSON form: counted up when a field goes or changes its meaning."""

# What is used


class Amount(Struct, frozen=True, kw_only=True):
    """What something uses. `cost` is null where a price is not known.

    `seconds` is what limits and `every` make it take when every answer comes at once; of an act,
    those that its requests wait for limits. The ceiling is null where that of its tokens is.
    """

    requests: Interval
    input_tokens: Interval
    output_tokens: Interval
    cost: Interval | None
    seconds: Interval


class Share(Struct, frozen=True, kw_only=True):
    """A part of the input of one request: `kind` is `input` (with its place), `history`,
    `persona`, `form` or `framing`."""

    kind: str
    tokens: Interval
    place: Place | None = None


# Where things come from and go to


class Span(Struct, frozen=True):
    """A range in a source: lines and columns from 1, in code points; the end is behind it."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int


class Origin(Struct, frozen=True, kw_only=True):
    """A name that an act uses and where its value comes from.

    `kind` is `act`, `table`, `variable`, `environment`, `state`, `trigger` or `iteration`; `source`
    is the act, the table, the variable. `via` says how it is used: `prompt`, `persona`, `argument`,
    `filter`, `condition`, `media` or `table`.
    """

    name: str
    kind: str
    source: str
    via: str


class Destination(Struct, frozen=True, kw_only=True):
    """Where an act's output goes: to an `act` (`via` as in `Origin`), into the `history` of later
    acts, into a `table`, or out as the `result` of the narrative."""

    kind: str
    name: str
    via: str | None = None


class Piece(Struct, frozen=True, kw_only=True):
    """A piece of a prompt. `kind` is `text`, `value` (printed into it) or `logic`.

    `tokens` is its share of those that are expected of the whole; null for logic and where nothing
    is known.
    """

    kind: str
    text: str
    span: Span | None
    names: tuple[str, ...] = ()
    tokens: float | None = None


class Input(Struct, frozen=True, kw_only=True):
    """One input of an act.

    `kind` is `text`, `table`, `command`, `narrative` or the kind of a medium. `title` says what it
    is in a few words; `details` what holds for it. `tokens` is what it adds to one request, and
    `pieces` are those of its text.
    """

    kind: str
    title: str
    details: tuple[str, ...]
    retention: str
    place: Place
    tokens: Interval | None = None
    pieces: tuple[Piece, ...] = ()


# What runs


class Repetition(Struct, frozen=True, kw_only=True):
    """How often something is repeated, how often it starts, and what ends it early."""

    iterations: int
    every: float | None = None
    until: str | None = None
    history: str = "fresh"
    continue_on_error: bool = False
    max_failures: int | None = None
    on_exhausted: str = "stop"
    estimated_tokens: int | None = None
    place: Place


class Step(Struct, frozen=True, tag_field="step", kw_only=True):
    """What all steps share."""


class ActStep(Step, frozen=True, tag="act"):
    act: str


class SequenceStep(Step, frozen=True, tag="sequence"):
    steps: "tuple[AnyStep, ...]"


class ParallelStep(Step, frozen=True, tag="parallel"):
    steps: "tuple[AnyStep, ...]"


class IfStep(Step, frozen=True, tag="if"):
    condition: str
    then: "tuple[AnyStep, ...]"
    otherwise: "tuple[AnyStep, ...]"


class RepeatStep(Step, frozen=True, tag="repeat"):
    repetition: Repetition
    steps: "tuple[AnyStep, ...]"


AnyStep = ActStep | SequenceStep | ParallelStep | IfStep | RepeatStep


class Act(Struct, frozen=True, kw_only=True):
    """One act of a narrative.

    `does` is `asks` (a model), `performs` (commands and queries) or `calls` (another narrative,
    `calls`). `settings` go with its requests, `persona` is the beginning of its system instruction.
    `sees` are the acts whose messages it finds in the conversation. `amount` is what all its runs
    use in a run of the whole; `request` are the parts of its first request.
    """

    name: str
    place: Place
    does: str
    model: str | None = None
    provider: str | None = None
    max_tokens: int | None = None
    settings: tuple[str, ...] = ()
    character: str | None = None
    persona: str | None = None
    persona_pieces: tuple[Piece, ...] = ()
    calls: str | None = None
    when: str | None = None
    repetition: Repetition | None = None
    attempts: int = 1
    sees: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    origins: tuple[Origin, ...] = ()
    output: str = "text"
    destinations: tuple[Destination, ...] = ()
    amount: Amount | None = None
    request: tuple[Share, ...] = ()


class Storage(Struct, frozen=True, kw_only=True):
    """Which table a narrative stores answers into, null being a new one of each run; and the acts
    whose answers they are."""

    table: str | None
    template: str | None
    acts: tuple[str, ...]


class Narrative(Struct, frozen=True, kw_only=True):
    """One narrative: its acts in written order, and the order itself."""

    name: str
    place: Place
    description: str | None
    called_by: tuple[str, ...]
    repetition: Repetition | None
    order: tuple[AnyStep, ...]
    acts: tuple[Act, ...]
    storage: Storage | None
    caps: tuple[str, ...]


# What is touched outside


class Start(Struct, frozen=True, kw_only=True):
    """What starts the narrative: a `schedule` (cron) or a `webhook` (its path)."""

    name: str
    schedule: str | None
    webhook: str | None


class Given(Struct, frozen=True, kw_only=True):
    """What has to be there or may be given. `kind` is `variable`, `environment` or `state`."""

    kind: str
    name: str
    used_by: tuple[str, ...]
    type: str | None = None
    required: bool = False
    default: str | None = None
    secret: bool = False


class TableUse(Struct, frozen=True, kw_only=True):
    """What is done with a table: `reads`, `consumes` or `writes`; by which act, and how."""

    table: str
    does: str
    narrative: str
    act: str
    details: tuple[str, ...]
    place: Place


class CommandUse(Struct, frozen=True, kw_only=True):
    """A command of a platform: whether it changes something, and what allows and restrains it."""

    command: str
    about: str
    writes: bool
    narrative: str
    act: str
    required: bool
    arguments: tuple[str, ...]
    allowed_by: str | None
    confirmed: bool
    restraints: tuple[str, ...]
    place: Place


class Resent(Struct, frozen=True, kw_only=True):
    """An act whose request carries what was sent before: the history's tokens in its first request
    and its share of the request's expectation."""

    narrative: str
    act: str
    history: Interval
    share: float


class Again(Struct, frozen=True, kw_only=True):
    """Rows or media that stay in the history: the expected tokens sent again after the first
    time."""

    narrative: str
    act: str
    title: str
    tokens: float
    place: Place


# Whether it fits


class Limit(Struct, frozen=True, kw_only=True):
    """A limit that holds, with its multipliers applied: `rpm`, `tpm`, `itpm`, `otpm`, `rpd`, `tpd`
    or `max_concurrent`."""

    name: str
    value: int


class Pool(Struct, frozen=True, kw_only=True):
    """Models that share limits. `day` is `sliding` or the time zone at whose midnight it resets;
    `counts` says which tokens `tpm` means."""

    provider: str
    tier: str | None
    name: str
    models: tuple[str, ...]
    known: bool
    day: str
    counts: str
    limits: tuple[Limit, ...]


class Stop(Struct, frozen=True, kw_only=True):
    """Where a carousel runs out: the iteration (from 1), the act, and which limit."""

    iteration: int
    act: str
    limit: str
    value: int


class Reading(Struct, frozen=True):
    """How much of a limit is used at a moment, in seconds from the start."""

    seconds: float
    used: int


class Curve(Struct, frozen=True, kw_only=True):
    """The use of one limit over time."""

    pool: str
    limit: str
    value: int
    readings: tuple[Reading, ...]


class Wait(Struct, frozen=True, kw_only=True):
    """A stretch in which nothing is sent: for a limit, or (`every`) for the next start."""

    start: float
    end: float
    reason: str


class Course(Struct, frozen=True, kw_only=True):
    """How the run is expected to go, from the limiter's own books in virtual time. `cut`: it is so
    long that only its beginning was followed."""

    seconds: float
    curves: tuple[Curve, ...]
    waits: tuple[Wait, ...]
    cut: bool


class CarouselPart(Struct, frozen=True, kw_only=True):
    """One carousel or repetition: what it uses in all, and whether that fits.

    `fits` is how many iterations complete by expectation, null for all; `stop` where it runs out
    on the track that decided the verdict. `unit` is `carousel`, `repeat` or `act`.
    """

    path: tuple[str, ...]
    act: str | None
    unit: str
    repetition: Repetition
    verdict: str
    reason: str
    stop: Stop | None
    fits: int | None
    amount: Amount
    iteration: Amount


class Now(Struct, frozen=True, kw_only=True):
    """A run that begins now, with what was used until then: when it begins, and when it would end
    at the earliest (null: it runs out before); ISO 8601, with an offset."""

    begins: str
    ends: str | None


class Missing(Struct, frozen=True, kw_only=True):
    """Why a ceiling has no bound, as a clause that says what to bound."""

    narrative: str
    act: str
    why: str
    place: Place | None = None


class Explanation(Struct, frozen=True, kw_only=True, tag_field="botticelli", tag="explanation"):
    """The whole of it. `narrative` is the one that runs, the first of `narratives`; `summary` says
    it in a few sentences."""

    version: int = VERSION
    compiler: str
    source: str
    narrative: str
    summary: tuple[str, ...]
    narratives: tuple[Narrative, ...]
    starts: tuple[Start, ...]
    given: tuple[Given, ...]
    tables: tuple[TableUse, ...]
    commands: tuple[CommandUse, ...]
    resent: tuple[Resent, ...]
    again: tuple[Again, ...]
    total: Amount
    iteration: Amount
    pools: tuple[Pool, ...]
    course: Course | None
    carousels: tuple[CarouselPart, ...]
    now: Now | None
    verdict: str
    reason: str
    unbounded: tuple[Missing, ...]
    assumptions: tuple[str, ...]
