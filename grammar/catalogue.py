"""Every diagnostic's code, name and severity, and one line on when it is given.

This is data: a rule's function stands in `compiler`, its entry here. Codes are stable once released.
"""

from enum import StrEnum

from msgspec import Struct


class Severity(StrEnum):
    """How much a finding weighs; errors and warnings make `check` fail as configured."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Rule(Struct, frozen=True):
    """One entry of the catalogue."""

    code: str
    name: str
    severity: Severity
    summary: str


E, W, I = Severity.ERROR, Severity.WARNING, Severity.INFO

SYNTAX_ERROR = Rule("BOT101", "syntax-error", E, "not valid TOML, YAML or UTF-8")
DUPLICATE_KEY = Rule("BOT102", "duplicate-key", E, "a key is defined twice (both places shown)")
UNKNOWN_KEY = Rule("BOT103", "unknown-key", E, "a key that has no meaning where it stands")
WRONG_TYPE = Rule("BOT104", "wrong-type", E, "a value of another type than the key takes")
MISSING_KEY = Rule("BOT105", "missing-key", E, "a required key is absent")
CONFLICTING_KEYS = Rule(
    "BOT106",
    "conflicting-keys",
    E,
    "keys that exclude each other (`prompt` and `input`, `narrative` and inputs, `sample` and `order_by`, two sources of one medium, `where` and `where_clause`)",
)
BAD_VALUE = Rule("BOT107", "bad-value", E, "a value outside the allowed words or range")
EMPTY_ACT = Rule("BOT108", "empty-act", E, "an act without input, or with a blank prompt")
NO_NARRATIVE = Rule(
    "BOT109", "no-narrative", E, "a file that is named on the command line holds no narrative"
)
UNKNOWN_ACT = Rule("BOT201", "unknown-act", E, "the order names an act that does not exist")
UNKNOWN_RESOURCE = Rule(
    "BOT202",
    "unknown-resource",
    E,
    "`bots.`, `tables.`, `media.`, `narratives.` or a schema that is not defined",
)
UNKNOWN_NARRATIVE = Rule(
    "BOT203",
    "unknown-narrative",
    E,
    "a composed narrative, or one that a trigger names, cannot be found",
)
NARRATIVE_CYCLE = Rule("BOT204", "narrative-cycle", E, "narratives that run each other in a circle")
UNUSED_ACT = Rule("BOT205", "unused-act", W, "an act that no order leads to")
UNUSED_RESOURCE = Rule("BOT206", "unused-resource", W, "a resource that nothing refers to")
REPEATED_ACT = Rule(
    "BOT207",
    "repeated-act",
    W,
    "an act stands more than once in one order: names then mean its latest run",
)
EMPTY_ORDER = Rule("BOT208", "empty-order", E, "an order that has nothing to run")
MISSING_ORDER = Rule("BOT209", "missing-order", E, "a narrative without a table of contents")
DUPLICATE_NARRATIVE = Rule(
    "BOT210",
    "duplicate-narrative",
    E,
    "two narratives of one workspace bear one name, and something refers to it",
)
TEMPLATE_SYNTAX = Rule("BOT301", "template-syntax", E, "a Jinja template that does not parse")
UNKNOWN_NAME = Rule(
    "BOT302",
    "unknown-name",
    E,
    "a template or condition uses a name, filter or test that nothing defines",
)
NOT_YET_RUN = Rule(
    "BOT303",
    "not-yet-run",
    E,
    "a template or condition uses an act that runs later, or the act itself",
)
NO_PREVIOUS = Rule("BOT304", "no-previous", E, "`previous` in the first act")
NO_SUCH_FIELD = Rule("BOT305", "no-such-field", E, "a field that the typed output does not have")
FIELD_OF_TEXT = Rule("BOT306", "field-of-text", E, "a field of plain text; declare `output`")
UNEXPANDED_DOLLAR = Rule("BOT307", "unexpanded-dollar", W, "`${…}` in a prompt")
MAYBE_NOT_RUN = Rule(
    "BOT308",
    "maybe-not-run",
    E,
    "a template or condition uses an act that runs only in some branch, without a `when`/`if` that ensures it",
)
UNKNOWN_STATE = Rule(
    "BOT309",
    "unknown-state",
    W,
    "a state key that no command of the workspace writes and nothing declares",
)
EXPRESSION_SYNTAX = Rule(
    "BOT401",
    "expression-syntax",
    E,
    "a filter, order, condition, type or table reference that does not parse, or uses what is not allowed",
)
UNKNOWN_COLUMN = Rule("BOT402", "unknown-column", E, "a column that the table does not have")
TYPE_MISMATCH = Rule("BOT403", "type-mismatch", E, "operands or a condition of the wrong type")
UNKNOWN_FUNCTION = Rule(
    "BOT404",
    "unknown-function",
    E,
    "a function that does not exist, or with the wrong number of arguments",
)
UNKNOWN_SCHEMA = Rule("BOT405", "unknown-schema", I, "nothing is known of a table's columns")
UNORDERED_LIMIT = Rule(
    "BOT406", "unordered-limit", W, "`limit` or `offset` without an order: which rows, is chance"
)
CONSTANT_FILTER = Rule(
    "BOT407", "constant-filter", W, "a filter that is always true or never true, `= null` included"
)
VALUE_AS_NAME = Rule(
    "BOT408", "value-as-name", E, "a template where a column, table or keyword would stand"
)
OUTPUT_MISMATCH = Rule(
    "BOT409", "output-mismatch", E, "what an act stores does not fit the target's columns"
)
ALIAS_CONFLICT = Rule(
    "BOT410",
    "alias-conflict",
    E,
    "an alias that is already an act, a table alias in the same act, or a reserved name",
)
NO_PRODUCER = Rule(
    "BOT411", "no-producer", W, "a project table that nothing writes and no schema declares"
)
CONSUME_WITHOUT_KEY = Rule(
    "BOT412", "consume-without-key", E, "`consume` on a table known to have no primary key"
)
BUDGET_INFEASIBLE = Rule(
    "BOT501", "budget-infeasible", E, "a carousel's floor does not fit its day limits"
)
BUDGET_UNLIKELY = Rule(
    "BOT502", "budget-unlikely", W, "a carousel's expectation does not fit its day limits"
)
REQUEST_TOO_LARGE = Rule(
    "BOT503",
    "request-too-large",
    E,
    "the floor of one request does not fit a minute's or a day's tokens or the model's context",
)
ESTIMATE_BELOW_FLOOR = Rule(
    "BOT504",
    "estimate-below-floor",
    E,
    "`estimated_tokens_per_iteration` is less than the floor (a warning when only below the expectation)",
)
UNKNOWN_MODEL = Rule("BOT505", "unknown-model", W, "a model of which no limits or prices are known")
OUTPUT_OVER_MODEL = Rule(
    "BOT506", "output-over-model", E, "`max_tokens` over what the model can give"
)
GROWING_HISTORY = Rule(
    "BOT507",
    "growing-history",
    W,
    "most of the input tokens are the same rows or media, sent again act after act",
)
UNBOUNDED_OUTPUT = Rule(
    "BOT508",
    "unbounded-output",
    I,
    "no `max_tokens`: the ceiling takes the most that the model can give",
)
WRITE_NOT_ALLOWED = Rule(
    "BOT601", "write-not-allowed", E, "a command that writes, without a policy that allows it"
)
COMMAND_DENIED = Rule("BOT602", "command-denied", E, "a command that the policy denies")
UNKNOWN_COMMAND = Rule(
    "BOT603", "unknown-command", E, "a command that its platform does not have, in a policy too"
)
BAD_ARGUMENT = Rule(
    "BOT604", "bad-argument", E, "an argument that is missing, unknown, or of the wrong type"
)
SECRET_IN_PROMPT = Rule(
    "BOT605",
    "secret-in-prompt",
    E,
    "an `env` value whose name says secret (TOKEN, KEY, SECRET, PASSWORD) reaches a prompt",
)
UNTRUSTED_WRITE = Rule(
    "BOT606",
    "untrusted-write",
    W,
    "text from table rows, platform results, media by URL or triggers reaches a write, directly or through models, history, state or stored rows, and nothing confirms it",
)
HARD_CODED_SECRET = Rule(
    "BOT607", "hard-coded-secret", E, "a literal that has the form of a known kind of key"
)
CONSTRAINT_VIOLATION = Rule(
    "BOT608",
    "constraint-violation",
    E,
    "a known value breaks `[security.constraints]` or `[security.content]`",
)
UNKNOWN_PLATFORM = Rule("BOT609", "unknown-platform", E, "a platform that does not exist")
MEDIA_NOT_FOUND = Rule(
    "BOT701", "media-not-found", E, "a medium or a prompt whose file does not exist"
)
MEDIA_TYPE_UNKNOWN = Rule(
    "BOT702",
    "media-type-unknown",
    E,
    "a medium of which neither `mime` nor the name tells the kind",
)
MEDIA_UNSUPPORTED = Rule(
    "BOT703", "media-unsupported", W, "a medium of a kind that the model does not take"
)
MEDIA_TOO_LARGE = Rule(
    "BOT704", "media-too-large", W, "a medium over the provider's limit for inline data"
)
UNUSED_IGNORE = Rule("BOT801", "unused-ignore", W, "an ignore comment that suppresses nothing")

RULES: dict[str, Rule] = {
    rule.code: rule for rule in list(globals().values()) if isinstance(rule, Rule)
}
