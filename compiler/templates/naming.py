"""The rules on names and fields: BOT302 to BOT306 and BOT308.

They hold for templates and for conditions alike, so they ask for a name, a field and their ranges,
and for nothing of how those were written.
"""

from typing import assert_never

from msgspec import Struct

from botticelli.compiler.diagnostics import Label
from botticelli.compiler.faults import Fault, Replacement
from botticelli.compiler.ir.types import (
    Bool,
    Date,
    Enum,
    Float,
    Int,
    Interval,
    Json,
    List,
    Null,
    Optional,
    Record,
    Text,
    Timestamp,
    Type,
    Unknown,
)
from botticelli.compiler.nearest import listing, nearest
from botticelli.compiler.semantics.reach import (
    LIST_METHODS,
    MOMENT_FIELDS,
    RECORD_METHODS,
    TEXT_METHODS,
)
from botticelli.compiler.templates.scope import (
    Absent,
    Bound,
    Maybe,
    Members,
    NoPrevious,
    NotYet,
    Scope,
)
from botticelli.grammar.catalogue import (
    FIELD_OF_TEXT,
    MAYBE_NOT_RUN,
    NO_PREVIOUS,
    NO_SUCH_FIELD,
    NOT_YET_RUN,
    UNKNOWN_NAME,
    Rule,
)

UNKNOWN = Bound()

Range = tuple[int, int]
"""Where something is written: offsets into the string's value."""


class Found(Struct, frozen=True):
    """What a name or field turned out to be, and the fault in it, if any."""

    value: Bound | Members
    fault: Fault | None = None


def look_up(
    scope: Scope,
    name: str,
    at: Range,
    *,
    guarded: bool = False,
    missing: frozenset[str] = frozenset(),
    others: tuple[str, ...] = (),
) -> Found:
    """Resolve a name that is written at a place, where names are known to be `missing`.

    A guarded name may be missing: then only what looks like a misspelling is a fault. `others` are
    names that are known besides the scope's, for proposals.
    """
    match scope.resolve(name, missing):
        case Bound() | Members() as found:
            return Found(found)
        case Maybe(bound=bound) as maybe:
            if guarded:
                return Found(bound)
            message = f"`{name}` may not have run: {maybe.reason}"
            way_out = maybe.help or f"test it with `{name} is defined`, or with `when` for this act"
            fault = _fault(MAYBE_NOT_RUN, at, message, way_out, labels=maybe.labels)
            return Found(bound, fault)
        case NotYet() as later:
            message = f"`{name}` has not run yet: {later.reason}"
            return Found(UNKNOWN, _fault(NOT_YET_RUN, at, message, later.help, labels=later.labels))
        case NoPrevious(later=later):
            if guarded and later is not None:
                return Found(later)
            message = f"`{name}` in the first act: nothing ran before it"
            if later is None:
                return Found(UNKNOWN, _fault(NO_PREVIOUS, at, message, None))
            message += " on the first pass"
            way_out = f"guard it: `{{% if {name} is defined %}}`"
            return Found(later, _fault(NO_PREVIOUS, at, message, way_out))
        case Absent() as absent:
            message = f"`{name}` means nothing here: {absent.reason}"
            return Found(UNKNOWN, _fault(UNKNOWN_NAME, at, message, absent.help))
        case None:
            return Found(UNKNOWN, _unknown(scope, name, at, guarded=guarded, others=others))
        case never:
            assert_never(never)


def _unknown(
    scope: Scope, name: str, at: Range, *, guarded: bool, others: tuple[str, ...]
) -> Fault | None:
    close = scope.nearest(name, others)
    if guarded and close is None:
        return None
    message = f"nothing is named `{name}`"
    return unknown(message, close, at)


def unknown(message: str, close: str | None, at: Range) -> Fault:
    """Return a BOT302 that proposes the nearest name, if there is one."""
    return Fault(
        rule=UNKNOWN_NAME,
        start=at[0],
        end=at[1],
        message=message,
        help=f"did you mean `{close}`?" if close else None,
        edits=(Replacement(*at, close),) if close and close.isidentifier() else (),
    )


def _fault(
    rule: Rule,
    at: Range,
    message: str,
    way_out: str | None,
    *,
    labels: tuple[Label, ...] = (),
) -> Fault:
    return Fault(rule=rule, start=at[0], end=at[1], message=message, help=way_out, labels=labels)


def member(namespace: Members, shown: str, key: str, at: Range, *, guarded: bool = False) -> Found:
    """Resolve a key of a namespace; one that a closed namespace lacks is BOT302."""
    if namespace.members is None:
        return Found(Bound(type=namespace.open_type))
    if key in namespace.members:
        return Found(namespace.members[key])
    close = nearest(key, namespace.members)
    if namespace.open and close is None:
        return Found(Bound(type=namespace.open_type))
    if guarded and close is None:
        return Found(UNKNOWN)
    message = f"nothing is named `{shown}.{key}`"
    return Found(UNKNOWN, unknown(message, close, at))


def field(
    owner: Bound,
    shown: str,
    key: str | int,
    at: Range,
    *,
    guarded: bool = False,
    methods: bool = False,
    declarable: bool = False,
) -> Found:
    """Look into a typed value. `shown` is how the value was written, for the message.

    With `methods`, which a call asks for, the methods that templates may call are known as well.
    A `declarable` value is an act's answer, which gets fields by a declared `output`.
    """
    type_ = strip(owner.type)
    if isinstance(type_, Unknown | Json):
        return Found(UNKNOWN)
    if (methods and key in methods_of(type_)) or key in _fields_of(type_):
        return Found(UNKNOWN)
    if isinstance(key, int):
        return _element(owner, shown, key, at)
    if isinstance(type_, Record):
        return _record_field(owner, shown, key, at, guarded=guarded)
    if isinstance(type_, Text | Enum):
        way_out = f"declare `output` for `{shown}` to give it fields" if declarable else None
        message = f"{_quoted(shown)} is text and has no field `{key}`"
        return Found(UNKNOWN, _fault(FIELD_OF_TEXT, at, message, way_out, labels=_labels(owner)))
    message = f"{_quoted(shown)} is {describe(type_)} and has no field `{key}`"
    way_out = None
    if isinstance(type_, List):
        way_out = f"take one element, `{shown}[0].{key}`, or all of them in a `for`"
    return Found(UNKNOWN, _fault(NO_SUCH_FIELD, at, message, way_out, labels=_labels(owner)))


def _element(owner: Bound, shown: str, key: int, at: Range) -> Found:
    type_ = strip(owner.type)
    if isinstance(type_, List):
        return Found(Bound(type=type_.item, definition=owner.definition))
    if isinstance(type_, Text | Enum):
        return Found(Bound(type=Text(maximum=1)))
    message = f"{_quoted(shown)} is {describe(type_)} and has no element {key}"
    return Found(UNKNOWN, _fault(NO_SUCH_FIELD, at, message, None, labels=_labels(owner)))


def _record_field(owner: Bound, shown: str, key: str, at: Range, *, guarded: bool) -> Found:
    record = strip(owner.type)
    assert isinstance(record, Record)
    for known in record.fields:
        if known.name == key:
            type_ = Optional(known.type) if known.optional else known.type
            return Found(Bound(type=type_, definition=owner.definition))
    names = [known.name for known in record.fields]
    close = nearest(key, names)
    if guarded and close is None:
        return Found(UNKNOWN)
    way_out = f"its fields are {listing(names)}" if names else None
    fault = Fault(
        rule=NO_SUCH_FIELD,
        start=at[0],
        end=at[1],
        message=f"{_quoted(shown)} has no field `{key}`",
        help=f"did you mean `{close}`?" if close else way_out,
        labels=_labels(owner),
        edits=(Replacement(*at, close),) if close and close.isidentifier() else (),
    )
    return Found(UNKNOWN, fault)


def _quoted(shown: str) -> str:
    return shown if shown.startswith("this ") else f"`{shown}`"


def _labels(owner: Bound) -> tuple[Label, ...]:
    if owner.definition is None:
        return ()
    fields = isinstance(strip(owner.type), Record)
    message = "its fields are declared here" if fields else "its type comes from here"
    return (Label(message, owner.definition.location),)


def strip(type_: Type) -> Type:
    """Return a type without the `?`."""
    while isinstance(type_, Optional):
        type_ = type_.of
    return type_


def methods_of(type_: Type) -> frozenset[str]:
    """Return the methods that a template may call on a value of this type."""
    match strip(type_):
        case Text() | Enum():
            return TEXT_METHODS
        case List():
            return LIST_METHODS
        case Record(fields=fields):
            return RECORD_METHODS - {known.name for known in fields}
        case Date() | Timestamp():
            return TEXT_METHODS
        case _:
            return frozenset()


def _fields_of(type_: Type) -> frozenset[str]:
    # Whether a moment comes as text or as an object is the database's choice.
    return MOMENT_FIELDS if isinstance(type_, Date | Timestamp) else frozenset()


def describe(type_: Type) -> str:
    """Name a type for a sentence, with its article."""
    match strip(type_):
        case Record(name=name):
            return f"a `{name}`" if name else "a record"
        case List():
            return "a list"
        case Int():
            return "an int"
        case Float():
            return "a float"
        case Bool():
            return "a bool"
        case Interval():
            return "an interval"
        case Null():
            return "null"
        case Date():
            return "a date"
        case Timestamp():
            return "a timestamp"
        case _:
            return "text"
