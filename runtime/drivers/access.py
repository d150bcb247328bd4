"""Where an API is and what opens it: addresses and keys, from configuration and environment."""

from collections.abc import Sequence

from botticelli.runtime.drivers.protocol import DriverSettings
from botticelli.runtime.problems import Problem, SetupError


def find_key(settings: DriverSettings, driver: str, variables: Sequence[str]) -> str | None:
    """Return the key: from the variable that the configuration names, else from the first of the
    usual ones that is set. Raises SetupError for a value that no header can carry."""
    for name in key_variables(settings, variables):
        key = settings.environment.get(name, "").strip()
        if key and not (key.isascii() and key.isprintable()):
            raise SetupError(
                Problem(f"the {driver} driver's key in {name} holds what no key holds")
            )
        if key:
            return key
    return None


def key_variables(settings: DriverSettings, variables: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the variables that may hold the key."""
    configured = settings.configuration.api_key_env
    return (configured,) if configured is not None else tuple(variables)


def find_address(settings: DriverSettings, driver: str, variable: str) -> str | None:
    """Return the base URL without a slash at its end, None where the provider's own is meant.
    The environment wins over the configuration. Raises SetupError for what is no HTTP URL."""
    address = settings.environment.get(variable, "").strip() or settings.configuration.base_url
    if not address:
        return None
    if not _is_url(address):
        message = (
            f"the base URL of the {driver} driver must be http:// or https://, not {address!r}"
        )
        raise SetupError(Problem(message))
    return address.rstrip("/")


def _is_url(address: str) -> bool:
    """Tell whether an address leads to a server by HTTP."""
    import httpx

    try:
        url = httpx.URL(address)
        # Properties of a URL are worked out when they are asked for.
        host, port = url.host, 80 if url.port is None else url.port
    except (httpx.InvalidURL, ValueError):
        return False
    whole = host != "" and not any(each.isspace() for each in address)
    return url.scheme in ("http", "https") and whole and 0 < port < 65_536
