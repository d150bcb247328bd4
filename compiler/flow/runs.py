"""One narrative, followed, with what its templates take from where they stand."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

from botticelli.compiler.flow.conversation import Conversations
from botticelli.compiler.flow.scope import PlaceScope, surround
from botticelli.compiler.ir import types as ir
from botticelli.compiler.narrative.located import Part, Text
from botticelli.compiler.semantics.commands.kinds import Id
from botticelli.compiler.semantics.templates import has_tags
from botticelli.compiler.syntax.nodes import Array, Node, Scalar, Table
from botticelli.compiler.templates.checking import check_prompt, check_value
from botticelli.compiler.templates.scope import Scope
from botticelli.compiler.templates.values import Analysis, Use
from botticelli.compiler.workspace.workspace import NarrativeAt, Unit, Workspace


class Run:
    """One narrative, followed: its acts where the order names them, and their scopes."""

    def __init__(self, at: NarrativeAt, workspace: Workspace) -> None:
        self.at = at
        self.around, self.flow = surround(at, workspace)
        self._scopes: dict[int, PlaceScope] = {}
        self._found: dict[tuple[int, int], list[tuple[Use, Part]]] = {}

    @property
    def unit(self) -> Unit:
        return self.at.unit

    @cached_property
    def conversations(self) -> Conversations:
        return Conversations(self.at.narrative.order, self.flow)

    @cached_property
    def places(self) -> Mapping[str, list[int]]:
        """At which places each act runs."""
        found: dict[str, list[int]] = {}
        for place, point in enumerate(self.flow.acts):
            found.setdefault(point.act.name.value, []).append(place)
        return found

    def scope(self, place: int) -> PlaceScope:
        if place not in self._scopes:
            point = self.flow.acts[place]
            self._scopes[place] = PlaceScope(self.around, point.point, point.act)
        return self._scopes[place]

    def prompt(self, text: Text, place: int) -> list[tuple[Use, Part]]:
        """Return the uses of names whose text goes into a prompt."""
        if not has_tags(text.value):
            return []
        return self._uses(text, place, check_prompt)

    def value(self, text: Text, place: int) -> list[tuple[Use, Part]]:
        """Return the uses of names whose text goes into a value where older forms count."""
        if not has_tags(text.value) and "$" not in text.value:
            return []
        return self._uses(text, place, check_value)

    def _uses(
        self, text: Text, place: int, check: Callable[[str, Scope], Analysis]
    ) -> list[tuple[Use, Part]]:
        known = (id(text.node), place)
        if known not in self._found:
            self._found[known] = uses_in(text, check(text.value, self.scope(place)))
        return self._found[known]


def uses_in(text: Text, analysis: Analysis) -> list[tuple[Use, Part]]:
    """Return the uses of names whose text flows into the result, each with its expression."""
    return [
        (use, _expression(text, use))
        for number, use in enumerate(analysis.uses)
        if analysis.flows_from(number) and carries_text(use.type)
    ]


def _expression(text: Text, use: Use) -> Part:
    """Return where a use is written; of an older form, `${…}`, the brace that closes it as well."""
    older = text.value.startswith("${", use.start) and text.value.startswith("}", use.end)
    return Part(text, use.start, use.end + older)


def texts_in(root: Node) -> Iterator[Text]:
    """Yield every string within a value, in the order written."""
    waiting = [root]
    while waiting:
        match waiting.pop():
            case Table(entries=entries):
                waiting.extend(reversed(list(entries.values())))
            case Array(items=items):
                waiting.extend(reversed(items))
            case Scalar(value=str(value)) as node:
                yield Text(value, node)


def carries_text(type_: ir.Type) -> bool:
    """Tell whether a value of a type can hold words that somebody else wrote."""
    match type_:
        case Id() | ir.Int() | ir.Float() | ir.Bool() | ir.Enum() | ir.Null():
            return False
        case ir.Timestamp() | ir.Date() | ir.Interval():
            return False
        case ir.Optional(of=inner) | ir.List(item=inner):
            return carries_text(inner)
        case ir.Record(fields=fields):
            return any(carries_text(field.type) for field in fields)
        case _:
            return True
