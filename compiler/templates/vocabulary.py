"""Jinja's filters, tests and globals as the checker knows them: what they give, how much they add.

Names come from the sandbox itself, so that the checker knows exactly what will be there. The bounds
of growth are in UTF-8 bytes.
"""

from collections.abc import Callable, Mapping
from functools import cache

from msgspec import Struct

from botticelli.compiler.ir.types import (
    Bool,
    Date,
    Enum,
    Float,
    Int,
    List,
    Null,
    Text,
    Timestamp,
    Type,
    Unknown,
)
from botticelli.compiler.semantics.operations import REFUSED_FILTERS, TEXT_FILTERS
from botticelli.compiler.semantics.sandbox import environment
from botticelli.compiler.templates.extent import NOTHING, Extent
from botticelli.compiler.templates.naming import strip

NUMBER_BYTES = 1300
"""A computed int has at most 4096 bits, and a float prints shorter."""

COUNT = Int(0, 10**9)
"""What counts elements or passes: no rendering has that many."""

Constant = str | int | float | bool | None


class Computed(Struct, frozen=True):
    """An argument that is not a constant."""


class Arguments(Struct, frozen=True):
    """What is known of a call's arguments, by place and name, and what flows in through them."""

    given: Mapping[int | str, Constant | Computed]
    extent: Extent

    def get(self, place: int, name: str, default: Constant = None) -> Constant | Computed:
        return self.given.get(name, self.given.get(place, default))


Growth = Callable[[Extent, Arguments], Extent]


@cache
def filter_names() -> frozenset[str]:
    return frozenset(environment().filters)


@cache
def test_names() -> frozenset[str]:
    return frozenset(environment().tests)


@cache
def global_names() -> frozenset[str]:
    return frozenset(environment().globals)


def why_refused(name: str) -> str | None:
    """Return why a filter of Jinja's is not there, or None."""
    return REFUSED_FILTERS.get(name)


def settled(type_: Type, extent: Extent) -> Extent:
    """Return the bound of a value by its type, where that tells more: numbers carry no text."""
    match strip(type_):
        case Int(minimum=int() as low, maximum=int() as high):
            return Extent(max(len(str(low)), len(str(high))))
        case Int() | Float():
            return extent.as_number()
        case Bool():
            return Extent(5)
        case Null():
            return NOTHING
        case Enum(values=values):
            return Extent(max((len(value.encode()) for value in values), default=0))
        case _:
            return extent


_TEXT = TEXT_FILTERS - {"wordcount"}
_TEXT |= {"filesizeformat", "join", "pprint", "tojson", "urlencode", "xmlattr"}
_COUNT = frozenset({"count", "length", "wordcount"})
_FLOAT = frozenset({"float", "round"})
_SAME = frozenset({"abs", "list", "reject", "rejectattr", "reverse", "select", "selectattr"})
_SAME |= {"sort", "unique"}
LISTING = _SAME - {"abs", "reverse"}
"""Filters that make a list of whatever they are given."""

_ITEM = frozenset({"first", "last", "max", "min"})
_GROUPS = frozenset({"batch", "slice"})


def result_of(name: str, value: Type) -> Type:
    """Return the type that a filter gives for a value of a type."""
    value = strip(value)
    if name in _TEXT:
        return Text()
    if name in _COUNT:
        return COUNT
    if name == "int":
        return Int()
    if name in _FLOAT:
        return Float()
    if name in _SAME:
        is_text = isinstance(value, Text | Enum | Date | Timestamp)
        return List(Text(maximum=1)) if is_text and name != "reverse" else value
    if name in _ITEM:
        return value.item if isinstance(value, List) else Unknown()
    if name in _GROUPS:
        return List(value) if isinstance(value, List) else Unknown()
    return Unknown()


def keeps_length(name: str) -> bool:
    """Whether a filter gives a list of no more elements than it gets."""
    return name in _SAME or name == "map"


def growth(name: str, value: Extent, arguments: Arguments) -> Extent:
    """Return the bound of a filter's result, by that of its value and arguments."""
    if name in _GROWTH:
        return _GROWTH[name](value, arguments)
    factor = _FACTORS.get(name)
    return (value + arguments.extent).times(None) if factor is None else value.times(factor)


_FACTORS: dict[str, int] = {
    # Upper-case forms take up to three times the bytes: one letter can become three.
    **dict.fromkeys(("upper", "lower", "title", "capitalize"), 3),
    **dict.fromkeys(("trim", "safe", "string"), 1),
    # What an entity stands for can take a little more than its name.
    "striptags": 2,
    **dict.fromkeys(("first", "last", "min", "max", "reverse", "attr", "abs"), 1),
    **dict.fromkeys(("select", "reject", "selectattr", "rejectattr", "unique", "sort"), 1),
    # `"` is written in five bytes in HTML.
    **dict.fromkeys(("e", "escape", "forceescape"), 6),
    "urlencode": 3,
    "list": 1,
}


def _indent(value: Extent, arguments: Arguments) -> Extent:
    width = arguments.get(0, "width", 4)
    if isinstance(width, Computed):
        return (value + arguments.extent).times(None)
    size = width if isinstance(width, int) else len(width.encode()) if isinstance(width, str) else 0
    return Extent(size + 1) + value.times(1 + size)


def _center(value: Extent, arguments: Arguments) -> Extent:
    width = arguments.get(0, "width", 80)
    return value + Extent(width if isinstance(width, int) else None)


def _join(value: Extent, arguments: Arguments) -> Extent:
    # In JSON an element takes a byte at least, so there are no more separators than bytes.
    separator = arguments.get(0, "d", "")
    if not isinstance(separator, str):
        return (value + arguments.extent).times(None)
    return value.times(1 + len(separator.encode()))


def _replace(value: Extent, arguments: Arguments) -> Extent:
    old, new = arguments.get(0, "old"), arguments.get(1, "new")
    if not (isinstance(old, str) and isinstance(new, str) and old):
        return (value + arguments.extent).times(None)
    return value.times(max(1, -(-len(new.encode()) // len(old.encode()))))


def _wordwrap(value: Extent, arguments: Arguments) -> Extent:
    mark = arguments.get(2, "wrapstring") or "\n"
    if not isinstance(mark, str):
        return (value + arguments.extent).times(None)
    return value.times(1 + len(mark.encode()))


def _truncate(value: Extent, arguments: Arguments) -> Extent:
    return value + arguments.extent + Extent(3)


def _tojson(value: Extent, arguments: Arguments) -> Extent:
    # A control character of one byte is written in six.
    return value.times(None if arguments.given else 6) + Extent(2)


def _number(value: Extent, _: Arguments) -> Extent:
    return value.as_number() + Extent(25)


def _sum(_: Extent, __: Arguments) -> Extent:
    return Extent(NUMBER_BYTES)


def _pairs(value: Extent, _: Arguments) -> Extent:
    # Each element gets brackets of its own, and in a group its key once more.
    return value.times(10) + Extent(4)


_GROWTH: dict[str, Growth] = {
    "indent": _indent,
    "center": _center,
    "join": _join,
    "replace": _replace,
    "tojson": _tojson,
    **dict.fromkeys(("dictsort", "items", "groupby"), _pairs),
    "truncate": _truncate,
    "wordwrap": _wordwrap,
    **dict.fromkeys(("int", "float", "round"), _number),
    **dict.fromkeys((*_COUNT, "sum"), _sum),
    "filesizeformat": _number,
}

_METHOD_TYPES: dict[str, Type] = {
    **dict.fromkeys(("count", "find", "index", "rfind", "rindex"), Int(-1, 10**9)),
    **dict.fromkeys(("endswith", "startswith"), Bool()),
    **dict.fromkeys(("split", "rsplit", "splitlines"), List(Text())),
}


def record_method_result(name: str, value: Extent, arguments: Arguments) -> Extent:
    """Return the bound of what a method of a record gives."""
    if name == "get":
        return value + arguments.extent
    # Pairs are lists of two, which takes a few bytes more for each than a record does.
    return value.times(3) + Extent(4)


def method_result(name: str, value: Extent, arguments: Arguments) -> tuple[Type, Extent]:
    """Return what a call of a text's method gives."""
    if name in _METHOD_TYPES or name.startswith("is"):
        type_ = _METHOD_TYPES.get(name, Bool())
        return type_, settled(type_, value.times(10) + Extent(4))
    if name in {"strip", "lstrip", "rstrip", "removeprefix", "removesuffix"}:
        return Text(), value
    if name in {"upper", "lower", "title", "capitalize", "casefold", "swapcase"}:
        return Text(), value.times(3)
    if name in {"center", "replace"}:
        return Text(), growth(name, value, arguments)
    return Unknown(), (value + arguments.extent).times(None)


ATTRIBUTE_ARGUMENTS: dict[str, tuple[int | str, ...]] = {
    "map": ("attribute",),
    "selectattr": (0,),
    "rejectattr": (0,),
    "groupby": (0, "attribute"),
    "sum": (0, "attribute"),
    "join": (1, "attribute"),
    "sort": (2, "attribute"),
    "unique": (1, "attribute"),
    "min": (1, "attribute"),
    "max": (1, "attribute"),
}
"""Where filters take the path of a field: by the place of an argument, or by its name."""
