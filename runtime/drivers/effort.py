"""A budget of tokens for thinking as a level of effort, for models that take no number."""

LEVELS = ((1_024, "low"), (8_192, "medium"))
"""Up to so many tokens is this level; more is `high`."""


def effort(tokens: int) -> str:
    """Return `low`, `medium` or `high` for a number of tokens."""
    return next((level for most, level in LEVELS if tokens <= most), "high")
