"""Which narratives are worth bounding: most repeat nothing, show no rows, are far from any limit,
and are checked without a look at what bounds need.
"""

from botticelli.compiler.flow.steps import act_names
from botticelli.compiler.narrative import model
from botticelli.compiler.rules.subject import Subject

SMALL_FILE = 100_000
"""Characters of a file below which no single request of it can be too large for any known limit."""


def is_worth_bounding(narrative: model.Narrative, subject: Subject) -> bool:
    """Whether the bounds of a narrative can lead to any finding."""
    if narrative.order is None:
        return False
    if narrative.carousel is not None or subject.unit.prompts is not None:
        return True
    if narrative.budget != model.Budget() or narrative.limits != model.Limits():
        return True
    if (
        subject.workspace.configuration.providers
        or len(subject.unit.document.source.text) > SMALL_FILE
    ):
        return True
    if any(_repeats(step) for step in narrative.order.body.steps):
        return True
    acts = subject.file.acts_of(narrative)
    return any(
        (act := acts.get(name.value)) is not None and (act.carousel is not None or _shows_rows(act))
        for name in act_names(narrative.order.body)
    )


def _repeats(step: model.Step) -> bool:
    match step:
        case model.RepeatStep():
            return True
        case model.SequenceStep(steps=steps) | model.ParallelStep(steps=steps):
            return any(map(_repeats, steps))
        case model.BranchStep(then=then, otherwise=otherwise):
            return _repeats(then) or (otherwise is not None and _repeats(otherwise))
        case _:
            return False


def _shows_rows(act: model.Act) -> bool:
    return any(
        isinstance(item, model.TableQuery | model.Media)
        or (isinstance(item, model.Reference) and item.kind in {"tables", "table", "media"})
        for item in act.inputs
    )
