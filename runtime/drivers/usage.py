"""What providers report as used, taken at their word only as far as it can be true."""

from typing import Any

from botticelli.runtime.drivers.faults import misshapen
from botticelli.runtime.drivers.protocol import TokenUsage

MOST_TOKENS = 1_000_000_000
"""No request uses more; a number above this is none that books can be kept with."""


def token_usage(label: str, given: Any, answered: Any, thinking: Any = None) -> TokenUsage:
    """Return the tokens of the input, of the answer, and of thinking, which is part of the answer.

    Raises DriverError for what is no number of tokens.
    """
    return TokenUsage(*(whole(label, each) for each in (given, answered, thinking or 0)))


def whole(label: str, number: Any) -> int:
    """Return a number of tokens. Raises DriverError for what is none."""
    if type(number) is not int or not 0 <= number <= MOST_TOKENS:
        raise misshapen(label)
    return number
