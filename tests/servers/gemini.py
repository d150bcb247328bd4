"""A local Gemini: checks the shape of what it is sent, and answers what it is told to.

It keeps a note of every request with its time, so that tests can see what went over the wire.
"""

import base64
import contextlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from servers.listening import Reply, listening

KEY = "AIzaTestKeyThatMustNeverShow_0123456789"

_PATH = re.compile(r"/v1beta/models/([\w.-]+):(generateContent|streamGenerateContent|countTokens)")
_CONFIG = {
    "temperature": (int, float),
    "maxOutputTokens": int,
    "topP": (int, float),
    "seed": int,
    "stopSequences": list,
    "thinkingConfig": dict,
    "responseMimeType": str,
    "responseJsonSchema": dict,
}


def says(text: str, finish: str = "STOP", **usage: int) -> Reply:
    counts = {"promptTokenCount": 11, "candidatesTokenCount": 7, **usage}
    content = {"role": "model", "parts": [{"text": text}]} if text else {"role": "model"}
    return Reply(
        {
            "candidates": [{"content": content, "finishReason": finish, "index": 0}],
            "usageMetadata": {**counts, "totalTokenCount": sum(counts.values())},
            "modelVersion": "gemini-2.5-flash",
        }
    )


def refuses(status: int, word: str, message: str, *details: Any, **more: Any) -> Reply:
    error = {"code": status, "message": message, "status": word, "details": list(details)}
    return Reply({"error": error}, status, **more)


def too_many(delay: str) -> Reply:
    return refuses(
        429,
        "RESOURCE_EXHAUSTED",
        "You exceeded your current quota.",
        {"@type": "type.googleapis.com/google.rpc.Help", "links": []},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay},
    )


def blocks(reason: str) -> Reply:
    return Reply(
        {"promptFeedback": {"blockReason": reason}, "usageMetadata": {"promptTokenCount": 11}}
    )


def streams(*texts: str, finish: str | None = "STOP", **usage: int) -> Reply:
    """An answer in pieces; without `finish` it never comes to its end."""
    counts = {"promptTokenCount": 11, "candidatesTokenCount": 7, **usage}
    pieces: list[Any] = []
    for text in texts:
        candidate: dict[str, Any] = {"content": {"role": "model", "parts": [{"text": text}]}}
        pieces.append({"candidates": [candidate], "modelVersion": "gemini-2.5-flash"})
    if finish is not None:
        pieces[-1]["candidates"][0]["finishReason"] = finish
        pieces[-1]["usageMetadata"] = {**counts, "totalTokenCount": sum(counts.values())}
    return Reply(events=[(None, piece) for piece in pieces])


class Received:
    """One request as it came."""

    def __init__(self, model: str, method: str, body: dict[str, Any]) -> None:
        self.model = model
        self.method = method
        self.streamed = method == "streamGenerateContent"
        self.body = body
        self.time = time.monotonic()

    @property
    def turns(self) -> list[tuple[str, list[str]]]:
        return [
            (content["role"], [part["text"] for part in content["parts"]])
            for content in self.body["contents"]
        ]


class GeminiServer:
    """The server's script and its notes. The last reply of the script is given for ever."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.replies: list[Reply] = [says("Good morning.")]
        self.received: list[Received] = []
        self.counted: Reply | Callable[[bytes], Reply] = Reply({"totalTokens": 42})
        self.complaints: list[str] = []
        self.files: dict[str, bytes] = {}
        self.deleted: list[str] = []
        self.state = "ACTIVE"
        self.refusing_files: Reply | None = None
        self._lock = threading.Lock()

    def answer(self, *replies: Reply) -> None:
        self.replies = list(replies)

    def take(self, path: str, headers: Any, data: bytes) -> Reply:
        with self._lock:
            if "files" in path.split("/") and self.refusing_files is not None:
                return self.refusing_files
            if "files" in path.split("/"):
                return self._take_file(path, headers, data)
            complaint = self._examine(path, headers, data)
            if complaint is not None:
                self.complaints.append(complaint)
                return refuses(400, "INVALID_ARGUMENT", complaint)
            if path.endswith(":countTokens"):
                return self.counted(data) if callable(self.counted) else self.counted
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def _take_file(self, path: str, headers: Any, data: bytes) -> Reply:
        """Take a file by the resumable protocol."""
        name = path.rpartition("/")[2]
        file = {"name": f"files/{name}", "uri": f"{self.address}/v1beta/files/{name}"}
        match headers.get("x-goog-upload-command"):
            case "start":
                if headers.get("x-goog-api-key") != KEY:
                    return refuses(403, "PERMISSION_DENIED", "API key not valid")
                number = len(self.files)
                self.files[f"f{number}"] = b""
                at = f"{self.address}/upload/v1beta/files/f{number}"
                return Reply({}, headers={"x-goog-upload-url": at})
            case "upload" | "upload, finalize" as command:
                self.files[name] += data
                status = "final" if "finalize" in command else "active"
                file |= {"state": "PROCESSING", "mimeType": "video/mp4"}
                return Reply({"file": file}, headers={"x-goog-upload-status": status})
        return refuses(404, "NOT_FOUND", path)

    def take_other(self, method: str, path: str, headers: Any) -> Reply:
        """Show a file, which is ready when it is looked at, or drop it."""
        name = path.partition("?")[0].rpartition("/")[2]
        if method == "DELETE" and self.refusing_files is not None:
            return self.refusing_files
        if method == "DELETE":
            self.deleted.append(name)
            return Reply({})
        uri = f"{self.address}/v1beta/files/{name}"
        return Reply({"name": f"files/{name}", "uri": uri, "state": self.state})

    def _examine(self, path: str, headers: Any, data: bytes) -> str | None:
        match = _PATH.fullmatch(path)
        if match is None:
            return f"no such method: {path}"
        if headers.get("x-goog-api-key") != KEY:
            return "API key not valid"
        body = camel(json.loads(data))
        self.received.append(Received(match[1], match[2], body))
        unknown = set(body) - {"contents", "systemInstruction", "generationConfig"}
        if unknown:
            return f"unknown fields {unknown}"
        for content in body["contents"]:
            if content.get("role") not in ("user", "model"):
                return f"bad role {content.get('role')}"
            if not content["parts"] or not all(map(_is_part, content["parts"])):
                return f"an empty part: {content['parts']}"
        roles = [content["role"] for content in body["contents"]]
        if roles != ["user", "model"] * (len(roles) // 2) + ["user"]:
            return f"roles do not alternate: {roles}"
        for name, value in body.get("generationConfig", {}).items():
            if name not in _CONFIG or not isinstance(value, _CONFIG[name]):
                return f"bad setting {name}"
        return None


def camel(value: Any) -> Any:
    """Spell all keys but a schema's own in one of the two ways that the API takes."""
    if isinstance(value, dict):
        spelt = {
            re.sub(r"_([a-z])", lambda match: match[1].upper(), key): each
            for key, each in value.items()
        }
        kept = "responseJsonSchema"
        return {key: each if key == kept else camel(each) for key, each in spelt.items()}
    return [camel(each) for each in value] if isinstance(value, list) else value


def _is_part(part: dict[str, Any]) -> bool:
    match part:
        case {"text": str(text)}:
            return text != ""
        case {"inlineData": {"mimeType": str(), "data": str(data)}}:
            return base64.urlsafe_b64decode(data) != b""
        case {"fileData": {"mimeType": str(), "fileUri": str()}}:
            return True
    return False


@contextlib.contextmanager
def serving() -> Iterator[GeminiServer]:
    """Run a server on a free port of this machine."""
    gemini = GeminiServer("")
    with listening(gemini.take, gemini.take_other) as address:
        gemini.address = address
        yield gemini
