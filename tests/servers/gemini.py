"""A local Gemini: checks the shape of what it is sent, and answers what it is told to.

It keeps a note of every request with its time, so that tests can see what went over the wire.
"""

import contextlib
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "AIzaTestKeyThatMustNeverShow_0123456789"

_PATH = re.compile(r"/v1beta/models/([\w.-]+):generateContent")
_CONFIG = {
    "temperature": (int, float),
    "maxOutputTokens": int,
    "topP": (int, float),
    "seed": int,
    "stopSequences": list,
    "thinkingConfig": dict,
}


class Reply:
    """One answer of the server. `slow` seconds pass first; `drop` closes the connection instead,
    and `short` closes it in the middle of the body."""

    def __init__(
        self,
        body: Any = None,
        status: int = 200,
        *,
        headers: dict[str, str] | None = None,
        slow: float = 0.0,
        drop: bool = False,
        short: bool = False,
    ) -> None:
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.status = status
        self.headers = headers or {}
        self.slow = slow
        self.drop = drop
        self.short = short


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


class Received:
    """One request as it came."""

    def __init__(self, model: str, body: dict[str, Any]) -> None:
        self.model = model
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
        self.complaints: list[str] = []
        self._lock = threading.Lock()

    def answer(self, *replies: Reply) -> None:
        self.replies = list(replies)

    def take(self, path: str, headers: Any, data: bytes) -> Reply:
        with self._lock:
            complaint = self._examine(path, headers, data)
            if complaint is not None:
                self.complaints.append(complaint)
                return refuses(400, "INVALID_ARGUMENT", complaint)
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def _examine(self, path: str, headers: Any, data: bytes) -> str | None:
        match = _PATH.fullmatch(path)
        if match is None:
            return f"no such method: {path}"
        if headers.get("x-goog-api-key") != KEY:
            return "API key not valid"
        body = json.loads(data)
        self.received.append(Received(match.group(1), body))
        unknown = set(body) - {"contents", "systemInstruction", "generationConfig"}
        if unknown:
            return f"unknown fields {unknown}"
        for content in body["contents"]:
            if content.get("role") not in ("user", "model"):
                return f"bad role {content.get('role')}"
            if not content["parts"] or not all(part.get("text") for part in content["parts"]):
                return "an empty part"
        roles = [content["role"] for content in body["contents"]]
        if roles != ["user", "model"] * (len(roles) // 2) + ["user"]:
            return f"roles do not alternate: {roles}"
        for name, value in body.get("generationConfig", {}).items():
            if name not in _CONFIG or not isinstance(value, _CONFIG[name]):
                return f"bad setting {name}"
        return None


@contextlib.contextmanager
def serving() -> Iterator[GeminiServer]:
    """Run a server on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["content-length"]))
            reply = gemini.take(self.path.partition("?")[0], self.headers, data)
            time.sleep(reply.slow)
            if reply.drop:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            with contextlib.suppress(OSError):
                self._send(reply)

        def _send(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for name, value in {"content-type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body[: len(reply.body) // 2] if reply.short else reply.body)
            self.close_connection = reply.short or self.close_connection

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    gemini = GeminiServer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield gemini
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
