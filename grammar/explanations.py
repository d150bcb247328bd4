"""What each rule finds and why it matters, with examples: what `botticelli rule` and its page say.

This stands beside the catalogue and not in it, because every check loads the catalogue. The text of
a rule is data, one TOML file each, named for its code and name; the examples in it are tests.
"""

from enum import StrEnum
from importlib.resources import files

import msgspec

from botticelli.grammar.catalogue import Rule

FAMILIES = {
    "1": "Files and keys",
    "2": "Narratives, orders and resources",
    "3": "Names and templates",
    "4": "Tables and types",
    "5": "Budgets",
    "6": "Commands and security",
    "7": "Media",
    "8": "Ignore comments",
}
"""What the rules whose codes begin with this digit are about."""


def family(rule: Rule) -> str:
    """Return what rules with codes like this one's are about."""
    return FAMILIES[rule.code.removeprefix("BOT")[0]]


class Mend(StrEnum):
    """Whether the mend of a finding keeps what the author meant, where one is known."""

    SAFE = "safe"
    UNSAFE = "unsafe"


class ExampleFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of an example: its text, or only its size in bytes.

    ``line``, from 1, is where the finding is, and set in the one file that has it.
    """

    file: str
    text: str = ""
    bytes: int | None = None
    line: int | None = None


class Explanation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The prose of one rule, each paragraph without line breaks, and its two examples.

    The first file of an example is the one to check, the others surround it. ``silence`` says what
    is better than an ignore comment, where something is. ``reported`` is False for a rule that has
    its code already and that the checker does not report yet.
    """

    what: str
    why: str
    fails: tuple[ExampleFile, ...]
    passes: tuple[ExampleFile, ...]
    silence: str | None = None
    fix: Mend | None = None
    reported: bool = True


def explanation(rule: Rule) -> Explanation:
    """Return the explanation of a rule; every rule of the catalogue has one."""
    path = files("botticelli.grammar") / "rules" / f"{rule.code}-{rule.name}.toml"
    found = msgspec.toml.decode(path.read_bytes(), type=Explanation)
    return msgspec.structs.replace(
        found,
        what=_flowing(found.what),
        why=_flowing(found.why),
        silence=None if found.silence is None else _flowing(found.silence),
    )


def _flowing(text: str) -> str:
    """Take the line breaks of the file out of a paragraph."""
    return " ".join(text.split())
