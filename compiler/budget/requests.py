"""One act that asks a model: what its requests use, however often they fail and are asked again."""

import msgspec
from msgspec import Struct

from botticelli.compiler.budget.contents import null_bytes, printed_bytes
from botticelli.compiler.budget.intervals import ZERO, Interval, Use, added
from botticelli.compiler.budget.models import EXPECTED_OUTPUT, Model
from botticelli.compiler.budget.sizes import BYTES_PER_TOKEN_AT_MOST, Value, again
from botticelli.compiler.budget.spent import cost_of
from botticelli.compiler.ir.program import Act
from botticelli.compiler.ir.types import Text, Type
from botticelli.compiler.semantics.typed import is_plain_text, json_schema

_OBJECTION = "This answer cannot be used:\n- \nGive the whole answer again, corrected."
_MAX_FAULTS = 5
_FAULT_BYTES = 1_000
"""Bytes of one fault that is told to the model, besides what it repeats of the form."""


class Asking(Struct, frozen=True):
    """The use of all requests of an act, the input of any one of them, the most of one answer, and
    what the answer is."""

    use: Use
    request: Interval
    output: int | None
    answer: Value


def asking(act: Act, request: Interval, model: Model) -> Asking:
    """Return what an act uses whose first request has so many tokens."""
    output = act.settings.max_tokens or model.facts.max_output
    typed = act.output is not None and not is_plain_text(act.output)
    repeats = act.retry.invalid_output if typed else 0
    attempts = act.retry.attempts
    most = largest = request.ceiling
    if repeats:
        # Each time it is asked again, the last answer alone and what is wrong with it are added.
        largest = added(largest, added(again(output), _objection(act, model)))
        most = added(most, None if largest is None else repeats * largest)
    times = attempts * (repeats + 1)
    given = Interval(1, expected_output(act, model), None if output is None else output * times)
    taken = Interval(request.floor, request.expected, None if most is None else most * attempts)
    cost = cost_of(model, taken, given)
    use = Use(
        requests=Interval(1, 1, times),
        input=taken,
        output=given,
        tokens=taken + given,
        cost=cost or ZERO,
        priced=cost is not None,
    )
    any_one = Interval(request.floor, request.expected, largest)
    return Asking(use, any_one, output, answer_value(act.output, output, model))


def _objection(act: Act, model: Model) -> int:
    """Tokens of what a model is told of an answer that does not fit, at most, with its framing."""
    assert act.output is not None
    form = msgspec.json.encode(json_schema(act.output))
    # A fault names fields and describes their types: no more than the form does, in other words.
    fault = _FAULT_BYTES + 3 * len(form)
    told = len(_OBJECTION) + _MAX_FAULTS * fault * model.family.growth
    return told + 2 * model.facts.tokens_per_message


def expected_output(act: Act, model: Model) -> float:
    """Half of `max_tokens`; without one 1,024 tokens, or what the model gives if that is less."""
    if act.settings.max_tokens is not None:
        return max(1.0, act.settings.max_tokens / 2)
    return min(EXPECTED_OUTPUT, model.facts.max_output or EXPECTED_OUTPUT)


def answer_value(kind: Type | None, output: int | None, model: Model) -> Value:
    """What an answer is in later prompts.

    As text it takes its own tokens and a tenth. A typed answer is printed anew: with a space after
    each sign that separates, and a null for each field that was left out.
    """
    family = model.family
    why = f"nothing bounds an answer of `{model.name}`; give the act `max_tokens`"
    tokens = again(output)
    most = None if output is None else output * BYTES_PER_TOKEN_AT_MOST
    expected = min(EXPECTED_OUTPUT, output or EXPECTED_OUTPUT) / 2
    if kind is not None and not isinstance(kind, Text):
        nulls = null_bytes(kind)
        tokens = None if tokens is None else 5 * tokens + 4 * (output or 0) * nulls
        most = None if most is None else most * (2 + nulls)
    if kind is not None:
        bound = printed_bytes(kind)
        tokens = _least(tokens, None if bound is None else bound * family.growth)
        most = _least(most, bound)
    return Value(
        expected=expected,
        ceiling=tokens,
        most=most,
        json=most,
        why=why if tokens is None else "",
    )


def _least(*bounds: int | None) -> int | None:
    return min((each for each in bounds if each is not None), default=None)
