"""What is known of providers, as data: tiers with their limits, and models with prices and sizes.

`providers.toml` beside this module is the bundled part. The tables of `[providers.*]` in the
user's and the project's `botticelli.toml` are laid over it, key by key.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from msgspec import Struct

from botticelli.compiler.semantics.limits import SLIDING, Limits
from botticelli.compiler.semantics.media_tokens import MediaRules, rules_of
from botticelli.compiler.semantics.tokens import Family, family_of

OPENAI_HOST = "api.openai.com"
"""Where OpenAI's own limits hold; a server elsewhere that answers like it has its own, or none."""

BUNDLED = "providers.toml"

DEFAULT_TOKENS_PER_MESSAGE = 4
"""What framing one message costs, in tokens, for a provider that says nothing."""


DEFAULT_MODELS: Mapping[str, str] = {
    "anthropic": "claude-sonnet-4-6",
    "gemini": "gemini-2.5-flash",
    "openai": "gpt-4.1-mini",
}
"""What drivers ask where nothing names a model, by their provider."""


class UnknownTierError(LookupError):
    """A provider without a tier of this name; `known` are the names that it has."""

    def __init__(self, provider: str, tier: str, known: tuple[str, ...]) -> None:
        super().__init__(f"{provider} has no tier {tier!r}")
        self.provider = provider
        self.tier = tier
        self.known = known


class ModelFacts(Struct, frozen=True, kw_only=True):
    """What one model has in one tier. None is unknown, in `limits` unlimited.

    `pool` names what shares the limits. `context` and `max_output` are tokens, prices US dollars
    per million tokens. `known` says whether the data names the model anywhere. `tokenizer` names
    the family of vocabularies that counts its tokens, `media` says what images, sound, film and
    documents take.
    """

    model: str
    limits: Limits
    pool: str
    known: bool
    context: int | None = None
    max_output: int | None = None
    input_price: float | None = None
    output_price: float | None = None
    tokens_per_message: int = DEFAULT_TOKENS_PER_MESSAGE
    tokenizer: str | None = None
    media: MediaRules = MediaRules()

    @property
    def family(self) -> Family:
        """How the model counts the tokens of a text."""
        return family_of(self.tokenizer if self.known else None)

    def cost(self, input_tokens: int, output_tokens: int) -> float | None:
        """Return the price in US dollars, or None where prices are not known."""
        if self.input_price is None or self.output_price is None:
            return None
        return (input_tokens * self.input_price + output_tokens * self.output_price) / 1_000_000


class Providers:
    """The merged data. `configured` is `Configuration.providers`."""

    def __init__(
        self, configured: Mapping[str, Any] | None = None, *, bundled: bool = True
    ) -> None:
        tables = _bundled() if bundled else {}
        self._tables: dict[str, Any] = merge(tables, configured or {})

    def names(self) -> tuple[str, ...]:
        return tuple(self._tables)

    def models(self) -> list[str]:
        """The names of all models that some provider's data has."""
        return [
            model
            for table in self._tables.values()
            for each in (table, *table.get("tiers", {}).values())
            for model in each.get("models", {})
        ]

    def tiers(self, provider: str) -> tuple[str, ...]:
        """The names of a provider's tiers; none for a provider that is not known."""
        return tuple(self._tables.get(provider, {}).get("tiers", {}))

    def as_of(self, provider: str) -> str | None:
        """The date on which a provider's data was true, where it says so."""
        date: str | None = self._tables.get(provider, {}).get("as_of")
        return date

    def tier(self, provider: str, tier: str | None = None) -> str | None:
        """Return the tier that applies: the one asked for, else the provider's default.

        Raises UnknownTierError.
        """
        known = self.tiers(provider)
        if tier is None:
            default: str | None = self._tables.get(provider, {}).get("default_tier")
            return default if default in known else None
        if tier not in known:
            raise UnknownTierError(provider, tier, known)
        return tier

    def facts(self, provider: str, tier: str | None, model: str) -> ModelFacts:
        """Return what is known of a model in a tier, by default the provider's default tier.

        A dated or preview name of a model that is known by its plain name counts as that model.
        Raises UnknownTierError.
        """
        table: Mapping[str, Any] = self._tables.get(provider, {})
        tier = self.tier(provider, tier)
        tier_table = table.get("tiers", {}).get(tier, {}) if tier else {}
        anywhere = {
            *table.get("models", {}),
            *(name for each in table.get("tiers", {}).values() for name in each.get("models", {})),
        }
        name = canonical_name(model, anywhere)
        found = {
            **table.get("models", {}).get(name, {}),
            **tier_table,
            **tier_table.get("models", {}).get(name, {}),
        }
        return ModelFacts(
            model=model,
            limits=Limits(
                rpm=found.get("rpm"),
                tpm=found.get("tpm"),
                itpm=found.get("itpm"),
                otpm=found.get("otpm"),
                rpd=found.get("rpd"),
                tpd=found.get("tpd"),
                max_concurrent=found.get("max_concurrent"),
                counts=table.get("tpm_counts", "total"),
                day=table.get("day", SLIDING),
            ),
            pool=found.get("pool", name),
            known=name in anywhere,
            context=found.get("context"),
            max_output=found.get("max_output"),
            input_price=found.get("cost_per_million_input_tokens"),
            output_price=found.get("cost_per_million_output_tokens"),
            tokens_per_message=table.get("tokens_per_message", DEFAULT_TOKENS_PER_MESSAGE),
            tokenizer=found.get("tokenizer", table.get("tokenizer")),
            media=rules_of({**table.get("media", {}), **found.get("media", {})}),
        )


_VARIANT = re.compile(r"-(\d{3}|\d{4}|\d{8}|\d{4}-\d{2}-\d{2}|latest|preview(-[\w-]+)?|exp(-.+)?)$")


def canonical_name(model: str, known: Iterable[str]) -> str:
    """Return the known name that a model's name stands for, or the name itself.

    `models/` in front is the API's own form; a date, a number of a version, `latest` and `preview`
    at the end name variants that share limits and prices with the plain name.
    """
    model = model.removeprefix("models/")
    names = frozenset(known)
    if model in names:
        return model
    plain = _VARIANT.sub("", model)
    return plain if plain in names else model


def merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one tree of tables over another; the later wins key by key."""
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            value = merge(below, value)  # noqa: PLW2901
        merged[key] = value
    return merged


@cache
def _bundled() -> dict[str, Any]:
    import tomllib
    from importlib.resources import files

    text = files("botticelli.compiler.semantics").joinpath(BUNDLED).read_text(encoding="utf-8")
    providers: dict[str, Any] = tomllib.loads(text)["providers"]
    return providers
