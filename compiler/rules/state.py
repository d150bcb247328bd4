"""Rule on `state`: BOT309, a key that no command of the workspace writes and nothing declares."""

from collections.abc import Iterator

from botticelli.compiler.flow.scope import PlaceScope
from botticelli.compiler.ir.types import Record
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.narrative.model import Command
from botticelli.compiler.nearest import nearest
from botticelli.compiler.rules.resources import acts_of_file
from botticelli.compiler.rules.subject import Subject
from botticelli.compiler.rules.templates import analyses, surroundings
from botticelli.compiler.semantics.commands import find
from botticelli.compiler.semantics.state import is_id, keys_of
from botticelli.compiler.templates.values import Use
from botticelli.compiler.workspace.workspace import Unit
from botticelli.grammar import catalogue


def check_state(subject: Subject) -> None:
    """Report each use of a state key that cannot have a value."""
    used = list(_uses(subject))
    if not used:
        return
    known = set(subject.workspace.configuration.state)
    for unit in subject.workspace.units:
        for command in commands_of(unit):
            known |= set(written_keys(command))
    for text, use in used:
        keys = [".".join(map(str, use.path[:length])) for length in range(1, len(use.path) + 1)]
        if known.isdisjoint(keys):
            _report(keys[-1], text, use, known, subject)


def _uses(subject: Subject) -> Iterator[tuple[Text, Use]]:
    if not subject.unit.prompts and "state" not in subject.unit.document.source.text:
        return
    for narrative in subject.file.narratives:
        around, flow = surroundings(narrative, subject)
        for at in flow.acts:
            scope = PlaceScope(around, at.point, at.act)
            for text, analysis in analyses(at.act, subject.file, scope):
                for use in analysis.state:
                    if not use.guarded:
                        yield text, use


def commands_of(unit: Unit) -> Iterator[Command]:
    """Yield every command of a file, by name and in place."""
    if unit.file is None:
        return
    for resource in unit.file.bots.values():
        if isinstance(resource.input, Command):
            yield resource.input
    for act in acts_of_file(unit.file):
        yield from (item for item in act.inputs if isinstance(item, Command))


def written_keys(command: Command) -> Iterator[str]:
    """Yield the state keys that a command's result leaves: ids, in full and by the bare field."""
    if command.platform is None or command.command is None:
        return
    platform, name = command.platform.value, command.command.value
    found = find(platform, name)
    if found is None or not isinstance(found.result, Record):
        return
    for field in found.result.fields:
        if is_id(field.name):
            yield from keys_of(platform, name, field.name)


def _report(key: str, text: Text, use: Use, known: set[str], subject: Subject) -> None:
    guess = nearest(key, known)
    subject.reporter.report(
        catalogue.UNKNOWN_STATE,
        text.part(use.start, use.end),
        f"no command of the workspace writes the state key `{key}`",
        note=f"did you mean `{guess}`?" if guess else "never written",
        help="declare it under `[state]` in botticelli.toml if it is set by other means",
    )
