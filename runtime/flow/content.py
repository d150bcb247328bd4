"""Content generation: which answers are stored, and what their acts are told of the columns.

The answer of the last act that ran and asked the model is stored when an iteration ends, that of
an act with `extract_output` as soon as it has come. A called narrative stores only where it says.
"""

from collections.abc import Iterator
from typing import Any

from botticelli.compiler.ir.program import Act, Content, Narrative
from botticelli.compiler.semantics.content import describe_columns
from botticelli.compiler.semantics.stored import described_by, is_explicit, is_stored
from botticelli.runtime.content.extraction import Extracted, extract, records_of
from botticelli.runtime.databases.records import Taken
from botticelli.runtime.effects import Failure, StoreContent, Stored
from botticelli.runtime.events import ContentStored, NothingStored, Warned
from botticelli.runtime.flow.consuming import acknowledge, note_acknowledged
from botticelli.runtime.flow.schedule import Walk
from botticelli.runtime.flow.scope import ActFailedError, Answered, Frame, Scope


def stores(frame: Frame) -> bool:
    """Whether a narrative stores answers where it stands."""
    return is_stored(frame.narrative.content, called=frame.called)


def description(frame: Frame, act: Act) -> str | None:
    """Return what completes the prompt of an act whose answer is stored by a template."""
    template = described_by(frame.narrative, act, called=frame.called)
    schema = None if template is None else frame.templates.get(template)
    return None if schema is None else describe_columns(schema)


def store_at_once(frame: Frame, answered: Answered) -> Walk[None]:
    """Store the answer of an act with `extract_output`. Raises ActFailedError."""
    if answered.act.extract_output and stores(frame):
        yield from _store(frame, answered, frame.holdings.of_act(frame.address))


def finish_iteration(frame: Frame, scope: Scope) -> Walk[None]:
    """Store the answer of the act that asked last, unless that is done, and have what was taken for
    the iteration deleted with it. Raises ActFailedError."""
    answered = scope.answered
    if answered is not None and not answered.act.extract_output and stores(frame):
        yield from _store(frame, answered, _taken(frame))
    yield from acknowledge(frame, _taken(frame))


def _taken(frame: Frame) -> tuple[Taken, ...]:
    return frame.holdings.inside(frame.address) if frame.unit == frame.address else ()


def _store(frame: Frame, answered: Answered, taken: tuple[Taken, ...]) -> Walk[None]:
    """Store an answer and, in the same transaction, delete the rows that were taken for it."""
    content = frame.narrative.content
    address = answered.address.into("store")
    where, act = str(address), answered.act.name
    extracted = _extracted(answered)
    if extracted is None or not extracted.records:
        why = "holds no JSON object" if extracted is None else "holds an empty list"
        message = f"the answer of {act} {why}: nothing is stored"
        yield NothingStored(address=where, act=act, message=message)
        return
    for fault in extracted.mended:
        yield Warned(address=where, message=f"the JSON of {act} was mended: {fault}")
    result = yield StoreContent(
        address=address,
        act=act,
        iteration=frame.iteration,
        narrative=frame.narrative.name,
        model=answered.model,
        target=content.target,
        template=content.template,
        columns=_columns(frame, content),
        records=extracted.records,
        acknowledged=taken,
        retry=answered.act.retry,
    )
    if isinstance(result, Failure):
        if is_explicit(content) or answered.act.extract_output:
            raise ActFailedError(
                answered.address, act, f"storing its answer failed: {result.message}"
            )
        yield Warned(address=where, message=f"the answer of {act} is not stored: {result.message}")
        return
    assert isinstance(result, Stored)
    for warning in result.warnings:
        yield Warned(address=where, message=warning)
    yield ContentStored(address=where, act=act, table=result.table, rows=result.rows)
    yield from note_acknowledged(frame, taken, address)


def _extracted(answered: Answered) -> Extracted | None:
    if isinstance(answered.value, str):
        return extract(answered.text)
    records = records_of(answered.value)
    return None if records is None else Extracted(records)


def _columns(frame: Frame, content: Content) -> Any:
    if content.target is not None:
        return frame.program.schemas.get(content.target)
    return None if content.template is None else frame.templates.get(content.template)


def templates_of(narrative: Narrative) -> Iterator[str]:
    """Yield the template that a narrative's answers are stored by, if any."""
    content = narrative.content
    if not content.skip and content.target is None and content.template is not None:
        yield content.template
