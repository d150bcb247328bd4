"""What the commands of each platform take, give and change, as data that imports no client.

`registry` finds commands, `model` says what one is, `values` compares values with argument types,
`kinds` adds the types that only arguments have. The data itself stands in `discord/`, `database`
and `http`, loaded when a narrative first names a command of the region.
"""

from botticelli.compiler.semantics.commands.model import Argument, Command, Request
from botticelli.compiler.semantics.commands.registry import (
    aliases,
    canonical,
    find,
    find_step,
    nearest,
    operations,
    platforms,
    registry,
)

__all__ = [
    "Argument",
    "Command",
    "Request",
    "aliases",
    "canonical",
    "find",
    "find_step",
    "nearest",
    "operations",
    "platforms",
    "registry",
]
