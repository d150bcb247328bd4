"""One act: its inputs made into a message, its actions performed, another narrative run."""

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
from botticelli.compiler.semantics.typed import MisfitError, conform, read_answer
from botticelli.runtime.address import Address
from botticelli.runtime.effects import CommandResult, Failure, RunCommand
from botticelli.runtime.events import ActFailed, ActFinished, ActSkipped, ActStarted, Warned
from botticelli.runtime.flow.asking import ask
from botticelli.runtime.flow.carousel import Tally
from botticelli.runtime.flow.consuming import acknowledge
from botticelli.runtime.flow.conversation import Contribution, contribute, contribute_medium, cut
from botticelli.runtime.flow.media import medium_summary, read_media
from botticelli.runtime.flow.schedule import Walk
from botticelli.runtime.flow.scope import ActFailedError, Frame, Scope
from botticelli.runtime.flow.tables import read_table, rows_summary
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
        yield from acknowledge(frame, frame.holdings.of_act(frame.address), act.name)
    except TemplateError as error:
        message = f"a template cannot be rendered: {scope.explained(error)}"
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
    contributions: dict[int, Contribution] = {}
    outputs: dict[int, Any] = {}
    for index in _reading_order(act.inputs):
        source = act.inputs[index]
        address = frame.address.into(f"input-{index + 1}")
        outputs[index], contributions[index] = yield from _read(frame, scope, act, source, address)
    written = [contributions[index] for index in range(len(act.inputs))]
    if act.asks_model:
        yield from ask(frame, scope, act, written)
    else:
        scope.conversation.add_result(written[-1])
        scope.finish(act.name, _typed(frame, act, outputs[len(outputs) - 1]))


def _reading_order(inputs: tuple[Input, ...]) -> list[int]:
    """Tables come first, as all texts of their act may name their rows."""
    return sorted(range(len(inputs)), key=lambda index: not isinstance(inputs[index], TableInput))


def _read(
    frame: Frame, scope: Scope, act: Act, source: Input, address: Address
) -> Walk[tuple[Any, Contribution]]:
    """Return the value of an input and what it gives to the message."""
    match source:
        case TextInput(template=template):
            text = render(template, scope.names(frame))
            kept = yield from _cut(act, source, address, text)
            return text, contribute(source, kept)
        case CommandInput():
            value, text = yield from _command(frame, scope, act, source, address)
            return value, contribute(source, text)
        case NarrativeInput(narrative=name):
            value = yield from call_narrative(frame, scope, name, frame.variables, address)
            kept = yield from _cut(act, source, address, printed(value))
            return value, contribute(source, kept)
        case TableInput(table=table):
            rows = yield from read_table(frame, scope, act, source, address)
            name = render(table, scope.names(frame))
            return rows, contribute(source, rows.text, rows_summary(name, len(rows)))
        case MediaInput():
            part = yield from read_media(frame, scope, act, source, address)
            return None, contribute_medium(source, part, medium_summary(part))


def _call(frame: Frame, scope: Scope, act: Act, narrative: str) -> Walk[None]:
    """Run another narrative as an act: its last answer is the output and joins the conversation."""
    names = scope.names(frame)
    given = {key: evaluate(value, names) for key, value in act.arguments.items()}
    variables = {**frame.variables, **given}
    output = yield from call_narrative(frame, scope, narrative, variables, frame.address)
    source = NarrativeInput(narrative=narrative, place=act.place, max_bytes=act.max_bytes)
    text = yield from _cut(act, source, frame.address, printed(output))
    scope.conversation.add_result(contribute(source, text))
    scope.finish(act.name, _typed(frame, act, output))


def _typed(frame: Frame, act: Act, value: Any) -> Any:
    """Return what an act without a model gives, in the form of its `output` if it has one."""
    if act.output is None:
        return value
    try:
        if isinstance(value, str):
            return read_answer(act.output, value)
        return conform(act.output, value)
    except MisfitError as error:
        message = f"its result does not fit its output: {error.summary}"
        raise ActFailedError(frame.address, act.name, message) from error


def call_narrative(
    frame: Frame, scope: Scope, name: str, variables: Mapping[str, Any], address: Address
) -> Walk[Any]:
    """Run a narrative within another's frame, under the rules and caps of both. Of the caller's
    scope it shares the state."""
    from botticelli.runtime.flow.narrative import enter, run_narrative

    inner = enter(frame, name, variables, address.into(f"call-{name}"))
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
            text = yield from _cut(act, source, address, as_json(value))
            return value, text
        case Failure(message=message):
            if source.required:
                raise ActFailedError(frame.address, act.name, message)
            scope.errors |= {message}
            text = yield from _cut(act, source, address, message)
            return message, text
    raise AssertionError(result)


def _cut(act: Act, source: Input, address: Address, text: str) -> Walk[str]:
    """Cut an input's text at its `max_bytes`, and say so."""
    kept = cut(text, source.max_bytes)
    if len(kept) < len(text):
        said = f"an input of {act.name} was cut after {len(kept):,} of {len(text):,} characters"
        yield Warned(address=str(address), message=said)
    return kept
