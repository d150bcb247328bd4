"""A request in the form of Google's client."""

from typing import TYPE_CHECKING

from msgspec.structs import replace

from botticelli.runtime.drivers.protocol import ASSISTANT, Message, ModelRequest, Part, TextPart

if TYPE_CHECKING:
    from google.genai import types


def contents(request: ModelRequest) -> "types.ContentListUnion":
    """Return the conversation."""
    return [_content(message) for message in request.messages]


def counted_contents(request: ModelRequest) -> "types.ContentListUnion":
    """Return what is to be counted: the API has no place for the system instruction there, which
    is counted as the beginning of the first message."""
    if not request.system:
        return contents(request)
    first, *rest = request.messages
    whole = replace(first, parts=(TextPart(request.system), *first.parts))
    return [_content(message) for message in (whole, *rest)]


def _content(message: Message) -> "types.Content":
    from google.genai import types

    role = "model" if message.role == ASSISTANT else "user"
    return types.Content(role=role, parts=[_part(part) for part in message.parts])


def _part(part: Part) -> "types.Part":
    from google.genai import types

    if isinstance(part, TextPart):
        return types.Part(text=part.text)
    if part.url is not None:
        return types.Part(file_data=types.FileData(file_uri=part.url, mime_type=part.mime))
    return types.Part(inline_data=types.Blob(data=part.data, mime_type=part.mime))


def configuration(request: ModelRequest) -> "types.GenerateContentConfig":
    from google.genai import types

    settings = request.settings
    thinking = None
    if settings.thinking is not None:
        budget = settings.thinking if isinstance(settings.thinking, int) else 0
        thinking = types.ThinkingConfig(thinking_budget=budget)
    return types.GenerateContentConfig(
        system_instruction=request.system,
        temperature=settings.temperature,
        max_output_tokens=settings.max_tokens,
        top_p=settings.top_p,
        seed=settings.seed,
        stop_sequences=list(settings.stop) or None,
        thinking_config=thinking,
        response_mime_type=None if request.output_schema is None else "application/json",
        response_json_schema=request.output_schema,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )
