"""What a model was asked and answered, in the form that the conventions give to messages."""

import json
from typing import Any

from botticelli.runtime.drivers.protocol import MediaPart, ModelAnswer, ModelRequest, Part
from botticelli.runtime.telemetry.conventions import (
    INPUT_MESSAGES,
    OUTPUT_MESSAGES,
    SYSTEM_INSTRUCTIONS,
)


def messages_of(request: ModelRequest, answer: ModelAnswer) -> dict[str, str]:
    """Return the attributes that hold what was said, as JSON. Media are named, not shown."""
    said = [
        {"role": message.role, "parts": [_part(part) for part in message.parts]}
        for message in request.messages
    ]
    answered = {
        "role": "assistant",
        "parts": [{"type": "text", "content": answer.text}],
        "finish_reason": answer.finish,
    }
    found: dict[str, Any] = {INPUT_MESSAGES: said, OUTPUT_MESSAGES: [answered]}
    if request.system:
        found[SYSTEM_INSTRUCTIONS] = [{"type": "text", "content": request.system}]
    return {name: json.dumps(value, ensure_ascii=False) for name, value in found.items()}


def _part(part: Part) -> dict[str, Any]:
    if isinstance(part, MediaPart):
        return {"type": "blob", "modality": part.kind, "mime_type": part.mime}
    return {"type": "text", "content": part.text}
