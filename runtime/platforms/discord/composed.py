"""Commands that take several requests, written in terms of the commands that take one."""

from asyncio import sleep
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Protocol

from botticelli.compiler.semantics.commands import Command, find
from botticelli.runtime.platforms.discord.requests import checked_arguments
from botticelli.runtime.platforms.protocol import PlatformError

WAITS: Final = 5
"""How often one step waits as the API asks before its error becomes that of the command."""


class Sender(Protocol):
    """What sends the single requests."""

    async def send(
        self, command: Command, values: Mapping[str, Any], idempotency_key: str = ""
    ) -> Any: ...


class Steps:
    """The steps of one composed command, one after another.

    A step that the API asks to wait with is waited for here, since the command as a whole could
    only be begun again. Once a step has written, an error of a later one says so.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._written = False

    async def run(self, name: str, /, **arguments: Any) -> Any:
        """Perform a command of one request; arguments that are None are left out."""
        command = find("discord", name)
        assert command is not None
        given = {key: value for key, value in arguments.items() if value is not None}
        values = checked_arguments(command, given)
        for waits_left in reversed(range(WAITS)):
            try:
                result = await self._sender.send(command, values)
            except PlatformError as error:
                if error.retry_after is None or not waits_left:
                    error.had_no_effect = error.had_no_effect and not self._written
                    raise
                await sleep(error.retry_after)
            else:
                self._written = self._written or command.writes
                return result
        raise AssertionError("the last attempt returns or raises")


Composed = Callable[[Steps, Mapping[str, Any]], Awaitable[Any]]

COMPOSED: Final[Mapping[str, Composed]] = {}
