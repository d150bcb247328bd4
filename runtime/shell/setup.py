"""From configuration, options and environment to everything that a run needs, opened.

Whatever is missing or wrong is collected and named at once, before anything is sent.
"""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from botticelli.compiler.ir.program import MediaInput, Multipliers, Program
from botticelli.compiler.ir.types import Record
from botticelli.compiler.semantics.configuration import (
    Configuration,
    DriverConfiguration,
    PlatformConfiguration,
)
from botticelli.compiler.semantics.limits import LimitError, scale
from botticelli.compiler.semantics.providers import Providers, UnknownTierError
from botticelli.runtime.databases.address import DatabaseError
from botticelli.runtime.databases.database import Database
from botticelli.runtime.drivers.protocol import Driver, DriverPlugin, DriverSettings
from botticelli.runtime.effects import Effect, RunCommand
from botticelli.runtime.flow.carousel import Tally, overlay
from botticelli.runtime.flow.interpret import Outcome, interpret
from botticelli.runtime.flow.refusals import acts_of, platforms_of, reachable, refusals
from botticelli.runtime.flow.schedule import Scheduled
from botticelli.runtime.platforms.protocol import (
    CommandTraits,
    Platform,
    PlatformError,
    PlatformPlugin,
)
from botticelli.runtime.plugins import DRIVERS, PLATFORMS, UnknownPluginError, load
from botticelli.runtime.problems import Problem, SetupError
from botticelli.runtime.shell.clock import Clock
from botticelli.runtime.shell.ledger import Ledger, MemoryLedger, SqliteLedger, ledger_path
from botticelli.runtime.shell.limiter import Limiter
from botticelli.runtime.shell.media import MediaReader
from botticelli.runtime.shell.tables import open_database, read_templates, uses_tables
from botticelli.runtime.shell.variables import resolve_variables
from botticelli.runtime.state import StateStore

NONE = Multipliers()


class Options(Struct, frozen=True, kw_only=True):
    """What the command line says. `driver` may carry options: `simulate:delay=1,fail=2`;
    `database` is a URL."""

    driver: str | None = None
    database: str | None = None
    tier: str | None = None
    budget: Multipliers = Multipliers()
    variables: Mapping[str, str] = {}


class Equipment(Struct, frozen=True, kw_only=True):
    """Everything that a run performs its effects with. `warnings` are for the user.

    `database` is None when its URL is none, which a program without tables need not care for.
    """

    driver: Driver
    platforms: Mapping[str, Platform]
    media: MediaReader
    state: StateStore
    limiter: Limiter
    clock: Clock
    over: Multipliers
    under: Multipliers
    variables: Mapping[str, Any]
    environment: Mapping[str, str]
    database: Database | None = None
    templates: Mapping[str, Record] = {}
    warnings: tuple[str, ...] = ()

    def budget(self, multipliers: Multipliers) -> Multipliers:
        """Lay the command line over an effect's multipliers and the project's under them."""
        return overlay(self.over, overlay(multipliers, self.under))

    def traits(self, effect: Effect) -> CommandTraits:
        """Say whether an effect writes, and under a key."""
        if isinstance(effect, RunCommand):
            found = self.platforms[effect.platform].traits(effect.command)
            return found or CommandTraits(writes=False)
        return CommandTraits(writes=effect.writes, keyed=effect.keyed)

    def interpret(self, program: Program, tally: Tally) -> Scheduled[Outcome]:
        """Begin a fresh flow of a program."""
        return interpret(
            program,
            default_model=self.driver.default_model,
            variables=self.variables,
            environment=self.environment,
            tally=tally,
            templates=self.templates,
        )

    def as_for(
        self, program: Program, variables: Mapping[str, str], environment: Mapping[str, str]
    ) -> "Equipment":
        """Return the same for another program, as far as it can be interpreted with it."""
        values, _ = resolve_variables(program.variables, variables, environment)
        return replace(self, variables=values, environment=_read(program, environment))

    async def close(self) -> None:
        await self.driver.close()
        for platform in self.platforms.values():
            await platform.close()
        await self.media.close()
        self.state.close()
        if self.database is not None:
            await self.database.close()
        self.limiter.close()


async def equip(
    program: Program,
    configuration: Configuration,
    options: Options,
    environment: Mapping[str, str],
    clock: Clock,
) -> Equipment:
    """Open the driver, the platforms and the books for a program. Raises SetupError."""
    problems = [
        Problem(f"{each.path}:{each.line}:{each.column}: {each.what} cannot be run yet")
        for each in refusals(program)
    ]
    variables, wrong = resolve_variables(program.variables, options.variables, environment)
    problems.extend(wrong)
    problems.extend(_missing_names(program, environment))
    plugins = _platform_plugins(program, configuration, environment, problems)
    database = _open_database(program, configuration, options, environment, problems)
    templates = await read_templates(program, database, problems)
    driver = _open_driver(configuration, options, environment, problems)
    if driver is not None:
        problems.extend(_untaken(program, driver))
        problems.extend(_unpriced(program, driver))
        problems.extend(_unusable(program, driver, options.budget, configuration.budget))
    if problems or driver is None:
        if driver is not None:
            await driver.close()
        if database is not None:
            await database.close()
        raise SetupError(*problems)
    try:
        platforms = {
            name: plugin.open(_platform(configuration, name), environment)
            for name, plugin in plugins.items()
        }
    except PlatformError as error:
        await driver.close()
        raise SetupError(Problem(error.message)) from error
    ledger, warnings = _open_ledger(driver, environment, clock)
    return Equipment(
        driver=driver,
        database=database,
        platforms=platforms,
        media=MediaReader(
            Path(configuration.project),
            configuration.media,
            driver.capabilities,
            _platform(configuration, "http").allow_private,
        ),
        state=StateStore(Path(configuration.project)),
        limiter=Limiter(ledger, clock),
        clock=clock,
        over=options.budget,
        under=configuration.budget,
        variables=variables,
        environment=_read(program, environment),
        templates=templates,
        warnings=warnings,
    )


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


def _open_driver(
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


def _open_database(
    program: Program,
    configuration: Configuration,
    options: Options,
    environment: Mapping[str, str],
    problems: list[Problem],
) -> Database | None:
    try:
        return open_database(configuration, options.database, environment)
    except DatabaseError as error:
        if options.database is not None or uses_tables(program):
            problems.append(Problem(str(error), usage=options.database is not None))
        return None


def _platform(configuration: Configuration, name: str) -> PlatformConfiguration:
    return configuration.platforms.get(name, PlatformConfiguration())


def _platform_plugins(
    program: Program,
    configuration: Configuration,
    environment: Mapping[str, str],
    problems: list[Problem],
) -> dict[str, PlatformPlugin]:
    plugins: dict[str, PlatformPlugin] = {}
    missing: list[str] = []
    for name, place in platforms_of(program).items():
        try:
            plugin: PlatformPlugin = load(PLATFORMS, name)
        except UnknownPluginError as error:
            where = f"{place.path}:{place.line}:{place.column}"
            message = f"{where}: no installed platform is named {name!r}"
            problems.append(Problem(message, name=name, known=error.known))
            continue
        plugins[name] = plugin
        missing.extend(plugin.missing_environment(_platform(configuration, name), environment))
    if missing:
        names = ", ".join(dict.fromkeys(missing))
        problems.append(Problem(f"the platforms need what is not set in the environment: {names}"))
    return plugins


def _read(program: Program, environment: Mapping[str, str]) -> dict[str, str]:
    """Return what the narratives of a program may read of the environment."""
    return {
        name: environment[name]
        for narrative in reachable(program)
        for name in narrative.environment
        if name in environment
    }


def _missing_names(program: Program, environment: Mapping[str, str]) -> list[Problem]:
    names = dict.fromkeys(
        name
        for narrative in reachable(program)
        for name in narrative.environment
        if name not in environment
    )
    if not names:
        return []
    listed = ", ".join(names)
    return [Problem(f"the narrative reads what is not set in the environment: {listed}")]


def _untaken(program: Program, driver: Driver) -> list[Problem]:
    """Media of a kind that the driver cannot send."""
    return [
        Problem(f"{place.path}:{place.line}:{place.column}: {driver.name} takes no {kind}")
        for place, kind in sorted(
            {
                (source.place, source.kind)
                for narrative in reachable(program)
                for act in acts_of(narrative)
                for source in act.inputs
                if act.asks_model and isinstance(source, MediaInput)
            },
            key=lambda each: (each[0].path, each[0].line, each[0].column, each[1]),
        )
        if kind not in driver.capabilities.media
    ]


def _unpriced(program: Program, driver: Driver) -> list[Problem]:
    """A cap in dollars needs the price of every model that it is to hold for."""
    narratives = reachable(program)
    if all(narrative.limits.max_cost is None for narrative in narratives):
        return []
    models = {
        act.settings.model or driver.default_model
        for narrative in narratives
        for act in acts_of(narrative)
        if act.asks_model
    }
    return [
        Problem(
            f"`max_cost` cannot be kept: no price is known for {model}; give it in "
            f"[providers.{driver.provider}] of botticelli.toml"
        )
        for model in sorted(models)
        if driver.rate_limits(model).cost(0, 0) is None
    ]


def _unusable(
    program: Program, driver: Driver, over: Multipliers, under: Multipliers
) -> list[Problem]:
    """Multipliers that leave nothing of a limit would hold up the first request for ever."""
    found: dict[str, Problem] = {}
    for narrative in reachable(program):
        carousel = narrative.carousel
        own = overlay(carousel.budget if carousel is not None else NONE, narrative.budget)
        for act in acts_of(narrative):
            if not act.asks_model:
                continue
            facts = driver.rate_limits(act.settings.model or driver.default_model)
            try:
                scale(facts.limits, overlay(over, overlay(own, under)))
            except LimitError as error:
                message = f"{facts.model}: {error}"
                found[message] = Problem(message, usage=over != NONE)
    return list(found.values())


def _open_ledger(
    driver: Driver, environment: Mapping[str, str], clock: Clock
) -> tuple[Ledger, tuple[str, ...]]:
    if driver.account is None:
        return MemoryLedger(), ()
    path = ledger_path(environment)
    try:
        return SqliteLedger(path, clock.now()), ()
    except (OSError, sqlite3.Error) as error:
        warning = (
            f"the ledger {path} cannot be opened ({error}): limits of the day count this run alone"
        )
        return MemoryLedger(), (warning,)
