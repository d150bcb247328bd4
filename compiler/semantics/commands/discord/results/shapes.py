"""Short names in which the records of the API's answers are written down."""

from botticelli.compiler.ir.types import (
    Bool,
    Field,
    Float,
    Int,
    Json,
    Optional,
    Record,
    Text,
    Timestamp,
    Type,
)
from botticelli.compiler.semantics.commands.kinds import Id

ID = Id()
TEXT = Text()
INT = Int()
FLOAT = Float()
BOOL = Bool()
TIMESTAMP = Timestamp()
JSON = Json()


def record(**fields: Type) -> Record:
    """Return a record; a field of an optional type may be absent or null."""
    return Record(
        tuple(
            Field(name, type_.of, optional=True)
            if isinstance(type_, Optional)
            else Field(name, type_)
            for name, type_ in fields.items()
        )
    )


def without(whole: Record, *names: str) -> Record:
    """Return a record without these fields."""
    return Record(tuple(field for field in whole.fields if field.name not in names))
