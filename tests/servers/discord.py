"""A local Discord: answers on a real socket, and judges each request by the contract.

A request that breaks the contract is answered with 400 and noted in ``faults``. Messages with
`enforce_nonce` are sent once per nonce, as Discord does.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct, field
from servers.contract import Contract

TOKEN = "MTA1.local.discord-token"
WEBHOOK_TOKEN = "local-webhook-token"
PREFIX = "/api/v10"


class Received(Struct):
    """A request as it came in; ``operation`` is its name in the contract."""

    operation: str
    method: str
    path: str
    parameters: dict[str, str]
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any
    raw: bytes


class Reply(Struct):
    """What to answer once (or ``times``) instead of an example of the contract's schema.

    ``drop`` closes the connection without an answer: `before` the request is carried out or after.
    ``slow`` carries it out and answers as usual, so many seconds later.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1
    drop: str | None = None
    slow: float = 0.0


class DiscordServer:
    """The state of one server: what it has received, and what it will answer."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.address = ""
        self._lock = Lock()
        self.forget()

    def forget(self) -> None:
        """Begin anew, as before the first request."""
        with self._lock:
            self.requests: list[Received] = []
            self.faults: list[str] = []
            self.messages: list[dict[str, Any]] = []
            self._replies: dict[str, list[Reply]] = {}
            self._by_nonce: dict[tuple[str, str], dict[str, Any]] = {}

    def reply(self, operation: str, body: Any = None, status: int = 200, **more: Any) -> None:
        """Answer the next request of an operation (`*` for any) in this way."""
        reply = Reply(status=status, body=body, **more)
        self._replies.setdefault(operation, []).append(reply)

    def slow_down(self, operation: str, seconds: float, *, everywhere: bool = False) -> None:
        """Answer the next request of an operation with 429."""
        body = {"message": "You are being rate limited.", "code": 0}
        headers = {"X-RateLimit-Scope": "global" if everywhere else "user"}
        self.reply(
            operation,
            body | {"retry_after": seconds, "global": everywhere},
            status=429,
            headers=headers,
        )

    def received(self, operation: str) -> list[Received]:
        return [each for each in self.requests if each.operation == operation]

    def handle(self, request: Received, faults: list[str]) -> Reply:
        """Carry out a request that has been read; called by the socket's threads."""
        with self._lock:
            self.requests.append(request)
            if faults:
                self.faults += [f"{request.method} {request.path}: {each}" for each in faults]
                return Reply(400, {"message": "; ".join(faults), "code": 50035})
            if request.headers.get("authorization") != f"Bot {TOKEN}":
                return Reply(401, {"message": "401: Unauthorized", "code": 0})
            planned = self._planned(request.operation)
            if planned is not None and (planned.drop == "before" or planned.status >= 400):
                return planned
            done = self._carried_out(request)
            if planned is not None and planned.slow:
                done.slow = planned.slow
                return done
            return done if planned is None else planned

    def _planned(self, operation: str) -> Reply | None:
        for key in (operation, "*"):
            replies = self._replies.get(key, [])
            if replies:
                replies[0].times -= 1
                return replies[0] if replies[0].times else replies.pop(0)
        return None

    def _carried_out(self, request: Received) -> Reply:
        operation = self.contract.operations[request.operation]
        status, schema = operation.success
        if schema is None:
            return Reply(status)
        body = self.contract.example(schema)
        if request.operation == "create_message":
            body = self._message(request, body)
        elif request.operation == "get_webhook":
            body["token"] = WEBHOOK_TOKEN
        return Reply(status, body)

    def _message(self, request: Received, body: dict[str, Any]) -> dict[str, Any]:
        nonce = (request.parameters["channel_id"], str(request.body.get("nonce")))
        if request.body.get("enforce_nonce") and nonce in self._by_nonce:
            return self._by_nonce[nonce]
        body |= {
            "id": str(2_000_000_000_000_000_000 + len(self.messages)),
            "channel_id": request.parameters["channel_id"],
            "content": request.body.get("content") or "",
        }
        self.messages.append(body)
        self._by_nonce[nonce] = body
        return body


@contextmanager
def serving(contract: Contract) -> Iterator[DiscordServer]:
    """Serve on a free port of this machine while the block runs."""
    server = DiscordServer(contract)

    class Handler(_Handler):
        discord = server

    with _Listener(("127.0.0.1", 0), Handler) as listener:
        server.address = f"http://127.0.0.1:{listener.server_port}"
        thread = Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown()
            thread.join()


class _Listener(ThreadingHTTPServer):
    def handle_error(self, *args: object) -> None:
        """Stay silent about clients that go away in the middle of an answer."""


class _Handler(BaseHTTPRequestHandler):
    discord: DiscordServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """Stay silent."""

    def _serve(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        reply = self._judged(raw)
        time.sleep(reply.slow)
        if reply.drop is not None:
            self.close_connection = True
            return
        content = b"" if reply.status == 204 else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - as the base calls them

    def _judged(self, raw: bytes) -> Reply:
        address = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        path = address.path.removeprefix(PREFIX)
        contract = self.discord.contract
        found = contract.match(self.command, path) if path != address.path else None
        if found is None:
            self.discord.faults.append(f"{self.command} {address.path} is no operation")
            return Reply(404, {"message": "404: Not Found", "code": 0})
        operation, parameters = found
        query = parse_qs(address.query, keep_blank_values=True)
        body, faults = None, []
        if headers.get("content-type", "").startswith("multipart/form-data"):
            if "multipart/form-data" not in operation.body_types:
                faults = ["the operation takes no multipart body"]
        else:
            body = json.loads(raw) if raw else None
            faults = list(contract.faults(operation, parameters, query, body))
        return self.discord.handle(
            Received(operation.id, self.command, path, parameters, query, headers, body, raw),
            faults,
        )
