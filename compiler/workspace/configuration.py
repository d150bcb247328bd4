"""Reading `botticelli.toml`: the user's file, then the project's over it, key by key."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from botticelli.compiler.faults import to_diagnostic
from botticelli.compiler.ir.program import (
    Constant,
    ListValue,
    RecordValue,
    Value,
    Variable,
)
from botticelli.compiler.ir.types import Record, Type
from botticelli.compiler.lower.settings import lower_budget, lower_retry, lower_settings
from botticelli.compiler.narrative.fields import USER_KEY_PREFIX, Fields
from botticelli.compiler.narrative.located import Key, Located, Text
from botticelli.compiler.narrative.settings import read_budget, read_conduct
from botticelli.compiler.renaming import is_slip
from botticelli.compiler.reporter import Reporter
from botticelli.compiler.semantics.configuration import (
    Configuration,
    Defaults,
    DriverConfiguration,
    MediaConfiguration,
    PlatformConfiguration,
    QueryCeilings,
)
from botticelli.compiler.semantics.media_tokens import MediaRules
from botticelli.compiler.semantics.tokens import FAMILIES
from botticelli.compiler.syntax.nodes import Array, Node, Scalar, Table
from botticelli.compiler.workspace.check_settings import read_check_settings
from botticelli.compiler.workspace.configuration_names import check_names
from botticelli.compiler.workspace.discovery import CONFIGURATION, user_configuration
from botticelli.compiler.workspace.documents import read_document
from botticelli.compiler.workspace.files import CONTENT, Files
from botticelli.grammar.catalogue import BAD_VALUE, WRONG_TYPE

_LIMITS = (
    "rpm",
    "tpm",
    "itpm",
    "otpm",
    "rpd",
    "tpd",
    "max_concurrent",
    "context",
    "max_output",
)
_OF_VARIABLES = ("type", "required", "default")
Records = Callable[[], Mapping[str, Record]]
"""Gives the schemas of a workspace, which are read only where a variable names one."""
_COSTS = ("cost_per_million_input_tokens", "cost_per_million_output_tokens")


def read_configuration(
    project: Path, reporter: Reporter, files: Files | None = None, records: Records | None = None
) -> Configuration:
    """Read the configuration that holds in a project folder; report what is wrong in it.

    Without ``records`` nothing is known of schemas, and the type of a variable may name any.
    """
    files = files or Files()
    configuration = Configuration(project=str(project))
    for path in (user_configuration(), project / CONFIGURATION):
        if files.is_file(path):
            read = read_configuration_file(path, reporter, files, records)
            configuration = _over(configuration, read)
    # What the user's own file says holds in the project, and moves it nowhere.
    return replace(configuration, project=str(project))


def read_configuration_file(
    path: Path, reporter: Reporter, files: Files, records: Records | None = None
) -> Configuration:
    """Read one file by itself."""
    files.note([(CONTENT, str(path))])
    document = read_document(path, files)
    reporter.extend(document.faults)
    fields = Fields(document.root, reporter, CONFIGURATION)
    url, ceilings = _read_database(fields)
    configuration = Configuration(
        project=str(path.parent),
        providers=_read_providers(fields),
        drivers=dict(fields.named("drivers", _read_driver, "driver")),
        platforms=dict(fields.named("platforms", _read_platform, "platform")),
        database_url=url,
        ceilings=ceilings,
        media=fields.read("media", _read_media, "[media]") or MediaConfiguration(),
        budget=lower_budget(fields.read("budget", read_budget, "[budget]")),
        defaults=fields.read("defaults", _read_defaults, "[defaults]") or Defaults(),
        variables=_read_variables(fields, records),
        state=_read_state(fields),
    )
    fields.read("check", read_check_settings, "[check]")
    fields.finish()
    return configuration


def check_configuration_file(
    path: Path, reporter: Reporter, files: Files, records: Records | None = None
) -> None:
    """Read one file by itself, and report what is wrong in it, names of nothing included."""
    own = read_configuration_file(path, reporter, files, records).providers
    of_user = user_configuration()
    if path != of_user and files.is_file(of_user):
        own = _merge(read_configuration_file(of_user, Reporter(), files).providers, own)
    check_names(Fields(read_document(path, files).root, reporter, CONFIGURATION), own)


def _read_database(fields: Fields) -> tuple[str | None, QueryCeilings]:
    database = fields.sub("database", "[database]")
    if database is None:
        return None, QueryCeilings()
    url = database.text("url")
    rows = database.integer("max_rows", 1)
    size = database.integer("max_bytes", 1)
    timeout = database.duration("timeout")
    lease = database.duration("lease")
    database.finish()
    ceilings = QueryCeilings(
        max_rows=rows.value if rows else None,
        max_bytes=size.value if size else None,
        timeout=timeout.value if timeout else None,
        lease=lease.value if lease else None,
    )
    return url.value if url else None, ceilings


def _over(below: Configuration, above: Configuration) -> Configuration:
    """Lay one configuration over another: what the upper one says wins."""
    defaults = Defaults(
        driver=_said(above.defaults, below.defaults, "driver"),
        settings=_overlay(below.defaults.settings, above.defaults.settings),
        retry=_overlay(below.defaults.retry, above.defaults.retry),
        timeout=_said(above.defaults, below.defaults, "timeout"),
    )
    return Configuration(
        project=above.project,
        providers=_merge(below.providers, above.providers),
        drivers=_overlay_each(below.drivers, above.drivers),
        platforms=_overlay_each(below.platforms, above.platforms),
        database_url=above.database_url or below.database_url,
        ceilings=_overlay(below.ceilings, above.ceilings),
        media=_overlay(below.media, above.media),
        budget=_overlay(below.budget, above.budget),
        defaults=defaults,
        variables={**below.variables, **above.variables},
        state=tuple(dict.fromkeys((*below.state, *above.state))),
    )


S = TypeVar("S", bound=msgspec.Struct)


def _said(above: msgspec.Struct, below: msgspec.Struct, field: str) -> Any:
    """Return a field of the upper record if it says anything, else of the lower."""
    untouched = getattr(type(above)(), field)
    value = getattr(above, field)
    return getattr(below, field) if value == untouched else value


def _overlay(below: S, above: S) -> S:
    return type(above)(**{name: _said(above, below, name) for name in above.__struct_fields__})


def _overlay_each(below: dict[str, S], above: dict[str, S]) -> dict[str, S]:
    merged = dict(below)
    for name, record in above.items():
        merged[name] = _overlay(merged[name], record) if name in merged else record
    return merged


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = (
            _merge(under, value) if isinstance(value, dict) and isinstance(under, dict) else value
        )
    return merged


# Sections


def _read_driver(_: Key, fields: Fields) -> DriverConfiguration:
    return DriverConfiguration(
        base_url=_value(fields.text("base_url")),
        api_key_env=_value(fields.text("api_key_env")),
        tier=_value(fields.text("tier")),
    )


def _read_platform(_: Key, fields: Fields) -> PlatformConfiguration:
    return PlatformConfiguration(
        base_url=_value(fields.text("base_url")),
        token_env=_value(fields.text("token_env")),
        allow_private=tuple(text.value for text in fields.texts("allow_private") or ()),
    )


def _read_media(fields: Fields) -> MediaConfiguration:
    return MediaConfiguration(
        outside_project=_value(fields.boolean("outside_project")) or False,
        max_bytes=_value(fields.integer("max_bytes", 1)),
    )


def _read_defaults(fields: Fields) -> Defaults:
    driver = fields.text("driver")
    conduct = read_conduct(fields)
    return Defaults(
        driver=driver.value if driver else Defaults().driver,
        settings=lower_settings(conduct),
        retry=lower_retry(conduct),
        timeout=_value(conduct.timeout),
    )


def _read_state(fields: Fields) -> tuple[str, ...]:
    state = fields.sub("state", "[state]")
    return tuple(state.table.entries) if state else ()


def _read_variables(fields: Fields, records: Records | None) -> dict[str, Variable]:
    variables = fields.sub("vars", "[vars]")
    if variables is None:
        return {}
    return {
        name: _read_variable(name, node, fields.reporter, records)
        for name, node in variables.table
        if not name.startswith(USER_KEY_PREFIX)
    }


def _read_variable(name: str, node: Node, reporter: Reporter, records: Records | None) -> Variable:
    """A variable is a value, or a table that has nothing but `type`, `required`, `default`; one
    with a key that is nearly one of these is the latter."""
    keys = node.entries.keys() if isinstance(node, Table) else ()
    if not isinstance(node, Table) or not any(
        key == meant or is_slip(key, meant) for key in keys for meant in _OF_VARIABLES
    ):
        return Variable(default=constant(node))
    fields = Fields(node, reporter, f"variable `{name}`")
    type_text = fields.text("type")
    required = fields.boolean("required")
    default = fields.node("default")
    if required is not None and required.value and default is not None:
        fields.conflict("required", "default")
    fields.finish()
    declared = _read_type(type_text, reporter, records) if type_text is not None else None
    if declared is not None and default is not None:
        _check_default(name, declared, default, reporter)
    return Variable(
        type=declared,
        required=required.value if required else False,
        default=constant(default) if default is not None else None,
    )


def _check_default(name: str, declared: Type, default: Node, reporter: Reporter) -> None:
    from botticelli.compiler.semantics.commands.values import mismatches

    fault = next(mismatches(declared, plain(default)), None)
    if fault is not None:
        message = f"the default of the variable `{name}` takes {fault.expected}"
        rule = BAD_VALUE if fault.of_type else WRONG_TYPE
        reporter.report(rule, default.location, f"{message}, found {fault.found}")


def _read_type(text: Text, reporter: Reporter, records: Records | None) -> Type | None:
    from botticelli.compiler.languages.types import names_in, parse_type, resolve

    parsed = parse_type(text.value)
    reporter.extend(to_diagnostic(fault, text.node) for fault in parsed.faults)
    if parsed.tree is None:
        return None
    named = names_in(parsed.tree)
    if named and records is None:
        return None
    kind, faults = resolve(parsed.tree, records() if named and records is not None else {})
    reporter.extend(to_diagnostic(fault, text.node) for fault in faults)
    return kind


# Providers


def _read_providers(fields: Fields) -> dict[str, Any]:
    found = fields.named("providers", _read_provider, "provider")
    return dict(found)


def _read_provider(key: Key, fields: Fields) -> dict[str, Any]:
    where = f"provider `{key.value}`"
    fields.text("default_tier")
    fields.text("day")
    fields.node("as_of")
    fields.choice("tpm_counts", ("input", "total"))
    fields.integer("tokens_per_message", 0)
    fields.choice("tokenizer", tuple(FAMILIES))
    _read_media_rules(fields)
    _read_each(fields, "tiers", f"the tiers of {where}", _read_tier)
    _read_each(fields, "models", f"the models of {where}", _read_quotas)
    value = plain(fields.table)
    assert isinstance(value, dict)
    return value


def _read_each(fields: Fields, key: str, where: str, reader: Callable[[Fields], None]) -> None:
    inner = fields.sub(key, where)
    for name, node in inner.table if inner else ():
        if isinstance(node, Table):
            each = Fields(node, fields.reporter, f"`{name}` of {where}")
            reader(each)
            each.finish()
        elif inner is not None:
            inner.wrong_type(node, f"`{name}`", "a table")


def _read_tier(fields: Fields) -> None:
    fields.text("name")
    _read_quotas(fields)
    _read_each(fields, "models", f"the models of {fields.where}", _read_quotas)


def _read_media_rules(fields: Fields) -> None:
    inner = fields.sub("media", f"the media of {fields.where}")
    if inner is not None:
        for key in MediaRules.__struct_fields__:
            inner.integer(key, 1)
        inner.finish()


def _read_quotas(fields: Fields) -> None:
    fields.text("pool")
    _read_media_rules(fields)
    fields.choice("tokenizer", tuple(FAMILIES))
    for key in _LIMITS:
        fields.integer(key, 1)
    for key in _COSTS:
        fields.number(key, 0)


# Values


def _value(located: Text | Located[Any] | None) -> Any:
    return located.value if located is not None else None


def plain(node: Node) -> Any:
    """Return a node as plain data."""
    if isinstance(node, Table):
        return {key: plain(value) for key, value in node}
    if isinstance(node, Array):
        return [plain(item) for item in node.items]
    assert isinstance(node, Scalar)
    return node.value


def constant(node: Node) -> Value:
    """Return a node as a value of the IR that holds no template."""
    if isinstance(node, Table):
        return RecordValue({key: constant(value) for key, value in node})
    if isinstance(node, Array):
        return ListValue(tuple(constant(item) for item in node.items))
    assert isinstance(node, Scalar)
    value = node.value
    if value is None or isinstance(value, str | int | float | bool):
        return Constant(value)
    return Constant(value.isoformat())
