"""What the flow analysis tells a template about the names it may use.

The order of acts decides what a name means at one place. A `Scope` answers for that place; the
templates and the conditions ask it, and know nothing of tables of contents.
"""

from collections.abc import Container, Iterable, Mapping
from typing import Protocol

from msgspec import Struct

from botticelli.compiler.diagnostics import Anchor, Label
from botticelli.compiler.ir.types import Type, Unknown
from botticelli.compiler.nearest import nearest


class Bound(Struct, frozen=True, kw_only=True):
    """A name that certainly has a value, of this type.

    A `table` prints as its formatted text and is otherwise the list of its rows, at most `items` of
    them. `definition` is where the type comes from, to be shown when a field is missing.
    """

    type: Type = Unknown()
    table: bool = False
    items: int | None = None
    definition: Anchor | None = None


class Maybe(Struct, frozen=True, kw_only=True):
    """A name whose act runs only on some ways to here.

    `reason` completes "it may not have run: …".
    """

    bound: Bound
    reason: str
    labels: tuple[Label, ...] = ()
    help: str | None = None


class NotYet(Struct, frozen=True, kw_only=True):
    """An act that has not run here. `reason` completes "it has not run yet: …"."""

    reason: str
    labels: tuple[Label, ...] = ()
    help: str | None = None


class NoPrevious(Struct, frozen=True, kw_only=True):
    """`previous` where nothing ran before. ``later`` is what it is on later passes, if any."""

    later: Bound | None = None


class Absent(Struct, frozen=True, kw_only=True):
    """A name of the language that means nothing here; `reason` says why, as a clause."""

    reason: str
    help: str | None = None


class Members(Struct, frozen=True, kw_only=True):
    """A namespace: `state`, `env`, `vars`. With null members every key has the type `open_type`.

    An `open` one may have further keys: only what looks like a misspelt one is at fault. Keys of a
    `dotted` one may themselves hold dots, so that a step may be a part of a key.
    """

    members: Mapping[str, Bound] | None = None
    open_type: Type = Unknown()
    open: bool = False
    dotted: bool = False


Resolution = Bound | Maybe | NotYet | NoPrevious | Absent | Members


class Scope(Protocol):
    """The names in scope at one place of one act."""

    def resolve(self, name: str, missing: frozenset[str] = frozenset()) -> Resolution | None:
        """Say what a name means, where others are known to be missing; null when nothing defines
        it."""

    def nearest(self, name: str, others: Iterable[str]) -> str | None:
        """Propose what was meant: a name that would resolve here, or one of `others`."""

    @property
    def own_names(self) -> Container[str]:
        """The names that `${NAME}` means before it means the environment."""


class Names:
    """A scope given as a mapping."""

    def __init__(self, resolutions: Mapping[str, Resolution]) -> None:
        self._resolutions = resolutions

    def resolve(
        self,
        name: str,
        missing: frozenset[str] = frozenset(),  # noqa: ARG002 - these names stand for themselves
    ) -> Resolution | None:
        return self._resolutions.get(name)

    def nearest(self, name: str, others: Iterable[str]) -> str | None:
        return nearest(name, [*self._resolutions, *others])

    @property
    def own_names(self) -> Container[str]:
        return self._resolutions
