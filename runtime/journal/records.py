"""What the journal keeps of a run and of its effects.

Requests are not kept: the program is, and leading it through the recorded results asks them anew.
So neither prompts nor the secrets of the environment stand in the file.
"""

from msgspec import Struct

from botticelli.compiler.ir.program import Multipliers

RUNNING = "running"
COMPLETED = "completed"
EXHAUSTED = "exhausted"
FAILED = "failed"
INTERRUPTED = "interrupted"


class Settings(Struct, frozen=True, kw_only=True):
    """What the command line said and what holds for the resumed run as well.

    `database` is a URL, or only `***` for one that holds a password. `withheld` names variables
    that were given and whose names say that they hold a secret; their values are not kept. `only`
    is the act after which the run ends, `trigger` the JSON that it was started by. Caps are those
    of the command line, `max_cost` in US dollars.
    """

    narrative: str | None = None
    driver: str | None = None
    database: str | None = None
    tier: str | None = None
    budget: Multipliers = Multipliers()
    variables: dict[str, str] = {}
    withheld: tuple[str, ...] = ()
    only: str | None = None
    trigger: str | None = None
    max_requests: int | None = None
    max_tokens: int | None = None
    max_cost: float | None = None


class RunRecord(Struct, frozen=True, kw_only=True):
    """A run. `status` is `running`, `completed`, `exhausted`, `failed` or `interrupted`; times are
    Unix seconds. `source` is relative to the project where it stands in it, `source_hash` the
    SHA-256 of its bytes. `origin` is the run whose results it began with."""

    id: str
    narrative: str
    source: str
    source_hash: str = ""
    driver: str
    simulated: bool
    dry_run: bool = False
    origin: str | None = None
    settings: Settings = Settings()
    started: float
    ended: float | None = None
    status: str = RUNNING
    iterations: int
    completed: int = 0
    failures: int = 0
    message: str | None = None


class Spent(Struct, frozen=True):
    """What requests have used; `cost` in US dollars, None once something had no known price."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = 0.0

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    def plus(self, other: "Spent") -> "Spent":
        cost = None if self.cost is None or other.cost is None else self.cost + other.cost
        return Spent(
            self.requests + other.requests,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            cost,
        )


class EffectRecord(Struct, frozen=True, kw_only=True):
    """An effect: what it was (`subject` is the model or the command that it was put to), when it
    was begun and, once it has completed, when it ended and with what kind of `result`.

    `in_flight`: a request was sent of which nobody knows what it used.
    """

    address: str
    effect: str
    act: str | None
    iteration: int | None
    subject: str | None
    writes: bool
    started: float
    ended: float | None
    result: str | None
    in_flight: bool
    spent: Spent


class Answer(Struct, frozen=True, kw_only=True):
    """What an act got: `kind` is `answer` of the model `source`, `command`, the result of the
    platform's command `source` as JSON, or `rows`, the text of rows of the table `source`."""

    run: str
    address: str
    kind: str
    act: str
    iteration: int | None
    source: str
    text: str
    finish: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    started: float
    ended: float
