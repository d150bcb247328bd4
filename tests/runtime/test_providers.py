"""Provider data: what is bundled, and how it is laid over."""

import pytest

from botticelli.compiler.semantics.providers import Providers, UnknownTierError


@pytest.mark.parametrize(
    ("provider", "tier", "model", "expected"),
    [
        ("gemini", None, "gemini-9", (10, 250_000, 250)),
        ("gemini", "free", "gemini-2.5-pro", (2, 125_000, 50)),
        ("gemini", "free", "gemini-2.5-flash-lite", (15, 250_000, 1000)),
        ("gemini", "free", "models/gemini-2.0-flash-001", (15, 1_000_000, 200)),
        ("gemini", "pay-as-you-go", "gemini-2.5-flash", (1000, 1_000_000, 10_000)),
        ("gemini", "pay-as-you-go", "gemini-2.5-flash-lite", (4000, 4_000_000, None)),
        ("anthropic", "tier-3", "claude-sonnet-4-5-20250929", (1000, 80_000, None)),
        ("openai", "free", "gpt-4o", (3, 40_000, 200)),
        ("openai", "tier-5", "gpt-5", (10_000, 100_000_000, None)),
    ],
)
def test_bundled_limits(
    provider: str, tier: str | None, model: str, expected: tuple[int | None, ...]
) -> None:
    limits = Providers().facts(provider, tier, model).limits
    assert (limits.rpm, limits.tpm, limits.rpd) == expected


def test_a_later_source_wins_key_by_key() -> None:
    providers = Providers(
        {"gemini": {"tiers": {"free": {"models": {"gemini-2.5-flash": {"rpd": 20}}}}}}
    )
    limits = providers.facts("gemini", None, "gemini-2.5-flash").limits
    assert (limits.rpm, limits.rpd) == (10, 20)
    assert limits.day == "America/Los_Angeles"
    assert limits.counts == "input"


def test_models_may_share_a_pool_and_each_has_its_own_otherwise() -> None:
    shared = {"pool": "all"}
    providers = Providers(
        {"local": {"default_tier": "t", "tiers": {"t": {"models": {"a": shared, "b": shared}}}}}
    )
    assert providers.facts("local", None, "a").pool == providers.facts("local", None, "b").pool
    assert providers.facts("local", None, "c").pool == "c"
    assert not providers.facts("local", None, "c").known


def test_an_unknown_tier_is_named_with_the_known_ones() -> None:
    with pytest.raises(UnknownTierError) as caught:
        Providers().facts("gemini", "fre", "gemini-2.5-flash")
    assert caught.value.known == ("free", "pay-as-you-go")


def test_prices_follow_the_tier() -> None:
    paid = Providers().facts("gemini", "pay-as-you-go", "gemini-2.5-flash")
    assert paid.cost(1_000_000, 1_000_000) == pytest.approx(2.80)
    assert Providers().facts("gemini", "free", "gemini-2.5-flash").cost(1000, 1000) == 0.0
    assert Providers().facts("gemini", "pay-as-you-go", "gemini-9").cost(1, 1) is None


def test_a_local_server_is_unlimited_unless_it_is_configured() -> None:
    assert Providers(bundled=False).facts("openai", None, "gpt-4o").limits.rpm is None
