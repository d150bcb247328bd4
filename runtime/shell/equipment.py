"""Everything that a run performs its effects with, opened."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from botticelli.compiler.ir.program import Multipliers, Program
from botticelli.compiler.ir.types import Record
from botticelli.compiler.semantics.limits import overlay
from botticelli.runtime.databases.database import Database
from botticelli.runtime.drivers.counting import TokenCounter
from botticelli.runtime.drivers.protocol import Driver
from botticelli.runtime.effects import Effect, RunCommand
from botticelli.runtime.flow.carousel import Tally
from botticelli.runtime.flow.interpret import Outcome, interpret
from botticelli.runtime.flow.reach import reachable
from botticelli.runtime.flow.schedule import Scheduled
from botticelli.runtime.flow.triggers import Body, body_of
from botticelli.runtime.platforms.protocol import CommandTraits, Platform
from botticelli.runtime.shell.clock import Clock
from botticelli.runtime.shell.limiter import Limiter
from botticelli.runtime.shell.media import MediaReader
from botticelli.runtime.shell.variables import resolve_variables
from botticelli.runtime.state import StateStore


class Equipment(Struct, frozen=True, kw_only=True):
    """Everything that a run performs its effects with. `warnings` are for the user.

    `database` is None when its URL is none, which a program without tables need not care for;
    `counter` is None where tokens are estimated.
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
    counter: TokenCounter | None = None
    templates: Mapping[str, Record] = {}
    trigger: Body | None = None
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
            trigger=self.trigger,
        )

    def as_for(
        self,
        program: Program,
        variables: Mapping[str, str],
        trigger: str | None,
        environment: Mapping[str, str],
    ) -> "Equipment":
        """Return the same for another program, as far as it can be interpreted with it."""
        values, _ = resolve_variables(program.variables, variables, environment)
        return replace(
            self,
            variables=values,
            trigger=body_of(program, trigger),
            environment=readable(program, environment),
        )

    async def close(self) -> None:
        await self.driver.close()
        if self.counter is not None:
            self.counter.close()
        for platform in self.platforms.values():
            await platform.close()
        await self.media.close()
        self.state.close()
        if self.database is not None:
            await self.database.close()
        self.limiter.close()


def readable(program: Program, environment: Mapping[str, str]) -> dict[str, str]:
    """Return what the narratives of a program may read of the environment."""
    return {
        name: environment[name]
        for narrative in reachable(program)
        for name in narrative.environment
        if name in environment
    }
