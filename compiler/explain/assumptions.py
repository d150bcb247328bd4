"""What the numbers of an explanation take for granted, as far as it concerns the narrative."""

from collections.abc import Iterator

from botticelli.compiler.budget.inputs import KEPT_BYTES
from botticelli.compiler.budget.models import EXPECTED_OUTPUT, Model, Models
from botticelli.compiler.budget.result import Budget
from botticelli.compiler.budget.sizes import BYTES_PER_TOKEN_AT_LEAST
from botticelli.compiler.explain.course import Begin
from botticelli.compiler.explain.order import steps_in
from botticelli.compiler.explain.wording import listed
from botticelli.compiler.ir import program as ir
from botticelli.compiler.semantics.media_tokens import LEAST_BYTES_OF_PAGE, LEAST_BYTES_OF_SECOND


def assumptions(budget: Budget, models: Models, begin: Begin | None) -> Iterator[str]:
    """Yield the assumptions as sentences."""
    program = budget.program
    asked = list(dict.fromkeys(ask.model for ask in budget.acts))
    if not asked:
        return
    yield from _limits(asked, models)
    if begin is None:
        yield "A day begins unused: what earlier runs have used of it is not counted."
    else:
        yield "It begins now, and what the ledger of this machine says is used already counts."
    yield (
        "Answers come at once: times are those that limits and `every` make, and an act's time is "
        "what its requests wait for limits."
    )
    counted = [model for model in asked if model.counting is not None and model.counting.counts]
    if counted:
        names = listed(each.name for each in counted)
        yield f"What known texts are expected to take was counted by the provider for {names}."
    yield (
        f"At least, known text counts one token for {BYTES_PER_TOKEN_AT_LEAST} bytes; at most, "
        "one for each byte."
    )
    yield from _estimates(budget)
    yield from _answers(program)
    yield from _ways(program)
    yield from _inputs(program)
    if any(not model.facts.known for model in asked):
        unknown = listed(model.name for model in asked if not model.facts.known)
        yield f"Nothing is known of {unknown} but what holds for every model of the tier."


def _limits(asked: list[Model], models: Models) -> Iterator[str]:
    said: dict[str, None] = {}
    for model in asked:
        tier = f", tier {model.tier}" if model.tier else ""
        as_of = models.providers.as_of(model.provider)
        when = f" as of {as_of}" if as_of else ""
        said[f"Limits and prices are those of {model.provider}{tier}{when}."] = None
    yield from said


def _estimates(budget: Budget) -> Iterator[str]:
    for use in budget.carousels:
        estimate = use.carousel.estimated_tokens
        if estimate is not None:
            yield (
                f"The schedule takes the author's estimate of {estimate:,} tokens an iteration for "
                "what is expected."
            )


def _answers(program: ir.Program) -> Iterator[str]:
    acts = [
        act
        for narrative in program.narratives.values()
        for act in narrative.acts.values()
        if act.asks_model
    ]
    if any(act.settings.max_tokens is not None for act in acts):
        yield "An answer is expected to have half of `max_tokens`."
    if any(act.settings.max_tokens is None for act in acts):
        yield (
            f"An answer without `max_tokens` is expected to have {EXPECTED_OUTPUT:,} tokens, and "
            "at most what the model can give."
        )
    attempts = max((act.retry.attempts for act in acts), default=1)
    if attempts > 1:
        yield (
            f"At most, every request fails until its last attempt ({attempts}), and each attempt "
            "counts in full."
        )
    if any(act.output is not None for act in acts):
        yield (
            "A typed answer is expected to fit the first time, and at most asked for again as "
            "often as `retry` allows."
        )


def _ways(program: ir.Program) -> Iterator[str]:
    steps = [step for each in program.narratives.values() for step in steps_in(each.order)]
    conditional = any(
        act.when is not None for each in program.narratives.values() for act in each.acts.values()
    )
    if conditional or any(isinstance(step, ir.Branch) for step in steps):
        yield "A branch is expected to be taken half of the time."
    if any(isinstance(step, ir.Repeat) and step.until is not None for step in steps):
        yield "`until` is expected to hold after half of the passes."


def _inputs(program: ir.Program) -> Iterator[str]:
    inputs = [
        each
        for narrative in program.narratives.values()
        for act in narrative.acts.values()
        for each in act.inputs
    ]
    if any(isinstance(each, ir.TableInput) for each in inputs):
        yield "A query is expected to give as many rows as its limit, their texts half full."
    if any(isinstance(each, ir.MediaInput) for each in inputs):
        sound, film = LEAST_BYTES_OF_SECOND["audio"], LEAST_BYTES_OF_SECOND["video"]
        yield (
            "What a medium takes follows from its provider's rules and its size: a second of sound "
            f"has at least {sound:,} bytes, one of film {film:,}, a page {LEAST_BYTES_OF_PAGE:,}."
        )
    if any(each.retention == "full" for each in inputs if not isinstance(each, ir.TextInput)):
        yield f"What has more than {KEPT_BYTES:,} bytes is summarised in the history."


def unpriced(budget: Budget) -> bool:
    """Tell whether the price of a model is not known."""
    return any(not ask.use.priced for ask in budget.acts)
