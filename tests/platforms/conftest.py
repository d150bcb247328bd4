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


@pytest.fixture
def server(contract: Contract) -> Iterator[DiscordServer]:
    with serving(contract) as running:
        yield running


@pytest.fixture
def perform(server: DiscordServer) -> Callable[..., Any]:
    """Perform a command through a client of the local server and return its result."""

    async def performing(command: str, key: str = "ab" * 32, **arguments: Any) -> Any:
        platform = plugin.open(
            PlatformConfiguration(),
            {"DISCORD_TOKEN": TOKEN, "DISCORD_BASE_URL": server.address},
        )
        try:
            return await platform.perform(command, arguments, idempotency_key=key)
        finally:
            await platform.close()

    return performing
