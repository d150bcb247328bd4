"""Which provider's data holds for a model, and what family of tokenizers it belongs to."""

from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from botticelli.compiler.semantics.configuration import (
    Configuration,
    asked_driver,
    driver_options,
)
from botticelli.compiler.semantics.limits import Limits
from botticelli.compiler.semantics.providers import (
    DEFAULT_MODELS,
    OPENAI_HOST,
    ModelFacts,
    Providers,
    UnknownTierError,
)
from botticelli.compiler.semantics.tokens import Counting, Family

EXPECTED_OUTPUT = 1024
"""Tokens that an answer without `max_tokens` is expected to have, unless the model gives less."""


class Model(Struct, frozen=True):
    """A model as a budget sees it: whose it is, in which tier, and what is known of it."""

    name: str
    provider: str
    tier: str | None
    facts: ModelFacts
    counting: Counting | None = None

    @property
    def pool(self) -> tuple[str, str]:
        return (self.provider, self.facts.pool)

    @property
    def family(self) -> Family:
        family = self.facts.family
        return family if self.counting is None else self.counting.family(self.name, family)


class Models:
    """The models of a project. A model that the default driver's provider does not name is looked
    for at the others.

    `driver` and `tier` are those of the command line, if it names them; `counting` knows what was
    counted and need not be estimated.
    """

    def __init__(
        self,
        configuration: Configuration,
        driver: str | None = None,
        tier: str | None = None,
        counting: Counting | None = None,
    ) -> None:
        self._counting = counting
        self._configuration = configuration
        self.providers = Providers(configuration.providers)
        self._driver = driver or configuration.defaults.driver
        self._tier = tier
        self._found: dict[str, Model] = {}

    @property
    def project(self) -> str:
        """The folder of the project."""
        return self._configuration.project

    @property
    def provider(self) -> str:
        """The provider whose limits the default driver keeps."""
        wanted = driver_options(self._driver)[1].get("provider")
        name = asked_driver(self._driver)
        return wanted or (name if name in self.providers.names() else "gemini")

    def find(self, name: str | None) -> Model:
        """Return what is known of a model, None being the driver's default."""
        wanted = name or DEFAULT_MODELS.get(self.provider, "")
        if wanted not in self._found:
            self._found[wanted] = self._look_up(wanted)
        return self._found[wanted]

    def _look_up(self, name: str) -> Model:
        first = self._at(self.provider, name)
        if first.facts.known:
            return first
        for provider in self.providers.names():
            found = self._at(provider, name)
            if found.facts.known:
                return found
        return first

    def _at(self, provider: str, name: str) -> Model:
        own = provider == self.provider
        driver = asked_driver(self._driver) if own else provider
        configured = self._configuration.drivers.get(driver)
        wanted = self._tier if own else None
        wanted = wanted or (configured.tier if configured is not None else None)
        providers = self.providers
        if own and wanted is None and self._is_own_server(driver):
            providers = Providers(self._configuration.providers, bundled=False)
        try:
            tier = providers.tier(provider, wanted)
        except UnknownTierError:
            tier = providers.tier(provider)
        facts = providers.facts(provider, tier, name)
        if own and driver == "replay":  # it asks nobody
            facts = replace(facts, limits=Limits(), input_price=0.0, output_price=0.0)
        return Model(name, provider, tier, facts, self._counting)

    def _is_own_server(self, driver: str) -> bool:
        """Whether a driver asks a server of one's own that answers as OpenAI's does, which has no
        limits but those that the project gives it."""
        configured = self._configuration.drivers.get(driver)
        address = configured.base_url if configured is not None else None
        return driver == "openai" and bool(address) and urlsplit(address).hostname != OPENAI_HOST

    def names(self) -> list[str]:
        """Every model that the data names."""
        return self.providers.models()
