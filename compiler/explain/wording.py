"""Numbers, lengths of time and texts in the words of an explanation, which all renderers share."""

from collections.abc import Iterable

from botticelli.compiler.budget.intervals import Interval
from botticelli.compiler.explain.explanation import Repetition
from botticelli.compiler.ir.program import Place
from botticelli.compiler.ir.types import List, Record, Type
from botticelli.compiler.languages.kinds import describe
from botticelli.compiler.semantics.secrets import hidden_ranges

LONGEST = 160
"""Characters of a prompt or value that are quoted in one line."""

UNBOUNDED = "unbounded"
HIDDEN = "…"

LIMITS = {
    "rpm": "requests a minute",
    "tpm": "tokens a minute",
    "itpm": "input tokens a minute",
    "otpm": "output tokens a minute",
    "rpd": "requests a day",
    "tpd": "tokens a day",
    "max_concurrent": "requests at a time",
}


def counted(number: float, noun: str, nouns: str | None = None) -> str:
    """Return `1 request`, `2 requests`."""
    return f"{number:,.0f} {noun if number == 1 else nouns or noun + 's'}"


def whole(number: float | None) -> str:
    """Return a count, or that there is no bound."""
    return UNBOUNDED if number is None else f"{number:,.0f}"


def dollars(number: float | None) -> str:
    """Return a price in US dollars, below ten of them with parts of a cent."""
    if number is None:
        return UNBOUNDED
    if number >= 10 or number == 0:
        return f"${number:,.2f}".removesuffix(".00")
    return f"${number:.4f}"


def span_of_time(seconds: float | None) -> str:
    """Return a length of time in its two largest units."""
    if seconds is None:
        return UNBOUNDED
    if 0 < seconds < 1:
        return f"{seconds:.1f} s"
    left = round(seconds)
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def range_of(interval: Interval) -> str:
    """Return an interval of counts: one number where its ends meet."""
    low, high = whole(interval.floor), whole(interval.ceiling)
    return low if low == high else f"{low} to {high}"


def each_time(seconds: float) -> str:
    """Return `hour` for an hour, `90 s` for anything that has no word."""
    words = {60.0: "minute", 3_600.0: "hour", 86_400.0: "day", 604_800.0: "week"}
    return words.get(seconds) or span_of_time(seconds)


def repeated(how: Repetition) -> str:
    """Say how often something is repeated, and what ends it."""
    parts = [counted(how.iterations, "time")]
    if how.iterations > 1:
        parts[0] = f"up to {parts[0]}"
    if how.every is not None:
        parts.append(f"one every {each_time(how.every)}")
    if how.until is not None:
        parts.append(f"until {how.until}")
    kept = "in one conversation" if how.history == "shared" else "each in a fresh conversation"
    parts.append(kept)
    said = ", ".join(parts)
    if how.continue_on_error:
        said += "; goes on after a failure"
        if how.max_failures is not None:
            said += f", up to {how.max_failures}"
    if how.on_exhausted == "wait":
        said += "; waits for the next day when a day's limit is used up"
    return said


def listed(names: Iterable[str], last: str = "and") -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    several = list(names)
    if len(several) < 2:
        return "".join(several)
    return f"{', '.join(several[:-1])} {last} {several[-1]}"


def without_secrets(text: str) -> str:
    """Return a text with what has the form of a key left out."""
    for start, end in sorted(hidden_ranges(text), reverse=True):
        text = text[:start] + HIDDEN + text[end:]
    return text


def excerpt(text: str, longest: int = LONGEST) -> str:
    """Return the beginning of a text on one line, keys left out."""
    line = " ".join(without_secrets(text).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def place_text(place: Place) -> str:
    return f"{place.path}:{place.line}:{place.column}"


def type_text(kind: Type) -> str:
    """Write a type; of a record also its fields, and how it is called."""
    match kind:
        case Record(fields=fields, name=name):
            inner = ", ".join(
                f"{field.name}: {describe(field.type)}{'?' if field.optional else ''}"
                for field in fields
            )
            return f"{name or 'a record'} {{ {inner} }}"
        case List(item=Record() as item):
            return f"a list of {type_text(item)}"
    return describe(kind)
