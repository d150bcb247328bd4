"""Asking the model within an act, and again while its answer does not fit the act's `output`."""

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from botticelli.compiler.ir.program import Act
from botticelli.compiler.semantics.typed import (
    MisfitError,
    is_plain_text,
    json_schema,
    read_answer,
)
from botticelli.runtime.address import Address
from botticelli.runtime.drivers.protocol import (
    ASSISTANT,
    BLOCKED,
    LENGTH,
    USER,
    Message,
    ModelAnswer,
    ModelRequest,
    TextPart,
)
from botticelli.runtime.effects import AskModel, Exhaustion, Failure
from botticelli.runtime.events import AnswerRejected, Warned
from botticelli.runtime.flow.content import description, store_at_once
from botticelli.runtime.flow.conversation import Contribution
from botticelli.runtime.flow.schedule import Walk
from botticelli.runtime.flow.scope import ActFailedError, Answered, ExhaustedError, Frame, Scope
from botticelli.runtime.flow.values import render


class _Accepted(Struct, frozen=True):
    """An answer that can be used, and the value that it stands for."""

    answer: ModelAnswer
    value: Any


def ask(frame: Frame, scope: Scope, act: Act, contributions: list[Contribution]) -> Walk[None]:
    """Ask the model and take its answer into the conversation.

    What is said while an answer is asked for again stays out of it: later acts see the question and
    the answer that was accepted. Raises ActFailedError, ExhaustedError, TemplateError.
    """
    system = render(act.system, scope.names(frame)) if act.system is not None else None
    told = description(frame, act)
    told_part = [] if told is None else [Contribution(TextPart(told), None)]
    message = scope.conversation.message([*contributions, *told_part])
    if not message.parts:
        raise ActFailedError(frame.address, act.name, "its prompt is blank once it is rendered")
    typed = act.output is not None and not is_plain_text(act.output)
    request = ModelRequest(
        model=act.settings.model or frame.default_model,
        messages=(*scope.conversation.history, message),
        system=system if system and system.strip() else None,
        settings=act.settings,
        output_schema=json_schema(act.output) if typed and act.output is not None else None,
    )
    accepted = yield from (_insist if typed else _ask_once)(frame, act, request)
    scope.conversation.add_exchange(contributions, accepted.answer.text)
    scope.finish(act.name, accepted.value)
    answer = accepted.answer
    address = frame.address.into("ask")
    scope.answered = Answered(act, address, answer.model, answer.text, accepted.value)
    yield from store_at_once(frame, scope.answered)


def _ask_once(frame: Frame, act: Act, request: ModelRequest) -> Walk[_Accepted]:
    address = frame.address.into("ask")
    answer = yield from _answer(frame, act, request, address)
    if answer.finish == LENGTH:
        message = f"the answer of {act.name} was cut at its limit"
        yield Warned(address=str(address), message=message)
    return _Accepted(answer, answer.text)


def _insist(frame: Frame, act: Act, request: ModelRequest) -> Walk[_Accepted]:
    """Ask until an answer fits the act's `output`, as often as `retry` allows."""
    first = frame.address.into("ask")
    asked = request
    for number in range(1, act.retry.invalid_output + 2):
        address = first.again(number)
        answer = yield from _answer(frame, act, asked, address)
        try:
            return _Accepted(answer, _value(act, answer))
        except MisfitError as error:
            misfit = error
        again = number <= act.retry.invalid_output
        yield AnswerRejected(
            address=str(address), act=act.name, message=misfit.summary, again=again
        )
        asked = _objection(request, answer, misfit)
    times = f" (after {number} answers)" if number > 1 else ""
    message = f"its answer does not fit its output: {misfit.summary}{times}"
    raise ActFailedError(frame.address, act.name, message) from misfit


def _answer(frame: Frame, act: Act, request: ModelRequest, address: Address) -> Walk[ModelAnswer]:
    """Ask once; a blocked or an empty answer fails the act."""
    result = yield AskModel(
        address=address,
        narrative=frame.key,
        act=act.name,
        iteration=frame.iteration,
        request=request,
        retry=act.retry,
        timeout=act.timeout,
        budget=frame.budget,
        wait_for_day=frame.wait_for_day,
        caps=frame.caps,
    )
    match result:
        case Failure(message=reason):
            raise ActFailedError(frame.address, act.name, reason)
        case Exhaustion():
            raise ExhaustedError(frame.address, result)
    assert isinstance(result, ModelAnswer)
    detail = f" ({result.detail})" if result.detail else ""
    if result.finish == BLOCKED:
        raise ActFailedError(frame.address, act.name, f"the answer was blocked{detail}")
    if not result.text.strip():
        why = ": max_tokens was used up before any text" if result.finish == LENGTH else ""
        raise ActFailedError(frame.address, act.name, f"the answer is empty{detail}{why}")
    return result


def _value(act: Act, answer: ModelAnswer) -> Any:
    """Return the value of an answer. Raises MisfitError, also for one that was cut."""
    assert act.output is not None
    if answer.finish == LENGTH:
        cut = "it was cut at its limit"
        raise MisfitError((f"{cut}; a shorter one is needed",), cut)
    return read_answer(act.output, answer.text)


def _objection(request: ModelRequest, answer: ModelAnswer, misfit: MisfitError) -> ModelRequest:
    """Return the request that shows the model its answer and what is wrong with it."""
    faults = "\n".join(f"- {fault}" for fault in misfit.faults)
    objection = f"This answer cannot be used:\n{faults}\nGive the whole answer again, corrected."
    turns = (
        Message(ASSISTANT, (TextPart(answer.text),)),
        Message(USER, (TextPart(objection),)),
    )
    return replace(request, messages=(*request.messages, *turns))
