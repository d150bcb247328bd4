"""What the analysis knows of a value in a template, and what it records of the names used."""

from msgspec import Struct

from botticelli.compiler.faults import Fault
from botticelli.compiler.ir.types import List, Record, Text, Type, Unknown
from botticelli.compiler.templates import naming
from botticelli.compiler.templates.extent import NOTHING, Extent, Flow
from botticelli.compiler.templates.scope import Bound, Members


class Value(Struct, frozen=True, kw_only=True):
    """A value: its type, how long its text can be, and how it was written.

    `items` bounds the elements of a list. `members` is there for a namespace itself. `outer` is
    set for a name from outside as it is, without a step into it.
    """

    bound: Bound = naming.UNKNOWN
    extent: Extent = NOTHING
    shown: str = "this value"
    items: int | None = None
    members: Members | None = None
    outer: bool = False

    @property
    def type(self) -> Type:
        return self.bound.type

    @property
    def parts(self) -> Extent:
        """The extent when the value is taken apart, or stands in JSON: rows, not formatted text."""
        if self.bound.table:
            return self.extent.as_json()
        if isinstance(naming.strip(self.type), Unknown):
            return self.extent | self.extent.as_json()
        return self.extent

    @property
    def item(self) -> "Value":
        """An element of it."""
        type_ = naming.strip(self.type)
        inner = Unknown()  # type: Type
        if isinstance(type_, List):
            inner = type_.item
        elif isinstance(type_, Text):
            inner = Text(maximum=1)
        elif isinstance(type_, Record):
            inner = Text()
        bound = Bound(type=inner, definition=self.bound.definition)
        return Value(bound=bound, extent=self.parts, shown=f"{self.shown}[…]")


class Use(Struct, frozen=True, kw_only=True):
    """One use of a name from outside the template, with the constant keys that follow it.

    A key that is computed ends the path and sets `computed`. `guarded`: it may be missing and the
    template says what then. `in_loop`: it may be used any number of times.
    """

    name: str
    path: tuple[str | int, ...]
    start: int
    end: int
    type: Type
    guarded: bool = False
    in_loop: bool = False
    computed: bool = False


class Analysis(Struct, frozen=True, kw_only=True):
    """What is known of one template.

    `extent` bounds the rendered text; its flows name `uses` by their place in the tuple, and what
    is not among them carries no text into the result. `certain` is text that every rendering holds,
    and the numbers of uses that are printed as they are in every rendering. `printed` are the uses
    that are printed as they are wherever they flow into the text. `unbounded` are the ranges, with
    reasons, that make the length unbounded.
    """

    faults: tuple[Fault, ...] = ()
    uses: tuple[Use, ...] = ()
    extent: Extent = NOTHING
    certain: tuple[str | int, ...] = ()
    printed: frozenset[int] = frozenset()
    unbounded: tuple[tuple[int, int, str], ...] = ()

    @property
    def environment(self) -> frozenset[str]:
        """The variables of the environment that are used by name."""
        return frozenset(str(use.path[0]) for use in self.uses if use.name == "env" and use.path)

    @property
    def state(self) -> tuple[Use, ...]:
        """The uses of state keys, for BOT309; a key may have dots, and so be several steps."""
        return tuple(use for use in self.uses if use.name == "state" and use.path)

    def flows_from(self, number: int) -> bool:
        """Whether text of a use can reach the result; digits are no text."""
        return any(Flow(number, form) in self.extent.flows for form in (False, True))
