"""Media inputs: what is read, and what stays of it in the history."""

from base64 import b64decode
from pathlib import PurePosixPath

from botticelli.compiler.ir.program import Act, MediaInput
from botticelli.compiler.semantics.media import mime_of, sniffed
from botticelli.runtime.address import Address
from botticelli.runtime.drivers.protocol import MediaPart
from botticelli.runtime.effects import Failure, MediaFound, ReadMedia
from botticelli.runtime.flow.schedule import Walk
from botticelli.runtime.flow.scope import ActFailedError, Frame, Scope
from botticelli.runtime.flow.values import render


def read_media(
    frame: Frame, scope: Scope, act: Act, source: MediaInput, address: Address
) -> Walk[MediaPart]:
    """Return a medium as part of a message. Raises ActFailedError, TemplateError."""
    if source.base64 is not None:
        return _written(frame, act, source, source.base64)
    names = scope.names(frame)
    result = yield ReadMedia(
        address=address,
        act=act.name,
        iteration=frame.iteration,
        kind=source.kind,
        file=render(source.file, names) if source.file is not None else None,
        folder=str(PurePosixPath(source.place.path).parent),
        url=render(source.url, names).strip() if source.url is not None else None,
        mime=source.mime,
        filename=source.filename,
        model=act.settings.model or frame.default_model,
        security=frame.security,
    )
    if isinstance(result, Failure):
        raise ActFailedError(frame.address, act.name, result.message)
    assert isinstance(result, MediaFound)
    return result.part


def medium_summary(part: MediaPart) -> str:
    """What stays of a medium in the history when it is summarised."""
    return f"[{part.kind.capitalize()}: {part.mime}]"


def _written(frame: Frame, act: Act, source: MediaInput, text: str) -> MediaPart:
    """Return a medium that the source itself holds."""
    head, comma, content = text.partition(";base64,")
    if not comma:
        head, content = "", text
    try:
        data = b64decode("".join(content.split()), validate=True)
    except ValueError:
        data = b""
    if not data:
        raise ActFailedError(frame.address, act.name, f"its {source.kind} is no base64")
    mime = source.mime or head.removeprefix("data:") or mime_of(source.filename or "")
    mime = mime or sniffed(data)
    if mime is None:
        message = f"nothing tells the type of its {source.kind}; add `mime`"
        raise ActFailedError(frame.address, act.name, message)
    return MediaPart(kind=source.kind, mime=mime, data=data, filename=source.filename)
