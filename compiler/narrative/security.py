"""Reading `[security]` and `[triggers]`: what commands may do, and what starts a narrative."""

from botticelli.compiler.narrative.fields import Fields
from botticelli.compiler.narrative.located import Key
from botticelli.compiler.narrative.model import ContentRules, Policy, Security, Trigger
from botticelli.compiler.syntax.nodes import Array, Node, Scalar


def read_security(fields: Fields) -> Security:
    fields.forgive(("tables", "policy", "constraints", "content"))
    tables = fields.sub("tables", "[security.tables]")
    write = tables.texts("write") if tables else None
    if tables:
        tables.finish()
    return Security(
        node=fields.table,
        policy=fields.read("policy", _read_policy, "[security.policy]"),
        constraints=_read_constraints(fields),
        content=fields.read("content", _read_content, "[security.content]"),
        write_tables=write,
    )


def _read_policy(fields: Fields) -> Policy:
    fields.also_called("allowed_commands", "allow", "allowed", "commands")
    fields.also_called("denied_commands", "deny", "denied")
    fields.forgive(("allowed_commands", "denied_commands", "require_confirmation"))
    return Policy(
        allowed=fields.texts("allowed_commands"),
        denied=fields.texts("denied_commands"),
        confirmed=fields.texts("require_confirmation"),
    )


def _read_constraints(fields: Fields) -> dict[str, Node] | None:
    constraints = fields.sub("constraints", "[security.constraints]")
    if constraints is None:
        return None
    found: dict[str, Node] = {}
    for name, node in constraints.table:
        if name.startswith("x-"):
            continue
        items = node.items if isinstance(node, Array) else [node]
        wrong = [item for item in items if not isinstance(item, Scalar)]
        for item in wrong:
            constraints.wrong_type(item, f"`{name}`", "a value or an array of values")
        if not wrong:
            found[name] = node
    return found


def _read_content(fields: Fields) -> ContentRules:
    fields.forgive(("max_length", "block_mass_mentions", "prohibited_patterns", "allowed_domains"))
    return ContentRules(
        max_length=fields.integer("max_length", 1),
        block_mass_mentions=fields.boolean("block_mass_mentions"),
        prohibited_patterns=fields.texts("prohibited_patterns"),
        allowed_domains=fields.texts("allowed_domains"),
    )


def read_trigger(name: Key, fields: Fields) -> Trigger:
    if "webhook" not in fields:
        fields.also_called("schedule", "cron")
    fields.require("schedule", "webhook")
    if "webhook" in fields:
        fields.require("secret", help="webhooks are signed: say what their senders sign with")
    schedule = fields.text("schedule")
    webhook = fields.text("webhook")
    if schedule is not None and not _is_cron(schedule.value):
        fields.bad_value(
            schedule.node,
            f"`{schedule.value}` is not a schedule",
            help="five fields as in cron: minute, hour, day of month, month, day of week; "
            '"0 9 * * *" is every day at nine',
        )
    if webhook is not None and not webhook.value.startswith("/"):
        fields.bad_value(webhook.node, f"`webhook` is a path that starts with `/`: {webhook.value}")
    return Trigger(
        name=name,
        node=fields.table,
        schedule=schedule,
        webhook=webhook,
        secret=fields.text("secret"),
        narrative=fields.text("narrative"),
    )


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_CRON_FIELDS: tuple[tuple[int, int, dict[str, int]], ...] = (
    (0, 59, {}),
    (0, 23, {}),
    (1, 31, {}),
    (1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    (0, 7, {name: number for number, name in enumerate(_DAYS)}),
)
_NICKNAMES = frozenset(
    {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}
)


def _is_cron(text: str) -> bool:
    """Tell whether a schedule has the form of cron(5), names of months and days included."""
    parts = text.split()
    if text.strip().lower() in _NICKNAMES:
        return True
    return len(parts) == len(_CRON_FIELDS) and all(
        _is_cron_item(item, *field)
        for part, field in zip(parts, _CRON_FIELDS, strict=True)
        for item in part.lower().split(",")
    )


def _is_cron_item(item: str, low: int, high: int, names: dict[str, int]) -> bool:
    span, slash, step = item.partition("/")
    if slash and not (step.isascii() and step.isdigit() and int(step) > 0):
        return False
    if span == "*":
        return True
    numbers = []
    for end in span.split("-"):
        number = names.get(end, int(end) if end.isascii() and end.isdigit() else -1)
        if not low <= number <= high:
            return False
        numbers.append(number)
    return len(numbers) == 1 or (len(numbers) == 2 and numbers[0] <= numbers[1])
