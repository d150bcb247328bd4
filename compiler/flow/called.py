"""The commands that narratives perform by calling others, those that are alike taken together.

What a caller denies or constrains holds for all that it leads to. Were each caller to go through
all of that, a chain of narratives would take quadratic time. So the commands of a workspace are
sorted by all that a rule can ask of them; each set of rules judges each sort once, and only for
those that it objects to are the calls followed upwards.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct, json

from botticelli.compiler.flow.commands import Performed
from botticelli.compiler.flow.confirmations import Callers
from botticelli.compiler.flow.security import Rules
from botticelli.compiler.flow.ways import Key
from botticelli.compiler.ir import program as ir
from botticelli.compiler.syntax.nodes import Array, Node, Scalar, Table

J = TypeVar("J")


class Deed(Struct, frozen=True):
    """A command that a narrative performs, and the rules that hold where it stands."""

    at: Key
    performed: Performed
    rules: Rules


class Deeds:
    """The commands of all narratives that are called.

    ``sort`` gives what can make a difference between two of them.
    """

    def __init__(
        self,
        deeds: Iterator[Deed],
        callers: Callers,
        sort: Callable[[Deed], Hashable],
    ) -> None:
        self._callers = callers
        self._alike: dict[Hashable, list[Deed]] = {}
        for deed in deeds:
            self._alike.setdefault(sort(deed), []).append(deed)
        self._leading: dict[Hashable, Mapping[Key, Deed]] = {}
        self._objections: dict[bytes, Sequence[Hashable]] = {}

    def objectionable(
        self, rules: Rules, objects: Callable[[Deed], bool]
    ) -> Iterator[Mapping[Key, Deed]]:
        """Yield for each sort of command to which rules object who leads to one of it, and to which
        one that is nearest."""
        known = json.encode(rules.lowered)
        if known not in self._objections:
            self._objections[known] = [
                sort for sort, deeds in self._alike.items() if objects(deeds[0])
            ]
        for sort in self._objections[known]:
            if sort not in self._leading:
                self._leading[sort] = self._leading_to(self._alike[sort])
            yield self._leading[sort]

    def _leading_to(self, deeds: Sequence[Deed]) -> Mapping[Key, Deed]:
        found: dict[Key, Deed] = {}
        for deed in deeds:
            found.setdefault(deed.at, deed)
        waiting = [*found]
        for key in waiting:
            for caller in self._callers.get(key, ()):
                if caller.at.key not in found:
                    found[caller.at.key] = found[key]
                    waiting.append(caller.at.key)
        return found


def by_denial(deed: Deed) -> Hashable:
    """What denials can ask of a command: its name, and whether it is denied where it stands."""
    return (deed.performed.full_name, deed.rules.lowered.denied_commands)


def by_values(deed: Deed) -> Hashable:
    """What constraints and rules on content can ask of a command: its values as well, and what is
    said of them where it stands."""
    arguments = deed.performed.command.arguments
    values = tuple((name, _value(node)) for name, node in arguments.items())
    security = deed.rules.lowered if deed.rules.restrict else ir.Security()
    return (by_denial(deed), values, json.encode(security))


def _value(node: Node) -> Hashable:
    match node:
        case Table():
            return tuple((name, _value(each)) for name, each in node)
        case Array(items=items):
            return ("list", *map(_value, items))
        case Scalar(value=value):
            return (type(value), value)
    return None
