"""What `botticelli.toml` says, as both sides use it.

The compiler reads the files (user's and project's) and reports what is wrong in them; the runtime
takes the result. Provider data stays in raw form here: bundled, user and project data are merged
key by key in `providers`.
"""

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from botticelli.compiler.ir.program import ModelSettings, Multipliers, Retry, Variable


class DriverConfiguration(Struct, frozen=True):
    """`[drivers.NAME]`: where the API is, which variable holds the key, which tier applies."""

    base_url: str | None = None
    api_key_env: str | None = None
    tier: str | None = None


class PlatformConfiguration(Struct, frozen=True):
    """`[platforms.NAME]`: where the API is and which variable holds the token. `allow_private` are
    hosts, addresses and networks that may be reached although they are not public."""

    base_url: str | None = None
    token_env: str | None = None
    allow_private: tuple[str, ...] = ()


class QueryCeilings(Struct, frozen=True):
    """`[database]`: the most that one query gives and takes, in rows, bytes of text and seconds;
    `lease` is for how many seconds rows that a run has taken are kept for it without a sign of
    life."""

    max_rows: int | None = None
    max_bytes: int | None = None
    timeout: float | None = None
    lease: float | None = None


class MediaConfiguration(Struct, frozen=True):
    """`[media]`: whether files may stand outside the project, and the most bytes of one medium."""

    outside_project: bool = False
    max_bytes: int | None = None


class Defaults(Struct, frozen=True):
    """`[defaults]`: what acts take that say nothing themselves."""

    driver: str = "gemini"
    settings: ModelSettings = ModelSettings()
    retry: Retry = Retry()
    timeout: float | None = None


class Asked(Struct, frozen=True):
    """What a command line asks a run with, over what `botticelli.toml` says. `driver` is a driver's
    name, with its options after a colon."""

    driver: str | None = None
    tier: str | None = None
    budget: Multipliers = Multipliers()

    def over(self, configuration: "Configuration") -> "Configuration":
        """Return the configuration of that run; the multipliers stand apart, as they also go
        before those of the narrative."""
        driver = self.driver or configuration.defaults.driver
        changed = replace(configuration, defaults=replace(configuration.defaults, driver=driver))
        if self.tier is None:
            return changed
        name = asked_driver(driver)
        settings = replace(changed.drivers.get(name, DriverConfiguration()), tier=self.tier)
        return replace(changed, drivers={**changed.drivers, name: settings})


def driver_options(driver: str) -> tuple[str, dict[str, str]]:
    """Return the name of a driver and its options, as `NAME:option=value,…` says them."""
    name, _, options = driver.partition(":")
    pairs = (option.partition("=") for option in options.split(","))
    return name.strip(), {key.strip(): value.strip() for key, _, value in pairs}


def asked_driver(driver: str) -> str:
    """Return the driver that asks: the other one where a driver only records what that answers."""
    name, options = driver_options(driver)
    return options.get("driver", name) if name == "record" else name


class Configuration(Struct, frozen=True, kw_only=True):
    """The whole of it. `providers` holds the user's tables and over them the project's.

    `project` is the absolute path of the project's folder.
    """

    project: str
    providers: dict[str, Any] = {}
    drivers: dict[str, DriverConfiguration] = {}
    platforms: dict[str, PlatformConfiguration] = {}
    database_url: str | None = None
    ceilings: QueryCeilings = QueryCeilings()
    media: MediaConfiguration = MediaConfiguration()
    budget: Multipliers = Multipliers()
    defaults: Defaults = Defaults()
    variables: dict[str, Variable] = {}
    state: tuple[str, ...] = ()
