"""Opening what a run needs, from configuration, command line and environment.

What cannot be opened is added to the problems, so that all of them are named at once.
"""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from botticelli.compiler.ir.program import Multipliers, Program
from botticelli.compiler.semantics.configuration import (
    Configuration,
    DriverConfiguration,
    PlatformConfiguration,
)
from botticelli.compiler.semantics.policies import DATABASE
from botticelli.compiler.semantics.providers import Providers, UnknownTierError
from botticelli.runtime.databases.address import DatabaseError
from botticelli.runtime.databases.database import Database
from botticelli.runtime.drivers.counting import TokenCounter, TokenCounts
from botticelli.runtime.drivers.protocol import (
    CountingDriver,
    Driver,
    DriverPlugin,
    DriverSettings,
)
from botticelli.runtime.flow.reach import platforms_of
from botticelli.runtime.platforms.protocol import PlatformPlugin
from botticelli.runtime.plugins import DRIVERS, PLATFORMS, UnknownPluginError, load
from botticelli.runtime.problems import Problem, SetupError
from botticelli.runtime.shell import tables
from botticelli.runtime.shell.clock import Clock
from botticelli.runtime.shell.ledger import Ledger, MemoryLedger, SqliteLedger, ledger_path


class Options(Struct, frozen=True, kw_only=True):
    """What the command line says. `driver` may carry options: `simulate:delay=1,fail=2`;
    `database` is a URL, `trigger` JSON. `count_tokens` has the provider count what minutes
    reserve."""

    driver: str | None = None
    database: str | None = None
    tier: str | None = None
    budget: Multipliers = Multipliers()
    variables: Mapping[str, str] = {}
    trigger: str | None = None
    count_tokens: bool = False


def platform_configuration(configuration: Configuration, name: str) -> PlatformConfiguration:
    return configuration.platforms.get(name, PlatformConfiguration())


def parse_driver(text: str) -> tuple[str, dict[str, str]]:
    """Split `NAME:key=value,key=value`. Raises SetupError."""
    name, colon, rest = text.partition(":")
    options: dict[str, str] = {}
    for item in rest.split(",") if colon else ():
        key, equals, value = item.partition("=")
        if not equals or not key.strip():
            message = f"a driver's options are written NAME:key=value,key=value, not {text!r}"
            raise SetupError(Problem(message, usage=True))
        options[key.strip()] = value.strip()
    return name.strip(), options


def open_driver(
    configuration: Configuration,
    options: Options,
    environment: Mapping[str, str],
    problems: list[Problem],
) -> Driver | None:
    try:
        name, given = parse_driver(options.driver or configuration.defaults.driver)
        plugin: DriverPlugin = load(DRIVERS, name)
        settings = DriverSettings(
            configuration=configuration.drivers.get(name, DriverConfiguration()),
            environment=environment,
            providers=Providers(configuration.providers),
            tier=options.tier,
            options=given,
            own_limits=Providers(configuration.providers, bundled=False),
            project=configuration.project,
            drivers=configuration.drivers,
        )
        return plugin.open_driver(settings)
    except SetupError as error:
        problems.extend(error.problems)
    except UnknownPluginError as error:
        usage = options.driver is not None
        problems.append(Problem(str(error), usage=usage, name=error.name, known=error.known))
    except UnknownTierError as error:
        usage = options.tier is not None
        problems.append(Problem(str(error), usage=usage, name=error.tier, known=error.known))
    return None


def open_database(
    program: Program,
    configuration: Configuration,
    options: Options,
    environment: Mapping[str, str],
    problems: list[Problem],
) -> Database | None:
    try:
        return tables.open_database(configuration, options.database, environment)
    except DatabaseError as error:
        if options.database is not None or tables.uses_tables(program):
            problems.append(Problem(str(error), usage=options.database is not None))
        return None


def platform_plugins(
    program: Program,
    configuration: Configuration,
    environment: Mapping[str, str],
    problems: list[Problem],
) -> dict[str, PlatformPlugin]:
    plugins: dict[str, PlatformPlugin] = {}
    missing: list[str] = []
    for name, place in platforms_of(program).items():
        if name == DATABASE:
            continue  # opened with the tables
        try:
            plugin: PlatformPlugin = load(PLATFORMS, name)
        except UnknownPluginError as error:
            where = f"{place.path}:{place.line}:{place.column}"
            message = f"{where}: no installed platform is named {name!r}"
            problems.append(Problem(message, name=name, known=error.known))
            continue
        plugins[name] = plugin
        missing.extend(
            plugin.missing_environment(platform_configuration(configuration, name), environment)
        )
    if missing:
        names = ", ".join(dict.fromkeys(missing))
        problems.append(Problem(f"the platforms need what is not set in the environment: {names}"))
    return plugins


def open_counter(
    driver: Driver, project: Path, options: Options
) -> tuple[TokenCounter | None, tuple[str, ...]]:
    """Return what counts tokens, where that is asked for, and what is to be said of it."""
    if not options.count_tokens:
        return None, ()
    if driver.capabilities.count_tokens and isinstance(driver, CountingDriver):
        return TokenCounter(driver, driver.provider, TokenCounts(project)), ()
    return None, (f"{driver.name} cannot count tokens: they are estimated",)


def open_ledger(
    driver: Driver, environment: Mapping[str, str], clock: Clock
) -> tuple[Ledger, tuple[str, ...]]:
    if driver.account is None:
        return MemoryLedger(), ()
    path = ledger_path(environment)
    try:
        return SqliteLedger(path, clock.now(), clock.timebase), ()
    except (OSError, sqlite3.Error) as error:
        warning = (
            f"the ledger {path} cannot be used ({error}): limits count this run alone, without "
            "what others use or have used today; if the file is damaged, remove it"
        )
        return MemoryLedger(), (warning,)
