"""The typed model of a narrative file: what it says, with the place of everything that it says.

The records hold what a valid file can hold; what a file got wrong is reported while they are made
and is absent here. Expressions, templates and types are still text with places: they have
languages of their own.
"""

from collections import ChainMap
from collections.abc import Mapping

from msgspec import Struct

from botticelli.compiler.diagnostics import Location
from botticelli.compiler.languages.ast import TableReference
from botticelli.compiler.narrative.located import Key, Located, Name, Text
from botticelli.compiler.syntax.nodes import Document, Node, Scalar, Table

# Settings


class ModelSettings(Struct, frozen=True):
    """What goes with a request to a model, as far as it is said here."""

    model: Text | None = None
    temperature: Located[float] | None = None
    max_tokens: Located[int] | None = None
    top_p: Located[float] | None = None
    seed: Located[int] | None = None
    stop: tuple[Text, ...] | None = None
    thinking: Located[int | str] | None = None


class Retry(Struct, frozen=True):
    """`retry`: attempts count the first; durations are seconds."""

    attempts: Located[int] | None = None
    backoff: Located[float] | None = None
    max_backoff: Located[float] | None = None
    invalid_output: Located[int] | None = None


class Conduct(Struct, frozen=True):
    """What act, character, narrative and `[defaults]` may all say (section 2.2 of the language)."""

    settings: ModelSettings = ModelSettings()
    retry: Retry | None = None
    timeout: Located[float] | None = None


class Budget(Struct, frozen=True):
    """Shares of the provider's limits, each in (0, 1]."""

    rpm: Located[float] | None = None
    tpm: Located[float] | None = None
    rpd: Located[float] | None = None


class Limits(Struct, frozen=True):
    """Hard caps on one run."""

    max_requests: Located[int] | None = None
    max_tokens: Located[int] | None = None
    max_cost: Located[float] | None = None


class Carousel(Struct, frozen=True):
    """A repetition within a budget."""

    node: Node
    iterations: Located[int]
    estimated_tokens: Located[int] | None = None
    continue_on_error: Located[bool] | None = None
    max_failures: Located[int] | None = None
    every: Located[float] | None = None
    on_exhausted: Located[str] | None = None
    budget: Budget = Budget()


# Inputs


class TextInput(Struct, frozen=True):
    """A prompt. `file` is set instead of `text` when it stands in a file of its own; `content` is
    then what that file holds, where it could be read."""

    node: Node
    text: Text | None
    file: Text | None = None
    content: Text | None = None
    max_bytes: Located[int] | None = None
    retention: Located[str] | None = None

    @property
    def prompt(self) -> Text | None:
        """The template that is sent, wherever it stands."""
        return self.content if self.text is None else self.text


class Reference(Struct, frozen=True):
    """A string that refers to a resource, a table or a narrative.

    `kind` is `bots`, `tables`, `media`, `narratives`, `narrative` (written `narrative:N`) or
    `table` (a table named in place). `start` and `end` bound the name within the string;
    `clauses` is what stands beside a table's name.
    """

    node: Scalar
    text: Text
    kind: str
    name: str
    start: int
    end: int
    clauses: TableReference | None = None
    retention: Located[str] | None = None
    max_bytes: Located[int] | None = None

    @property
    def location(self) -> Location:
        return self.node.location

    @property
    def name_location(self) -> Location:
        return self.text.part(self.start, self.end)


class Command(Struct, frozen=True):
    """A platform's command; `arguments` are the author's values, templates among them."""

    node: Table
    platform: Text | None
    command: Text | None
    arguments: dict[str, Node]
    argument_tables: dict[str, Table]
    required: Located[bool] | None = None
    cache_duration: Located[float] | None = None
    max_bytes: Located[int] | None = None
    retention: Located[str] | None = None

    def argument_key(self, name: str) -> Location:
        """Return where an argument's name is written."""
        return self.argument_tables[name].key_location(name)


class TableQuery(Struct, frozen=True):
    """A query of one table. `consume` is already what both its spellings mean."""

    node: Table
    table_name: Text | None
    columns: tuple[Text, ...] | None = None
    where: Text | None = None
    order_by: Text | None = None
    limit: Located[int] | None = None
    offset: Located[int] | None = None
    format: Located[str] | None = None
    alias: Text | None = None
    sample: Located[int] | None = None
    required: Located[bool] | None = None
    consume: Located[bool] | None = None
    acknowledge: Located[str] | None = None
    max_bytes: Located[int] | None = None
    retention: Located[str] | None = None


class Media(Struct, frozen=True):
    """An image, sound, film or document. `kind` is None when neither key nor name tells it."""

    node: Table
    kind: str | None
    url: Text | None = None
    file: Text | None = None
    base64: Text | None = None
    mime: Text | None = None
    filename: Text | None = None
    retention: Located[str] | None = None


Input = TextInput | Reference | Command | TableQuery | Media


# Acts


class OutputFields(Struct, frozen=True):
    """An `output` or schema written as a table of fields, each with its type's text."""

    node: Table
    fields: dict[str, Text]


class Act(Struct, frozen=True, kw_only=True):
    """One act. `inputs` is empty exactly when it calls a narrative or is in error."""

    name: Name
    node: Node
    inputs: tuple[Input, ...] = ()
    narrative: Text | None = None
    arguments: Table | None = None
    character: Text | None = None
    scene: Located[int] | None = None
    conduct: Conduct = Conduct()
    carousel: Carousel | None = None
    when: Text | None = None
    output: Text | OutputFields | None = None
    extract_output: Located[bool] | None = None
    max_bytes: Located[int] | None = None
    description: Scalar | None = None


# Order


class ActStep(Struct, frozen=True):
    """Run one act: its name where the order says it, or the act itself in an `[[act]]` file."""

    name: Name


class UnreadStep(Struct, frozen=True):
    """An item of the order that could not be read, which is reported: something runs here."""

    node: Node


class SequenceStep(Struct, frozen=True):
    node: Node
    steps: "tuple[Step, ...]"


class ParallelStep(Struct, frozen=True):
    node: Node
    steps: "tuple[Step, ...]"


class BranchStep(Struct, frozen=True):
    node: Node
    condition: Text
    then: SequenceStep
    otherwise: SequenceStep | None


class RepeatStep(Struct, frozen=True):
    node: Node
    body: SequenceStep
    carousel: Carousel
    until: Text | None
    history: Located[str] | None


Step = ActStep | UnreadStep | SequenceStep | ParallelStep | BranchStep | RepeatStep


class Order(Struct, frozen=True):
    """A table of contents; `carousel` is its short form of one."""

    node: Node
    body: SequenceStep
    carousel: Carousel | None = None


# Security, triggers, schemas


class Policy(Struct, frozen=True):
    allowed: tuple[Text, ...] | None = None
    denied: tuple[Text, ...] | None = None
    confirmed: tuple[Text, ...] | None = None


class ContentRules(Struct, frozen=True):
    max_length: Located[int] | None = None
    block_mass_mentions: Located[bool] | None = None
    prohibited_patterns: tuple[Text, ...] | None = None
    allowed_domains: tuple[Text, ...] | None = None


class Security(Struct, frozen=True):
    node: Table
    policy: Policy | None = None
    constraints: dict[str, Node] | None = None
    content: ContentRules | None = None
    write_tables: tuple[Text, ...] | None = None


class Trigger(Struct, frozen=True):
    name: Key | Text
    node: Table
    schedule: Text | None
    webhook: Text | None
    secret: Text | None
    narrative: Text | None


class Schema(Struct, frozen=True):
    name: Name
    fields: OutputFields


class Character(Struct, frozen=True):
    name: Name
    node: Table
    persona: Text | None
    conduct: Conduct


class Resource(Struct, frozen=True):
    """Something under `[bots]`, `[tables]` or `[media]`, by name."""

    name: Name
    input: Command | TableQuery | Media


# Narratives and files


class ContentStorage(Struct, frozen=True):
    target: Text | None = None
    template: Text | None = None
    skip: Located[bool] | None = None
    preserve_source: Located[bool] | None = None


class Narrative(Struct, frozen=True, kw_only=True):
    """One narrative with what is its own; what it shares stands in its file."""

    name: str
    anchor: Name | Table
    header: Table
    metadata: dict[str, Node] = {}
    acts: dict[str, Act] = {}
    order: Order | None = None
    carousel: Carousel | None = None
    conduct: Conduct = Conduct()
    budget: Budget = Budget()
    limits: Limits = Limits()
    storage: ContentStorage = ContentStorage()
    security: Security | None = None


class NarrativeLink(Struct, frozen=True):
    """`[narratives.NAME] narrative = "file"`: a name for a narrative that stands elsewhere."""

    name: Key
    target: Text


class NarrativeFile(Struct, frozen=True, kw_only=True):
    """All that one file says.

    ``unread`` has the section and name of each definition that could not be read, with an empty
    name where a whole section could not.
    """

    document: Document
    narratives: tuple[Narrative, ...] = ()
    links: dict[str, NarrativeLink] = {}
    acts: dict[str, Act] = {}
    scenes: tuple[Act, ...] = ()
    bots: dict[str, Resource] = {}
    tables: dict[str, Resource] = {}
    media: dict[str, Resource] = {}
    schemas: dict[str, Schema] = {}
    characters: dict[str, Character] = {}
    security: Security | None = None
    triggers: tuple[Trigger, ...] = ()
    unread: frozenset[tuple[str, str]] = frozenset()

    def acts_of(self, narrative: Narrative) -> Mapping[str, Act]:
        """The acts that a narrative can run: its own win over shared ones."""
        return ChainMap(narrative.acts, self.acts) if narrative.acts else self.acts

    def may_hold(self, section: str, name: str) -> bool:
        """Whether a definition that could not be read may be the one of this name."""
        return not self.unread.isdisjoint({(section, name), (section, "")})
