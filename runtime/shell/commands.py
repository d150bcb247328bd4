"""Performing a command: the policy with its final values, a person's word, and trying again.

A command that writes is sent again only where it certainly had no effect or bears an idempotency
key; else its outcome is unknown, and said to be.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from msgspec import Struct

from botticelli.compiler.semantics.commands import find
from botticelli.compiler.semantics.placeholders import placeholder
from botticelli.compiler.semantics.policies import needs_confirmation, violations
from botticelli.compiler.semantics.templates import as_json
from botticelli.runtime.address import idempotency_key
from botticelli.runtime.databases.records import BoundFilter, BoundOrder
from botticelli.runtime.effects import CommandResult, Failure, RunCommand
from botticelli.runtime.events import CommandPerformed, Event, Retrying
from botticelli.runtime.platforms.protocol import (
    CommandTraits,
    Json,
    Platform,
    PlatformError,
    has_key,
)
from botticelli.runtime.shell.clock import Clock, sleep_until
from botticelli.runtime.shell.retrying import backoff

DEFAULT_TIMEOUT = 60.0
"""Seconds for one attempt of a command in an act without `timeout`."""

Confirm = Callable[[str, Mapping[str, Json]], Awaitable[bool]]
"""Asks a person about a command and its arguments; false when there is nobody to ask."""


Show = Callable[[str, Mapping[str, Json]], None]
"""Shows a person a command and its arguments."""


class _Cached(Struct, frozen=True):
    until: float
    value: Json


class CommandCaller:
    """Performs `RunCommand` effects of one run."""

    def __init__(
        self,
        run: str,
        platforms: Mapping[str, Platform],
        clock: Clock,
        confirm: Confirm,
        emit: Callable[[Event], None],
        *,
        instead: Show | None = None,
    ) -> None:
        """`instead`: where a dry run shows commands that write."""
        self._run = run
        self._platforms = platforms
        self._clock = clock
        self._confirm = confirm
        self._emit = emit
        self._instead = instead
        self._cache: dict[str, _Cached] = {}

    async def perform(self, effect: RunCommand, begun: float) -> CommandResult | Failure:
        """Perform the effect; every expected failure is a result.

        `begun` is when it was first begun, perhaps by a process that has died.
        """
        platform = self._platforms[effect.platform]
        name = f"{effect.platform}.{effect.command}"
        traits = platform.traits(effect.command)
        if traits is None:
            return self._fail(effect, "failed", f"{effect.platform} has no command {name}")
        refusal = self._refusal(effect, traits)
        if refusal is not None:
            return refusal
        key = _cache_key(effect)
        cached = self._cache.get(key)
        if cached is not None and not traits.writes and cached.until > self._clock.now():
            self._note(effect, "cached")
            return CommandResult(cached.value)
        if needs_confirmation(
            effect.security, effect.platform, effect.command
        ) and not await self._confirm(name, showable(effect)):
            return self._fail(effect, "refused", f"{name} was not confirmed (--yes {name} does it)")
        result = await self._attempts(effect, platform, traits, begun)
        if isinstance(result, CommandResult) and effect.cache_seconds and not traits.writes:
            until = self._clock.now() + effect.cache_seconds
            self._cache[key] = _Cached(until, result.value)
        return result

    def rehearse(self, effect: RunCommand) -> CommandResult | Failure:
        """Show what would be performed, if the policy lets it, and return what stands for its
        result."""
        name = f"{effect.platform}.{effect.command}"
        traits = self._platforms[effect.platform].traits(effect.command)
        refusal = None if traits is None else self._refusal(effect, traits)
        if refusal is not None:
            return refusal
        if self._instead is not None:
            self._instead(name, showable(effect))
        self._note(effect, "dry-run", f"{name} is not performed: this is a dry run")
        return CommandResult(_placeholder(effect))

    def _refusal(self, effect: RunCommand, traits: CommandTraits) -> Failure | None:
        """Apply the policy to the final values."""
        against = list(
            violations(
                effect.security,
                effect.platform,
                effect.command,
                effect.arguments,
                writes=traits.writes,
            )
        )
        if not against:
            return None
        name = f"{effect.platform}.{effect.command}"
        return self._fail(effect, "refused", f"{name} is not performed: {'; '.join(against)}")

    async def _attempts(
        self, effect: RunCommand, platform: Platform, traits: CommandTraits, begun: float
    ) -> CommandResult | Failure:
        key = idempotency_key(self._run, effect.address)
        attempt = 0
        while True:
            attempt += 1
            outcome = await self._try(effect, platform, key)
            if not isinstance(outcome, PlatformError):
                self._note(effect, "done")
                return outcome
            unknown = traits.writes and not outcome.had_no_effect
            delay = backoff(effect.retry, attempt, outcome.retry_after)
            known = has_key(traits, self._clock.now() + delay - begun)
            repeatable = outcome.retryable and (not unknown or known)
            if not repeatable or attempt >= effect.retry.attempts:
                return self._give_up(effect, outcome, attempt, unknown=unknown)
            self._emit(
                Retrying(
                    address=str(effect.address),
                    attempt=attempt,
                    reason=outcome.message,
                    delay=delay,
                )
            )
            await sleep_until(self._clock, self._clock.now() + delay)

    async def _try(
        self, effect: RunCommand, platform: Platform, key: str
    ) -> CommandResult | PlatformError:
        seconds = effect.timeout or DEFAULT_TIMEOUT
        try:
            async with asyncio.timeout(seconds):
                value = await platform.perform(
                    effect.command, effect.arguments, idempotency_key=key
                )
        except TimeoutError:
            message = f"no answer from {effect.platform} within {seconds:g} s"
            return PlatformError(message, retryable=True, had_no_effect=False)
        except PlatformError as error:
            return error
        return CommandResult(value)

    def _give_up(
        self, effect: RunCommand, error: PlatformError, attempts: int, *, unknown: bool
    ) -> Failure:
        after = f" (after {attempts} attempts)" if attempts > 1 else ""
        message = f"{effect.platform}.{effect.command} failed: {error.message}{after}"
        if unknown:
            message += "; whether it took effect is unknown"
            self._note(effect, "unknown", message)
            return Failure(message, unknown=True)
        return self._fail(effect, "failed", message)

    def _fail(self, effect: RunCommand, outcome: str, message: str) -> Failure:
        self._note(effect, outcome, message)
        return Failure(message)

    def _note(self, effect: RunCommand, outcome: str, message: str | None = None) -> None:
        self._emit(
            CommandPerformed(
                address=str(effect.address),
                act=effect.act,
                platform=effect.platform,
                command=effect.command,
                outcome=outcome,
                message=message,
            )
        )


def showable(effect: RunCommand) -> dict[str, Json]:
    """Return the arguments as a person may see them: what is secret is starred."""
    known = find(effect.platform, effect.command)
    shown: dict[str, Json] = {}
    for name, value in effect.arguments.items():
        argument = known.argument(name) if known is not None else None
        secret = argument is not None and argument.secret
        shown[name] = "***" if secret else _written(value)
    return shown


def _written(value: Any) -> Json:
    written: Json = value.text if isinstance(value, BoundFilter | BoundOrder) else value
    return written


def _placeholder(effect: RunCommand) -> Json:
    """Return a value of the type that the command's result has, for the acts that read it."""
    known = find(effect.platform, effect.command)
    return None if known is None else placeholder(known.result)


def _cache_key(effect: RunCommand) -> str:
    return f"{effect.platform}.{effect.command} {as_json(effect.arguments)}"
