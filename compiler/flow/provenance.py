"""Where text comes from: the ways by which what nobody vouches for reaches a place.

The graph's nodes are what text flows through: outputs and requests of acts, states of the
conversation, results of narratives, variables. Sources are rows, answers of platforms, media by
address and webhooks; `state` is none, since it holds ids alone. Each node is worked out once for a
whole workspace.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from msgspec.structs import replace

from botticelli.compiler.diagnostics import Anchor
from botticelli.compiler.flow.aliases import aliases_of
from botticelli.compiler.flow.called import Deed, Deeds, by_denial, by_values
from botticelli.compiler.flow.commands import Performed, performed_by, specify
from botticelli.compiler.flow.confirmations import Caller, Confirmations
from botticelli.compiler.flow.outputs import asks_model, command_of, output_type
from botticelli.compiler.flow.reviewed import implies_approved
from botticelli.compiler.flow.runs import Run, carries_text, texts_in
from botticelli.compiler.flow.security import rules_of
from botticelli.compiler.flow.ways import Key, Place, Sight, Step, Way, Ways
from botticelli.compiler.languages import ast
from botticelli.compiler.languages.filters import parse_filter
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.narrative.model import (
    Command,
    Input,
    Media,
    Reference,
    TableQuery,
    TextInput,
)
from botticelli.compiler.templates.values import Use
from botticelli.compiler.workspace.composition import Call, calls_of, calls_of_act, resolve
from botticelli.compiler.workspace.workspace import NarrativeAt, Workspace


class Provenance:
    """The ways of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._runs: dict[Key, Run] = {}
        self._performed: dict[Key, tuple[Performed, ...]] = {}
        self._calls: dict[Key, tuple[tuple[Call, NarrativeAt], ...]] = {}
        self._steps: dict[Place, tuple[Step, ...]] = {}
        self._ways: dict[frozenset[Key], Ways] = {}

    def run(self, at: NarrativeAt) -> Run:
        """Return a narrative of the workspace, followed."""
        if at.key not in self._runs:
            self._runs[at.key] = Run(at, self._workspace)
        return self._runs[at.key]

    def calls(self, at: NarrativeAt) -> tuple[tuple[Call, NarrativeAt], ...]:
        """Return what the acts of a narrative's order run, as far as it can be found."""
        if at.key not in self._calls:
            assert at.unit.file is not None
            found = [
                (call, resolve(call.name, at.unit, self._workspace).found)
                for call in calls_of(at.unit.file, at.narrative)
            ]
            self._calls[at.key] = tuple((call, each) for call, each in found if each is not None)
        return self._calls[at.key]

    def performed(self, at: NarrativeAt) -> tuple[Performed, ...]:
        """Return the known commands that a narrative's own acts perform."""
        if at.key not in self._performed:
            assert at.unit.file is not None
            self._performed[at.key] = tuple(performed_by(at.narrative, at.unit.file))
        return self._performed[at.key]

    @cached_property
    def callers(self) -> Mapping[Key, list[Caller]]:
        """Who runs each narrative."""
        found: dict[Key, list[Caller]] = {}
        for at in self._workspace.narratives():
            for call, target in self.calls(at):
                found.setdefault(target.key, []).append(Caller(at, call))
        return found

    @cached_property
    def confirmations(self) -> Confirmations:
        """Which commands a person confirms."""
        return Confirmations(self._workspace, self.callers)

    @cached_property
    def deeds_by_denial(self) -> Deeds:
        return Deeds(self._deeds(), self.callers, by_denial)

    @cached_property
    def deeds_by_values(self) -> Deeds:
        return Deeds(self._deeds(), self.callers, by_values)

    def _deeds(self) -> Iterator[Deed]:
        for at in self._workspace.narratives():
            if at.key in self.callers:
                assert at.unit.file is not None
                rules = rules_of(at.narrative, at.unit.file)
                yield from (Deed(at.key, each, rules) for each in self.performed(at))

    def way(self, steps: Iterable[Step], without: frozenset[Key] = frozenset()) -> Way | None:
        """Return the shortest way by any of the steps, not through calls of certain callers."""
        if without not in self._ways:
            self._ways[without] = Ways(self.steps_of, without)
        return self._ways[without].shortest(tuple(steps))

    def steps_of(self, place: Place) -> tuple[Step, ...]:
        """Return the steps that lead to a node."""
        if place not in self._steps:
            kind, key, which = place
            found = getattr(self, f"_to_{kind}")(self._runs[key], which)
            self._steps[place] = tuple(found)
        return self._steps[place]

    # Names

    def of_use(self, use: Use, run: Run, place: int) -> Iterator[Step]:
        """Yield the steps by which the text of a name comes to where it is used."""
        point = run.flow.acts[place].point
        key = run.at.key
        name, path = use.name, use.path
        item = self._aliased(name, run, place)
        is_act = name in run.around.acts
        ran = point.runs.get(name) is not None or point.ran_in_earlier_pass(name) is not None
        if is_act and ran:
            yield Step(("output", key, name))
        elif item is not None:
            yield from self._of_rows(item, run)
        elif is_act:
            return  # it has not run: what it may give some day does not come here
        elif name == "previous":
            yield Step(("previous", key, point.previous))
        elif name == "vars" and path:
            yield Step(("variable", key, str(path[0])))
        elif name == "trigger":
            yield from self._of_trigger(run)

    def _aliased(self, name: str, run: Run, place: int) -> Input | None:
        """Return the table input that a name means: of the act itself, else the latest."""
        point = run.flow.acts[place]
        reader = point.point.readers.get(name)
        acts = [point.act] if reader is None else [point.act, run.around.acts[reader]]
        for act in acts:
            for item in reversed(act.inputs):
                alone = replace(act, inputs=(item,))
                if any(alias.name == name for alias in aliases_of(alone, run.unit.file)):
                    return item
        return None

    def _of_trigger(self, run: Run) -> Iterator[Step]:
        assert run.unit.file is not None
        for trigger in run.unit.file.triggers:
            if trigger.webhook is not None:
                said = "what is sent to this webhook is untrusted"
                yield Step(None, (Sight(said, trigger.webhook),))

    # Sources

    def _of_rows(self, item: Input, run: Run) -> Iterator[Step]:
        file = run.unit.file
        assert file is not None
        query: TableQuery | None = None
        clauses: ast.TableReference | None = None
        table = ""
        if isinstance(item, TableQuery):
            query = item
        elif isinstance(item, Reference):
            clauses, table = item.clauses, item.name
            resource = file.tables.get(item.name) if item.kind == "tables" else None
            if resource is not None and isinstance(resource.input, TableQuery):
                query = resource.input
        if query is not None and query.table_name is not None:
            table = query.table_name.value
        if not (_is_reviewed(query, clauses) or self._is_textless(table, query, clauses)):
            yield Step(None, (Sight(f"rows of `{table}` are untrusted", _anchor(item)),))

    def _is_textless(
        self, table: str, query: TableQuery | None, clauses: ast.TableReference | None
    ) -> bool:
        columns = self._workspace.tables.known(table).columns
        if columns is None:
            return False
        chosen = [*columns]
        if clauses is not None and clauses.columns is not None:
            chosen = [column.name for column in clauses.columns]
        elif query is not None and query.columns is not None:
            chosen = [text.value for text in query.columns]
        return not any(carries_text(columns[name]) for name in chosen if name in columns) and all(
            name in columns for name in chosen
        )

    def _of_input(self, item: Input, run: Run, place: int) -> Iterator[Step]:
        """Return the steps by which text comes into an act through one of its inputs."""
        assert run.unit.file is not None
        command = command_of(item, run.unit.file)
        if command is not None:
            return _of_command(command, item)
        match item:
            case TextInput(prompt=Text() as text):
                return self._of_prompt(text, run, place)
            case Media():
                return _of_media(item)
            case TableQuery() | Reference(kind="tables" | "table"):
                return self._of_rows(item, run)
            case Reference(kind="media", name=name):
                resource = run.unit.file.media.get(name)
                media = resource.input if resource is not None else None
                return _of_media(media) if isinstance(media, Media) else iter(())
            case Reference(kind="narrative" | "narratives", name=name):
                return self._of_result(name, item, run)
        return iter(())

    def _of_prompt(self, text: Text, run: Run, place: int) -> Iterator[Step]:
        act = run.flow.acts[place].act.name.value
        for use, part in run.prompt(text, place):
            sight = Sight(f"it goes into the prompt of `{act}`", part)
            for step in self.of_use(use, run, place):
                yield replace(step, sights=(*step.sights, sight))

    def _of_result(self, name: str, anchor: Anchor, run: Run) -> Iterator[Step]:
        callee = resolve(name, run.unit, self._workspace).found
        if callee is not None and callee.unit.file is not None:
            self.run(callee)
            sight = Sight(f"it comes back as the result of `{callee.narrative.name}`", anchor)
            yield Step(("result", callee.key, ""), (sight,))

    # Nodes

    def _to_output(self, run: Run, name: str) -> Iterator[Step]:
        for place in run.places.get(name, ()):
            act = run.flow.acts[place].act
            if act.narrative is not None:
                yield from self._of_result(act.narrative.value, act.narrative, run)
            elif not asks_model(act):
                if act.inputs:
                    yield from self._of_input(act.inputs[-1], run, place)
            elif carries_text(output_type(act, run.unit, self._workspace)):
                sight = Sight(f"the model has seen it when it answers as `{name}`", act.name)
                yield Step(("request", run.at.key, place), (sight,))

    def _to_request(self, run: Run, place: int) -> Iterator[Step]:
        act = run.flow.acts[place].act
        for item in act.inputs:
            yield from self._of_input(item, run, place)
        assert run.unit.file is not None
        character = run.unit.file.characters.get(act.character.value) if act.character else None
        if character is not None and character.persona is not None:
            yield from self._of_prompt(character.persona, run, place)
        yield Step(("conversation", run.at.key, run.conversations.before[place]))

    def _to_conversation(self, run: Run, number: int) -> Iterator[Step]:
        state = run.conversations.states[number]
        yield from (Step(("conversation", run.at.key, earlier)) for earlier in state.earlier)
        if state.heard is None:
            return
        act = run.flow.acts[state.heard].act
        if act.narrative is not None or asks_model(act):
            yield Step(("output", run.at.key, act.name.value))
        for item in act.inputs:
            if _retention(item, run) == "full":
                yield from self._of_input(item, run, state.heard)

    def _to_result(self, run: Run, _: str) -> Iterator[Step]:
        yield Step(("previous", run.at.key, run.flow.end.previous))

    def _to_previous(self, run: Run, number: int) -> Iterator[Step]:
        latest = run.flow.latest[number]
        if latest.act is not None:
            yield Step(("output", run.at.key, latest.act.name.value))
        yield from (Step(("previous", run.at.key, other)) for other in latest.others)

    def _to_variable(self, run: Run, name: str) -> Iterator[Step]:
        for caller in self.callers.get(run.at.key, ()):
            for step in self._of_argument(name, run, self.run(caller.at), caller.call):
                yield replace(step, caller=caller.at.key)

    def _of_argument(self, name: str, callee: Run, caller: Run, call: Call) -> Iterator[Step]:
        """Yield the steps by which a call fills a variable: by `with`, else by the caller's own."""
        called = callee.at.narrative.name
        for place, point in enumerate(caller.flow.acts):
            if call not in calls_of_act(point.act):
                continue
            given = point.act.arguments if point.act.narrative is not None else None
            node = given.entries.get(name) if given is not None else None
            if node is None:
                sight = Sight(f"`{called}` gets `vars.{name}` as well", call)
                yield Step(("variable", caller.at.key, name), (sight,))
                continue
            for text in texts_in(node):
                for use, part in caller.value(text, place):
                    sight = Sight(f"it is given to `{called}` as `vars.{name}`", part)
                    for step in self.of_use(use, caller, place):
                        yield replace(step, sights=(*step.sights, sight))


def _anchor(item: Input) -> Anchor:
    return item.table_name or item.node if isinstance(item, TableQuery) else item.node


def _of_command(command: Command, item: Input) -> Iterator[Step]:
    """What a platform answers; of the database, that is counts and keys."""
    performed = specify(command)
    if performed is None or performed.platform == "database":
        return
    if carries_text(performed.known.result):
        said = f"what `{performed.full_name}` answers is untrusted"
        anchor = item.node if isinstance(item, Reference) else performed.name
        yield Step(None, (Sight(said, anchor),))


def _of_media(media: Media) -> Iterator[Step]:
    if media.url is not None:
        yield Step(None, (Sight("what this address gives is untrusted", media.url),))


def _retention(item: Input, run: Run) -> str:
    file = run.unit.file
    assert file is not None
    retention = item.retention
    if retention is None and isinstance(item, Reference):
        sections = {"bots": file.bots, "tables": file.tables, "media": file.media}
        resource = sections.get(item.kind, {}).get(item.name)
        retention = resource.input.retention if resource is not None else None
    return retention.value if retention is not None else "full"


def _is_reviewed(query: TableQuery | None, clauses: ast.TableReference | None) -> bool:
    filters = [clauses.where] if clauses is not None and clauses.where is not None else []
    if query is not None and query.where is not None:
        parsed = parse_filter(query.where.value)
        if parsed.tree is not None and not parsed.faults:
            filters.append(parsed.tree)
    return any(map(implies_approved, filters))
