"""The program: what `compile` writes and the runtime runs, complete without the sources.

A tagged union of frozen structs. Field order is the order of definition and dictionaries keep the
order of the source, so that the same input gives the same bytes. Durations are seconds.
"""

from msgspec import Struct

from botticelli.compiler.ir.bounds import Bounds
from botticelli.compiler.ir.expressions import Expression, OrderTerm
from botticelli.compiler.ir.types import Record, Type

VERSION = 1

JsonScalar = str | int | float | bool | None


class Place(Struct, frozen=True):
    """Where in the sources something came from: a path relative to the project, line and column
    (from 1, in code points)."""

    path: str
    line: int
    column: int


# Values


class ValueNode(Struct, frozen=True, tag_field="value"):
    """What all values share."""


class Constant(ValueNode, frozen=True, tag="constant"):
    data: JsonScalar


class Template(ValueNode, frozen=True, tag="template"):
    """A Jinja template; the older `${…}` forms are already written as Jinja where they count."""

    source: str
    place: Place


class ListValue(ValueNode, frozen=True, tag="list"):
    items: "tuple[Value, ...]"


class RecordValue(ValueNode, frozen=True, tag="record"):
    fields: "dict[str, Value]"


class FilterValue(ValueNode, frozen=True, tag="filter"):
    """A filter that a command takes; `text` is how the author wrote it, for people alone."""

    where: Expression
    text: str
    place: Place


class OrderValue(ValueNode, frozen=True, tag="order"):
    """An order that a command takes; `text` is how the author wrote it."""

    terms: tuple[OrderTerm, ...]
    text: str


Value = Constant | Template | ListValue | RecordValue | FilterValue | OrderValue


# Inputs of an act


class InputNode(Struct, frozen=True, tag_field="input", kw_only=True):
    """What all inputs share. `retention` is `full`, `summary` or `drop`; `max_bytes` is where the
    text of one that is no medium is cut, at a row or a line."""

    place: Place
    retention: str = "full"
    max_bytes: int | None = None


class TextInput(InputNode, frozen=True, tag="text"):
    """Text to the model. `file` is the path it was read from at compile time, if any."""

    template: Template


class MediaInput(InputNode, frozen=True, tag="media"):
    """An image, sound, film or document, by exactly one of `url`, `file`, `base64`.

    `url` and `file` are templates; a file is relative to the folder of `place.path`.
    """

    kind: str
    url: Template | None = None
    file: Template | None = None
    base64: str | None = None
    mime: str | None = None
    filename: str | None = None


class CommandInput(InputNode, frozen=True, tag="command"):
    """A platform's command. `resource` is its name in `[bots]`, if it has one."""

    platform: str
    command: str
    arguments: dict[str, Value]
    required: bool = False
    resource: str | None = None
    cache_seconds: float | None = None


class TableInput(InputNode, frozen=True, tag="table"):
    """A query of one table. `alias` and the names it is in scope under stand in `names`; `row` has
    the types of the table's columns where they are known, for its bounds."""

    table: Template
    names: tuple[str, ...]
    columns: tuple[str, ...] | None = None
    where: Expression | None = None
    order: tuple[OrderTerm, ...] = ()
    limit: int = 10
    offset: int = 0
    sample: int | None = None
    format: str = "json"
    required: bool = True
    consume: bool = False
    acknowledge: str = "iteration"
    row: Record | None = None


class NarrativeInput(InputNode, frozen=True, tag="narrative"):
    """The answer of another narrative, by its key in `Program.narratives`."""

    narrative: str


Input = TextInput | MediaInput | CommandInput | TableInput | NarrativeInput


# Settings


class ModelSettings(Struct, frozen=True):
    """What goes with a request to a model; null means the driver's default.

    `thinking` is a number of tokens or `off`.
    """

    model: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    thinking: int | str | None = None


class Retry(Struct, frozen=True):
    """`attempts` counts the first; `invalid_output` the times an answer is asked for again."""

    attempts: int = 3
    backoff: float = 2.0
    max_backoff: float = 60.0
    invalid_output: int = 2


class Multipliers(Struct, frozen=True):
    """Shares of a provider's limits, each in (0, 1]; null where the source says nothing."""

    rpm: float | None = None
    tpm: float | None = None
    rpd: float | None = None


class Carousel(Struct, frozen=True):
    """Repetition within a budget. `on_exhausted` is `stop` or `wait`."""

    iterations: int
    place: Place
    estimated_tokens: int | None = None
    continue_on_error: bool = False
    max_failures: int | None = None
    every: float | None = None
    on_exhausted: str = "stop"
    budget: Multipliers = Multipliers()


class Caps(Struct, frozen=True):
    """Hard caps on one run of a narrative; null is no cap. Cost is in US dollars."""

    max_requests: int | None = None
    max_tokens: int | None = None
    max_cost: float | None = None


# Acts and their order


class Act(Struct, frozen=True, kw_only=True):
    """One act. `asks_model` is false for an action-only act and for one that calls a narrative;
    `max_bytes` bounds what the latter answers, as that of an input does."""

    name: str
    place: Place
    inputs: tuple[Input, ...] = ()
    narrative: str | None = None
    arguments: dict[str, Value] = {}
    asks_model: bool = True
    system: Template | None = None
    character: str | None = None
    settings: ModelSettings = ModelSettings()
    output: Type | None = None
    when: Expression | None = None
    carousel: Carousel | None = None
    retry: Retry = Retry()
    timeout: float | None = None
    extract_output: bool = False
    max_bytes: int | None = None


class StepNode(Struct, frozen=True, tag_field="step", kw_only=True):
    """What all steps of an order share."""

    place: Place


class RunAct(StepNode, frozen=True, tag="act"):
    act: str


class Sequence(StepNode, frozen=True, tag="sequence"):
    steps: "tuple[Step, ...]"


class Parallel(StepNode, frozen=True, tag="parallel"):
    """Steps that start together, each from the conversation before the group."""

    steps: "tuple[Step, ...]"


class Branch(StepNode, frozen=True, tag="if"):
    condition: Expression
    then: Sequence
    otherwise: Sequence | None = None


class Repeat(StepNode, frozen=True, tag="repeat"):
    """At most `carousel.iterations` passes. `history` is `shared` or `fresh`."""

    body: Sequence
    carousel: Carousel
    until: Expression | None = None
    history: str = "shared"


Step = RunAct | Sequence | Parallel | Branch | Repeat


# What belongs to a narrative


class Content(Struct, frozen=True):
    """Where answers are stored, if anywhere."""

    skip: bool = False
    target: str | None = None
    template: str | None = None


class Security(Struct, frozen=True):
    """What commands may do: the policy, constraints by argument, rules on text, tables to write."""

    allowed_commands: tuple[str, ...] = ()
    denied_commands: tuple[str, ...] = ()
    require_confirmation: tuple[str, ...] = ()
    constraints: dict[str, JsonScalar | tuple[JsonScalar, ...]] = {}
    content: "ContentRules | None" = None
    write_tables: tuple[str, ...] = ()


class ContentRules(Struct, frozen=True):
    """What text may leave through a command. `max_length` counts code points."""

    max_length: int | None = None
    block_mass_mentions: bool = False
    prohibited_patterns: tuple[str, ...] = ()
    allowed_domains: tuple[str, ...] = ()


class Variable(Struct, frozen=True):
    """A name under `vars`. One that has no type, no default and need not be given may be missing;
    any other that is not given is null."""

    type: Type | None = None
    required: bool = False
    default: Value | None = None


class Trigger(Struct, frozen=True):
    """What starts a narrative: a cron schedule or a signed webhook."""

    name: str
    place: Place
    narrative: str
    schedule: str | None = None
    webhook: str | None = None
    secret: Template | None = None


class Narrative(Struct, frozen=True, kw_only=True):
    """One narrative with everything it refers to but other narratives."""

    name: str
    place: Place
    description: str | None = None
    metadata: "dict[str, JsonScalar | tuple[JsonScalar, ...]]" = {}
    order: Sequence
    acts: dict[str, Act]
    carousel: Carousel | None = None
    limits: Caps = Caps()
    budget: Multipliers = Multipliers()
    content: Content = Content()
    security: Security = Security()
    environment: tuple[str, ...] = ()


class Program(Struct, frozen=True, kw_only=True, tag_field="botticelli", tag="program"):
    """A compiled narrative and all that it runs.

    `entry` and every reference between narratives are keys of `narratives`. `variables` are those
    of the project, and those that only the command line can give. `compiler` is the version that
    wrote it. `bounds` are null in programs of versions that wrote none.
    """

    version: int = VERSION
    compiler: str
    entry: str
    narratives: dict[str, Narrative]
    variables: dict[str, Variable] = {}
    schemas: dict[str, Record] = {}
    triggers: tuple[Trigger, ...] = ()
    bounds: Bounds | None = None
