"""BOT505, BOT506, BOT508: what is known of the models that acts ask, and how much they answer."""

from collections.abc import Iterator

from msgspec import Struct

from botticelli.compiler.budget.models import EXPECTED_OUTPUT, Model, Models
from botticelli.compiler.diagnostics import Edit, Fix, Label, Location
from botticelli.compiler.flow.outputs import asks_model
from botticelli.compiler.flow.steps import act_names
from botticelli.compiler.narrative.located import Located, Text
from botticelli.compiler.narrative.model import Act, Conduct, Narrative
from botticelli.compiler.nearest import nearest
from botticelli.compiler.rules.inserting import new_entry
from botticelli.compiler.rules.subject import Subject
from botticelli.grammar import catalogue

_DESCRIBE = "describe it under `[providers.NAME.models]` in botticelli.toml"


class _Asked(Struct, frozen=True):
    """An act that asks a model, with what the narrative gives it."""

    act: Act
    model: Text | None
    max_tokens: Located[int] | None
    limited: bool
    found: Model


def check_models(subject: Subject) -> None:
    """BOT505, BOT506 and BOT508."""
    known = Models(subject.workspace.configuration)
    for narrative in subject.file.narratives:
        for asked in _asked(narrative, subject, known):
            if not asked.found.facts.known:
                _report_unknown(asked, narrative, subject, known)
            _check_output(asked, narrative, subject)


def _asked(narrative: Narrative, subject: Subject, known: Models) -> Iterator[_Asked]:
    if narrative.order is None:
        return
    defaults = subject.workspace.configuration.defaults.settings
    acts = subject.file.acts_of(narrative)
    for name in dict.fromkeys(name.value for name in act_names(narrative.order.body)):
        act = acts.get(name)
        if act is None or not act.inputs or not asks_model(act):
            continue
        said = [each.settings for each in conducts(act, narrative, subject)]
        models = [each.model for each in said if each.model]
        limits = [each.max_tokens for each in said if each.max_tokens]
        model = models[0] if models else None
        yield _Asked(
            act,
            model,
            limits[0] if limits else None,
            bool(limits) or defaults.max_tokens is not None,
            known.find(model.value if model else defaults.model),
        )


def conducts(act: Act, narrative: Narrative, subject: Subject) -> list[Conduct]:
    """Return what holds for an act, what wins first: its own, its character's, the narrative's."""
    character = subject.file.characters.get(act.character.value) if act.character else None
    return [act.conduct, character.conduct if character else Conduct(), narrative.conduct]


def _report_unknown(asked: _Asked, narrative: Narrative, subject: Subject, known: Models) -> None:
    """BOT505."""
    name = asked.found.name
    guess = nearest(name, known.names())
    location = asked.model.location if asked.model else narrative.anchor.location
    fix = None
    if guess is not None and asked.model is not None:
        start = asked.model.value.find(name)
        place = asked.model.part(start, start + len(name))
        fix = Fix(safe=False, edits=(Edit(place, guess),))
    subject.reporter.report(
        catalogue.UNKNOWN_MODEL,
        location,
        f"nothing is known of the limits and prices of `{name}`",
        note="no provider's data names it" if asked.model else "it asks the default model",
        help=f"did you mean `{guess}`?"
        if guess
        else "describe it under `[providers.NAME.models]` in botticelli.toml",
        fix=fix,
    )


def _check_output(asked: _Asked, narrative: Narrative, subject: Subject) -> None:
    """BOT506 and BOT508."""
    most = asked.found.facts.max_output
    if asked.max_tokens is not None and most is not None and asked.max_tokens.value > most:
        subject.reporter.report(
            catalogue.OUTPUT_OVER_MODEL,
            asked.max_tokens.location,
            f"`{asked.found.name}` gives at most {most:,} tokens in one answer",
            note=f"{asked.max_tokens.value:,} are asked for",
            labels=_model_label(asked),
            fix=Fix(safe=False, edits=(Edit(asked.max_tokens.location, str(most)),)),
        )
    elif not asked.limited:
        bound = f"up to {most:,} tokens" if most is not None else "any number of tokens"
        subject.reporter.report(
            catalogue.UNBOUNDED_OUTPUT,
            asked.act.name.location,
            f"`{asked.act.name.value}` has no `max_tokens`: its answer may take {bound}",
            note="without `max_tokens`",
            help="set it here, in `[narrative]`, or under `[defaults]` in botticelli.toml",
            fix=_limit_answers(narrative, most),
        )


def _limit_answers(narrative: Narrative, most: int | None) -> Fix | None:
    """Give the narrative's answers the length that is expected of them."""
    header = narrative.header
    if header.parent is None:
        return None
    edit = new_entry(header, "max_tokens", str(min(EXPECTED_OUTPUT, most or EXPECTED_OUTPUT)))
    return None if edit is None else Fix(safe=False, edits=(edit,))


def _model_label(asked: _Asked) -> tuple[Label, ...]:
    if asked.model is None:
        return ()
    where: Location = asked.model.location
    return (Label("the model is chosen here", where),)
