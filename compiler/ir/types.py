"""Types of values: what an act's answer must be, and what a name in an expression is."""

from msgspec import Struct


class TypeNode(Struct, frozen=True, tag_field="type"):
    """What all types share; a type's kind stands in the field `type` of the encoded form."""


class Text(TypeNode, frozen=True, tag="text"):
    """Text of `minimum` to `maximum` code points, either end open when null."""

    minimum: int | None = None
    maximum: int | None = None


class Int(TypeNode, frozen=True, tag="int"):
    minimum: int | None = None
    maximum: int | None = None


class Float(TypeNode, frozen=True, tag="float"):
    pass


class Bool(TypeNode, frozen=True, tag="bool"):
    pass


class Timestamp(TypeNode, frozen=True, tag="timestamp"):
    pass


class Date(TypeNode, frozen=True, tag="date"):
    pass


class Interval(TypeNode, frozen=True, tag="interval"):
    pass


class Json(TypeNode, frozen=True, tag="json"):
    """Anything that JSON can hold."""


class Null(TypeNode, frozen=True, tag="null"):
    pass


class Enum(TypeNode, frozen=True, tag="enum"):
    values: tuple[str, ...]


class List(TypeNode, frozen=True, tag="list"):
    item: "Type"


class Field(Struct, frozen=True):
    """A field of a record; `optional` may be absent or null."""

    name: str
    type: "Type"
    optional: bool = False


class Record(TypeNode, frozen=True, tag="record"):
    """Named fields. `name` is the schema's, or null for one written in place."""

    fields: tuple[Field, ...]
    name: str | None = None


class Optional(TypeNode, frozen=True, tag="optional"):
    """`T?`: may be null."""

    of: "Type"


class Unknown(TypeNode, frozen=True, tag="unknown"):
    """Nothing is known; it fits everything."""


Type = (
    Text
    | Int
    | Float
    | Bool
    | Timestamp
    | Date
    | Interval
    | Json
    | Null
    | Enum
    | List
    | Record
    | Optional
    | Unknown
)
