"""A request in the form of OpenAI's Chat Completions."""

from base64 import b64encode
from typing import Any

from botticelli.runtime.drivers.effort import effort
from botticelli.runtime.drivers.faults import unsupported
from botticelli.runtime.drivers.protocol import MediaPart, Message, ModelRequest, Part, TextPart
from botticelli.runtime.drivers.schemas import Strict

LABEL = "OpenAI"
MEDIA = frozenset({"image", "audio", "document"})

_SOUNDS = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
}


def request_body(request: ModelRequest, schema: Strict | None, bound: str) -> dict[str, Any]:
    """Return the body; `bound` is the name under which the server takes `max_tokens`. Raises
    DriverError for media that the API does not take."""
    settings = request.settings
    system = [{"role": "system", "content": request.system}] if request.system else []
    body = {
        "model": request.model,
        "messages": [*system, *map(_message, request.messages)],
        "temperature": settings.temperature,
        "top_p": settings.top_p,
        bound: settings.max_tokens,
        "seed": settings.seed,
        "stop": list(settings.stop) or None,
        "reasoning_effort": _effort(settings.thinking),
        "response_format": None if schema is None else _format(schema),
    }
    return {name: value for name, value in body.items() if value is not None}


def _effort(thinking: int | str | None) -> str | None:
    if thinking is None:
        return None
    return effort(thinking) if isinstance(thinking, int) else "none"


def _format(schema: Strict) -> dict[str, Any]:
    form = {"name": "answer", "schema": schema.schema, "strict": schema.strict}
    return {"type": "json_schema", "json_schema": form}


def _message(message: Message) -> dict[str, Any]:
    # Some servers take parts only where there is something beside text.
    if all(isinstance(part, TextPart) for part in message.parts):
        return {"role": message.role, "content": message.text}
    return {"role": message.role, "content": [_part(part) for part in message.parts]}


def _part(part: Part) -> dict[str, Any]:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    match part.kind:
        case "image":
            return {"type": "image_url", "image_url": {"url": part.url or _data_url(part)}}
        case "audio" if part.data is not None:
            if part.mime not in _SOUNDS:
                raise unsupported(LABEL, f"audio of type {part.mime}, only WAV and MP3")
            sound = {"data": b64encode(part.data).decode(), "format": _SOUNDS[part.mime]}
            return {"type": "input_audio", "input_audio": sound}
        case "document" if part.data is not None:
            file = {"filename": part.filename or "document", "file_data": _data_url(part)}
            return {"type": "file", "file": file}
        case "audio" | "document":
            raise unsupported(LABEL, f"{part.kind} by URL")
        case kind:
            raise unsupported(LABEL, kind)


def _data_url(part: MediaPart) -> str:
    return f"data:{part.mime};base64,{b64encode(part.data or b'').decode()}"
