"""What a platform is to the runtime: something that performs a named command once.

A platform is found through the entry-point group `botticelli.platforms`; each entry names a
``PlatformPlugin``. Limits, retries, time-outs, policies and events are the shell's business: a
platform sends one request for one call and says truthfully what is known of a failure. (A
platform's own rate limits, as Discord's per-route headers, are the platform's.)
"""

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from botticelli.compiler.semantics.configuration import PlatformConfiguration

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class CommandTraits(Struct, frozen=True):
    """What the shell must know of a command before it performs it.

    `writes`: it changes something outside. `keyed`: the platform performs it once however often it
    is sent with the same idempotency key, so that it may be sent again when its outcome is unknown.
    `key_life`: for how many seconds from the first sending it knows the key; None: for ever.
    """

    writes: bool
    keyed: bool = False
    key_life: float | None = None


def has_key(traits: CommandTraits, age: float) -> bool:
    """Tell whether a write can be sent again under the key that it was sent with so long ago."""
    return traits.keyed and (traits.key_life is None or age < traits.key_life)


class PlatformError(Exception):
    """A command failed. The message is for people and holds no secret.

    `retryable`: a connection error, a time-out, a 429 or a 5xx. `retry_after`: the seconds that the
    platform asked to wait, if it did. `had_no_effect`: the command certainly changed nothing (no
    connection was made, a 429, a 4xx that refused it); where it is false for a command that writes,
    the outcome is unknown.
    """

    def __init__(
        self,
        message: str,
        *,
        retryable: bool = False,
        retry_after: float | None = None,
        had_no_effect: bool = True,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retryable = retryable
        self.retry_after = retry_after
        self.had_no_effect = had_no_effect
        self.status = status


class Platform(Protocol):
    """An open platform; used within one event loop, by several acts at a time."""

    def traits(self, command: str) -> CommandTraits | None:
        """Return what is known of a command, or None when there is none of that name."""
        ...

    async def perform(
        self, command: str, arguments: Mapping[str, Json], *, idempotency_key: str
    ) -> Json:
        """Perform a command once and return its result as JSON values.

        `command` is the name without the platform's prefix (`messages.send`). `idempotency_key` is
        64 hexadecimal digits, derived from the run and the place of the command in it, the same
        for every attempt of one command; a platform with shorter keys takes its beginning.
        Raises PlatformError.
        """
        ...

    async def close(self) -> None:
        """Release connections; no command is performed afterwards."""
        ...


class PlatformPlugin(Protocol):
    """What an entry point of `botticelli.platforms` names: a module or an object.

    Importing it must be cheap: HTTP clients are imported in `open`.
    """

    def missing_environment(
        self, configuration: PlatformConfiguration, environment: Mapping[str, str]
    ) -> tuple[str, ...]:
        """Name the environment variables that must be set and are not, without opening anything."""
        ...

    def open(
        self, configuration: PlatformConfiguration, environment: Mapping[str, str]
    ) -> Platform:
        """Return the platform, ready to perform commands; called inside the running event loop.

        `environment` holds the process's variables. Nothing is sent yet.
        """
        ...
