"""A local Discord that judges by the contract, and clients of it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from servers.contract import Contract
from servers.discord import TOKEN, DiscordServer, serving

from botticelli.compiler.semantics.configuration import PlatformConfiguration
from botticelli.runtime.platforms import discord as plugin

ABSENT = (
    "the contract discord.openapi.json is not present; place it in ../shared/contracts, beside "
    "this checkout"
)


@pytest.fixture(scope="session")
def contract() -> Contract:
    found = Contract.read("discord.openapi.json")
    if found is None:
        pytest.skip(ABSENT)
    return found


@pytest.fixture(scope="session")
def running_server(contract: Contract) -> Iterator[DiscordServer]:
    with serving(contract) as running:
        yield running


@pytest.fixture
def server(running_server: DiscordServer) -> DiscordServer:
    running_server.forget()
    return running_server


@pytest.fixture
def perform_all(server: DiscordServer) -> Callable[..., Any]:
    """Perform commands, each a name and its arguments, through one client; return the results."""

    async def performing(*commands: tuple[str, dict[str, Any]], key: str = "ab" * 32) -> list[Any]:
        platform = plugin.open(
            PlatformConfiguration(),
            {"DISCORD_TOKEN": TOKEN, "DISCORD_BASE_URL": server.address},
        )
        try:
            return [
                await platform.perform(name, arguments, idempotency_key=key)
                for name, arguments in commands
            ]
        finally:
            await platform.close()

    return performing


@pytest.fixture
def perform(perform_all: Callable[..., Any]) -> Callable[..., Any]:
    """Perform one command and return its result."""

    async def performing(command: str, key: str = "ab" * 32, **arguments: Any) -> Any:
        (result,) = await perform_all((command, arguments), key=key)
        return result

    return performing
