"""From configuration, options and environment to everything that a run needs, opened.

Whatever is missing or wrong is collected and named at once, before anything is sent.
"""

from collections.abc import Mapping
from pathlib import Path

from botticelli.compiler.ir.program import Program
from botticelli.compiler.semantics.configuration import Configuration
from botticelli.compiler.semantics.policies import DATABASE
from botticelli.runtime.flow.reach import platforms_of
from botticelli.runtime.flow.triggers import body_of
from botticelli.runtime.platforms.database import DatabasePlatform
from botticelli.runtime.platforms.protocol import Platform, PlatformError
from botticelli.runtime.problems import Problem, SetupError
from botticelli.runtime.shell.absences import absent_state, absent_tables
from botticelli.runtime.shell.clock import Clock
from botticelli.runtime.shell.equipment import Equipment, readable
from botticelli.runtime.shell.limiter import Limiter
from botticelli.runtime.shell.media import MediaReader
from botticelli.runtime.shell.opening import (
    Options,
    open_counter,
    open_database,
    open_driver,
    open_ledger,
    platform_configuration,
    platform_plugins,
)
from botticelli.runtime.shell.preflight import (
    missing_names,
    overdeep,
    unpriced,
    unreadable,
    untaken,
    untriggered,
    unusable,
)
from botticelli.runtime.shell.tables import read_templates, without_keys
from botticelli.runtime.shell.variables import resolve_variables
from botticelli.runtime.state import StateStore


async def equip(
    program: Program,
    configuration: Configuration,
    options: Options,
    environment: Mapping[str, str],
    clock: Clock,
) -> Equipment:
    """Open the driver, the platforms and the books for a program. Raises SetupError."""
    if (deep := overdeep(program)) is not None:
        raise SetupError(deep)
    variables, problems = resolve_variables(program.variables, options.variables, environment)
    problems.extend(missing_names(program, environment))
    trigger = body_of(program, options.trigger)
    problems.extend(untriggered(program, trigger))
    plugins = platform_plugins(program, configuration, environment, problems)
    database = open_database(program, configuration, options, environment, problems)
    templates = await read_templates(program, database, problems)
    problems.extend(await without_keys(program, database))
    absent, doubts = await absent_tables(program, database)
    problems.extend(absent)
    state = StateStore(Path(configuration.project))
    problems.extend(absent_state(program, state))
    driver = open_driver(configuration, options, environment, problems)
    if driver is not None:
        media = MediaReader(
            Path(configuration.project),
            configuration.media,
            driver.capabilities,
            platform_configuration(configuration, "http").allow_private,
        )
        problems.extend(untaken(program, driver))
        problems.extend(unreadable(program, driver, media))
        problems.extend(unpriced(program, driver))
        problems.extend(unusable(program, driver, options.budget, configuration.budget))
    if problems or driver is None:
        if driver is not None:
            await driver.close()
        if database is not None:
            await database.close()
        state.close()
        raise SetupError(*problems)
    try:
        platforms: dict[str, Platform] = {
            name: plugin.open(platform_configuration(configuration, name), environment)
            for name, plugin in plugins.items()
        }
    except PlatformError as error:
        await driver.close()
        raise SetupError(Problem(error.message)) from error
    if database is not None and DATABASE in platforms_of(program):
        platforms[DATABASE] = DatabasePlatform(database, clock)
    ledger, warnings = open_ledger(driver, environment, clock)
    counter, uncounted = open_counter(driver, Path(configuration.project), options)
    return Equipment(
        driver=driver,
        database=database,
        counter=counter,
        platforms=platforms,
        media=media,
        state=state,
        limiter=Limiter(ledger, clock),
        clock=clock,
        over=options.budget,
        under=configuration.budget,
        variables=variables,
        environment=readable(program, environment),
        templates=templates,
        trigger=trigger,
        warnings=(*warnings, *uncounted, *doubts),
    )
