"""Any HTTP address as a platform: the entry point `http` of `botticelli.platforms`.

`guard` says which addresses of the network may be reached, `exchange` sends requests within limits,
`client` performs the commands. The client is imported when a narrative uses it.
"""

from collections.abc import Mapping

from botticelli.compiler.semantics.configuration import PlatformConfiguration
from botticelli.runtime.platforms.protocol import Platform


def missing_environment(
    configuration: PlatformConfiguration, environment: Mapping[str, str]
) -> tuple[str, ...]:
    """Nothing is needed."""
    del configuration, environment
    return ()


def open(  # noqa: A001 - the name that the protocol gives it
    configuration: PlatformConfiguration, environment: Mapping[str, str]
) -> Platform:
    """Return the platform."""
    from botticelli.runtime.platforms.http.client import HttpPlatform

    del environment
    return HttpPlatform(configuration.allow_private)
