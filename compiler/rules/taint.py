"""BOT606: text that nobody vouches for, on its way into a command that writes."""

from collections.abc import Iterator

from msgspec import Struct

from botticelli.compiler.diagnostics import Label
from botticelli.compiler.flow.commands import Performed, commands_of_file, performed_in, specify
from botticelli.compiler.flow.provenance import Provenance
from botticelli.compiler.flow.runs import Run, carries_text
from botticelli.compiler.flow.ways import Key, Way
from botticelli.compiler.ir import types as ir
from botticelli.compiler.narrative.located import Part, Text
from botticelli.compiler.rules.subject import Subject
from botticelli.compiler.syntax.nodes import Array, Node, Scalar, Table
from botticelli.compiler.workspace.workspace import NarrativeAt
from botticelli.grammar import catalogue


class _Found(Struct, frozen=True):
    """Untrusted text in an argument: the expression that takes it in, and the way to there."""

    performed: Performed
    argument: str
    part: Part
    way: Way


def check_taint(subject: Subject) -> None:
    """Report each argument of a writing command that untrusted text reaches, once."""
    if not any(_writes(each) for each in map(specify, commands_of_file(subject.file))):
        return
    provenance = subject.workspace.provenance
    found: dict[int, _Found] = {}
    for narrative in subject.file.narratives:
        run = provenance.run(NarrativeAt(subject.unit, narrative))
        for place, point in enumerate(run.flow.acts):
            for performed in performed_in(point.act, subject.file):
                if not _writes(performed) or provenance.confirmations.hold(run.at.key, performed):
                    continue
                without = provenance.confirmations.callers_that_confirm(performed)
                for each in _tainted(performed, run, place, provenance, without):
                    argument = performed.command.arguments[each.argument]
                    known = found.setdefault(id(argument), each)
                    if len(each.way.sights) < len(known.way.sights):
                        found[id(argument)] = each
    for each in found.values():
        _report(each, subject)


def _writes(performed: Performed | None) -> bool:
    return performed is not None and performed.known.writes


def _tainted(
    performed: Performed, run: Run, place: int, provenance: Provenance, without: frozenset[Key]
) -> Iterator[_Found]:
    for name, node in performed.command.arguments.items():
        argument = performed.known.argument(name)
        if argument is None:
            continue
        ways = [
            _Found(performed, name, part, way)
            for text in _texts(node, argument.type)
            for use, part in run.value(text, place)
            if (way := provenance.way(provenance.of_use(use, run, place), without)) is not None
        ]
        if ways:
            yield min(ways, key=lambda each: len(each.way.sights))


def _texts(node: Node, type_: ir.Type) -> Iterator[Text]:
    """Yield the strings of an argument that are taken for text."""
    while isinstance(type_, ir.Optional):
        type_ = type_.of
    if isinstance(node, Scalar):
        if isinstance(node.value, str) and _takes_text(type_):
            yield Text(node.value, node)
    elif isinstance(node, Array):
        inner = type_.item if isinstance(type_, ir.List) else ir.Unknown()
        for item in node.items:
            yield from _texts(item, inner)
    elif isinstance(node, Table):
        fields = type_.fields if isinstance(type_, ir.Record) else ()
        types = {field.name: field.type for field in fields}
        for key, item in node:
            yield from _texts(item, types.get(key, ir.Unknown()))


def _takes_text(type_: ir.Type) -> bool:
    """Ids count: who is banned, and where a message goes, is as much a decision as its words."""
    return isinstance(type_, ir.Text) or carries_text(type_)


def _report(found: _Found, subject: Subject) -> None:
    source, *_ = found.way.sights
    subject.reporter.report(
        catalogue.UNTRUSTED_WRITE,
        found.part.location,
        f"untrusted text reaches `{found.argument}` of `{found.performed.full_name}`: "
        f"{source.message}",
        note="it leaves from here, and nobody confirms it",
        labels=[
            Label(f"{number}. {sight.message}", sight.anchor.location)
            for number, sight in enumerate(found.way.sights, 1)
        ],
        help=_help(found),
        about=found.argument,
    )


def _help(found: _Found) -> str:
    said = f'have a person confirm it: `require_confirmation = ["{found.performed.known.name}"]`'
    if found.way.sights[0].message.startswith("rows of "):
        said += ", or read only rows with `review_status = 'approved'`"
    return said
