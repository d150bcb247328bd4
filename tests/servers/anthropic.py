"""A local Anthropic: checks the structure of what it is sent, and answers what it is told to.

It knows what the two versions of the API take, so that a request which the real one refuses is
refused here as well.
"""

import base64
import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from servers.listening import Reply, listening

KEY = "sk-ant-api03-TestKeyThatMustNeverShow_0123456789"
VERSIONS = ("2023-06-01", "2026-10-21")

_FIELDS: dict[str, Any] = {
    "model": str,
    "max_tokens": int,
    "messages": list,
    "system": str,
    "temperature": (int, float),
    "top_p": (int, float),
    "stop_sequences": list,
    "thinking": dict,
    "output_config": dict,
    "tools": list,
    "tool_choice": dict,
    "stream": bool,
}
_UNCOUNTED = {"max_tokens", "temperature", "top_p", "stop_sequences", "stream"}
_SCHEMA_WORDS = {
    *("type", "properties", "required", "additionalProperties", "items", "enum", "const", "anyOf"),
    *("$defs", "$ref", "description", "title", "format"),
}


def message(text: str, reason: str = "end_turn", **more: Any) -> dict[str, Any]:
    content = [{"type": "text", "text": text, "citations": None}] if text else []
    usage = {"input_tokens": 11, "output_tokens": 7, **more.pop("usage", {})}
    return {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-6-20260217",
        "content": content,
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": usage,
        **more,
    }


def says(text: str, reason: str = "end_turn", **more: Any) -> Reply:
    return Reply(message(text, reason, **more))


def streams(*texts: str, reason: str = "end_turn", broken: bool = False) -> Reply:
    """An answer in pieces; a `broken` one never comes to its end."""
    start = {**message("", reason), "stop_reason": None, "usage": {"input_tokens": 11}}
    start["usage"]["output_tokens"] = 1
    block = {"type": "text", "text": "", "citations": None}
    events: list[tuple[str, Any]] = [
        ("message_start", {"message": start}),
        ("content_block_start", {"index": 0, "content_block": block}),
        ("ping", {}),
    ]
    for text in texts:
        delta = {"type": "text_delta", "text": text}
        events.append(("content_block_delta", {"index": 0, "delta": delta}))
    if not broken:
        end = {"stop_reason": reason, "stop_sequence": None}
        events += [
            ("content_block_stop", {"index": 0}),
            ("message_delta", {"delta": end, "usage": {"output_tokens": 7}}),
            ("message_stop", {}),
        ]
    return Reply(events=[(name, {"type": name, **data}) for name, data in events])


def refuses(status: int, word: str, said: str, **more: Any) -> Reply:
    error = {"type": "error", "error": {"type": word, "message": said}, "request_id": "req_1"}
    return Reply(error, status, **more)


class Received:
    """One request as it came."""

    def __init__(self, path: str, version: str, body: dict[str, Any]) -> None:
        self.path = path
        self.version = version
        self.body = body
        self.time = time.monotonic()


class AnthropicServer:
    """The server's script and its notes. The last reply of the script is given for ever."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.replies: list[Reply] = [says("Good morning.")]
        self.received: list[Received] = []
        self.counted: Reply | Callable[[bytes], Reply] = Reply({"input_tokens": 42})
        self.complaints: list[str] = []
        self._lock = threading.Lock()

    def answer(self, *replies: Reply) -> None:
        self.replies = list(replies)

    def take(self, path: str, headers: Any, data: bytes) -> Reply:
        with self._lock:
            body = json.loads(data)
            complaint = self._examine(path, headers, body)
            if complaint is not None:
                self.complaints.append(complaint)
                return refuses(400, "invalid_request_error", complaint)
            if path.endswith("/count_tokens"):
                return self.counted(data) if callable(self.counted) else self.counted
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def _examine(self, path: str, headers: Any, body: dict[str, Any]) -> str | None:
        if path not in ("/v1/messages", "/v1/messages/count_tokens"):
            return f"no such method: {path}"
        if KEY not in (headers.get("x-api-key"), headers.get("authorization", "")[7:]):
            return "invalid x-api-key"
        version = headers.get("anthropic-version")
        if version not in VERSIONS:
            return f"no such version: {version}"
        self.received.append(Received(path, version, body))
        counts = path.endswith("/count_tokens")
        for name, value in body.items():
            if name not in _FIELDS or (counts and name in _UNCOUNTED):
                return f"{name}: Extra inputs are not permitted"
            if not isinstance(value, _FIELDS[name]):
                return f"{name}: wrong type"
            if name in ("temperature", "top_p") and version != "2023-06-01":
                return f"{name}: Extra inputs are not permitted"
        missing = {"model", "messages", *(() if counts else ("max_tokens",))} - set(body)
        if missing:
            return f"{missing}: Field required"
        return _fault_of_messages(body["messages"]) or _fault_of_settings(body)


def _fault_of_messages(messages: list[Any]) -> str | None:
    roles = [each["role"] for each in messages]
    if roles != ["user", "assistant"] * (len(roles) // 2) + ["user"]:
        return f"roles do not alternate: {roles}"
    for each in messages:
        content = each["content"]
        if set(each) != {"role", "content"} or not content:
            return "messages: wrong form"
        for block in [] if isinstance(content, str) else content:
            fault = _fault_of_block(block, each["role"])
            if fault:
                return fault
    return None


def _fault_of_block(block: dict[str, Any], role: str) -> str | None:
    match block:
        case {"type": "text", "text": str(text), **rest}:
            return "text: blank or too much" if rest or not text.strip() else None
        case {"type": "image" | "document" as kind, "source": dict(source), **rest}:
            if role == "assistant" or set(rest) - ({"title"} if kind == "document" else set()):
                return f"{kind}: not here, or too much"
            return _fault_of_source(kind, source)
    return f"no such block: {block}"


def _fault_of_source(kind: str, source: dict[str, Any]) -> str | None:
    images = ("image/jpeg", "image/png", "image/gif", "image/webp")
    match source:
        case {"type": "url", "url": str(), **rest} if not rest:
            return None
        case {"type": "base64", "media_type": mime, "data": str(data), **rest} if not rest:
            base64.b64decode(data, validate=True)
            known = images if kind == "image" else ("application/pdf",)
            return None if mime in known else f"media_type: {mime}"
        case {"type": "text", "media_type": "text/plain", "data": str(), **rest} if not rest:
            return None if kind == "document" else "source: wrong form"
    return f"source: wrong form {source}"


def _fault_of_settings(body: dict[str, Any]) -> str | None:
    match body.get("thinking", {"type": "disabled"}):
        case {"type": "enabled", "budget_tokens": int(budget)}:
            if not 1024 <= budget < body.get("max_tokens", budget + 1):
                return "thinking.budget_tokens: out of range"
        case {"type": "disabled" | "adaptive" | "between_tools"}:
            pass
        case other:
            return f"thinking: {other}"
    config = body.get("output_config", {})
    if set(config) - {"format", "effort"} or config.get("effort", "low") not in (
        *("low", "medium", "high", "xhigh", "max"),
    ):
        return "output_config: wrong form"
    form = config.get("format")
    if form is not None and (set(form) != {"type", "schema"} or form["type"] != "json_schema"):
        return "output_config.format: wrong form"
    fault = _fault_of_schema(form["schema"]) if form is not None else None
    if fault is None and form is not None and form["schema"].get("type") != "object":
        fault = "output_config.format.schema: must be an object"
    return fault


def _fault_of_schema(schema: dict[str, Any]) -> str | None:
    unknown = set(schema) - _SCHEMA_WORDS
    if unknown:
        return f"output_config.format.schema: {unknown} are not supported"
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        return "output_config.format.schema: `additionalProperties` must be false"
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", ())]
    inner += [*schema.get("$defs", {}).values(), *([schema["items"]] if "items" in schema else ())]
    return next(filter(None, map(_fault_of_schema, inner)), None)


@contextlib.contextmanager
def serving() -> Iterator[AnthropicServer]:
    """Run a server on a free port of this machine."""
    anthropic = AnthropicServer("")
    with listening(anthropic.take) as address:
        anthropic.address = address
        yield anthropic
