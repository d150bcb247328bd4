"""What a command line of `exec` comes to: which program runs, and after what earlier run."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import click
import msgspec
from msgspec.structs import replace

from botticelli.cli.runs import choose, nearest_project
from botticelli.compiler.ir.program import Caps, Program
from botticelli.compiler.semantics.configuration import Asked, Configuration
from botticelli.compiler.semantics.limits import overlay
from botticelli.compiler.semantics.policies import names_command
from botticelli.compiler.semantics.secrets import names_secret
from botticelli.runtime.databases.address import HIDDEN, holds_password
from botticelli.runtime.flow.reach import acts_of, commands_of
from botticelli.runtime.flow.selection import alone, capped
from botticelli.runtime.journal.file import Journal, open_journal
from botticelli.runtime.journal.records import RunRecord, Settings
from botticelli.runtime.problems import Problem, SetupError
from botticelli.runtime.shell.opening import Options

Read = Callable[[Path, str | None, Asked], tuple[Program, Configuration]]
"""Reads a source or a compiled file, chooses a narrative of it and judges it by what is asked."""


class Earlier(msgspec.Struct, frozen=True, kw_only=True):
    """The run that is gone on with: itself or, where `act` is given, a new one from that act on.
    `program` is what it ran, `variables` are those it was given."""

    record: RunRecord
    program: Program
    variables: dict[str, str]
    act: str | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be run. `source` is as the journal keeps it."""

    program: Program
    configuration: Configuration
    settings: Settings
    variables: dict[str, str]
    database: str | None
    source: str
    source_hash: str
    dry_run: bool = False
    earlier: Earlier | None = None

    @property
    def options(self) -> Options:
        return Options(
            driver=self.settings.driver,
            database=self.database,
            tier=self.settings.tier,
            budget=self.settings.budget,
            variables=self.variables,
            trigger=self.settings.trigger,
        )

    @property
    def has_changed(self) -> bool:
        """Whether what runs differs from what the earlier run ran."""
        earlier = self.earlier
        return earlier is not None and (
            earlier.variables != self.variables
            or earlier.record.settings.trigger != self.settings.trigger
            or _meaning(earlier.program) != _meaning(self.program)
        )


def _meaning(program: Program) -> bytes:
    """What a program does, as bytes: its bounds depend on what is asked as well."""
    return msgspec.json.encode(replace(program, bounds=None))


def plan_run(
    file: Path,
    settings: Settings,
    read: Read,
    *,
    start: str | None,
    origin: str | None,
    dry_run: bool,
) -> Plan:
    """Plan a new run. Raises SetupError, StoreError and click.UsageError."""
    if start is not None and settings.only is not None:
        raise click.UsageError("--only and --from exclude each other")
    if start is not None and origin is None:
        raise click.UsageError("--from needs the run whose results it begins with: --run RUN")
    if origin is not None and start is None and settings.only is None:
        raise click.UsageError("--run goes with --from ACT or --only ACT")
    program, configuration = read(file, settings.narrative, _asked(settings))
    for act in (start, settings.only):
        _check_act(program, act)
    earlier = None
    if origin is not None:
        earlier = _earlier(Path(configuration.project), origin, start or settings.only)
    return Plan(
        program=narrowed(program, settings, whole=origin is not None),
        configuration=configuration,
        settings=_without_secrets(settings),
        variables=dict(settings.variables),
        database=settings.database,
        source=_within(file, configuration),
        source_hash=_hash(file),
        dry_run=dry_run,
        earlier=earlier,
    )


def plan_resumed(run: str, file: Path | None, given: Settings, read: Read) -> Plan:
    """Plan the rest of a run. What is given now stands over what was given when it began."""
    from botticelli.compiler.workspace.discovery import project_of

    folder = nearest_project(Path.cwd()) if file is None else project_of(file.absolute())[0]
    earlier = _earlier(folder, run, None)
    record = earlier.record
    settings = _overlaid(given, record.settings)
    missing = [name for name in record.settings.withheld if name not in settings.variables]
    if settings.database is not None and settings.database == HIDDEN:
        message = "the URL of the database was not kept, as it holds a password: give --database"
        raise SetupError(Problem(message, usage=True))
    if missing:
        raise SetupError(
            *(
                Problem(
                    f"the value of the variable {name!r} was not kept, as its name says that it is "
                    f"a secret: give it with --var {name}=VALUE",
                    usage=True,
                )
                for name in missing
            )
        )
    source = file or folder / record.source
    if source.is_file():
        program, configuration = read(source, settings.narrative, _asked(settings))
        program = narrowed(program, settings, whole=record.origin is not None)
    else:
        click.echo(f"note: {source} is gone; the run goes on as it was compiled", err=True)
        program, configuration = earlier.program, _configuration(folder)
        program = capped(program, _caps(given))
    return Plan(
        program=program,
        configuration=configuration,
        settings=_without_secrets(settings),
        variables=dict(settings.variables),
        database=settings.database,
        source=record.source if file is None else _within(file, configuration),
        source_hash=_hash(source) if source.is_file() else record.source_hash,
        dry_run=record.dry_run,
        earlier=replace(
            earlier,
            variables={
                **{name: settings.variables[name] for name in record.settings.withheld},
                **earlier.variables,
            },
        ),
    )


def narrowed(program: Program, settings: Settings, *, whole: bool) -> Program:
    """Apply caps and, unless the act is to run on another run's results, `--only`."""
    program = capped(program, _caps(settings))
    return program if settings.only is None or whole else alone(program, settings.only)


def _asked(settings: Settings) -> Asked:
    return Asked(settings.driver, settings.tier, settings.budget)


def _caps(settings: Settings) -> Caps:
    return Caps(settings.max_requests, settings.max_tokens, settings.max_cost)


def _earlier(folder: Path, run: str, act: str | None) -> Earlier:
    journal = open_journal(folder, create=False)
    if journal is None:
        raise SetupError(Problem(f"nothing has been run in {folder}"))
    try:
        record = choose(journal, run)
        program = _program_of(journal, record)
    finally:
        journal.close()
    return Earlier(record=record, program=program, variables=record.settings.variables, act=act)


def _program_of(journal: Journal, record: RunRecord) -> Program:
    program = journal.program(record.id)
    if program is None:
        raise SetupError(
            Problem(
                f"the run {record.id} was made by a version that kept answers alone: it can be "
                "shown, but not gone on with"
            )
        )
    return program


def _check_act(program: Program, act: str | None) -> None:
    known = tuple(each.name for each in acts_of(program.narratives[program.entry]))
    if act is not None and act not in known:
        message = f"the narrative runs no act {act!r}"
        raise SetupError(Problem(message, usage=True, name=act, known=known))


def check_confirmed(program: Program, names: tuple[str, ...]) -> None:
    """Refuse the name of a command that the program does not perform. Raises SetupError."""
    known = commands_of(program)
    problems = [
        Problem(
            f"--yes: the narrative performs no command {name!r}",
            usage=True,
            name=name,
            known=tuple(f"{platform}.{command}" for platform, command in known),
        )
        for name in names
        if not any(names_command(name, platform, command) for platform, command in known)
    ]
    if problems:
        raise SetupError(*problems)


def _overlaid(given: Settings, recorded: Settings) -> Settings:
    return replace(
        recorded,
        driver=given.driver or recorded.driver,
        database=given.database or recorded.database,
        tier=given.tier or recorded.tier,
        budget=overlay(given.budget, recorded.budget),
        variables={**recorded.variables, **given.variables},
        trigger=given.trigger or recorded.trigger,
        max_requests=given.max_requests or recorded.max_requests,
        max_tokens=given.max_tokens or recorded.max_tokens,
        max_cost=given.max_cost or recorded.max_cost,
    )


def _without_secrets(settings: Settings) -> Settings:
    """Leave out the values of variables whose names say that they hold a secret, and passwords."""
    withheld = tuple(name for name in settings.variables if names_secret(name))
    kept = {name: value for name, value in settings.variables.items() if name not in withheld}
    database = settings.database
    if database is not None and holds_password(database):
        database = HIDDEN
    return replace(settings, variables=kept, withheld=withheld, database=database)


def _within(file: Path, configuration: Configuration) -> str:
    """Return a path as the journal keeps it: relative to the project where it stands in it."""
    path = file.absolute()
    try:
        return path.relative_to(configuration.project).as_posix()
    except ValueError:
        return str(path)


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _configuration(folder: Path) -> Configuration:
    from botticelli.compiler.reporter import Reporter
    from botticelli.compiler.workspace.configuration import read_configuration

    return read_configuration(folder, Reporter())
