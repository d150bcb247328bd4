"""One act: its inputs made into a message, the model asked or the actions performed."""

from collections.abc import Mapping
from typing import Any

from botticelli.compiler.ir.program import (
    Act,
    CommandInput,
    Input,
    MediaInput,
    NarrativeInput,
    TableInput,
    TextInput,
)
from botticelli.compiler.semantics.templates import TemplateError, as_json, printed
from botticelli.runtime.address import Address
from botticelli.runtime.drivers.protocol import BLOCKED, LENGTH, ModelAnswer, ModelRequest
from botticelli.runtime.effects import AskModel, CommandResult, Exhaustion, Failure, RunCommand
from botticelli.runtime.events import ActFailed, ActFinished, ActSkipped, ActStarted, Warned
from botticelli.runtime.flow.carousel import Tally
from botticelli.runtime.flow.conversation import Contribution, contribute, cut
from botticelli.runtime.flow.schedule import Walk
from botticelli.runtime.flow.scope import ActFailedError, ExhaustedError, Frame, Scope
from botticelli.runtime.flow.values import evaluate, render


def run_act(frame: Frame, scope: Scope, act: Act) -> Walk[None]:
    """Run an act once, unless its `when` does not hold. Raises ActFailedError, ExhaustedError."""
    where = str(frame.address)
    if act.when is not None and not scope.holds(frame, act.when, act.name):
        yield ActSkipped(address=where, act=act.name)
        return
    yield ActStarted(address=where, act=act.name)
    try:
        yield from _run(frame, scope, act)
    except TemplateError as error:
        message = f"a template cannot be rendered: {error}"
        yield ActFailed(address=where, act=act.name, message=message)
        raise ActFailedError(frame.address, act.name, message) from error
    except ActFailedError as error:
        yield ActFailed(address=where, act=act.name, message=error.message)
        raise
    yield ActFinished(address=where, act=act.name)


def _run(frame: Frame, scope: Scope, act: Act) -> Walk[None]:
    if act.narrative is not None:
        yield from _call(frame, scope, act, act.narrative)
        return
    contributions: list[Contribution] = []
    output: Any = None
    for index, source in enumerate(act.inputs):
        address = frame.address.into(f"input-{index + 1}")
        output, text = yield from _read(frame, scope, act, source, address)
        contributions.append(contribute(source, text))
    if act.asks_model:
        yield from _ask(frame, scope, act, contributions)
    else:
        scope.conversation.add_result(contributions[-1])
        scope.finish(act.name, output)


def _read(
    frame: Frame, scope: Scope, act: Act, source: Input, address: Address
) -> Walk[tuple[Any, str]]:
    """Return the value of an input and its text."""
    match source:
        case TextInput(template=template):
            text = render(template, scope.names(frame))
            return text, text
        case CommandInput():
            return (yield from _command(frame, scope, act, source, address))
        case NarrativeInput(narrative=name):
            value = yield from call_narrative(frame, scope, name, frame.variables, address)
            return value, printed(value)
        case MediaInput() | TableInput():
            raise AssertionError(f"{type(source).__name__} passed the refusals")


def _call(frame: Frame, scope: Scope, act: Act, narrative: str) -> Walk[None]:
    """Run another narrative as an act: its last answer is the output and joins the conversation."""
    names = scope.names(frame)
    given = {key: evaluate(value, names) for key, value in act.arguments.items()}
    variables = {**frame.variables, **given}
    output = yield from call_narrative(frame, scope, narrative, variables, frame.address)
    source = NarrativeInput(narrative=narrative, place=act.place)
    scope.conversation.add_result(contribute(source, printed(output)))
    scope.finish(act.name, output)


def call_narrative(
    frame: Frame, scope: Scope, name: str, variables: Mapping[str, Any], address: Address
) -> Walk[Any]:
    """Run a narrative within another's frame, under the rules and caps of both. Of the caller's
    scope it shares the state."""
    from botticelli.runtime.flow.narrative import enter, run_narrative

    inner = enter(frame, frame.program.narratives[name], variables, address.into(f"call-{name}"))
    return (yield from run_narrative(inner, Tally(), scope.state))


def _command(
    frame: Frame, scope: Scope, act: Act, source: CommandInput, address: Address
) -> Walk[tuple[Any, str]]:
    names = scope.names(frame)
    result = yield RunCommand(
        address=address,
        act=act.name,
        iteration=frame.iteration,
        platform=source.platform,
        command=source.command,
        arguments={key: evaluate(value, names) for key, value in source.arguments.items()},
        security=frame.security,
        retry=act.retry,
        timeout=act.timeout,
        cache_seconds=source.cache_seconds,
    )
    match result:
        case CommandResult(value=value):
            scope.state.remember(source.platform, source.command, value)
            return value, cut(as_json(value), source.max_bytes)
        case Failure(message=message):
            if source.required:
                raise ActFailedError(frame.address, act.name, message)
            return message, cut(message, source.max_bytes)
    raise AssertionError(result)


def _ask(frame: Frame, scope: Scope, act: Act, contributions: list[Contribution]) -> Walk[None]:
    system = render(act.system, scope.names(frame)) if act.system is not None else None
    message = scope.conversation.message(contributions)
    if not message.parts:
        raise ActFailedError(frame.address, act.name, "its prompt is blank once it is rendered")
    result = yield AskModel(
        address=frame.address.into("ask"),
        act=act.name,
        iteration=frame.iteration,
        request=ModelRequest(
            model=act.settings.model or frame.default_model,
            messages=(*scope.conversation.history, message),
            system=system if system and system.strip() else None,
            settings=act.settings,
        ),
        retry=act.retry,
        timeout=act.timeout,
        budget=frame.budget,
        wait_for_day=frame.wait_for_day,
        caps=frame.caps,
    )
    match result:
        case ModelAnswer():
            yield from _take(frame, scope, act, contributions, result)
        case Failure(message=reason):
            raise ActFailedError(frame.address, act.name, reason)
        case Exhaustion():
            raise ExhaustedError(frame.address, result)


def _take(
    frame: Frame, scope: Scope, act: Act, contributions: list[Contribution], answer: ModelAnswer
) -> Walk[None]:
    """Take an answer into the conversation; refuse a blocked or an empty one."""
    detail = f" ({answer.detail})" if answer.detail else ""
    if answer.finish == BLOCKED:
        raise ActFailedError(frame.address, act.name, f"the answer was blocked{detail}")
    if not answer.text.strip():
        why = ": max_tokens was used up before any text" if answer.finish == LENGTH else ""
        raise ActFailedError(frame.address, act.name, f"the answer is empty{detail}{why}")
    if answer.finish == LENGTH:
        where = str(frame.address.into("ask"))
        yield Warned(address=where, message=f"the answer of {act.name} was cut at its limit")
    scope.conversation.add_exchange(contributions, answer.text)
    scope.finish(act.name, answer.text)
