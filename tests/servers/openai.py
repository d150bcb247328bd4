"""A local OpenAI: holds every request against the published contract, and answers what it is told
to. Without the contract at hand it looks at the main fields only."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

from servers.contract import Contract
from servers.listening import Reply, listening

KEY = "sk-proj-TestKeyThatMustNeverShow_0123456789"
CONTRACT = Contract.read("openai-chat-completions.openapi.json")
WITHOUT_CONTRACT = "needs shared/contracts/openai-chat-completions.openapi.json beside the checkout"

PATH = "/chat/completions"


def completion(text: str | None, reason: str = "stop", **more: Any) -> dict[str, Any]:
    usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    said = {"role": "assistant", "content": text, "refusal": more.pop("refusal", None)}
    choice = {"index": 0, "message": said, "finish_reason": reason, "logprobs": None}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": "gpt-4.1-mini-2025-04-14",
        "choices": [choice],
        "usage": usage,
        **more,
    }


def says(text: str | None, reason: str = "stop", **more: Any) -> Reply:
    return Reply(completion(text, reason, **more))


def streams(*texts: str, reason: str | None = "stop") -> Reply:
    """An answer in pieces; without `reason` it never comes to its end."""
    common = {key: completion("")[key] for key in ("id", "created", "model")}
    common |= {"object": "chat.completion.chunk"}

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {**common, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    chunks: list[Any] = [chunk({"role": "assistant", "content": ""})]
    chunks += [chunk({"content": text}) for text in texts]
    if reason is not None:
        usage = completion("")["usage"]
        chunks += [chunk({}, reason), {**common, "choices": [], "usage": usage}, "[DONE]"]
    return Reply(events=[(None, each) for each in chunks])


def refuses(status: int, code: str | None, said: str, **more: Any) -> Reply:
    error = {"message": said, "type": "error", "param": None, "code": code}
    return Reply({"error": error}, status, **more)


class Received:
    """One request as it came."""

    def __init__(self, authorization: str | None, body: dict[str, Any]) -> None:
        self.authorization = authorization
        self.body = body
        self.time = time.monotonic()


class OpenAIServer:
    """The server's script and its notes. The last reply of the script is given for ever.

    `key` is what it wants; None lets everyone in, as a server of one's own does.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.key: str | None = None
        self.replies: list[Reply] = [says("Good morning.")]
        self.received: list[Received] = []
        self.complaints: list[str] = []
        self._lock = threading.Lock()

    def answer(self, *replies: Reply) -> None:
        self.replies = list(replies)

    def take(self, path: str, headers: Any, data: bytes) -> Reply:
        with self._lock:
            authorization = headers.get("authorization")
            complaint = self._examine(path, authorization, json.loads(data))
            if complaint is not None:
                self.complaints.append(complaint)
                return refuses(400, "invalid_request", complaint)
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def _examine(self, path: str, authorization: str | None, body: dict[str, Any]) -> str | None:
        if path.removeprefix("/v1") != PATH or path == PATH:
            return f"no such method: {path}"
        if self.key is not None and authorization != f"Bearer {self.key}":
            return "incorrect API key"
        self.received.append(Received(authorization, body))
        if not isinstance(body.get("model"), str) or not body.get("messages"):
            return "model and messages are required"
        form = body.get("response_format")
        if form is not None and (fault := _fault_of_format(form["json_schema"])):
            return fault
        if CONTRACT is None:
            return None
        found = CONTRACT.match("POST", PATH)
        assert found is not None
        return next(CONTRACT.faults(found[0], {}, {}, body), None)


def _fault_of_format(form: dict[str, Any]) -> str | None:
    schema = form["schema"]
    if schema.get("type") != "object":
        return f"schema must be a JSON Schema of type object, not {schema.get('type')}"
    return _fault_of_strict(schema) if form.get("strict") else None


def _fault_of_strict(schema: dict[str, Any]) -> str | None:
    """What strict mode asks for beside the contract."""
    if {"minLength", "maxLength", "oneOf", "allOf", "not"} & set(schema):
        return "keyword not permitted"
    if schema.get("type") == "object":
        properties = schema.get("properties")
        if schema.get("additionalProperties") is not False or properties is None:
            return "additionalProperties is required to be false"
        if sorted(schema.get("required", ())) != sorted(properties):
            return "required is to name every property"
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", ())]
    inner += [*schema.get("$defs", {}).values(), *([schema["items"]] if "items" in schema else ())]
    return next(filter(None, map(_fault_of_strict, inner)), None)


@contextlib.contextmanager
def serving() -> Iterator[OpenAIServer]:
    """Run a server on a free port of this machine."""
    openai = OpenAIServer("")
    with listening(openai.take) as address:
        openai.address = address
        yield openai
