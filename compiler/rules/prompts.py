"""BOT605: secrets of the environment on their way into what a model is sent."""

import re
from collections.abc import Iterator

from botticelli.compiler.diagnostics import Label
from botticelli.compiler.flow.provenance import Provenance
from botticelli.compiler.flow.runs import Run, texts_in, uses_in
from botticelli.compiler.flow.ways import Key, Sight
from botticelli.compiler.ir.types import Text as TextType
from botticelli.compiler.narrative.located import Part, Text
from botticelli.compiler.narrative.model import Act
from botticelli.compiler.rules.resources import acts_of_file
from botticelli.compiler.rules.subject import Subject
from botticelli.compiler.rules.templates import prompts_of
from botticelli.compiler.semantics.secrets import SECRET_WORDS, names_secret
from botticelli.compiler.semantics.templates import has_tags
from botticelli.compiler.templates.checking import check_prompt, check_value
from botticelli.compiler.templates.scope import Members, Names
from botticelli.compiler.workspace.composition import calls_of_act, resolve
from botticelli.compiler.workspace.workspace import NarrativeAt
from botticelli.grammar import catalogue

_ENVIRONMENT = Names({"env": Members(open_type=TextType())})
_SECRET_WORD = re.compile("|".join(SECRET_WORDS), re.IGNORECASE)


def check_prompts(subject: Subject) -> None:
    """Report each place that names a secret which then stands in a prompt, here or in a narrative
    that is called."""
    unit = subject.unit
    if not unit.prompts and not _may_name_secret(unit.document.source.text):
        return
    for act in acts_of_file(subject.file):
        for text in prompts_of(act, subject.file):
            if has_tags(text.value):
                for name, part in _secrets_in(text, older_forms=False):
                    _report(name, part, (), subject)
        if act.narrative is not None and act.arguments is not None:
            _check_given(act, subject)


def _may_name_secret(text: str) -> bool:
    return "env" in text and _SECRET_WORD.search(text) is not None


def _secrets_in(text: Text, *, older_forms: bool) -> Iterator[tuple[str, Part]]:
    """Yield the secrets that a template takes from the environment, each with its expression."""
    check = check_value if older_forms else check_prompt
    for use, part in uses_in(text, check(text.value, _ENVIRONMENT)):
        name = str(use.path[0]) if use.name == "env" and use.path else ""
        if names_secret(name):
            yield name, part


def _check_given(act: Act, subject: Subject) -> None:
    assert act.arguments is not None
    assert act.narrative is not None
    for variable, node in act.arguments:
        for text in texts_in(node):
            for name, part in _secrets_in(text, older_forms=True):
                callee = resolve(act.narrative.value, subject.unit, subject.workspace).found
                if callee is not None:
                    way = _into_prompt(callee, variable, subject.workspace.provenance, subject)
                    if way is not None:
                        _report(name, part, way, subject)


def _into_prompt(
    callee: NarrativeAt, variable: str, provenance: Provenance, subject: Subject
) -> tuple[Sight, ...] | None:
    """Return the shortest way on which a variable of a narrative comes into a prompt."""
    start = provenance.run(callee)
    seen: set[tuple[Key, str]] = {(callee.key, variable)}
    waiting: list[tuple[Run, str, tuple[Sight, ...]]] = [(start, variable, ())]
    for run, name, way in waiting:
        for place, point in enumerate(run.flow.acts):
            part = _first_use(point.act, name, run, place)
            if part is not None:
                said = f"here it goes into the prompt of `{point.act.name.value}`"
                return (*way, Sight(said, part))
        for place, point in enumerate(run.flow.acts):
            for target, further, sight in _handed_on(point.act, name, run, place, subject):
                if (target.key, further) not in seen:
                    seen.add((target.key, further))
                    waiting.append((provenance.run(target), further, (*way, sight)))
    return None


def _first_use(act: Act, variable: str, run: Run, place: int) -> Part | None:
    assert run.unit.file is not None
    for text in prompts_of(act, run.unit.file):
        for use, part in run.prompt(text, place):
            if use.name == "vars" and use.path[:1] == (variable,):
                return part
    return None


def _handed_on(
    act: Act, variable: str, run: Run, place: int, subject: Subject
) -> Iterator[tuple[NarrativeAt, str, Sight]]:
    """Yield the variables of further narratives that get the value of one, by `with` or because
    a callee has its caller's."""
    for call in calls_of_act(act):
        target = resolve(call.name, run.unit, subject.workspace).found
        if target is None:
            continue
        given = act.arguments if act.narrative is not None else None
        if given is None or variable not in given.entries:
            said = f"`{target.narrative.name}` gets `vars.{variable}` as well"
            yield target, variable, Sight(said, call)
        for name, node in given or ():
            for text in texts_in(node):
                for use, part in run.value(text, place):
                    if use.name == "vars" and use.path[:1] == (variable,):
                        said = f"given to `{target.narrative.name}` as `vars.{name}`"
                        yield target, name, Sight(said, part)


def _report(name: str, part: Part, way: tuple[Sight, ...], subject: Subject) -> None:
    subject.reporter.report(
        catalogue.SECRET_IN_PROMPT,
        part.location,
        f"the secret `{name}` is sent to a model",
        note="a secret, by its name",
        labels=[Label(sight.message, sight.anchor.location) for sight in way],
        help="providers keep what they are sent, and a model may repeat it; "
        "a secret may stand in the `args` of a command",
        about=name,
    )
