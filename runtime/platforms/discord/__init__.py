"""Discord's REST API as a platform: the entry point `discord` of `botticelli.platforms`.

`client` performs commands, `requests` makes requests of them by the registry, `limits` keeps to the
API's rate limits, `composed` holds commands that take several requests. This module is what the
entry point names; the client is imported when a narrative uses it.
"""

from collections.abc import Mapping

from botticelli.compiler.semantics.configuration import PlatformConfiguration
from botticelli.runtime.platforms.protocol import Platform

TOKEN_VARIABLE = "DISCORD_TOKEN"  # noqa: S105 - the name of a variable
ADDRESS_VARIABLE = "DISCORD_BASE_URL"


def missing_environment(
    configuration: PlatformConfiguration, environment: Mapping[str, str]
) -> tuple[str, ...]:
    """Name the variable that must hold the bot's token, if it is not set."""
    variable = configuration.token_env or TOKEN_VARIABLE
    return () if environment.get(variable, "").strip() else (variable,)


def open(  # noqa: A001 - the name that the protocol gives it
    configuration: PlatformConfiguration, environment: Mapping[str, str]
) -> Platform:
    """Return the platform. Raises PlatformError when the token or the address cannot be used."""
    from botticelli.runtime.platforms.discord.client import DiscordPlatform

    variable = configuration.token_env or TOKEN_VARIABLE
    return DiscordPlatform(
        token=environment.get(variable, ""),
        token_variable=variable,
        base_url=environment.get(ADDRESS_VARIABLE) or configuration.base_url,
    )
