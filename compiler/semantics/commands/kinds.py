"""Types that arguments of commands have beside those of the language.

Each is one of the language's types with more said about it, and is written into the IR as that
type: an identifier is a text, a choice is an integer.
"""

from botticelli.compiler.ir.types import Int, Text


class Id(Text, frozen=True, tag="text"):
    """A Discord snowflake: an unsigned 64-bit number, written as text of digits.

    Integers are taken too, since files often leave the quotes out.
    """

    minimum: int | None = 1
    maximum: int | None = 20


class Base64(Text, frozen=True, tag="text"):
    """The bytes of a file in base64, with or without `data:TYPE;base64,` before it."""


class Emoji(Text, frozen=True, tag="text"):
    """An emoji: the character itself, or `name:id` for one of a server's.

    The form in which messages show the latter, `<:name:id>`, is taken too.
    """

    minimum: int | None = 1
    maximum: int | None = 100


class Filter(Text, frozen=True, tag="text"):
    """A filter of the language on the rows of a table.

    A program holds it as an expression, and its placeholders as values to bind.
    """

    minimum: int | None = 1


class Order(Text, frozen=True, tag="text"):
    """An order of rows, as that of a query."""

    minimum: int | None = 1


class Bits(Int, frozen=True, tag="int"):
    """A set of flags as the sum of their bits, as a number or as text of its digits."""

    minimum: int | None = 0


class Choice(Int, frozen=True, tag="int"):
    """One of a few numbers, each of which has a name that may be written instead."""

    values: tuple[tuple[str, int], ...] = ()

    def number(self, name: str) -> int | None:
        """Return the number that a name stands for; case and hyphens do not count, nor what the
        API's own constants begin with (`GUILD_TEXT`)."""
        folded = name.casefold().replace("-", "_")
        names = {folded, folded.removeprefix("guild_")}
        return next((number for known, number in self.values if known in names), None)


def choice(**values: int) -> Choice:
    """Return the choice between these names and their numbers."""
    return Choice(
        minimum=min(values.values()), maximum=max(values.values()), values=tuple(values.items())
    )
