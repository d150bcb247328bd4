"""Which commands a file holds, which of them a narrative performs, and what they are."""

from collections.abc import Iterator
from functools import cache

from msgspec import Struct

from botticelli.compiler.flow.outputs import command_of
from botticelli.compiler.flow.steps import act_names
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.narrative.model import Act, Command, Narrative, NarrativeFile
from botticelli.compiler.semantics.commands import find, platforms
from botticelli.compiler.semantics.commands.kinds import Filter, Order
from botticelli.compiler.semantics.commands.model import Command as Specification
from botticelli.compiler.syntax.nodes import Scalar


class Performed(Struct, frozen=True, kw_only=True):
    """A command and what its platform says of it. ``act`` is None for one that no act performs."""

    command: Command
    known: Specification
    platform: str
    name: Text
    act: Act | None = None

    @property
    def full_name(self) -> str:
        return f"{self.platform}.{self.known.name}"


def is_platform(name: str) -> bool:
    """Tell whether a platform is built in, or installed by someone else."""
    return name in platforms() or name in installed_platforms()


@cache
def installed_platforms() -> frozenset[str]:
    from importlib.metadata import entry_points

    return frozenset(entry.name for entry in entry_points(group="botticelli.platforms"))


def commands_of_file(file: NarrativeFile) -> Iterator[Command]:
    """Yield every command that a file writes down, once."""
    for resource in file.bots.values():
        if isinstance(resource.input, Command):
            yield resource.input
    acts = [*file.acts.values()]
    for narrative in file.narratives:
        acts.extend(narrative.acts.values())
    for act in acts:
        yield from (item for item in act.inputs if isinstance(item, Command))


def performed_by(narrative: Narrative, file: NarrativeFile) -> Iterator[Performed]:
    """Yield the known commands of the acts that a narrative's order names, each act once."""
    if narrative.order is None:
        return
    acts = file.acts_of(narrative)
    for name in dict.fromkeys(name.value for name in act_names(narrative.order.body)):
        if name in acts:
            yield from performed_in(acts[name], file)


def performed_in(act: Act, file: NarrativeFile) -> Iterator[Performed]:
    """Yield the known commands of one act."""
    for item in act.inputs:
        command = command_of(item, file)
        found = specify(command, act) if command is not None else None
        if found is not None:
            yield found


def clauses_of(command: Command, kind: type[Filter] | type[Order]) -> dict[str, Text]:
    """Return the arguments of a command that are filters, or orders, by their names in the file."""
    performed = specify(command)
    if performed is None:
        return {}
    arguments = {name: performed.known.argument(name) for name in command.arguments}
    return {
        name: Text(node.value, node)
        for name, node in command.arguments.items()
        if (argument := arguments[name]) is not None
        and isinstance(argument.type, kind)
        and isinstance(node, Scalar)
        and isinstance(node.value, str)
        and node.value.strip()
    }


def specify(command: Command, act: Act | None = None) -> Performed | None:
    """Find what is known of a command; None when it is misspelt or of an unknown platform."""
    if command.platform is None or command.command is None:
        return None
    known = find(command.platform.value, command.command.value)
    if known is None:
        return None
    return Performed(
        command=command,
        known=known,
        platform=command.platform.value,
        name=command.command,
        act=act,
    )
