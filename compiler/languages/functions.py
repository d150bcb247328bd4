"""The functions that the small languages know, and what is said of any other."""

from collections.abc import Iterable

from msgspec import Struct

from botticelli.compiler.faults import Fault, Replacement
from botticelli.compiler.nearest import listing, nearest
from botticelli.grammar.catalogue import UNKNOWN_FUNCTION


class Arity(Struct, frozen=True):
    """How many arguments a function takes; ``maximum`` is None where there is no end."""

    minimum: int
    maximum: int | None

    def admits(self, count: int) -> bool:
        """Whether a function takes so many arguments."""
        return self.minimum <= count and (self.maximum is None or count <= self.maximum)

    def __str__(self) -> str:
        if self.maximum is None:
            return f"at least {_count(self.minimum)}"
        if self.minimum == self.maximum:
            return _count(self.minimum) if self.minimum else "no argument"
        return f"{self.minimum} to {_count(self.maximum)}"


ARITIES = {
    "now": Arity(0, 0),
    "current_date": Arity(0, 0),
    "lower": Arity(1, 1),
    "upper": Arity(1, 1),
    "trim": Arity(1, 1),
    "length": Arity(1, 1),
    "abs": Arity(1, 1),
    "round": Arity(1, 2),
    "coalesce": Arity(1, None),
}
FILTER_FUNCTIONS = frozenset(ARITIES) - {"current_date"}
CONDITION_FUNCTIONS = frozenset({"length", "lower", "upper", "trim"})


def unknown_function(name: str, start: int, end: int, known: Iterable[str]) -> Fault:
    """Say that a function does not exist here, and which one was probably meant."""
    functions = sorted(known)
    meant = nearest(name, functions) or _ELSEWHERE.get(name.lower())
    if meant not in functions:
        meant = None
    return Fault(
        rule=UNKNOWN_FUNCTION,
        start=start,
        end=end,
        message=f"unknown function `{shortened(name)}`",
        note=f"did you mean `{meant}`?" if meant else "no such function",
        help=f"the functions known here are {listing(functions)}",
        edits=(Replacement(start, end, meant),) if meant else (),
    )


def wrong_arguments(name: str, found: int, start: int, end: int) -> Fault:
    """Say that a function was given too few or too many arguments."""
    return Fault(
        rule=UNKNOWN_FUNCTION,
        start=start,
        end=end,
        message=f"`{name}` takes {ARITIES[name]}, found {found}",
    )


_ELSEWHERE = {
    "len": "length",
    "char_length": "length",
    "size": "length",
    "ifnull": "coalesce",
    "nvl": "coalesce",
    "lcase": "lower",
    "ucase": "upper",
    "strip": "trim",
    "getdate": "now",
    "current_timestamp": "now",
}


def shortened(text: str) -> str:
    """Cut text from a source to what fits a message, and take out what does not print."""
    line = " ".join(text[: 4 * _SHOWN].split())
    line = "".join(each if each.isprintable() else "\ufffd" for each in line)
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


_SHOWN = 40


def _count(number: int) -> str:
    return "1 argument" if number == 1 else f"{number} arguments"
