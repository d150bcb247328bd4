"""A table of a database as both sides know it: as it was read, and as a lock file says it."""

from collections.abc import Mapping

from msgspec import Struct

from botticelli.compiler.ir.types import Type


class DatabaseTable(Struct, frozen=True, kw_only=True):
    """The columns of one table or view, in the database's order.

    ``defaults`` are the columns that the database fills when a new row does not say them.
    """

    columns: Mapping[str, Type]
    primary_key: tuple[str, ...] = ()
    defaults: tuple[str, ...] = ()

    @property
    def keyed(self) -> bool:
        """Whether the table has a primary key."""
        return bool(self.primary_key)
